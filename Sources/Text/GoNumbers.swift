// Numbers as Go's fmt writes them. The decimal expansion of a double is finite: it is worked out
// exactly (at most 1,075 digits) and rounded half to even, as strconv does.

/// All decimal digits of a finite value, and where the point is: 0.`digits` x 10^`point`.
private func exactDigits(_ value: Double) -> (digits: [UInt8], point: Int) {
    if value == 0 { return ([], 0) }
    var mantissa = value.significandBitPattern
    var exponent = Int(value.exponentBitPattern) - 1075
    if value.exponentBitPattern == 0 { exponent = -1074 } else { mantissa |= 1 << 52 }
    while exponent < 0 && mantissa & 1 == 0 {
        mantissa >>= 1
        exponent += 1
    }
    var limbs: [UInt64] = []  // base 10^9, lowest first
    while mantissa > 0 {
        limbs.append(mantissa % 1_000_000_000)
        mantissa /= 1_000_000_000
    }
    for _ in 0..<abs(exponent) {
        var carry: UInt64 = 0
        for index in limbs.indices {
            let product = limbs[index] * (exponent < 0 ? 5 : 2) + carry
            limbs[index] = product % 1_000_000_000
            carry = product / 1_000_000_000
        }
        if carry > 0 { limbs.append(carry) }
    }
    var text = String(limbs.last ?? 0)
    for limb in limbs.dropLast().reversed() {
        let part = String(limb)
        text += String(repeating: "0", count: 9 - part.count) + part
    }
    let digits = text.utf8.map { $0 - 48 }
    return (digits, digits.count + min(exponent, 0))
}

/// The first `count` digits, rounded half to even.
private func rounded(_ number: (digits: [UInt8], point: Int), to count: Int)
    -> (digits: [UInt8], point: Int)
{
    guard count >= 0 else { return ([], number.point) }
    guard count < number.digits.count else { return number }
    var digits = Array(number.digits[..<count])
    let rest = number.digits[count...]
    let next = rest.first ?? 0
    let isTie = next == 5 && rest.dropFirst().allSatisfy { $0 == 0 }
    guard next > 5 || (next == 5 && (!isTie || (digits.last ?? 0) % 2 == 1)) else {
        return (digits, number.point)
    }
    var index = count - 1
    while index >= 0 && digits[index] == 9 {
        digits[index] = 0
        index -= 1
    }
    if index >= 0 {
        digits[index] += 1
        return (digits, number.point)
    }
    return ([1] + digits, number.point + 1)
}

private func shortest(_ value: Double) -> (digits: [UInt8], point: Int) {
    let parts = value.description.split(separator: "e")
    let halves = (parts.first ?? "0").split(separator: ".", omittingEmptySubsequences: false)
    let whole = halves.first ?? ""
    let digits = (whole + (halves.count > 1 ? halves[1] : "")).utf8.map { $0 - 48 }
    let zeros = digits.prefix { $0 == 0 }.count
    var kept = Array(digits[zeros...])
    while kept.last == 0 { kept.removeLast() }
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    return (kept, kept.isEmpty ? 1 : whole.utf8.count - zeros + exponent)
}

/// A number with Go's verb `e`, `f` or `g`; no precision means the fewest digits.
public func formatGo(_ value: Double, _ verb: Character, precision: Int?) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let sign = value.sign == .minus ? "-" : ""
    let size = abs(value)
    var number = precision == nil ? shortest(size) : exactDigits(size)
    if value == 0 { number = ([], 1) }
    switch verb {
    case "f":
        if let precision { number = rounded(number, to: number.point + precision) }
        return sign + fixed(number, precision ?? max(0, number.digits.count - number.point))
    case "e":
        if let precision { number = rounded(number, to: precision + 1) }
        return sign + scientific(number, precision ?? max(0, number.digits.count - 1))
    default:
        var limit = 6
        if let precision {
            limit = max(1, precision)
            number = rounded(number, to: limit)
        }
        while number.digits.last == 0 { number.digits.removeLast() }
        if precision != nil, limit > number.digits.count, number.digits.count >= number.point {
            limit = number.digits.count
        }
        let exponent = number.point - 1
        if exponent < -4 || exponent >= max(limit, 1) {
            return sign + scientific(number, max(0, number.digits.count - 1))
        }
        return sign + fixed(number, max(0, number.digits.count - number.point))
    }
}

private func text(_ digits: some Sequence<UInt8>) -> String {
    String(decoding: digits.map { $0 + 48 }, as: UTF8.self)
}

private func fixed(_ number: (digits: [UInt8], point: Int), _ decimals: Int) -> String {
    func digit(_ index: Int) -> UInt8 {
        index >= 0 && index < number.digits.count ? number.digits[index] : 0
    }
    let whole = number.point > 0 ? text((0..<number.point).map(digit)) : "0"
    if decimals <= 0 { return whole }
    return whole + "." + text((number.point..<(number.point + decimals)).map(digit))
}

private func scientific(_ number: (digits: [UInt8], point: Int), _ decimals: Int) -> String {
    let digits = (0...decimals).map { $0 < number.digits.count ? number.digits[$0] : 0 }
    let exponent = number.digits.isEmpty ? 0 : number.point - 1
    let tail = decimals > 0 ? "." + text(digits.dropFirst()) : ""
    return text(digits.prefix(1)) + tail + (exponent < 0 ? "e-" : "e+")
        + (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
}

/// A duration in nanoseconds as Go prints it: `1h2m3.5s`.
func goDuration(_ nanos: Int64) -> String {
    if nanos == 0 { return "0s" }
    let size = Int64(clamping: nanos.magnitude)
    let sign = nanos < 0 ? "-" : ""
    let units: [(Int64, String)] = [(1000, "ns"), (1_000_000, "µs"), (1_000_000_000, "ms")]
    for (limit, unit) in units where size < limit {
        return sign + trimmed(Double(size) / Double(limit / 1000)) + unit
    }
    let seconds = size / 1_000_000_000
    var out = sign
    if seconds >= 3600 { out += "\(seconds / 3600)h" }
    if seconds >= 60 { out += "\(seconds / 60 % 60)m" }
    let fraction = size % 1_000_000_000
    var tail = ""
    if fraction > 0 {
        let digits = String(fraction)
        tail = "." + String(repeating: "0", count: 9 - digits.count) + digits
        while tail.hasSuffix("0") { tail.removeLast() }
    }
    return out + "\(seconds % 60)\(tail)s"
}

private func trimmed(_ value: Double) -> String { formatGo(value, "f", precision: nil) }

/// A time in UTC as Go prints it: `2006-01-02 15:04:05.999 +0000 UTC`.
func goTime(_ seconds: Double) -> String {
    guard abs(seconds) < 1e11 else { return "<time out of range>" }
    let millis = Int64((seconds * 1000).rounded())
    let day = Int64((Double(millis) / 86_400_000).rounded(.down))
    let rest = millis - day * 86_400_000
    // Days to a date in the proleptic Gregorian calendar, years beginning in March.
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let ofEra = shifted - era * 146_097
    let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * year + year / 4 - year / 100)
    let part = (5 * ofYear + 2) / 153
    let month = part < 10 ? part + 3 : part - 9
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let full = String(year + era * 400 + (month <= 2 ? 1 : 0))
    let date = String(repeating: "0", count: max(0, 4 - full.count)) + full
    var fraction = ""
    if rest % 1000 > 0 {
        let digits = String(rest % 1000)
        fraction = "." + String(repeating: "0", count: 3 - digits.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
    }
    return "\(date)-\(two(month))-\(two(ofYear - (153 * part + 2) / 5 + 1)) "
        + "\(two(rest / 3_600_000)):\(two(rest / 60_000 % 60)):\(two(rest / 1000 % 60))"
        + "\(fraction) +0000 UTC"
}

public import Model

// Numbers and times as Go's standard library prints them, because the readers of Prometheus' and
// Alertmanager's JSON compare text.

/// A number as Go's `strconv.FormatFloat(value, 'e', -1, 64)`: "1e+00", "1.5e-07", "+Inf".
///
/// Both languages print the shortest digits that read back as the same number, so the digits are
/// those of `description`; only their arrangement differs.
public func goExponentText(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    let sign = value.sign == .minus ? "-" : ""
    if value.isInfinite { return sign.isEmpty ? "+Inf" : "-Inf" }
    let (digits, exponent) = shortestDigits(value.magnitude)
    var text = sign + String(digits.prefix(1))
    if digits.count > 1 { text += "." + digits.dropFirst() }
    text += exponent < 0 ? "e-" : "e+"
    let magnitude = String(exponent.magnitude)
    return text + (magnitude.count == 1 ? "0" : "") + magnitude
}

/// The significant digits of a finite number that is not negative, and the first one's exponent.
private func shortestDigits(_ value: Double) -> (digits: String, exponent: Int) {
    let parts = value.description.split(separator: "e", omittingEmptySubsequences: false)
    let written = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let fraction = mantissa.count > 1 ? mantissa[1] : ""
    let all = mantissa[0] + fraction
    let significant = all.drop { $0 == "0" }
    guard !significant.isEmpty else { return ("0", 0) }
    let leadingZeros = all.count - significant.count
    var digits = String(significant)
    while digits.last == "0" { digits.removeLast() }
    return (digits, written + mantissa[0].count - 1 - leadingZeros)
}

/// A time as Go's `time.RFC3339Nano`: a fraction only if there is one, without trailing zeros.
public func goText(_ time: Timestamp) -> String {
    var text = time.rfc3339
    guard text.utf8.contains(UInt8(ascii: ".")) else { return text }
    text.removeLast()
    while text.last == "0" { text.removeLast() }
    return text + "Z"
}

/// A time as Prometheus sends it to Alertmanager (strfmt's RFC 3339 with three digits, always).
func millisText(_ time: Timestamp) -> String {
    let text = time.rfc3339
    return text.utf8.contains(UInt8(ascii: ".")) ? text : text.dropLast() + ".000Z"
}

/// Go's zero time: an alert that has not ended.
public let goZeroTime = "0001-01-01T00:00:00Z"

internal import CMath
internal import Model
internal import Text

// Literals as Go reads and writes them, since that is what PromQL means by a number and a text.

extension Parser {
    func numberLiteral(_ token: Token) throws(ParseError) -> NumberLiteral {
        let word = text(token)
        if token.kind == .duration {
            guard let span = parseDuration(word) else {
                throw error(
                    token.range, "not a valid duration string: \"\(word)\"",
                    expected: "units once each, from large to small: 1h30m")
            }
            return NumberLiteral(value: span.seconds, isDuration: true, range: token.range)
        }
        guard let value = parseGoNumber(word) else {
            throw error(token.range, "error parsing number: \"\(word)\"")
        }
        return NumberLiteral(value: value, isDuration: false, range: token.range)
    }

    func stringLiteral(_ token: Token) throws(ParseError) -> StringLiteral {
        let content = bytes[(token.range.start + 1)..<(token.range.end - 1)]
        if bytes[token.range.start] == UInt8(ascii: "`") {
            return StringLiteral(bytes: Array(content), range: token.range)
        }
        guard let value = unescaped(Array(content)) else {
            throw error(
                token.range, "invalid escape in the string \(text(token))",
                hint: "a backslash is written \\\\; in back quotes nothing is escaped")
        }
        return StringLiteral(bytes: value, range: token.range)
    }
}

/// A number as Go's `ParseInt(_, 0)` and then `ParseFloat` read it: 010 is eight.
func parseGoNumber(_ word: String) -> Double? {
    let negative = word.hasPrefix("-")
    let digits = (negative || word.hasPrefix("+") ? String(word.dropFirst()) : word)
        .replacing("_", with: "").lowercased()
    guard let first = digits.utf8.first else { return nil }
    let sign: Double = negative ? -1 : 1
    if digits == "inf" || digits == "+inf" || digits == "infinity" { return sign * .infinity }
    if digits == "nan" { return .nan }
    guard isDigit(first) || first == UInt8(ascii: ".") else { return nil }
    if digits.hasPrefix("0x") {
        let hex = digits.dropFirst(2)
        guard !hex.isEmpty else { return nil }
        // Swift reads hexadecimal floats as C does; with no exponent Go knows only integers.
        return Double(digits).map { sign * $0 }
    }
    if first == UInt8(ascii: "0"), digits.utf8.count > 1, digits.utf8.allSatisfy(isDigit),
        let octal = Int64(digits, radix: 8)
    {
        return sign * Double(octal)
    }
    return Double(digits).map { sign * $0 }
}

/// The bytes that Go's escapes in an interpreted string mean; nil when one is wrong.
func unescaped(_ content: [UInt8]) -> [UInt8]? {
    var value: [UInt8] = []
    var index = 0
    func hex(_ count: Int, radix: UInt32 = 16) -> UInt32? {
        guard index + count <= content.count else { return nil }
        let digits = String(decoding: content[index..<(index + count)], as: UTF8.self)
        guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") })
        else { return nil }
        index += count
        return UInt32(digits, radix: Int(radix))
    }
    while index < content.count {
        let byte = content[index]
        index += 1
        guard byte == UInt8(ascii: "\\") else {
            value.append(byte)
            continue
        }
        guard index < content.count else { return nil }
        let escape = content[index]
        index += 1
        switch escape {
        case UInt8(ascii: "a"): value.append(7)
        case UInt8(ascii: "b"): value.append(8)
        case UInt8(ascii: "f"): value.append(12)
        case UInt8(ascii: "n"): value.append(10)
        case UInt8(ascii: "r"): value.append(13)
        case UInt8(ascii: "t"): value.append(9)
        case UInt8(ascii: "v"): value.append(11)
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): value.append(escape)
        case UInt8(ascii: "x"):
            guard let code = hex(2) else { return nil }
            value.append(UInt8(code))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            guard let code = hex(escape == UInt8(ascii: "u") ? 4 : 8),
                let scalar = Unicode.Scalar(code)
            else { return nil }
            value += Array(String(scalar).utf8)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            index -= 1
            guard let code = hex(3, radix: 8), code < 256 else { return nil }
            value.append(UInt8(code))
        default: return nil
        }
    }
    return value
}

/// Bytes in double quotes as Go's `%q` writes them.
func goQuoted(_ bytes: [UInt8]) -> String {
    var text = "\""
    var index = 0
    let digits = Array("0123456789abcdef")
    func escape(_ byte: UInt8) { text += "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])" }
    while index < bytes.count {
        let byte = bytes[index]
        let length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0
        let part = bytes[index..<min(index + max(length, 1), bytes.count)]
        guard length > 0, let scalar = String(validating: part, as: UTF8.self) else {
            escape(byte)
            index += 1
            continue
        }
        switch byte {
        case UInt8(ascii: "\""): text += "\\\""
        case UInt8(ascii: "\\"): text += "\\\\"
        case 7: text += "\\a"
        case 8: text += "\\b"
        case 9: text += "\\t"
        case 10: text += "\\n"
        case 11: text += "\\v"
        case 12: text += "\\f"
        case 13: text += "\\r"
        case 0..<0x20, 0x7f: escape(byte)
        default: text += scalar
        }
        index += part.count
    }
    return text + "\""
}

func goQuoted(_ text: String) -> String { goQuoted(Array(text.utf8)) }

/// A number as Go's `%v` and `%g` write it: shortest digits, exponent from 1e+06 and below 1e-4.
public func goNumber(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == 0 { return value.sign == .minus ? "-0" : "0" }
    let (digits, exponent) = shortestDigits(abs(value))
    let sign = value < 0 ? "-" : ""
    guard exponent < -4 || exponent >= 6 else { return sign + plain(digits, exponent) }
    let tail = digits.count > 1 ? "." + String(decoding: digits.dropFirst(), as: UTF8.self) : ""
    let size = abs(exponent)
    return sign + String(decoding: digits.prefix(1), as: UTF8.self) + tail + "e"
        + (exponent < 0 ? "-" : "+") + (size < 10 ? "0\(size)" : "\(size)")
}

/// A number without exponent: shortest digits, as Go's `FormatFloat(_, 'f', -1, 64)`.
public func plainNumber(_ value: Double) -> String {
    guard value.isFinite else { return goNumber(value) }
    if value == 0 { return value.sign == .minus ? "-0" : "0" }
    let (digits, exponent) = shortestDigits(abs(value))
    return (value < 0 ? "-" : "") + plain(digits, exponent)
}

private func plain(_ digits: [UInt8], _ exponent: Int) -> String {
    let text = String(decoding: digits, as: UTF8.self)
    if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + text }
    if digits.count <= exponent + 1 {
        return text + String(repeating: "0", count: exponent + 1 - digits.count)
    }
    return String(text.prefix(exponent + 1)) + "." + String(text.dropFirst(exponent + 1))
}

/// The fewest digits that read back as the same number, and the power of ten of the first.
private func shortestDigits(_ value: Double) -> (digits: [UInt8], exponent: Int) {
    var digits: [UInt8] = []
    var exponent = 0
    var point: Int?
    var rest = Array(value.description.utf8)[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: ".") {
            point = digits.count
        } else if byte | 0x20 == UInt8(ascii: "e") {
            exponent = Int(String(decoding: rest, as: UTF8.self)) ?? 0
            break
        } else {
            digits.append(byte)
        }
    }
    exponent += (point ?? digits.count) - 1
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeros)
    exponent -= zeros
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, exponent)
}

/// Seconds as Prometheus writes a duration; years and weeks only when they come out even.
func durationNotation(_ seconds: Double) -> String {
    let millis = Int64((seconds * 1000).rounded())
    if millis == 0 { return "0s" }
    var rest = millis.magnitude
    var text = millis < 0 ? "-" : ""
    let units: [(name: String, size: UInt64, isExact: Bool)] = [
        ("y", 365 * 86_400_000, true), ("w", 7 * 86_400_000, true), ("d", 86_400_000, false),
        ("h", 3_600_000, false), ("m", 60_000, false), ("s", 1000, false), ("ms", 1, false),
    ]
    for unit in units where !(unit.isExact && rest % unit.size != 0) && rest >= unit.size {
        text += "\(rest / unit.size)\(unit.name)"
        rest %= unit.size
    }
    return text
}

/// `base` to the power of `exponent`, as C's `pow`.
func power(_ base: Double, _ exponent: Double) -> Double { pitot_pow(base, exponent) }

import Model
import Text

/// "99.95 %", or "not known".
func percent(_ ratio: Double?) -> String {
    ratio.map { decimal($0 * 100, 2) + " %" } ?? "not known"
}

/// A chance for people.
func probability(_ chance: Double) -> String {
    chance < 1e-6 ? "below one in a million" : decimal(chance, 6)
}

/// A figure of an explanation: whole numbers as such, others with enough digits to work on with.
func figure(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "not known" }
    if value == value.rounded(), value.magnitude < 1e15 { return decimal(value, 0) }
    let digits = decimal(value, value.magnitude < 0.01 ? 9 : 4)
    let kept = digits.prefix(through: digits.lastIndex { $0 != "0" } ?? digits.startIndex)
    return String(kept.hasSuffix(".") ? kept.dropLast() : kept)
}

/// For a URL's query or fragment (RFC 3986 §2.1).
func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    var out = ""
    for byte in text.utf8 {
        let scalar = Unicode.Scalar(byte)
        let isPlain =
            byte < 0x80
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || "-._~".unicodeScalars.contains(scalar))
        out += isPlain ? String(scalar) : "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
    return out
}

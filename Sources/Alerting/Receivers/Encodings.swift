internal import Text

// Small encodings that receivers ask for.

/// Two lower-case hexadecimal digits a byte.
func hexadecimalText(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// A text as it stands between the quotes of a JSON string.
func quotedContent(_ text: String) -> String {
    var json = JSONWriter()
    json.string(text)
    return String(json.text.dropFirst().dropLast())
}

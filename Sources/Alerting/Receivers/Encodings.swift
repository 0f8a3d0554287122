internal import Model
internal import Text

// Small encodings that receivers ask for.

private let base64Digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

/// Base64 with padding (RFC 4648 §4). O(n).
func base64(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
        let group = bytes[index..<min(index + 3, bytes.count)]
        var word = 0
        for place in 0..<3 {
            word = word << 8 | (place < group.count ? Int(group[index + place]) : 0)
        }
        for place in 0..<4 {
            let isFilled = place <= group.count
            let digit = base64Digits[word >> (18 - 6 * place) & 63]
            out.append(isFilled ? digit : UInt8(ascii: "="))
        }
        index += 3
    }
    return String(decoding: out, as: UTF8.self)
}

/// The bytes of Base64 with padding; nil for anything else.
func base64Decoded(_ text: String) -> [UInt8]? {
    var out: [UInt8] = []
    var word = 0
    var bits = 0
    for byte in text.utf8 where byte != UInt8(ascii: "=") {
        guard let digit = base64Digits.firstIndex(of: byte) else { return nil }
        word = word << 6 | digit
        bits += 6
        if bits >= 8 {
            bits -= 8
            out.append(UInt8(truncatingIfNeeded: word >> bits))
            word &= (1 << bits) - 1
        }
    }
    return out
}

/// HMAC-SHA256 (RFC 2104), 32 bytes. O(n).
func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    func digest(_ parts: [UInt8]...) -> [UInt8] {
        var hash = SHA256()
        for part in parts { hash.update(part) }
        let digits = Array(hash.hexadecimal.utf8)
        return stride(from: 0, to: digits.count, by: 2).map { place in
            UInt8(String(decoding: digits[place...place + 1], as: UTF8.self), radix: 16) ?? 0
        }
    }
    var block = key.count > 64 ? digest(key) : key
    block += [UInt8](repeating: 0, count: 64 - block.count)
    let inner = digest(block.map { $0 ^ 0x36 }, message)
    return digest(block.map { $0 ^ 0x5c }, inner)
}

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

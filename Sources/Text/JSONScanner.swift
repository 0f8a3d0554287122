/// A cursor over a JSON text that reads strings and knows lines and columns.
struct JSONScanner {
    private let bytes: [UInt8]
    var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            index += 1
        }
    }

    func text(from start: Int) -> String { String(decoding: bytes[start..<index], as: UTF8.self) }

    /// The cursor stands at the opening quote. Runs without escapes are copied at once.
    mutating func string() throws(JSONError) -> String {
        let start = index
        index += 1
        var text: [UInt8] = []
        while true {
            let run = index
            while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""),
                byte != UInt8(ascii: "\\")
            {
                index += 1
            }
            text += bytes[run..<index]
            if take(UInt8(ascii: "\"")) { break }
            guard next == UInt8(ascii: "\\") else { throw unexpected("a character or '\"'") }
            try readEscape(into: &text)
        }
        guard let result = String(validating: text, as: UTF8.self) else {
            throw error(.invalidUTF8, at: start)
        }
        return result
    }

    private mutating func readEscape(into text: inout [UInt8]) throws(JSONError) {
        let start = index
        index += 1
        guard let byte = next else { throw unexpected("an escape") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard let scalar = Unicode.Scalar(try codePoint(start)) else {
                throw error(.loneSurrogate, at: start)
            }
            text += Array(String(Character(scalar)).utf8)
        default: throw error(.badEscape, at: start)
        }
    }

    /// After `\u`: a code unit, or two that make a surrogate pair (RFC 8259 §7).
    private mutating func codePoint(_ start: Int) throws(JSONError) -> UInt32 {
        let high = try codeUnit()
        guard (0xd800..<0xdc00).contains(high) else { return high }
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw error(.loneSurrogate, at: start)
        }
        let low = try codeUnit()
        guard (0xdc00..<0xe000).contains(low) else { throw error(.loneSurrogate, at: start) }
        return 0x10000 + (high - 0xd800) << 10 + (low - 0xdc00)
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected("four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }

    func unexpected(_ expected: String) -> JSONError {
        error(.unexpected(found: next, expected: expected))
    }

    func error(_ reason: JSONError.Reason, at place: Int? = nil) -> JSONError {
        var line = 1
        var column = 1
        for byte in bytes.prefix(place ?? index) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xc0 != 0x80 {
                column += 1
            }
        }
        return JSONError(reason, line: line, column: column)
    }
}

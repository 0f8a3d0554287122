/// A cursor over a scalar's text that knows where each byte stands in the file.
struct TextScanner {
    let bytes: [UInt8]
    var index = 0
    private let start: SourcePosition

    init(_ text: String, at start: SourcePosition) {
        bytes = Array(text.utf8)
        self.start = start
    }

    var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    var isAtQuote: Bool {
        next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") || next == UInt8(ascii: "`")
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    func text(from start: Int) -> String { String(decoding: bytes[start..<index], as: UTF8.self) }

    /// What stands at a byte, for a message.
    func found(at index: Int) -> String {
        guard index < bytes.count else { return "the selector ends here" }
        let text = String(decoding: bytes[index...].prefix(64), as: UTF8.self)
        return "found \"\(text.prefix(1))\""
    }

    /// An error at a byte. A later line of the text is taken to begin in the column of the first,
    /// as the lines of a block scalar do.
    func error(
        at index: Int, _ what: String, expected: String? = nil, hint: String? = nil
    ) -> Diagnostic {
        var place = start
        for byte in bytes.prefix(index) {
            if byte == UInt8(ascii: "\n") {
                place.line += 1
                place.column = start.column
            } else if byte & 0xc0 != 0x80 {
                place.column += 1
            }
        }
        return .error(at: place, what, expected: expected, hint: hint)
    }

    /// A text in double, single or back quotes, with Go's escapes (Go specification, "Rune
    /// literals"); in back quotes nothing is escaped. The cursor stands at the quote.
    mutating func quotedText() throws(Diagnostic) -> String {
        let start = index
        let quote = bytes[index]
        index += 1
        var value: [UInt8] = []
        while let byte = next {
            index += 1
            if byte == quote {
                guard let text = String(validating: value, as: UTF8.self) else {
                    throw error(at: start, "the escapes make no UTF-8", expected: "UTF-8 text")
                }
                return text
            }
            if quote == UInt8(ascii: "`") {
                value.append(byte)
            } else if byte == UInt8(ascii: "\\") {
                try readEscape(quote, into: &value)
            } else if byte == UInt8(ascii: "\n") {
                break
            } else {
                value.append(byte)
            }
        }
        throw error(
            at: start, "the quote is not closed", expected: "\(Character(Unicode.Scalar(quote)))")
    }

    private mutating func readEscape(
        _ quote: UInt8, into value: inout [UInt8]
    ) throws(Diagnostic) {
        let start = index - 1
        guard let byte = next else { return }
        index += 1
        switch byte {
        case UInt8(ascii: "a"): value.append(0x07)
        case UInt8(ascii: "b"): value.append(0x08)
        case UInt8(ascii: "f"): value.append(0x0c)
        case UInt8(ascii: "n"): value.append(0x0a)
        case UInt8(ascii: "r"): value.append(0x0d)
        case UInt8(ascii: "t"): value.append(0x09)
        case UInt8(ascii: "v"): value.append(0x0b)
        case UInt8(ascii: "\\"), quote: value.append(byte)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            index -= 1
            value.append(UInt8(try number(digits: 3, radix: 8, max: 255, start)))
        case UInt8(ascii: "x"):
            value.append(UInt8(try number(digits: 2, radix: 16, max: 255, start)))
        case UInt8(ascii: "u"):
            try append(number(digits: 4, radix: 16, max: 0x10ffff, start), start, to: &value)
        case UInt8(ascii: "U"):
            try append(number(digits: 8, radix: 16, max: 0x10ffff, start), start, to: &value)
        default: throw badEscape(start)
        }
    }

    private mutating func number(
        digits: Int, radix: Int, max: UInt32, _ start: Int
    ) throws(Diagnostic) -> UInt32 {
        let text = bytes[index...].prefix(digits)
        guard text.count == digits, text.first != UInt8(ascii: "+"),
            let value = UInt32(String(decoding: text, as: UTF8.self), radix: radix), value <= max
        else { throw badEscape(start) }
        index += digits
        return value
    }

    private func append(
        _ code: UInt32, _ start: Int, to value: inout [UInt8]
    ) throws(Diagnostic) {
        guard let scalar = Unicode.Scalar(code) else { throw badEscape(start) }
        value += Array(String(Character(scalar)).utf8)
    }

    private func badEscape(_ start: Int) -> Diagnostic {
        error(
            at: start, "this escape is not known", expected: #"an escape of Go, such as \n or \\"#,
            hint: #"write \\ for a backslash, or use back quotes"#)
    }
}

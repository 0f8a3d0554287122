// Cuts a template into text and actions, and actions into tokens. O(bytes).

/// A piece of a template.
enum TemplatePiece {
    case text(String)
    /// The tokens, the last of them `end`.
    case action([TemplateToken])
}

struct TemplateLexer {
    let bytes: [UInt8]
    let name: String
    var index = 0

    init(_ text: String, name: String) {
        bytes = Array(text.utf8)
        self.name = name
    }

    func fault(_ what: String, at offset: Int) -> TemplateError {
        let (line, column) = place(offset)
        return TemplateError(
            name: name, line: line, column: column, isRunning: false, context: "", what: what)
    }

    func place(_ offset: Int) -> (line: Int, column: Int) {
        let before = bytes[..<min(offset, bytes.count)]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let lines = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        return (lines, before.count - start + 1)
    }

    func slice(_ from: Int, _ to: Int) -> String {
        String(decoding: bytes[from..<max(from, to)], as: UTF8.self)
    }

    private func isBlank(_ place: Int) -> Bool {
        place < bytes.count && [9, 10, 13, 32].contains(bytes[place])
    }

    private func has(_ word: String, at place: Int) -> Bool {
        place <= bytes.count && bytes[place...].starts(with: word.utf8)
    }

    mutating func pieces() throws(TemplateError) -> [TemplatePiece] {
        var list: [TemplatePiece] = []
        var trims = false
        while index < bytes.count {
            var open = index
            while open < bytes.count && !has("{{", at: open) { open += 1 }
            var end = open
            let trimsBefore = has("{{-", at: open) && isBlank(open + 3)
            if trims { while index < end && isBlank(index) { index += 1 } }
            if trimsBefore { while end > index && isBlank(end - 1) { end -= 1 } }
            if end > index { list.append(.text(slice(index, end))) }
            trims = false
            guard open < bytes.count else { break }
            index = open + (trimsBefore ? 3 : 2)
            if let tokens = try action(from: open, &trims) { list.append(.action(tokens)) }
        }
        return list
    }

    /// The tokens of an action; nil for a comment.
    private mutating func action(
        from open: Int, _ trims: inout Bool
    ) throws(TemplateError) -> [TemplateToken]? {
        var start = index
        while isBlank(start) { start += 1 }
        if has("/*", at: start) && (start == index || has("{{-", at: open)) {
            return try comment(start, open, &trims)
        }
        var tokens: [TemplateToken] = []
        while true {
            let before = index
            while isBlank(index) { index += 1 }
            let isSpaced = index > before
            guard index < bytes.count else { throw fault("unclosed action", at: open) }
            if isSpaced && has("-}}", at: index) || has("}}", at: index) {
                trims = bytes[index] == UInt8(ascii: "-")
                tokens.append(
                    TemplateToken(kind: .end, start: index, end: index, isSpaced: isSpaced))
                index += trims ? 3 : 2
                return tokens
            }
            let at = index
            let kind = try token(open)
            tokens.append(TemplateToken(kind: kind, start: at, end: index, isSpaced: isSpaced))
        }
    }

    private mutating func comment(
        _ start: Int, _ open: Int, _ trims: inout Bool
    ) throws(TemplateError) -> [TemplateToken]? {
        index = start + 2
        while index < bytes.count && !has("*/", at: index) { index += 1 }
        guard index < bytes.count else { throw fault("unclosed comment", at: open) }
        index += 2
        if isBlank(index) {
            while isBlank(index) { index += 1 }
            trims = has("-}}", at: index)
            if trims { index += 1 }
        }
        guard has("}}", at: index) else {
            throw fault("comment ends before closing delimiter", at: open)
        }
        index += 2
        return nil
    }

    private func isWord(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || isDigit(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private mutating func word() -> String {
        let start = index
        while index < bytes.count && isWord(bytes[index]) { index += 1 }
        return slice(start, index)
    }

    private mutating func token(_ open: Int) throws(TemplateError) -> TemplateToken.Kind {
        let byte = bytes[index]
        let next = index + 1 < bytes.count ? bytes[index + 1] : 0
        if isDigit(byte) || ([43, 45, 46].contains(byte) && (isDigit(next) || next == 46)) {
            return try number()
        }
        switch Unicode.Scalar(byte) {
        case ".":
            index += 1
            let name = word()
            return name.isEmpty ? .dot : .field(name)
        case "$":
            index += 1
            return .variable("$" + word())
        case "|", ",", "(", ")", "=":
            index += 1
            let kinds: [UInt8: TemplateToken.Kind] = [
                124: .pipe, 44: .comma, 40: .open, 41: .close, 61: .assign,
            ]
            return kinds[byte] ?? .assign
        case ":":
            guard next == UInt8(ascii: "=") else { throw fault("expected :=", at: index) }
            index += 2
            return .declare
        case "\"", "`": return .string(try quotedText(byte))
        case "'": return .character(try character())
        default:
            if isWord(byte) { return .word(word()) }
            let scalar = slice(index, min(index + 4, bytes.count)).unicodeScalars.first ?? "?"
            let code = String(scalar.value, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
            throw fault(
                "unexpected unrecognized character in action: U+\(padded) '\(scalar)' in command",
                at: index)
        }
    }

    private mutating func number() throws(TemplateError) -> TemplateToken.Kind {
        let start = index
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            let isSign = byte == 43 || byte == 45
            let follows = [101, 69, 112, 80].contains(bytes[index - 1])
            guard isWord(byte) || byte == 46 || (isSign && follows) else { break }
            index += 1
        }
        return .number(slice(start, index))
    }

    private mutating func character() throws(TemplateError) -> Int64 {
        let start = index
        let content = try quotedText(UInt8(ascii: "'"))
        guard content.unicodeScalars.count == 1, let scalar = content.unicodeScalars.first else {
            throw fault("malformed character constant: \(slice(start, index))", at: start)
        }
        return Int64(scalar.value)
    }

    private mutating func quotedText(_ quote: UInt8) throws(TemplateError) -> String {
        let start = index
        let isRaw = quote == UInt8(ascii: "`")
        index += 1
        while index < bytes.count && bytes[index] != quote {
            if !isRaw && bytes[index] == 10 { break }
            if !isRaw && bytes[index] == UInt8(ascii: "\\") { index += 1 }
            index += 1
        }
        guard index < bytes.count, bytes[index] == quote else {
            let kind =
                isRaw ? "raw quoted string" : quote == 39 ? "character constant" : "quoted string"
            throw fault("unterminated \(kind)", at: start)
        }
        index += 1
        let content = Array(bytes[(start + 1)..<(index - 1)])
        if isRaw { return String(decoding: content, as: UTF8.self) }
        guard let text = goUnquoted(content) else {
            throw fault("invalid syntax", at: start)
        }
        return text
    }
}

/// The text that a quoted Go string stands for; nil when an escape is wrong.
private func goUnquoted(_ bytes: [UInt8]) -> String? {
    var out: [UInt8] = []
    var index = 0
    let simple: [UInt8: UInt8] = [
        97: 7, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11, 92: 92, 34: 34, 39: 39,
    ]
    while index < bytes.count {
        let byte = bytes[index]
        index += 1
        guard byte == UInt8(ascii: "\\") else {
            out.append(byte)
            continue
        }
        guard index < bytes.count else { return nil }
        let kind = bytes[index]
        if let plain = simple[kind] {
            out.append(plain)
            index += 1
            continue
        }
        let isOctal = (48...55).contains(kind)
        let lengths: [UInt8: Int] = [120: 2, 117: 4, 85: 8]
        guard let length = isOctal ? 3 : lengths[kind] else { return nil }
        if !isOctal { index += 1 }
        guard index + length <= bytes.count,
            let code = UInt32(
                String(decoding: bytes[index..<(index + length)], as: UTF8.self),
                radix: isOctal ? 8 : 16)
        else { return nil }
        index += length
        if isOctal || kind == 120 {
            guard code < 256 else { return nil }
            out.append(UInt8(code))
        } else {
            guard let scalar = Unicode.Scalar(code) else { return nil }
            out += Array(String(Character(scalar)).utf8)
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// What a token is.
enum TokenKind: Hashable, Sendable {
    case identifier, number, duration, string
    case leftParen, rightParen, leftBrace, rightBrace, leftBracket, rightBracket
    case comma, colon, at
    case add, sub, mul, div, mod, pow
    case assign, equal, notEqual, matches, notMatches
    case less, lessEqual, greater, greaterEqual
    case end
}

/// A token and its bytes.
struct Token: Hashable, Sendable {
    var kind: TokenKind
    var range: SourceRange
}

// The lexer turns a query into tokens, all of them at once: a query is short and its length
// bounded. Keywords are identifiers here, since PromQL allows nearly all of them as names of
// metrics and labels; the parser knows by the place. Only two things depend on the surroundings:
// within square brackets a colon is a token, elsewhere a part of a metric's name.

/// Cuts a query into tokens. O(bytes).
struct Lexer {
    private let query: String
    private let bytes: [UInt8]
    private var index = 0
    private var bracketDepth = 0
    private var tokens: [Token] = []

    init(_ query: String) {
        self.query = query
        bytes = Array(query.utf8)
    }

    /// All tokens; the last is `.end`.
    static func tokens(of query: String) throws(ParseError) -> [Token] {
        var lexer = Lexer(query)
        while try lexer.next() {}
        return lexer.tokens
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        index + offset < bytes.count ? bytes[index + offset] : 0
    }

    private mutating func next() throws(ParseError) -> Bool {
        skipBlanks()
        let start = index
        guard index < bytes.count else {
            tokens.append(Token(kind: .end, range: SourceRange(index, index)))
            return false
        }
        let first = byte()
        if isDigit(first) || (first == UInt8(ascii: ".") && isDigit(byte(1))) {
            try number()
        } else if isAlpha(first) || (first == UInt8(ascii: ":") && bracketDepth == 0) {
            while isAlpha(byte()) || isDigit(byte())
                || (byte() == UInt8(ascii: ":") && bracketDepth == 0)
            { index += 1 }
            append(.identifier, from: start)
        } else if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'")
            || first == UInt8(ascii: "`")
        {
            try string(quote: first)
        } else {
            try punctuation()
        }
        return true
    }

    private mutating func skipBlanks() {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                index += 1
            case UInt8(ascii: "#"):
                while index < bytes.count && bytes[index] != UInt8(ascii: "\n") { index += 1 }
            default: return
            }
        }
    }

    private mutating func append(_ kind: TokenKind, from start: Int) {
        tokens.append(Token(kind: kind, range: SourceRange(start, index)))
    }

    private mutating func punctuation() throws(ParseError) {
        let start = index
        let second = byte(1)
        let isEqualNext = second == UInt8(ascii: "=")
        let isTildeNext = second == UInt8(ascii: "~")
        var length = 1
        let kind: TokenKind
        switch byte() {
        case UInt8(ascii: "("): kind = .leftParen
        case UInt8(ascii: ")"): kind = .rightParen
        case UInt8(ascii: "{"): kind = .leftBrace
        case UInt8(ascii: "}"): kind = .rightBrace
        case UInt8(ascii: "["):
            kind = .leftBracket
            bracketDepth += 1
        case UInt8(ascii: "]"):
            kind = .rightBracket
            bracketDepth = max(0, bracketDepth - 1)
        case UInt8(ascii: ","): kind = .comma
        case UInt8(ascii: ":"): kind = .colon
        case UInt8(ascii: "@"): kind = .at
        case UInt8(ascii: "+"): kind = .add
        case UInt8(ascii: "-"): kind = .sub
        case UInt8(ascii: "*"): kind = .mul
        case UInt8(ascii: "/"): kind = .div
        case UInt8(ascii: "%"): kind = .mod
        case UInt8(ascii: "^"): kind = .pow
        case UInt8(ascii: "="):
            kind = isEqualNext ? .equal : isTildeNext ? .matches : .assign
            length = isEqualNext || isTildeNext ? 2 : 1
        case UInt8(ascii: "!") where isEqualNext || isTildeNext:
            kind = isEqualNext ? .notEqual : .notMatches
            length = 2
        case UInt8(ascii: "<"):
            kind = isEqualNext ? .lessEqual : .less
            length = isEqualNext ? 2 : 1
        case UInt8(ascii: ">"):
            kind = isEqualNext ? .greaterEqual : .greater
            length = isEqualNext ? 2 : 1
        default:
            let text = String(decoding: bytes[index...].prefix(4), as: UTF8.self).prefix(1)
            throw ParseError(
                query, SourceRange(index, index + 1), "unexpected character \(quoted(text))",
                hint: "names with such characters are written in quotes within braces")
        }
        index += length
        append(kind, from: start)
    }

    private func quoted(_ text: Substring) -> String { "'\(text)'" }

    private mutating func string(quote: UInt8) throws(ParseError) {
        let start = index
        index += 1
        while index < bytes.count {
            let next = bytes[index]
            index += 1
            if next == quote {
                append(.string, from: start)
                return
            }
            if quote == UInt8(ascii: "`") { continue }
            if next == UInt8(ascii: "\\") { index += 1 }
            if next == UInt8(ascii: "\n") { break }
        }
        throw ParseError(
            query, SourceRange(start, min(index, bytes.count)), "unterminated quoted string",
            expected: "a closing quote")
    }

    /// A number, or a duration: digits and units, of which the first digit run has a unit.
    private mutating func number() throws(ParseError) {
        let start = index
        if let end = durationEnd(bytes, from: index) {
            index = end
            append(.duration, from: start)
        } else {
            index = numberEnd(bytes, from: index)
            append(.number, from: start)
        }
        if isAlpha(byte()) || isDigit(byte()) || byte() == UInt8(ascii: ".") {
            while isAlpha(byte()) || isDigit(byte()) { index += 1 }
            let text = String(decoding: bytes[start..<index], as: UTF8.self)
            throw ParseError(
                query, SourceRange(start, index), "bad number or duration syntax: \"\(text)\"",
                expected: "a number such as 1.5e3, or a duration such as 1h30m")
        }
    }
}

func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

func isAlpha(_ byte: UInt8) -> Bool {
    (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
        || byte == UInt8(ascii: "_")
}

private func isHexDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "f"))
}

/// The end of digits with units that begin at `start`, or nil when there is no unit.
func durationEnd(_ bytes: [UInt8], from start: Int) -> Int? {
    var index = start
    var end: Int?
    while index < bytes.count {
        let digits = index
        while index < bytes.count && isDigit(bytes[index]) { index += 1 }
        guard index > digits, index < bytes.count else { break }
        switch bytes[index] {
        case UInt8(ascii: "m"):
            index += 1
            if index < bytes.count && bytes[index] == UInt8(ascii: "s") { index += 1 }
        case UInt8(ascii: "s"), UInt8(ascii: "h"), UInt8(ascii: "d"), UInt8(ascii: "w"),
            UInt8(ascii: "y"):
            index += 1
        default: return end
        }
        end = index
    }
    return end
}

/// The end of a number that begins at `start` with a digit or a point.
func numberEnd(_ bytes: [UInt8], from start: Int) -> Int {
    var index = start
    func at(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }
    let underscore = UInt8(ascii: "_")
    if at(index) == UInt8(ascii: "0"), at(index + 1) | 0x20 == UInt8(ascii: "x") {
        index += 2
        while isHexDigit(at(index)) || (at(index) == underscore && isHexDigit(at(index + 1))) {
            index += 1
        }
        return index
    }
    func digits() {
        while isDigit(at(index)) || (at(index) == underscore && isDigit(at(index + 1))) {
            index += 1
        }
    }
    digits()
    if at(index) == UInt8(ascii: ".") {
        index += 1
        digits()
    }
    if at(index) | 0x20 == UInt8(ascii: "e") {
        let sign = at(index + 1) == UInt8(ascii: "+") || at(index + 1) == UInt8(ascii: "-")
        if isDigit(at(index + (sign ? 2 : 1))) {
            index += sign ? 2 : 1
            digits()
        }
    }
    return index
}

public import Model

// Matchers as Alertmanager writes them: `severity=page`, `team=~"ml|data"`, `"service.name"!="x"`,
// or several in braces (pkg/labels/parse.go and matcher/parse of Alertmanager 0.27 and later).
// Where the old grammar and that of UTF-8 names disagree, this takes what either accepts.

/// Why a text is no matcher.
public struct MatcherFault: Error, Hashable, Sendable {
    /// What was found, in words.
    public let what: String
    /// What would be one.
    public var expected: String { #"a matcher such as severity="page" or team=~"ml|data""# }
}

/// Reads Alertmanager's matchers.
public enum AlertMatchers {
    /// The longest text, in bytes.
    public static let bytesMax = 8 << 10

    /// Reads one text: a matcher, or a list of them in braces. O(bytes).
    public static func parse(_ text: String) throws(MatcherFault) -> [Matcher] {
        guard text.utf8.count <= bytesMax else {
            throw MatcherFault(what: "a matcher of \(text.utf8.count) bytes")
        }
        var reader = MatcherReader(text)
        return try reader.all()
    }
}

/// A cursor over the text.
private struct MatcherReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func all() throws(MatcherFault) -> [Matcher] {
        skipSpace()
        let isList = take(UInt8(ascii: "{"))
        var found: [Matcher] = []
        skipSpace()
        if isList && take(UInt8(ascii: "}")) { return try end(found) }
        while true {
            found.append(try matcher(isInList: isList))
            skipSpace()
            let hasMore = take(UInt8(ascii: ","))
            skipSpace()
            if isList && take(UInt8(ascii: "}")) { return try end(found) }
            if index == bytes.count && !isList { return found }
            guard hasMore else {
                throw MatcherFault(
                    what: index < bytes.count
                        ? "\"\(rest)\" after a matcher" : "a brace that is not closed")
            }
        }
    }

    private mutating func end(_ found: [Matcher]) throws(MatcherFault) -> [Matcher] {
        skipSpace()
        guard index == bytes.count else {
            throw MatcherFault(what: "\"\(rest)\" after the closing brace")
        }
        return found
    }

    private mutating func matcher(isInList: Bool) throws(MatcherFault) -> Matcher {
        skipSpace()
        let name = try word(until: Self.isNameEnd)
        guard !name.isEmpty else {
            throw MatcherFault(what: index < bytes.count ? "\"\(rest)\" without a name" : "nothing")
        }
        skipSpace()
        let op = try comparison(after: name)
        skipSpace()
        // A bare value of a text of its own goes to its end, commas included, as it did of old.
        let value = try word { byte in
            isInList && (byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}"))
        }
        return Matcher(name, op, value)
    }

    private mutating func comparison(
        after name: String
    ) throws(MatcherFault) -> Matcher.Operator {
        if take(UInt8(ascii: "=")) { return take(UInt8(ascii: "~")) ? .matches : .equal }
        if take(UInt8(ascii: "!")) {
            if take(UInt8(ascii: "=")) { return .notEqual }
            if take(UInt8(ascii: "~")) { return .notMatches }
        }
        throw MatcherFault(what: "no =, !=, =~ or !~ after \"\(name)\"")
    }

    /// A text in double quotes, or what stands until `isEnd` without the space behind it.
    private mutating func word(until isEnd: (UInt8) -> Bool) throws(MatcherFault) -> String {
        if take(UInt8(ascii: "\"")) { return try quoted() }
        let start = index
        while index < bytes.count, !isEnd(bytes[index]) { index += 1 }
        var end = index
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        if bytes[start..<end].contains(UInt8(ascii: "\"")) {
            throw MatcherFault(what: "a quote inside a value that is not quoted")
        }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    private mutating func quoted() throws(MatcherFault) -> String {
        var value: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
            if byte == UInt8(ascii: "\\"), index < bytes.count {
                let escaped = bytes[index]
                index += 1
                switch escaped {
                case UInt8(ascii: "n"): value.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): value.append(escaped)
                // Other escapes belong to the regular expression.
                default: value += [byte, escaped]
                }
            } else {
                value.append(byte)
            }
        }
        throw MatcherFault(what: "a quote that is not closed")
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
    }

    private var rest: String { String(String(decoding: bytes[index...], as: UTF8.self).prefix(40)) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d ~= byte) }

    private static func isNameEnd(_ byte: UInt8) -> Bool {
        isSpace(byte) || #"=!~{},"'\`"#.utf8.contains(byte)
    }
}

// What a matcher asks of a label's value, without RE2 where the expression is plain: alternatives
// of literals with `.*` or `.+` at either end, which is what dashboards send. Anything else is for
// RE2 (`Pattern`), which is spared values without the literal prefix of the expression.
// As in Prometheus, expressions match whole values and `.` matches anything.
import Model
import Text

/// A matcher made ready.
struct ValueTest: Sendable {
    /// One alternative: `literal` between what may stand before and after it.
    struct Plain: Sendable {
        enum Ends: Sendable {
            case nothing
            case anything
            case something
        }

        var before = Ends.nothing
        var literal: [UInt8] = []
        var after = Ends.nothing

        var isExact: Bool { before == .nothing && after == .nothing }
        /// Whether it matches everything.
        var isAlways: Bool {
            literal.isEmpty && !isExact && before != .something && after != .something
        }
    }

    private enum Test: Sendable {
        case plain([Plain])
        case pattern(Pattern, prefix: [UInt8])
    }

    let name: [UInt8]
    private let test: Test
    private let isNegated: Bool
    /// Whether series without the label pass.
    let matchesEmpty: Bool

    /// O(expression); throws when RE2 refuses it.
    init(_ matcher: Matcher) throws(PatternError) {
        name = Array(matcher.name.utf8)
        isNegated = matcher.op == .notEqual || matcher.op == .notMatches
        let bytes = Array(matcher.value.utf8)
        switch matcher.op {
        case .equal, .notEqual: test = .plain([Plain(literal: bytes)])
        case .matches, .notMatches:
            if bytes.count <= Pattern.bytesMax, let plain = PlainExpression.alternatives(bytes) {
                test = .plain(plain)
            } else {
                test = .pattern(
                    try Pattern(matcher.value), prefix: PlainExpression.prefix(bytes))
            }
        }
        matchesEmpty = Self.holds(test, [UInt8]().span) != isNegated
    }

    /// Whether the matcher holds for a series with this value.
    func matches(_ value: Span<UInt8>) -> Bool { Self.holds(test, value) != isNegated }

    /// The only values that behave otherwise than a missing label, when they can be listed.
    var listedDeviants: [[UInt8]]? {
        guard case .plain(let plain) = test else { return nil }
        // `.*` says the same of every value.
        if plain.contains(where: \.isAlways) { return [] }
        // A listed value is matched unless negated; it deviates when a missing label differs.
        guard plain.allSatisfy(\.isExact) else { return nil }
        guard isNegated == matchesEmpty else { return nil }
        return plain.map(\.literal).filter { !$0.isEmpty }
    }

    /// Whether every value behaves otherwise than a missing label: `.+`, `!=""`, `=""`.
    var isAboutPresence: Bool {
        guard case .plain(let plain) = test, plain.count == 1, plain[0].literal.isEmpty else {
            return false
        }
        return plain[0].isExact || plain[0].before == .something || plain[0].after == .something
    }

    private static func holds(_ test: Test, _ value: Span<UInt8>) -> Bool {
        switch test {
        case .plain(let plain):
            for alternative in plain where alternative.matches(value) { return true }
            return false
        case .pattern(let pattern, let prefix):
            guard hasPrefix(value, prefix.span) else { return false }
            return pattern.matches(value)
        }
    }
}

extension ValueTest.Plain {
    /// Whether the alternative covers the whole value.
    fileprivate func matches(_ value: Span<UInt8>) -> Bool {
        let low = before == .something ? 1 : 0
        let high = value.count - literal.count - (after == .something ? 1 : 0)
        guard low <= high else { return false }
        switch (before, after) {
        case (.nothing, .nothing): return high == 0 && isFound(value, at: 0)
        case (.nothing, _): return isFound(value, at: 0)
        case (_, .nothing): return isFound(value, at: high)
        case (_, _):
            for start in low...high where isFound(value, at: start) { return true }
            return false
        }
    }

    private func isFound(_ value: Span<UInt8>, at start: Int) -> Bool {
        for index in literal.indices where value[start + index] != literal[index] { return false }
        return true
    }
}

private func hasPrefix(_ value: Span<UInt8>, _ prefix: Span<UInt8>) -> Bool {
    guard value.count >= prefix.count else { return false }
    for index in 0..<prefix.count where value[index] != prefix[index] { return false }
    return true
}

/// Reads the expressions that need no RE2. Says nil rather than guess.
enum PlainExpression {
    /// The alternatives of an expression that has nothing but literals, `.*` and `.+` at their
    /// ends, bars, and one group around it all.
    static func alternatives(_ expression: [UInt8]) -> [ValueTest.Plain]? {
        var rest = expression[...]
        if rest.first == UInt8(ascii: "("), rest.last == UInt8(ascii: ")") {
            rest = rest.dropFirst().dropLast()
            if rest.starts(with: "?:".utf8) { rest = rest.dropFirst(2) }
        }
        var found: [ValueTest.Plain] = []
        var current = ValueTest.Plain()
        var isEnded = false
        var isBegun = false
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "|") {
                found.append(current)
                (current, isEnded, isBegun) = (ValueTest.Plain(), false, false)
                continue
            }
            if isEnded { return nil }
            if byte == UInt8(ascii: ".") {
                let ends: ValueTest.Plain.Ends
                switch rest.popFirst() {
                case UInt8(ascii: "*"): ends = .anything
                case UInt8(ascii: "+"): ends = .something
                default: return nil
                }
                if isBegun {
                    // `.+.+` is two characters, which bytes do not tell.
                    if current.literal.isEmpty && current.before == ends { return nil }
                    (current.after, isEnded) = (ends, true)
                } else {
                    (current.before, isBegun) = (ends, true)
                }
                continue
            }
            guard let literal = literal(byte, &rest) else { return nil }
            current.literal.append(literal)
            isBegun = true
        }
        return found + [current]
    }

    /// Literal bytes that every match begins with.
    static func prefix(_ expression: [UInt8]) -> [UInt8] {
        if expression.contains(UInt8(ascii: "|")) { return [] }
        var prefix: [UInt8] = []
        var rest = expression[...]
        while let byte = rest.popFirst() {
            guard let literal = literal(byte, &rest) else {
                // A quantifier makes the character before it optional.
                if "*?+{".utf8.contains(byte) { dropCharacter(&prefix) }
                break
            }
            prefix.append(literal)
        }
        return prefix
    }

    /// The byte that `byte` and, after a backslash, what follows stands for.
    private static func literal(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> UInt8? {
        if byte == UInt8(ascii: "\\") {
            guard let next = rest.first, ".+*?()|[]{}^$-/:".utf8.contains(next) else { return nil }
            rest.removeFirst()
            return next
        }
        return ".+*?()|[]{}^$\\".utf8.contains(byte) ? nil : byte
    }

    private static func dropCharacter(_ prefix: inout [UInt8]) {
        while let last = prefix.popLast(), last & 0xc0 == 0x80 {}
    }
}

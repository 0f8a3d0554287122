internal import CRE2

/// Why a regular expression was refused.
public enum PatternError: Error, Hashable, Sendable {
    case tooLong(limit: Int)
    /// RE2's reason: bad syntax, or a program over `Pattern.memoryMax`.
    case invalid(reason: String)
}

extension PatternError: CustomStringConvertible {
    /// For a person; shows nothing of the expression but what RE2 quotes.
    public var description: String {
        switch self {
        case .tooLong(let limit): "the regular expression is longer than \(limit) bytes"
        case .invalid(let reason): "bad regular expression: \(reason)"
        }
    }
}

/// A regular expression that must match a whole text, as in Prometheus; `.` matches newlines too.
///
/// RE2: matching is linear in the text and never backtracks. A class, since the program is shared.
///
/// Sendable is sound: `program` is never changed after `init` but by RE2 itself, whose matching is
/// documented as thread-safe (its automaton cache has its own lock); freed once, in `deinit`.
@safe public final class Pattern: @unchecked Sendable {
    /// The longest expression, in bytes.
    public static let bytesMax = 8 << 10
    /// The most memory for one expression's program and automata.
    public static let memoryMax = 1 << 20

    /// The expression as it was given.
    public let source: String
    fileprivate let program: OpaquePointer

    /// Compiles an expression. O(expression), at most `memoryMax` bytes.
    public init(_ source: String) throws(PatternError) {
        let bytes = Array(source.utf8)
        guard bytes.count <= Self.bytesMax else { throw .tooLong(limit: Self.bytesMax) }
        var reason = [CChar](repeating: 0, count: 256)
        // RE2 copies the pattern and writes at most `reason.count` bytes with the final zero.
        let compiled = unsafe bytes.withUnsafeBytes { pattern in
            unsafe reason.withUnsafeMutableBufferPointer { reason in
                unsafe pitot_re2_compile(
                    pattern.baseAddress, pattern.count, Self.memoryMax, reason.baseAddress,
                    reason.count)
            }
        }
        guard let compiled = unsafe compiled else {
            let text = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .invalid(reason: String(decoding: text, as: UTF8.self))
        }
        self.source = source
        unsafe program = compiled
    }

    deinit { unsafe pitot_re2_free(program) }

    /// Whether the whole of `text` matches. O(text), allocates nothing in steady state.
    public func matches(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBufferPointer { buffer in
            unsafe pitot_re2_full_match(program, buffer.baseAddress, buffer.count)
        }
    }

    /// Whether the whole of `text` matches.
    public func matches(_ text: String) -> Bool { matches(Array(text.utf8).span) }
}

extension Pattern {
    /// The text of the whole match and of each group when all of `text` matches; a group that took
    /// no part is empty. O(text), allocates the result.
    public func captures(_ text: String) -> [String]? {
        let bytes = Array(text.utf8)
        let pairs = Int(unsafe pitot_re2_group_count(program)) + 1
        var bounds = [Int](repeating: -1, count: 2 * pairs)
        // RE2 writes 2 * pairs numbers.
        let isMatch = unsafe bytes.withUnsafeBytes { text in
            unsafe bounds.withUnsafeMutableBufferPointer { bounds in
                unsafe pitot_re2_captures(
                    program, text.baseAddress, text.count, bounds.baseAddress, Int32(pairs))
            }
        }
        guard isMatch else { return nil }
        return (0..<pairs).map { group in
            let (start, end) = (bounds[2 * group], bounds[2 * group + 1])
            return start < 0 ? "" : String(decoding: bytes[start..<end], as: UTF8.self)
        }
    }

    /// The groups that have names, `(?P<name>...)`, by name.
    public var groupNames: [String: Int] {
        var names: [String: Int] = [:]
        let count = unsafe pitot_re2_group_count(program)
        guard count > 0 else { return names }
        for group in 1...count {
            guard let name = unsafe pitot_re2_group_name(program, group) else { continue }
            unsafe names[String(cString: name)] = Int(group)
        }
        return names
    }
}

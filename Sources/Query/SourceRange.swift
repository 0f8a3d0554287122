/// Where in the text of a query something stands: byte offsets, the end excluded.
public struct SourceRange: Hashable, Sendable {
    public var start: Int
    public var end: Int

    public init(_ start: Int, _ end: Int) {
        self.start = start
        self.end = end
    }

    /// From the start of this range to the end of another.
    func through(_ other: SourceRange) -> SourceRange { SourceRange(start, max(end, other.end)) }

    /// Line and column of the start in a query, both from 1, columns in bytes as Prometheus counts.
    public func position(in query: String) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in query.utf8.prefix(start) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }
}

/// Why a query was refused before it ran: where, what is wrong, what was expected instead.
public struct ParseError: Error, Hashable, Sendable {
    /// Bytes of the query.
    public var range: SourceRange
    /// From 1.
    public var line: Int
    /// From 1, in bytes.
    public var column: Int
    /// What is wrong.
    public var what: String
    /// What was expected instead.
    public var expected: String?
    /// What to do.
    public var hint: String?

    init(
        _ query: String, _ range: SourceRange, _ what: String, expected: String? = nil,
        hint: String? = nil
    ) {
        self.range = range
        (line, column) = range.position(in: query)
        self.what = what
        self.expected = expected
        self.hint = hint
    }
}

extension ParseError {
    static let noExpression = "no expression found in input"
    static let emptySelector = "vector selector must contain at least one non-empty matcher"

    /// Whether a selector was refused only because it would select everything.
    public var isEmptySelector: Bool { what == Self.emptySelector }
}

extension ParseError: CustomStringConvertible {
    /// `line:column: parse error: what; expected X (hint)`.
    public var description: String {
        // Prometheus knows no place in a query that is empty.
        let place = what == Self.noExpression ? "unknown position" : "\(line):\(column)"
        var text = "\(place): parse error: \(what)"
        if let expected { text += "; expected \(expected)" }
        if let hint { text += " (\(hint))" }
        return text
    }
}

/// Why a query ended without a result.
public enum QueryError: Error, Hashable, Sendable {
    /// The text is no query.
    case parse(ParseError)
    /// More samples would have been held at once than `QueryLimits.samplesMax`.
    case tooManySamples(limit: Int)
    /// A selector found, or an operation made, more series than `QueryLimits.seriesMax`.
    case tooManySeries(limit: Int)
    /// The range asks for more points in a series than `QueryLimits.stepsMax`.
    case tooManySteps(limit: Int)
    /// The caller's `shouldStop` said so.
    case stopped
    /// Times or steps that make no range.
    case badRange(String)
    /// What Prometheus says of data that the expression cannot be evaluated on.
    case execution(String)
}

extension QueryError: CustomStringConvertible {
    /// For a person; Prometheus' words where it has any.
    public var description: String {
        switch self {
        case .parse(let error): error.description
        case .tooManySamples(let limit):
            "query processing would load too many samples into memory in query execution; "
                + "at most \(limit) are allowed"
        case .tooManySeries(let limit):
            "query touches too many series; at most \(limit) are allowed; select fewer"
        case .tooManySteps(let limit):
            "exceeded maximum resolution of \(limit) points per timeseries. "
                + "Try decreasing the query resolution (?step=XX)"
        case .stopped: "query was cancelled or timed out in expression evaluation"
        case .badRange(let what), .execution(let what): what
        }
    }
}

/// Why rows of a training file could not be read.
public struct TableError: Error, Hashable {
    /// What is wrong with a line.
    public enum What: Hashable, Sendable {
        case empty
        case repeatedName(String)
        case fields(Int, expected: Int)
        case unclosedQuote
        case textAfterQuote
        case notAnObject
        case nested(String)
        case badText
        case noSuchTimeColumn(String)
        case badTime(String)
        case tooManyColumns(most: Int)
        case tooManyValues(most: Int)
    }

    /// Counted from 1.
    public let line: Int
    public let what: What

    /// What is wrong with a line.
    public init(line: Int, _ what: What) {
        self.line = line
        self.what = what
    }

    /// For people: what is wrong and what was expected.
    public var text: String {
        let words =
            switch what {
            case .empty: "no rows; expected at least one"
            case .repeatedName(let name):
                "column '\(name)' is there twice; expected different names"
            case .fields(let count, let expected): "\(count) fields; expected \(expected)"
            case .unclosedQuote: "a quoted field does not end; expected '\"'"
            case .textAfterQuote: "text after a quoted field; expected ',' or the line's end"
            case .notAnObject: "no JSON object; expected {\"feature\": value, ...}"
            case .nested(let name): "'\(name)' holds an object or a list; expected one value"
            case .badText: "malformed text; expected UTF-8 and JSON escapes"
            case .noSuchTimeColumn(let name): "no column '\(name)' of times"
            case .badTime(let text):
                "'\(text)' is no time; expected seconds or milliseconds since 1970"
            case .tooManyColumns(let most): "too many columns; expected at most \(most)"
            case .tooManyValues(let most): "too many values; expected at most \(most)"
            }
        return "\(line): \(words)"
    }
}

/// What a template works on: Go's values as far as templates can tell them apart.
public indirect enum TemplateValue: Hashable, Sendable {
    case null
    /// What a missing key of a map with values of any type gives.
    case noValue
    case bool(Bool)
    case integer(Int64)
    case float(Double)
    case string(String)
    /// Nanoseconds.
    case duration(Int64)
    /// Seconds since 1970, UTC.
    case time(Double)
    case list([TemplateValue])
    /// A map of texts: a missing key is the empty text.
    case texts([String: String])
    /// A map of anything.
    case map([String: TemplateValue])
    /// A struct: asking for another field is an error.
    case record(type: String, fields: [String: TemplateValue])

    /// How deep a template may nest values in each other.
    static let nestingMax = 32

    /// Whether no more than `levels` values stand within each other. O(elements).
    func isNested(within levels: Int) -> Bool {
        let inner: [TemplateValue]
        switch self {
        case .list(let elements): inner = elements
        case .map(let values): inner = Array(values.values)
        case .record(_, let fields): inner = Array(fields.values)
        case .null, .noValue, .bool, .integer, .float, .string, .duration, .time, .texts:
            return true
        }
        return levels > 0 && inner.allSatisfy { $0.isNested(within: levels - 1) }
    }

    /// What `if`, `and` and `or` take for true.
    public var isTrue: Bool {
        switch self {
        case .null, .noValue: false
        case .bool(let value): value
        case .integer(let value), .duration(let value): value != 0
        case .float(let value): value != 0
        case .string(let value): !value.isEmpty
        case .list(let value): !value.isEmpty
        case .texts(let value): !value.isEmpty
        case .map(let value): !value.isEmpty
        case .time, .record: true
        }
    }

    /// Go's name of the type, for errors.
    public var typeName: String {
        switch self {
        case .null, .noValue: "nil"
        case .bool: "bool"
        case .integer: "int"
        case .float: "float64"
        case .string: "string"
        case .duration: "time.Duration"
        case .time: "time.Time"
        case .list: "[]interface {}"
        case .texts: "map[string]string"
        case .map: "map[string]interface {}"
        case .record(let type, _): type
        }
    }

    /// As Go's `%v` prints it. Maps are sorted by key. Nesting is bounded by how values are made.
    public var printed: String {
        switch self {
        case .null: return "<nil>"
        case .noValue: return "<no value>"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .float(let value): return formatGo(value, "g", precision: nil)
        case .string(let value): return value
        case .duration(let nanos): return goDuration(nanos)
        case .time(let seconds): return goTime(seconds)
        case .list(let values):
            return "[" + values.map(\.printed).joined(separator: " ") + "]"
        case .texts(let values):
            let pairs = values.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
            return "map[" + pairs.joined(separator: " ") + "]"
        case .map(let values):
            let pairs = values.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.printed)" }
            return "map[" + pairs.joined(separator: " ") + "]"
        case .record(_, let fields):
            let values = fields.sorted { $0.key < $1.key }.map(\.value.printed)
            return "{" + values.joined(separator: " ") + "}"
        }
    }
}

/// Why a template was refused or stopped.
public struct TemplateError: Error, Hashable, Sendable {
    /// The template's name.
    public var name: String
    /// From 1.
    public var line: Int
    /// From 1, in bytes.
    public var column: Int
    /// Whether it was found while running; else while parsing.
    public var isRunning: Bool
    /// The part that failed while running.
    public var context: String
    /// What is wrong, in Go's words.
    public var what: String
}

extension TemplateError: CustomStringConvertible {
    /// In Go's form: `template: NAME:LINE: what`.
    public var description: String {
        guard isRunning else { return "template: \(name):\(line): \(what)" }
        // Go counts the columns of a running template from 0.
        let place = "template: \(name):\(line):\(column - 1): executing \"\(name)\""
        return "\(place) at <\(context)>: \(what)"
    }
}

/// Why a function of a template failed; the template adds where.
public struct TemplateFault: Error, Hashable, Sendable {
    /// What is wrong.
    public var what: String

    /// A fault, for a person.
    public init(_ what: String) { self.what = what }
}

/// How much a template may use.
public struct TemplateLimits: Sendable {
    /// Bytes of the template's text.
    public var sourceBytesMax = 1 << 20
    /// Bytes of output, and of any text a function makes.
    public var outputBytesMax = 4 << 20
    /// Nodes and commands run.
    public var stepsMax = 1_000_000
    /// Levels of blocks and parentheses; of templates within templates.
    public var depthMax = 64

    /// The defaults.
    public init() {}
}

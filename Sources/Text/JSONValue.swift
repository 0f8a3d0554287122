/// A JSON text as a tree, members in the order of the text.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// The longest text, in bytes.
    public static let bytesMax = 32 << 20
    /// The deepest nesting of arrays and objects.
    public static let depthMax = 64
    /// The most values in one text.
    public static let valuesMax = 1_000_000

    /// Reads one JSON text by RFC 8259, without extensions. O(bytes).
    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        guard bytes.count <= bytesMax else {
            throw JSONError(.tooLarge(bytesMax: bytesMax), line: 1, column: 1)
        }
        var parser = JSONParser(bytes)
        return try parser.parse()
    }

    /// A member's value; of equal keys the last, as JavaScript does. Nil for what is no object.
    public subscript(_ key: String) -> JSONValue? { members.last { $0.key == key }?.value }

    /// An element; nil out of range and for what is no array.
    public subscript(_ index: Int) -> JSONValue? {
        let elements = elements
        return elements.indices.contains(index) ? elements[index] : nil
    }

    /// The members of an object; none for anything else.
    public var members: [(key: String, value: JSONValue)] {
        if case .object(let members) = self { members } else { [] }
    }

    /// The elements of an array; none for anything else.
    public var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// The text of a string.
    public var asString: String? { if case .string(let text) = self { text } else { nil } }

    /// The value of a number.
    public var asDouble: Double? { if case .number(let value) = self { value } else { nil } }

    /// The value of a number that is whole and fits.
    public var asInteger: Int? { asDouble.flatMap { Int(exactly: $0) } }

    /// The value of `true` or `false`.
    public var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// Whether this is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }
}

extension JSONValue: Equatable {
    /// Equal values, members in equal order. At most `depthMax` levels of recursion when parsed.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)):
            a.elementsEqual(b) { $0.key == $1.key && $0.value == $1.value }
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}

/// Why a text is no JSON, and where. Lines and columns count from 1, columns in characters.
public struct JSONError: Error, Hashable, Sendable {
    /// What is wrong, as facts.
    public enum Reason: Hashable, Sendable {
        case tooLarge(bytesMax: Int)
        case tooDeep(depthMax: Int)
        case tooManyValues(valuesMax: Int)
        /// `found` is nil at the end of the text.
        case unexpected(found: UInt8?, expected: String)
        case badEscape
        case loneSurrogate
        case invalidUTF8
        case numberTooLarge
    }

    /// What is wrong.
    public let reason: Reason
    /// From 1.
    public let line: Int
    /// From 1, in characters.
    public let column: Int

    /// A fault at a place.
    public init(_ reason: Reason, line: Int, column: Int) {
        self.reason = reason
        self.line = line
        self.column = column
    }
}

extension JSONError: CustomStringConvertible {
    /// `line:column: what is wrong; what was expected`. Shows at most one byte of the text.
    public var description: String {
        let what =
            switch reason {
            case .tooLarge(let limit): "the JSON is too long; expected at most \(limit) bytes"
            case .tooDeep(let limit): "nested too deeply; expected at most \(limit) levels"
            case .tooManyValues(let limit): "too many values; expected at most \(limit)"
            case .unexpected(nil, let expected): "the JSON ends here; expected \(expected)"
            case .unexpected(let found?, let expected):
                "found \(Self.name(of: found)); expected \(expected)"
            case .badEscape: #"this escape is not known; expected \" \\ \/ \b \f \n \r \t or \u"#
            case .loneSurrogate: "half of a surrogate pair; expected both halves"
            case .invalidUTF8: "the string is not UTF-8; expected UTF-8"
            case .numberTooLarge: "the number is too large; expected at most 1.8e308"
            }
        return "\(line):\(column): \(what)"
    }

    private static func name(of byte: UInt8) -> String {
        let isPrintable = (0x21...0x7e).contains(byte)
        return isPrintable ? "'\(Character(Unicode.Scalar(byte)))'" : "the byte \(byte)"
    }
}

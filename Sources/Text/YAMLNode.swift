/// A value of a YAML document and where it stands. At most `YAML.depthMax` levels deep.
public struct YAMLNode: Sendable {
    /// What a node is.
    public enum Content: Sendable {
        /// `isPlain` is false for what is quoted, a block, or tagged `!!str`: always text.
        case scalar(text: String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the file; every key is a scalar and appears once.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    /// Where the value begins: for a quoted scalar its quote, for a block scalar its `|` or `>`.
    public let position: SourcePosition
    /// Where the first character of a scalar's text stands. Equals `position` otherwise.
    public let textPosition: SourcePosition
    /// The scalar, elements or pairs.
    public let content: Content

    /// A node; `textPosition` is `position` unless given.
    public init(
        position: SourcePosition, textPosition: SourcePosition? = nil, content: Content
    ) {
        self.position = position
        self.textPosition = textPosition ?? position
        self.content = content
    }

    /// A scalar's text, whatever it looks like; nil for null and for collections.
    public var asString: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// A plain number of the core schema: `5`, `-1.5e3`, `0x1f`, `0o17`, `.inf`, `.nan`.
    public var asDouble: Double? {
        guard case .scalar(let text, isPlain: true) = content else { return nil }
        return coreInteger(text).map(Double.init) ?? coreFloat(text)
    }

    /// A plain integer of the core schema that fits 64 bits.
    public var asInteger: Int? {
        guard case .scalar(let text, isPlain: true) = content else { return nil }
        return coreInteger(text)
    }

    /// `true` or `false`, plain, in the three spellings of the core schema.
    public var asBool: Bool? {
        guard case .scalar(let text, isPlain: true) = content else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// Whether this is a plain `null`, `~`, or nothing at all.
    public var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        switch text {
        case "", "~", "null", "Null", "NULL": return true
        default: return false
        }
    }

    /// The value of a key of a mapping; nil when absent or when this is no mapping. O(keys).
    public subscript(_ key: String) -> YAMLNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.asKey == key }?.value
    }

    /// The elements of a sequence; empty for anything else.
    public var elements: [YAMLNode] {
        guard case .sequence(let elements) = content else { return [] }
        return elements
    }

    /// What a message calls this value: `text "abc"`, `the number 5`, `a mapping`.
    public var summary: String {
        switch content {
        case .sequence: return "a sequence"
        case .mapping: return "a mapping"
        case .scalar(let text, _):
            if isNull { return "empty" }
            let shown = shortened(text)
            if asBool != nil { return shown }
            return asDouble != nil ? "the number \(shown)" : "the text \"\(shown)\""
        }
    }

    /// The text of a key: unlike `asString`, `null` and `~` are names here.
    var asKey: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }
}

/// At most 40 characters of a text on one line, for messages.
func shortened(_ text: String) -> String {
    let charactersMax = 40
    let line = text.prefix { !$0.isNewline }
    let start = line.prefix(charactersMax)
    return start.utf8.count == text.utf8.count ? text : start + "..."
}

/// YAML 1.2.2 §10.3.2, tag resolution of `!!int`.
private func coreInteger(_ text: String) -> Int? {
    if text.hasPrefix("0o") { return unsignedInteger(text.dropFirst(2), radix: 8) }
    if text.hasPrefix("0x") { return unsignedInteger(text.dropFirst(2), radix: 16) }
    return Int(text)
}

private func unsignedInteger(_ digits: Substring, radix: Int) -> Int? {
    guard let first = digits.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+")
    else { return nil }
    return Int(digits, radix: radix)
}

/// YAML 1.2.2 §10.3.2, tag resolution of `!!float`. `Double(text)` alone takes "nan", "0x1p3".
private func coreFloat(_ text: String) -> Double? {
    switch text {
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .infinity
    case "-.inf", "-.Inf", "-.INF": return -.infinity
    case ".nan", ".NaN", ".NAN": return .nan
    default: break
    }
    let isDigits = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "e"), UInt8(ascii: "E"):
            return true
        default: return false
        }
    }
    return isDigits ? Double(text) : nil
}

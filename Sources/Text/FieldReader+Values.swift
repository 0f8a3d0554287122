public import Model

// The typed reads. Each returns nil after it has reported what it found and what it expected.

extension FieldReader {
    /// Text that must be there. Numbers and booleans count as their text.
    public mutating func string(_ key: String) -> String? {
        guard let node = required(key, "text") else { return nil }
        return string(node, key)
    }

    /// Text, or nil when absent.
    public mutating func optionalString(_ key: String) -> String? {
        guard let node = optionalNode(key) else { return nil }
        return string(node, key)
    }

    /// A finite number that must be there.
    public mutating func number(_ key: String) -> Double? {
        guard let node = required(key, "a number") else { return nil }
        return number(node, key)
    }

    /// A finite number, or nil when absent.
    public mutating func optionalNumber(_ key: String) -> Double? {
        guard let node = optionalNode(key) else { return nil }
        return number(node, key)
    }

    /// A whole number, or nil when absent.
    public mutating func optionalInteger(_ key: String) -> Int? {
        optional(key, "a whole number") { $0.asInteger }
    }

    /// `true` or `false`, or nil when absent.
    public mutating func optionalBool(_ key: String) -> Bool? {
        optional(key, "true or false") { $0.asBool }
    }

    /// A duration in Prometheus' notation, or nil when absent.
    public mutating func optionalDuration(_ key: String) -> TimeSpan? {
        optional(key, "a duration such as 30s, 5m or 1h30m") { $0.asString.flatMap(parseDuration) }
    }

    /// A number of bytes, or nil when absent.
    public mutating func optionalSize(_ key: String) -> Int? {
        optional(key, "a size such as 512KiB or 4GiB") { $0.asString.flatMap(parseSize) }
    }

    /// The elements of a sequence; none when absent.
    public mutating func sequence(_ key: String) -> [YAMLNode] {
        guard let node = optionalNode(key) else { return [] }
        guard case .sequence(let elements) = node.content else {
            mismatch(node, key, "a sequence")
            return []
        }
        return elements
    }

    /// A sequence of texts, or nil when absent. Elements that are no text are errors, left out.
    public mutating func optionalStrings(_ key: String) -> [String]? {
        guard let node = optionalNode(key) else { return nil }
        guard case .sequence(let elements) = node.content else {
            mismatch(node, key, "a sequence of texts")
            return nil
        }
        var strings: [String] = []
        for element in elements {
            if let text = string(element, key) { strings.append(text) }
        }
        return strings
    }

    /// A mapping of text to text in the file's order; empty when absent.
    public mutating func pairs(_ key: String) -> [(name: String, value: String)] {
        guard let node = optionalNode(key) else { return [] }
        guard case .mapping(let pairs) = node.content else {
            mismatch(node, key, "a mapping of texts")
            return []
        }
        var found: [(name: String, value: String)] = []
        for pair in pairs {
            let name = pair.key.asKey ?? ""
            if let value = string(pair.value, name) { found.append((name, value)) }
        }
        return found
    }

    private mutating func optional<Value>(
        _ key: String, _ expected: String, _ read: (YAMLNode) -> Value?
    ) -> Value? {
        guard let node = optionalNode(key) else { return nil }
        guard let value = read(node) else {
            mismatch(node, key, expected)
            return nil
        }
        return value
    }

    private mutating func string(_ node: YAMLNode, _ key: String) -> String? {
        guard let text = node.asString else {
            mismatch(node, key, "text")
            return nil
        }
        return text
    }

    private mutating func number(_ node: YAMLNode, _ key: String) -> Double? {
        guard let value = node.asDouble, value.isFinite else {
            mismatch(node, key, "a number")
            return nil
        }
        return value
    }

    private mutating func mismatch(_ node: YAMLNode, _ key: String, _ expected: String) {
        fail(at: node, "\"\(shortened(key))\" is \(node.summary)", expected: expected)
    }
}

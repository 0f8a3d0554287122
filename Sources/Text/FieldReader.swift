/// Reads a mapping strictly: a key that nobody asked for is an error of `finish`.
///
/// It collects what is wrong instead of stopping at the first; whoever reads goes on with nil. A
/// null value is an absent one. Each read is O(keys).
public struct FieldReader: Sendable {
    /// The most unknown keys reported one by one.
    public static let unknownKeysReportedMax = 20

    /// What a message calls the mapping: "SLO", "route".
    public let kind: String
    /// The mapping that is read.
    public let node: YAMLNode
    /// What was found wrong so far, in the order of the reads.
    public private(set) var diagnostics: [Diagnostic] = []

    private let pairs: [(key: YAMLNode, value: YAMLNode)]
    private let isMapping: Bool
    /// In the order of the first reads: what a message lists as allowed.
    private var allowed: [String] = []

    /// A null counts as an empty mapping; anything else that is no mapping is one error.
    public init(_ node: YAMLNode, of kind: String) {
        self.node = node
        self.kind = kind
        if case .mapping(let found) = node.content {
            pairs = found
            isMapping = true
        } else {
            pairs = []
            isMapping = node.isNull
            if !isMapping { fail(at: node, "\(kind) is \(node.summary)", expected: "a mapping") }
        }
    }

    /// Where the mapping begins.
    public var position: SourcePosition { node.position }

    /// Where a key stands, or the mapping when it has no such key.
    public func position(of key: String) -> SourcePosition {
        pairs.first { $0.key.asKey == key }?.key.position ?? node.position
    }

    /// A key's value; nil when absent or null.
    public mutating func optionalNode(_ key: String) -> YAMLNode? {
        if !allowed.contains(key) { allowed.append(key) }
        guard let found = pairs.first(where: { $0.key.asKey == key })?.value, !found.isNull
        else { return nil }
        return found
    }

    /// A key's value; its absence is an error.
    public mutating func node(_ key: String) -> YAMLNode? { required(key, "a value") }

    /// A key's value; its absence is an error that says what was expected.
    mutating func required(_ key: String, _ expected: String) -> YAMLNode? {
        if let found = optionalNode(key) { return found }
        // One error for what is no mapping is enough.
        guard isMapping else { return nil }
        let isEmpty = pairs.contains { $0.key.asKey == key }
        fail(
            at: position(of: key),
            isEmpty ? "\"\(key)\" is empty" : "\"\(key)\" is missing from this \(kind)",
            expected: expected)
        return nil
    }

    /// Allows keys that are not read, as an importer does with what it has no use for.
    public mutating func allow(_ keys: String...) {
        for key in keys where !allowed.contains(key) { allowed.append(key) }
    }

    /// Takes over what a reader of a part found.
    public mutating func add(_ more: [Diagnostic]) { diagnostics += more }

    /// Reports an error at a value.
    public mutating func fail(
        at node: YAMLNode, _ what: String, expected: String? = nil, hint: String? = nil
    ) {
        fail(at: node.position, what, expected: expected, hint: hint)
    }

    /// Reports an error at a place.
    public mutating func fail(
        at position: SourcePosition, _ what: String, expected: String? = nil, hint: String? = nil
    ) {
        diagnostics.append(.error(at: position, what, expected: expected, hint: hint))
    }

    /// Reports a warning at a value.
    public mutating func warn(
        at node: YAMLNode, _ what: String, expected: String? = nil, hint: String? = nil
    ) {
        warn(at: node.position, what, expected: expected, hint: hint)
    }

    /// Reports a warning at a place.
    public mutating func warn(
        at position: SourcePosition, _ what: String, expected: String? = nil, hint: String? = nil
    ) {
        diagnostics.append(.warning(at: position, what, expected: expected, hint: hint))
    }

    /// Adds an error for each key that was never asked for; everything found, by position.
    /// Call it once, after the last read.
    public mutating func finish() -> [Diagnostic] {
        let unknown = pairs.map(\.key).filter { !allowed.contains($0.asKey ?? "") }
        for key in unknown.prefix(Self.unknownKeysReportedMax) {
            let name = key.asKey ?? ""
            // A key that is there already is not what was meant.
            let missing = allowed.filter { name in !pairs.contains { $0.key.asKey == name } }
            let meant = suggestion(for: name, among: missing)
            fail(
                at: key, "unknown key \"\(shortened(name))\" in this \(kind)",
                expected: meant == nil ? allowedList : nil,
                hint: meant.map { "did you mean \"\($0)\"?" })
        }
        let rest = unknown.dropFirst(Self.unknownKeysReportedMax)
        if let first = rest.first { fail(at: first, "\(rest.count) more unknown keys") }
        return diagnostics.sorted()
    }

    private var allowedList: String {
        allowed.isEmpty ? "no keys here" : allowed.sorted().joined(separator: ", ")
    }
}

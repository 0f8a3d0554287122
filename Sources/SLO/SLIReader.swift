import Model
import Text

/// Reads the `sli` mapping.
struct SLIReader {
    private let node: YAMLNode
    private let zones: TimeZones
    private(set) var diagnostics: [Diagnostic] = []

    init(_ node: YAMLNode, _ zones: TimeZones = TimeZones()) {
        self.node = node
        self.zones = zones
    }

    private static let kinds = [
        "events", "latency", "freshness", "threshold", "composite", "query", "probe", "drift",
        "runs", "spans",
    ]

    mutating func read() -> SLI? {
        var fields = FieldReader(node, of: "sli")
        let expected = "one of " + Self.kinds.joined(separator: ", ")
        var found: [(kind: String, node: YAMLNode)] = []
        for kind in Self.kinds {
            if let node = fields.optionalNode(kind) { found.append((kind, node)) }
        }
        if found.isEmpty && fields.diagnostics.isEmpty {
            fields.fail(at: node, "the sli has no kind", expected: expected)
        }
        for other in found.dropFirst() {
            fields.fail(
                at: fields.position(of: other.kind),
                "a second kind, \"\(other.kind)\", beside \"\(found[0].kind)\"",
                expected: "one kind")
        }
        var result: SLI?
        if let first = found.first {
            var reader = SLIKindReader(first.node, zones)
            result = reader.read(first.kind)
            fields.add(reader.diagnostics)
        }
        diagnostics += fields.finish()
        return found.count == 1 ? result : nil
    }
}

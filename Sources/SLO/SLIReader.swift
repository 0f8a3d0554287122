import Model
import Text

/// Reads the `sli` mapping.
struct SLIReader {
    private let node: YAMLNode
    private(set) var diagnostics: [Diagnostic] = []

    init(_ node: YAMLNode) { self.node = node }

    /// Kinds of DESIGN §4.6 that a later version brings; named so that the message can say so.
    private static let laterKinds = [
        "latency", "freshness", "threshold", "query", "spans", "runs", "drift", "probe",
        "composite",
    ]

    mutating func read() -> SLI? {
        var fields = FieldReader(node, of: "sli")
        for kind in Self.laterKinds where fields.optionalNode(kind) != nil {
            fields.fail(
                at: fields.position(of: kind),
                "the sli kind \"\(kind)\" is not supported by this version",
                expected: "\"events\"")
        }
        let events = fields.optionalNode("events")
        if events == nil && fields.diagnostics.isEmpty {
            fields.fail(at: node, "the sli has no kind", expected: "\"events\"")
        }
        var result: SLI?
        if let events { result = readEvents(events).map { .events($0) } }
        diagnostics += fields.finish()
        return result
    }

    private mutating func readEvents(_ node: YAMLNode) -> EventSLI? {
        var fields = FieldReader(node, of: "events")
        let bad = selector(&fields, "bad")
        let good = selector(&fields, "good")
        let hasTotal = fields.optionalNode("total") != nil
        let total = selector(&fields, "total")
        if !hasTotal {
            fields.fail(
                at: node, "events without \"total\"",
                expected: "the selector of all events, good and bad")
        }
        let named = ["bad", "good"].filter { fields.optionalNode($0) != nil }
        if named.count != 1 {
            fields.fail(
                at: node,
                named.isEmpty ? "events without \"bad\" or \"good\"" : "both \"bad\" and \"good\"",
                expected: "exactly one of \"bad\" and \"good\", beside \"total\"")
        }
        if let counted = bad ?? good, let total, counted == total {
            fields.fail(
                at: fields.position(of: named.first ?? "bad"),
                "the same selector as \"total\"", expected: "a part of all events")
        }
        diagnostics += fields.finish()
        guard let total, let counted = bad ?? good, named.count == 1 else { return nil }
        return EventSLI(counted: bad == nil ? .good : .bad, selector: counted, total: total)
    }

    private mutating func selector(_ fields: inout FieldReader, _ key: String) -> Selector? {
        guard let text = fields.optionalString(key), let node = fields.optionalNode(key) else {
            return nil
        }
        do throws(Diagnostic) {
            return try Selector.parse(text, at: node.textPosition)
        } catch {
            fields.add([error])
            return nil
        }
    }
}

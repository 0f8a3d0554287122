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

/// Reads the `alerts` mapping.
struct AlertPolicyReader {
    private let node: YAMLNode
    private(set) var diagnostics: [Diagnostic] = []

    init(_ node: YAMLNode) { self.node = node }

    mutating func read() -> AlertPolicy {
        var policy = AlertPolicy()
        var fields = FieldReader(node, of: "alerts")
        for severity in Severity.allCases {
            guard let tier = fields.optionalNode(severity.rawValue) else { continue }
            policy.tiers[severity] = readTier(tier, severity)
        }
        if let evidence = fields.optionalNode("evidence") { readEvidence(evidence, &policy) }
        if let dataLoss = fields.optionalNode("dataLoss") { readDataLoss(dataLoss, &policy) }
        policy.scaleToZero = fields.optionalBool("scaleToZero") ?? false
        diagnostics += fields.finish()
        return policy
    }

    private mutating func readTier(_ node: YAMLNode, _ severity: Severity) -> AlertTier? {
        var fields = FieldReader(node, of: severity.rawValue)
        var tier = AlertTier()
        let labels = fields.pairs("labels")
        for (name, _) in labels where DefinitionReader.reservedLabels.contains(name) {
            fields.fail(
                at: fields.position(of: "labels"), "the label \"\(name)\" is set by Pitot",
                expected: "another label")
        }
        tier.labels = Labels(labels.map { ($0.name, $0.value) })
        for (name, value) in fields.pairs("annotations") { tier.annotations[name] = value }
        let isEnabled = fields.optionalBool("enabled") ?? true
        diagnostics += fields.finish()
        return isEnabled ? tier : nil
    }

    private mutating func readEvidence(_ node: YAMLNode, _ policy: inout AlertPolicy) {
        var fields = FieldReader(node, of: "evidence")
        policy.evidence.isTested = fields.optionalBool("test") ?? true
        if let badMin = fields.optionalNumber("minBad") {
            if badMin < 0 {
                fields.fail(
                    at: fields.position(of: "minBad"), "minBad is negative",
                    expected: "a number of events, 0 or more")
            }
            policy.evidence.badMin = badMin
        }
        diagnostics += fields.finish()
    }

    private mutating func readDataLoss(_ node: YAMLNode, _ policy: inout AlertPolicy) {
        var fields = FieldReader(node, of: "dataLoss")
        if let after = fields.optionalDuration("after") {
            if after <= .zero {
                fields.fail(
                    at: fields.position(of: "after"), "dataLoss.after is not positive",
                    expected: "several scrape intervals, such as 10m")
            } else if after < .minutes(1) {
                fields.warn(
                    at: fields.position(of: "after"),
                    "dataLoss.after of \(after) alerts on every slow scrape")
            }
            policy.dataLossAfter = after
        }
        diagnostics += fields.finish()
    }
}

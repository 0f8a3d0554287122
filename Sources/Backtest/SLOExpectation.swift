import Model
public import Query
public import Text

// What a test file expects of SLOs, beside promtool's own keys of a test:
//
//   slo_test:
//     - slo: recommender/availability
//       eval_time: 2h
//       exp_slos:                                # as the API says it; what is not named may be
//         - labels: {namespace: a}
//           evidence: partial
//           events: {bad: 60, total: 3600}
//           budget: {remaining: -15.6}
//           windows: {1h: {burnRate: 16.6}}
//   slo_alert_test:
//     - eval_time: 2h
//       slo: recommender/availability            # optional
//       alertname: SLOBurn                       # optional
//       exp_alerts:
//         - exp_labels: {severity: page, window: 1h, namespace: a}

/// What is expected of one SLO, or of alerts of SLOs, at a time.
public struct SLOExpectation: Sendable {
    /// The keys of a test that are read here.
    public static let keys = ["slo_test", "slo_alert_test"]
    /// The most of a test.
    static let countMax = 10_000

    enum Kind: Sendable {
        /// Parts of what the API says of groups.
        case figures([YAMLNode])
        /// The alerts that fire; with a name, of that name alone.
        case alerts(name: String?, [ExpectedSLOAlert])
    }

    let position: SourcePosition
    let time: TimeSpan
    /// "service/name".
    let slo: String?
    let kind: Kind
}

/// An alert that is to fire.
struct ExpectedSLOAlert: Sendable {
    let position: SourcePosition
    /// Without those that the expectation names already.
    let labels: Labels
    /// Those that are compared.
    let annotations: [(name: String, value: String)]
}

extension SLOExpectation {
    /// Those of a test, in the order of the file; and what is wrong with them.
    public static func read(
        _ test: RuleTest
    ) -> (expectations: [SLOExpectation], diagnostics: [Diagnostic]) {
        var found: [SLOExpectation] = []
        var diagnostics: [Diagnostic] = []
        for (key, node) in test.extras {
            guard case .sequence(let entries) = node.content, entries.count <= countMax else {
                diagnostics.append(
                    .error(
                        at: node.position, "\"\(key)\" is \(node.summary)",
                        expected: "a list of at most \(countMax) expectations"))
                continue
            }
            for entry in entries {
                var fields = FieldReader(entry, of: "SLO test")
                if let read = read(&fields, ofAlerts: key == "slo_alert_test") {
                    found.append(read)
                }
                diagnostics += fields.finish()
            }
        }
        return (found, diagnostics)
    }

    private static func read(_ fields: inout FieldReader, ofAlerts: Bool) -> SLOExpectation? {
        let slo = ofAlerts ? fields.optionalString("slo") : fields.string("slo")
        if let slo, slo.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            fields.fail(
                at: fields.position(of: "slo"), "\"\(slo)\" names no SLO",
                expected: "service/name")
        }
        let time = fields.optionalDuration("eval_time") ?? .zero
        guard ofAlerts else {
            let groups = fields.sequence("exp_slos")
            for group in groups {
                guard case .mapping = group.content else {
                    fields.fail(
                        at: group, "an expected group is \(group.summary)",
                        expected: "labels, and figures as GET /api/v1/slos has them")
                    continue
                }
            }
            return SLOExpectation(
                position: fields.position, time: time, slo: slo, kind: .figures(groups))
        }
        let name = fields.optionalString("alertname")
        let given = [name.map { _ in ["alertname"] }, slo.map { _ in ["service", "slo"] }]
            .flatMap { $0 ?? [] }
        var alerts: [ExpectedSLOAlert] = []
        for node in fields.sequence("exp_alerts") {
            var part = FieldReader(node, of: "expected alert")
            let labels = part.pairs("exp_labels").filter { !given.contains($0.name) }
            alerts.append(
                ExpectedSLOAlert(
                    position: node.position, labels: Labels(labels.map { ($0.name, $0.value) }),
                    annotations: part.pairs("exp_annotations")))
            fields.add(part.finish())
        }
        return SLOExpectation(
            position: fields.position, time: time, slo: slo, kind: .alerts(name: name, alerts))
    }
}

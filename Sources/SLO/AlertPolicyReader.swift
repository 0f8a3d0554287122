import Model
import Text

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
            policy.tiers[severity] = readTier(tier, severity, &policy.pairs)
        }
        if let evidence = fields.optionalNode("evidence") { readEvidence(evidence, &policy) }
        if let dataLoss = fields.optionalNode("dataLoss") { readDataLoss(dataLoss, &policy) }
        readNoTraffic(&fields, &policy)
        if let runbook = fields.optionalString("runbook") {
            if !["http://", "https://"].contains(where: runbook.hasPrefix) {
                fields.fail(
                    at: fields.position(of: "runbook"), "\"\(runbook)\" is no address",
                    expected: "http:// or https:// and where to go")
            }
            policy.runbook = runbook
        }
        policy.scaleToZero = fields.optionalBool("scaleToZero") ?? false
        diagnostics += fields.finish()
        return policy
    }

    private mutating func readTier(
        _ node: YAMLNode, _ severity: Severity, _ pairs: inout [AlertPair]
    ) -> AlertTier? {
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
        let nodes = fields.sequence("pairs")
        var own: [AlertPair] = []
        for node in nodes.prefix(Self.pairsMax) {
            guard let pair = readPair(node, severity) else { continue }
            if own.contains(where: { $0.long == pair.long }) {
                fields.fail(
                    at: node, "two pairs with a long window of \(pair.long)",
                    expected: "each once: it names the alert")
            }
            own.append(pair)
        }
        if nodes.count > Self.pairsMax {
            fields.fail(
                at: nodes[Self.pairsMax], "\(nodes.count) pairs", expected: "at most eight")
        }
        if isEnabled { pairs += own.sorted { $0.long < $1.long } }
        diagnostics += fields.finish()
        return isEnabled ? tier : nil
    }

    /// Of one tier.
    private static let pairsMax = 8

    /// `{long: 1h, short: 5m, factor: 14.4}`.
    private mutating func readPair(_ node: YAMLNode, _ severity: Severity) -> AlertPair? {
        var fields = FieldReader(node, of: "pair")
        _ = fields.node("long")
        _ = fields.node("short")
        let long = fields.optionalDuration("long")
        let short = fields.optionalDuration("short")
        let factor = fields.number("factor")
        if let long, let short {
            let isWhole = long.millis % 60_000 == 0 && short.millis % 60_000 == 0
            if !isWhole || short < EventHistory.windowMin || long <= short {
                fields.fail(
                    at: node, "windows of \(long) and \(short)",
                    expected: "whole minutes, the short one at least 5m, the long one longer")
            }
        }
        if let factor {
            if factor <= 0 || factor > 1e6 {
                fields.fail(
                    at: fields.position(of: "factor"), "a factor of \(factor)",
                    expected: "a burn rate above 0, such as 14.4")
            } else if factor < 1 {
                fields.warn(
                    at: fields.position(of: "factor"),
                    "a factor of \(factor) alerts on a service that keeps its objective")
            }
        }
        let found = fields.finish()
        diagnostics += found
        guard let long, let short, let factor, !found.contains(where: { $0.severity == .error })
        else { return nil }
        return AlertPair(severity: severity, long: long, short: short, factor: factor)
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

    /// `ignore`, `good`, `alert`, or `{alert: 2h, severity: page}`.
    private mutating func readNoTraffic(_ fields: inout FieldReader, _ policy: inout AlertPolicy) {
        guard let node = fields.optionalNode("noTraffic") else { return }
        var after = TimeSpan.hours(1)
        var severity = Severity.ticket
        if case .mapping = node.content {
            var alert = FieldReader(node, of: "noTraffic")
            _ = alert.node("alert")
            after = alert.optionalDuration("alert") ?? after
            if after < EventHistory.windowMin || after > EventHistory.quarterSpan
                || after.millis % 60_000 != 0
            {
                alert.fail(
                    at: alert.position(of: "alert"), "no traffic for \(after)",
                    expected: "whole minutes between 5m and 3d")
            }
            if let word = alert.optionalString("severity") {
                if let known = Severity(rawValue: word) {
                    severity = known
                } else {
                    alert.fail(
                        at: alert.position(of: "severity"), "no severity \"\(word)\"",
                        expected: "page or ticket")
                }
            }
            diagnostics += alert.finish()
            policy.noTraffic = .alert(after: after, severity)
            return
        }
        switch node.asString {
        case "ignore": policy.noTraffic = .ignore
        case "good": policy.noTraffic = .good
        case "alert": policy.noTraffic = .alert(after: after, severity)
        default:
            fields.fail(
                at: node, "noTraffic is \(node.summary)",
                expected: "ignore, good, alert, or {alert: 1h, severity: ticket}")
        }
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

public import Model

/// One of Alertmanager's `inhibit_rules`: while a source fires, its targets are not told.
public struct InhibitRule: Hashable, Sendable {
    /// In which labels a source and a target must agree.
    public enum Equality: Hashable, Sendable {
        /// In these; a label that both lack counts as equal.
        case of([String])
        /// In all but these.
        case allBut([String])
    }

    /// What a source matches; none matches every alert.
    public var source: [Matcher]
    /// What a target matches.
    public var target: [Matcher]
    /// Where both must agree.
    public var equal: Equality

    /// A rule as configured.
    public init(source: [Matcher], target: [Matcher], equal: Equality) {
        self.source = source
        self.target = target
        self.equal = equal
    }
}

extension InhibitRule {
    /// In force when the configuration has no `inhibit_rules`: the fast burn of an SLO says all
    /// that a slower one of the same group would, and an endpoint that is down is slow too.
    public static let standard: [InhibitRule] = {
        let burn = Matcher("alertname", .equal, "SLOBurn")
        let page = Matcher("severity", .equal, "page")
        let windows = ["1h", "6h", "1d", "3d"]
        var rules = windows.indices.dropLast().map { place in
            InhibitRule(
                source: [burn, Matcher("window", .equal, windows[place])],
                target: [
                    burn,
                    Matcher(
                        "window", .matches, windows[(place + 1)...].joined(separator: "|")),
                ],
                equal: .allBut(["window", "severity"]))
        }
        rules.append(
            InhibitRule(
                source: [burn, page, Matcher("slo", .matches, ".*availability.*")],
                target: [burn, Matcher("slo", .matches, ".*latency.*")],
                equal: .allBut(["slo", "window", "severity"])))
        return rules
    }()
}

import Model
import SLO

// An alert's identity is its labels. Making them takes some hundred allocations a group, evaluating
// takes twenty, so they are made once per group and kept until the next configuration.

/// One group's alerts.
struct GroupAlerts {
    /// Their labels: the pairs' in the verdict's order, then total and partial data loss,
    /// then missing traffic, if the SLO alerts on it.
    var keys: [Labels]
    /// None of them is pending or firing.
    var isQuiet = true
    /// When those that fire were last worded.
    var wordedAt = Timestamp.distantPast

    init(keys: [Labels]) { self.keys = keys }

    init(_ verdict: Verdict) {
        keys =
            verdict.pairs.map { verdict.burnKey($0.pair) }
            + [verdict.lossKey(.page), verdict.lossKey(.ticket)]
            + (verdict.idle.map { [verdict.idleKey($0.severity)] } ?? [])
    }
}

/// The alerts that the SLOs in force can raise, by the number of their group.
struct AlertKeys {
    var groups: [GroupAlerts?]

    init(groups: [GroupAlerts?] = []) { self.groups = groups }

    /// The alerts of a verdict's group.
    subscript(_ verdict: Verdict) -> GroupAlerts {
        get {
            guard verdict.group < groups.count else { return GroupAlerts(verdict) }
            return groups[verdict.group] ?? GroupAlerts(verdict)
        }
        set {
            while groups.count <= verdict.group { groups.append(nil) }
            groups[verdict.group] = newValue
        }
    }

    /// Whether none of a group's alerts is pending or firing.
    func isQuiet(_ group: Int) -> Bool {
        guard group < groups.count else { return true }
        return groups[group]?.isQuiet ?? true
    }

    /// Takes the groups of these verdicts for the only ones; returns the alerts that are gone,
    /// sorted. Those that stay are looked at again as if they were firing.
    mutating func replace(with verdicts: [Verdict]) -> [Labels] {
        let before = Set(groups.flatMap { $0?.keys ?? [] })
        groups = []
        var after: Set<Labels> = []
        for verdict in verdicts {
            var alerts = GroupAlerts(verdict)
            alerts.isQuiet = false
            self[verdict] = alerts
            after.formUnion(alerts.keys)
        }
        return before.subtracting(after).sorted()
    }
}

import Alerting
import Model
import Query

// A new configuration: groups go by file and name, rules within a group by name and labels, as in
// Prometheus. What is unchanged goes on as if nothing had happened, its round under way included.

extension RuleSchedule {
    /// Takes the groups in force. Alerts of rules that are gone are returned; their series end with
    /// the next round of their group, or, of a group that is gone, after two of its intervals: a
    /// renamed one has had its first round by then.
    mutating func configure(
        _ groups: [RuleGroup], interval standard: TimeSpan, now: Timestamp
    ) -> [Labels] {
        var old: [RuleGroupKey: ScheduledGroup] = [:]
        for group in self.groups { old[group.key] = group }
        var removed: [Labels] = []
        self.groups = groups.map { group in
            // Zero is none, as in Prometheus.
            let own = group.interval ?? .zero
            let interval = own > .zero ? own : standard
            var scheduled = ScheduledGroup(group, interval: interval, now: now)
            guard let before = old.removeValue(forKey: scheduled.key) else { return scheduled }
            if before.interval == interval && before.group.isEqual(to: group) {
                scheduled = before
                scheduled.group = group
            } else {
                removed += scheduled.take(over: before)
            }
            return scheduled
        }
        self.groups.sort { $0.key < $1.key }
        for before in old.values.sorted(by: { $0.key < $1.key }) {
            removed += before.rules.flatMap(\.firing)
            let series = before.rules.flatMap(\.series) + before.orphans
            if series.isEmpty { continue }
            ending.append(
                EndingSeries(
                    ids: series.sorted(), at: now, due: now + before.interval * 2))
        }
        recount()
        // What fires under another rule is not over.
        return removed.filter { firing[$0] == nil }.sorted()
    }

    /// Takes what is to end now.
    mutating func takeEnding(at now: Timestamp) -> [EndingSeries] {
        guard ending.contains(where: { $0.due <= now }) else { return [] }
        defer { ending.removeAll { $0.due <= now } }
        return ending.filter { $0.due <= now }
    }
}

extension ScheduledRule {
    fileprivate var firing: [Labels] { alerts.filter { $0.state.isFiring }.map(\.labels) }
}

extension ScheduledGroup {
    /// Takes over what a group of the same name knew, rule by rule. Returns the firing alerts of
    /// rules that are gone.
    fileprivate mutating func take(over before: ScheduledGroup) -> [Labels] {
        evaluatedAt = before.evaluatedAt
        evaluatedFor = before.evaluatedFor
        nanoseconds = before.nanoseconds
        (iterations, missed) = (before.iterations, before.missed)
        (evaluations, failures) = (before.evaluations, before.failures)
        orphans = before.orphans
        var places: [String: [Int]] = [:]
        for (place, rule) in before.group.rules.enumerated().reversed() {
            places[rule.identity, default: []].append(place)
        }
        for (place, rule) in group.rules.enumerated() {
            guard let known = places[rule.identity]?.popLast() else { continue }
            rules[place] = before.rules[known]
        }
        var removed: [Labels] = []
        for place in places.values.flatMap({ $0 }).sorted() {
            removed += before.rules[place].firing
            orphans += before.rules[place].series
        }
        return removed
    }
}

extension Rule {
    /// What makes it the same rule as one of another configuration.
    fileprivate var identity: String {
        let kind =
            switch self.kind {
            case .record: "record"
            case .alert: "alert"
            }
        let labels = labels.map { quoted($0.name) + "=" + quoted($0.value) }
        return kind + " " + quoted(name) + labels.joined(separator: ",")
    }
}

extension RuleGroup {
    /// Whether another group does the same.
    fileprivate func isEqual(to other: RuleGroup) -> Bool {
        limit == other.limit && queryOffset == other.queryOffset
            && rules.count == other.rules.count
            && zip(rules, other.rules).allSatisfy { rule, other in
                rule.identity == other.identity && rule.text == other.text
                    && rule.kind == other.kind
                    && rule.annotations.map(\.name) == other.annotations.map(\.name)
                    && rule.annotations.map(\.value) == other.annotations.map(\.value)
            }
    }
}

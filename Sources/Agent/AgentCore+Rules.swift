import Alerting
import Ingest
import Model
import Query

// Rules in the agent: which rounds are due, and what their outcomes change. A round is evaluated
// outside, on a point in time of the store; its outcome is put into the form of the log, and that
// form alone is applied, now and in replay.

extension AgentCore {
    /// Groups of rules in force.
    public var ruleGroupCount: Int { ruleSchedule.groups.count }

    /// Takes the groups of the configuration.
    mutating func configureRules() {
        let removed = ruleSchedule.configure(
            configuration.ruleGroups, interval: configuration.notifier.evaluationInterval, now: now)
        for key in removed {
            note(notifier.resolve(key, reason: .ruleRemoved, at: now, now: now), of: key, "")
        }
    }

    /// Ends series of groups that are gone, and says which rounds are to begin.
    mutating func advanceRules() -> [RuleRound] {
        for ending in ruleSchedule.takeEnding(at: now) { end(ending.ids, at: ending.at) }
        var context = RuleContext()
        context.externalLabels = configuration.notifier.externalLabels
        context.externalURL = configuration.externalURL
        return ruleSchedule.begin(at: now, context)
    }

    /// Takes what a round gave. False when nobody waits for it: nothing has changed.
    mutating func take(_ outcome: RuleOutcome) -> Bool {
        guard let index = ruleSchedule.group(of: outcome.number) else { return false }
        let record = record(outcome, of: ruleSchedule.groups[index])
        append(.evaluated(record))
        apply(record)
        return true
    }

    /// Applies a round, live or in replay.
    mutating func apply(_ record: RuleRecord) {
        ruleSchedule.tally.add(intake.store(record.samples))
        ruleSchedule.tally.add(record.shed)
        guard let index = ruleSchedule.group(of: record.number) else { return }
        let time = ruleSchedule.groups[index].roundTime
        let offset = ruleSchedule.groups[index].group.queryOffset ?? .zero
        ruleSchedule.end(index)
        ruleSchedule.groups[index].note(record, for: time)
        var startedAt = record.startedAt
        for (place, change) in record.rules.enumerated()
        where place < ruleSchedule.groups[index].rules.count {
            apply(change, to: place, of: index, at: startedAt)
            startedAt = startedAt + .milliseconds(change.nanoseconds / 1_000_000)
        }
        let present = Set(ruleSchedule.groups[index].rules.flatMap(\.series))
        let orphans = ruleSchedule.groups[index].orphans.filter { !present.contains($0) }
        ruleSchedule.groups[index].orphans = []
        end(orphans, at: time - offset)
    }

    private mutating func apply(
        _ change: RuleChange, to place: Int, of group: Int, at startedAt: Timestamp
    ) {
        var rule = ruleSchedule.groups[group].rules[place]
        rule.error = change.error
        rule.nanoseconds = change.nanoseconds
        rule.evaluatedAt = startedAt
        if change.isEvaluated, let alerts = change.alerts(after: rule.alerts) {
            if let series = change.series { rule.series = series }
            let before = rule.alerts
            rule.alerts = alerts
            if !before.isEmpty || !alerts.isEmpty {
                tell(before, alerts, ruleSchedule.groups[group].group.rules[place])
            }
        }
        ruleSchedule.groups[group].rules[place] = rule
    }

    /// Tells the notifier what became of a rule's alerts. Those that fire are told anew when what
    /// they say has changed, or when there was no room for them before.
    private mutating func tell(_ before: [RuleAlert], _ after: [RuleAlert], _ rule: Rule) {
        var known: [Labels: RuleAlert] = [:]
        for alert in before where alert.state.isFiring { known[alert.labels] = alert }
        for alert in after {
            let old = known.removeValue(forKey: alert.labels)
            guard alert.state.isFiring else {
                if old != nil { release(alert.labels, at: alert.state.resolvedAt ?? now) }
                continue
            }
            if old == nil { ruleSchedule.firing[alert.labels, default: 0] += 1 }
            let isSame = old?.value == alert.value && old?.annotations == alert.annotations
            if isSame && notifier.book.state(of: alert.labels).isFiring { continue }
            let details = AlertDetails(
                annotations: alert.annotations.map { ($0.key, $0.value) },
                generatorURL: configuration.externalURL + rule.graphPath, value: alert.value)
            let change = notifier.adopt(
                alert.state, of: alert.labels, details: details, now: now)
            note(change, of: alert.labels, alert.annotations["summary"] ?? "")
        }
        for key in known.keys.sorted() { release(key, at: now) }
    }

    /// A rule's alert fires no more: it ends unless another rule fires the same.
    private mutating func release(_ key: Labels, at time: Timestamp) {
        let others = (ruleSchedule.firing[key] ?? 1) - 1
        ruleSchedule.firing[key] = others > 0 ? others : nil
        guard others <= 0 else { return }
        note(notifier.release(key, at: time, now: now), of: key, "")
    }

    /// Ends series with stale markers, those left out that somebody has written to since.
    private mutating func end(_ series: [UInt32], at time: Timestamp) {
        var samples = MadeSamples()
        for id in series where intake.newest(ofMade: id) < time {
            guard intake.labels(ofMade: id) != nil else { continue }
            samples.add(id, at: time, value: Double(bitPattern: staleMarkerBits))
        }
        if samples.count > 0 { ruleSchedule.tally.add(intake.store(samples)) }
    }
}

extension ScheduledGroup {
    fileprivate mutating func note(_ record: RuleRecord, for time: Timestamp) {
        evaluatedAt = record.startedAt
        evaluatedFor = time
        nanoseconds = record.nanoseconds
        iterations += 1
        evaluations += UInt64(record.rules.count)
        failures += UInt64(record.rules.count { $0.error != nil })
        samples = record.rules.reduce(0) { $0 + $1.samples }
    }
}

extension Rule {
    /// Where Prometheus' user interface shows the expression.
    var graphPath: String {
        var path = "/graph?g0.expr="
        for byte in printed.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."), UInt8(ascii: "~"):
                path.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: " "): path += "+"
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                path += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return path + "&g0.tab=1"
    }
}

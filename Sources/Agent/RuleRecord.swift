import Alerting
import Ingest
import Model
import Query
import Storage

// The outcome of a round as the log holds it: what it changes and nothing that is known already.
// Series go by their numbers, alerts by their place in what the rule remembered before. Drawn in
// docs/formats/log.md.

/// What a round changes.
struct RuleRecord: Archivable {
    static let blank = RuleRecord()

    var number: UInt64 = 0
    var startedAt = Timestamp.distantPast
    var nanoseconds: Int64 = 0
    var samples = MadeSamples()
    /// Samples of new series that a limit kept out.
    var shed = MadeTally()
    var rules: [RuleChange] = []

    mutating func archive(_ archive: inout Archive) {
        archive.field(&number)
        archive.field(&startedAt)
        archive.field(&nanoseconds)
        archive.field(&samples)
        archive.field(&shed)
        archive.field(&rules)
    }
}

/// What a round changes of one rule.
struct RuleChange: Archivable {
    static let blank = RuleChange()

    var nanoseconds: Int64 = 0
    var error: String?
    /// Whether it was evaluated: if not, the rule remembers what it did.
    var isEvaluated = false
    /// Samples it made, stale markers left out.
    var samples = 0
    /// The series it gave, or nil when they are those of the last time.
    var series: [UInt32]?
    /// All its alerts, in their order.
    var alerts: [AlertStep] = []

    mutating func archive(_ archive: inout Archive) {
        archive.field(&nanoseconds)
        archive.optional(&error, blank: "") { $0.field(&$1) }
        archive.field(&isEvaluated)
        guard isEvaluated else { return }
        archive.field(&samples)
        archive.optional(&series, blank: []) { $0.field(&$1) }
        archive.field(&alerts)
    }

    /// The alerts, given those of before; nil when a step names one that is not there.
    func alerts(after before: [RuleAlert]) -> [RuleAlert]? {
        var list: [RuleAlert] = []
        list.reserveCapacity(alerts.count)
        for step in alerts {
            guard let alert = step.alert(after: before) else { return nil }
            list.append(alert)
        }
        return list
    }
}

/// An alert after a round: the whole of a new one, what changed of a known one.
struct AlertStep: Archivable {
    static let blank = AlertStep()

    /// One more than the alert's place in the list before; 0 for a new one.
    var previous: UInt32 = 0
    var labels = Labels.empty
    /// Nil when they are as before.
    var annotations: [String: String]?
    var state = AlertState.inactive
    var value = 0.0

    private init() {}

    init(_ alert: RuleAlert, after before: RuleAlert?, at place: Int?) {
        previous = place.map { UInt32($0 + 1) } ?? 0
        if before == nil { labels = alert.labels }
        annotations = before?.annotations == alert.annotations ? nil : alert.annotations
        state = alert.state
        value = alert.value
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&previous)
        if previous == 0 { archive.field(&labels) }
        archive.optional(&annotations, blank: [:]) { RuleAlert.archive(&$1, &$0) }
        archive.field(&state)
        archive.field(&value)
    }

    func alert(after before: [RuleAlert]) -> RuleAlert? {
        guard previous > 0 else {
            return RuleAlert(
                state: state, labels: labels, annotations: annotations ?? [:], value: value)
        }
        guard previous <= before.count else { return nil }
        let known = before[Int(previous) - 1]
        return RuleAlert(
            state: state, labels: known.labels, annotations: annotations ?? known.annotations,
            value: value)
    }
}

extension AgentCore {
    /// Finds or adds the series that a round made, and puts it into the form of the log.
    mutating func record(_ outcome: RuleOutcome, of group: ScheduledGroup) -> RuleRecord {
        var record = RuleRecord()
        record.number = outcome.number
        record.startedAt = outcome.startedAt
        record.nanoseconds = outcome.nanoseconds
        for (rule, result) in zip(group.rules, outcome.results) {
            record.rules.append(change(rule, result, &record))
        }
        return record
    }

    private mutating func change(
        _ rule: ScheduledRule, _ result: RuleResult, _ record: inout RuleRecord
    ) -> RuleChange {
        var change = RuleChange()
        change.nanoseconds = result.nanoseconds
        change.error = result.memory.lastError
        change.isEvaluated = change.error == nil
        guard change.isEvaluated else { return change }
        var series: [UInt32] = []
        var shed = 0
        for sample in result.samples {
            let isEnd = sample.histogram == nil && isStaleMarker(sample.value)
            // The end of a series that is gone makes none.
            if isEnd && intake.store.find(sample.labels) == nil { continue }
            do throws(MadeFault) {
                let id = try intake.resolve(made: sample.labels, into: &record.samples)
                if let histogram = sample.histogram {
                    record.samples.add(id, at: sample.time, histogram: histogram)
                } else {
                    record.samples.add(id, at: sample.time, value: sample.value)
                }
                if isEnd { continue }
                change.samples += 1
                series.append(id)
            } catch {
                shed += 1
                change.error = "\(error.refusal.advice): \(sample.labels)"
                record.shed.refuse(error.refusal)
            }
        }
        if shed > 1, let error = change.error { change.error = error + " and \(shed - 1) more" }
        series.sort()
        change.series = series == rule.series ? nil : series
        var places: [Labels: Int] = [:]
        for (place, alert) in rule.alerts.enumerated() { places[alert.labels] = place }
        change.alerts = result.memory.alerts.map { alert in
            let place = places[alert.labels]
            return AlertStep(alert, after: place.map { rule.alerts[$0] }, at: place)
        }
        return change
    }
}

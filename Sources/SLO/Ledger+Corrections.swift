public import Model

// What corrects a group's counts, to be shown beside them.

/// A maintenance window as it bears on a group's period.
public struct MaintenanceNote: Hashable, Sendable {
    public let name: String
    public let who: String
    public let why: String
    public let effect: MaintenanceEffect
    public let from: Timestamp
    public let to: Timestamp
    /// Where it takes effect: the same, unless only a bucket's edge was known.
    public let appliedFrom: Timestamp
    public let appliedTo: Timestamp
    /// What is left out of the period; zero for one that is only shown. Where windows overlap each
    /// shows all of its own.
    public let counts: EventCounts
}

extension Ledger {
    /// The maintenance windows that touch a group's period and have begun, by time.
    public func maintenance(of verdict: Verdict) -> [MaintenanceNote] {
        guard let period = verdict.period else { return [] }
        let group = groups[verdict.group]
        let windows = entries[group.slo].corrections.maintenance
        var notes: [MaintenanceNote] = []
        let isPeriod = verdict.definition.period.calendar != nil
        let base = group.history.base(at: period.from, finerThan: nil, isPeriod: isPeriod)
        for one in group.history.exclusions where one.high?.at ?? one.to > period.from {
            let counts = group.history.events(of: one, from: period.from, base: base)
            notes.append(
                windows[one.rule].note(
                    from: one.from, to: one.to, appliedFrom: one.low.at,
                    appliedTo: one.high?.at ?? one.to, counts))
        }
        for window in windows
        where window.effect == .counted && window.matches(verdict.definition, verdict.labels) {
            let occurrences = window.occurrences(
                from: period.from, to: period.to + .milliseconds(1))
            for one in occurrences.suffix(EventHistory.exclusionsMax) {
                notes.append(
                    window.note(
                        from: one.from, to: one.to, appliedFrom: one.from, appliedTo: one.to, .zero)
                )
            }
        }
        return notes.sorted { ($0.from, $0.to, $0.name) < ($1.from, $1.to, $1.name) }
    }

    /// The adjustments that a group's period holds, in the order of their files.
    public func adjustments(of verdict: Verdict) -> [Adjustment] {
        guard let period = verdict.period else { return [] }
        let group = groups[verdict.group]
        return group.corrections.adjusting.filter { $0.at > period.from && $0.at <= period.to }
            .map { entries[group.slo].corrections.adjustments[$0.rule] }
    }
}

extension MaintenanceWindow {
    fileprivate func note(
        from: Timestamp, to: Timestamp, appliedFrom: Timestamp, appliedTo: Timestamp,
        _ counts: EventCounts
    ) -> MaintenanceNote {
        MaintenanceNote(
            name: name, who: who, why: why, effect: effect, from: from, to: to,
            appliedFrom: appliedFrom, appliedTo: appliedTo, counts: counts)
    }
}

import Model

/// Reads windows of a group's history and says how much of each was seen.
struct WindowReading {
    let group: GroupLedger
    let sight: Sight
    let definition: SLODefinition
    /// When a limit last shed a series that the SLO would have counted.
    let shedLast: Timestamp
    let now: Timestamp

    private var objective: Objective { definition.objective }
    private var end: Timestamp { group.started == nil ? now : group.asOf }

    /// A window of an alert.
    func figures(_ window: TimeSpan) -> WindowFigures {
        let from = EventHistory.lowerEdge(of: window, to: end)
        let isFine = window <= EventHistory.quarterSpan
        return figures(window, from, isPeriod: false, finerThan: isFine ? window : nil)
    }

    /// Whether the burn rate of an alert's window is above a factor, which is positive.
    func burns(_ window: TimeSpan, above factor: Double) -> Bool {
        guard group.started != nil else { return false }
        let from = EventHistory.lowerEdge(of: window, to: end)
        let isFine = window <= EventHistory.quarterSpan
        let counts = counts(from, isPeriod: false, finerThan: isFine ? window : nil)
        return counts.total > 0 && objective.burn(bad: counts.bad, total: counts.total) > factor
    }

    /// The period of the budget.
    func figures(of period: Period) -> WindowFigures {
        switch period {
        case .rolling(let span):
            let from = EventHistory.lowerEdge(of: span, to: end)
            return figures(span, from, isPeriod: true, finerThan: nil)
        case .calendar(let calendar):
            let from = calendar.start(of: end)
            let whole = calendar.end(from: from) - from
            return figures(whole, from, isPeriod: true, finerThan: nil)
        }
    }

    private func figures(
        _ window: TimeSpan, _ from: Timestamp, isPeriod: Bool, finerThan fine: TimeSpan?
    ) -> WindowFigures {
        guard group.started != nil else {
            return WindowFigures(
                window: window, from: from, to: end, evidence: .noData, counts: .zero,
                errorRatio: nil, burnRate: nil)
        }
        let counts = counts(from, isPeriod: isPeriod, finerThan: fine)
        let evidence = evidence(from, window, counts, isPeriod: isPeriod)
        var ratio = counts.total > 0 ? counts.bad / counts.total : nil
        var burn = ratio.map { _ in objective.burn(bad: counts.bad, total: counts.total) }
        if case .good = definition.alerts.noTraffic, evidence == .noTraffic {
            ratio = 0
            burn = 0
        }
        return WindowFigures(
            window: window, from: from, to: end, evidence: evidence, counts: counts,
            errorRatio: ratio, burnRate: burn)
    }

    /// The spans that were seen in a window of an alert, should they stand for others.
    func drawn(_ window: TimeSpan) -> EventCounts? {
        guard let drawn = group.drawn.first else { return nil }
        let from = EventHistory.lowerEdge(of: window, to: end)
        let fine = window <= EventHistory.quarterSpan ? window : nil
        let base = drawn.base(at: from, finerThan: fine, isPeriod: false)
        let counts = drawn.events(since: base, from: from, finerThan: fine)
        if drawn.exclusions.isEmpty { return counts }
        return counts - drawn.excludedEvents(from: from, base: base, finerThan: fine)
    }

    /// What was counted, less what maintenance excludes, and adjusted.
    private func counts(
        _ from: Timestamp, isPeriod: Bool, finerThan fine: TimeSpan?
    ) -> EventCounts {
        let base = group.history.base(at: from, finerThan: fine, isPeriod: isPeriod)
        var counts = group.history.events(since: base, from: from, finerThan: fine)
        if !group.history.exclusions.isEmpty {
            counts = counts - group.history.excludedEvents(from: from, base: base, finerThan: fine)
        }
        guard !group.corrections.adjusting.isEmpty else { return counts }
        for one in group.corrections.adjusting where one.at > from && one.at <= end {
            counts += one.counts
        }
        // What takes away more than there was takes away all of it.
        counts.bad = max(0, counts.bad)
        counts.total = max(counts.bad, counts.total)
        return counts
    }

    private func evidence(
        _ from: Timestamp, _ window: TimeSpan, _ counts: EventCounts, isPeriod: Bool
    ) -> Evidence {
        if sight.hasLostAll, let last = sight.lost.map(\.noticed).max(), now - last >= window {
            return .noData
        }
        let isYoung = group.started.map { $0 > from } ?? true
        let hasHole = unobserved(from: from) > 0 || sight.hasLost
        let leavesOut = !isPeriod && group.history.leavesOutGaps(from: from, window: window)
        let isUndecided = group.undecided.newest > from
        // A minute without a sample was not judged: without any, nothing is known.
        if counts.total <= 0 && (definition.sli.isTimeSliced || isUndecided) { return .noData }
        if isYoung || hasHole || leavesOut || isUndecided || shedLast > from { return .partial }
        return counts.total > 0 ? .complete : .noTraffic
    }

    /// Weighted seconds of (from, end] that were not seen and are not left out.
    private func unobserved(from: Timestamp) -> Double {
        let all = group.unobservedSeconds(from: from, to: end)
        guard all > 0, !group.history.exclusions.isEmpty else { return all }
        return group.history.excludedSpans(from: from, to: end).reduce(all) { rest, span in
            rest - group.unobservedSeconds(from: span.from, to: span.to)
        }
    }

    /// The budget over the period, with bounds for what was not seen since the ledger began.
    ///
    /// U events may have happened unseen: the mean observed rate times the unobserved seconds. The
    /// best case counts them good, the worst bad.
    func budget(_ period: WindowFigures, hourly burn: Double?) -> BudgetFigures {
        let counts = period.counts
        guard let started = group.started, let spent = period.burnRate else { return .unknown }
        let remaining = 1 - spent
        var exhaustedIn: Double?
        if remaining <= 0 {
            exhaustedIn = 0
        } else if let burn, burn > 0 {
            exhaustedIn = remaining * period.window.seconds / burn
        }
        var unseen =
            counts.total > 0
            ? unseenEvents(counts.total, from: max(period.from, started), to: period.to)
            : (events: 0, seconds: 0)
        unseen.events += group.undecided.events(from: period.from)
        let total = counts.total + unseen.events
        // With the policy `good` a period without events has its whole budget.
        let burned = { (bad: Double) in
            total > 0 ? objective.burn(bad: bad, total: total) : 0
        }
        return BudgetFigures(
            remaining: remaining, best: 1 - burned(counts.bad),
            worst: 1 - burned(counts.bad + unseen.events), exhaustedIn: exhaustedIn,
            unseenEvents: unseen.events, unseenSeconds: unseen.seconds)
    }

    private func unseenEvents(
        _ total: Double, from: Timestamp, to: Timestamp
    ) -> (events: Double, seconds: Double) {
        let past = unobserved(from: from)
        let weight = 1 / Double(max(1, sight.expected))
        let until = max(now, to)
        let spans =
            group.history.exclusions.isEmpty || !sight.hasLost
            ? [] : group.history.excludedSpans(from: from, to: until)
        // What is lost now is unseen until it comes back: in the past of the others, and after.
        let current = sight.lost.reduce(0.0) { sum, lost in
            let since = max(lost.since, from)
            let leftOut = spans.reduce(0.0) { $0 + max(0, ($1.to - max($1.from, since)).seconds) }
            return sum + max(0, (until - since).seconds - leftOut) * weight
        }
        let unseen = past + current
        guard unseen > 0 else { return (0, 0) }
        let leftOut =
            group.history.exclusions.isEmpty
            ? 0
            : group.history.excludedSpans(from: from, to: to).reduce(0.0) {
                $0 + ($1.to - $1.from).seconds
            }
        let observed = max((to - from).seconds - past - leftOut, 1)
        return (total / observed * unseen, unseen)
    }
}

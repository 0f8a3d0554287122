import Model

/// Reads windows of a group's history and says how much of each was seen.
struct WindowReading {
    let group: GroupLedger
    let sight: Sight
    let objective: Objective
    let now: Timestamp

    /// A window of an alert.
    func figures(_ window: TimeSpan) -> WindowFigures {
        let to = group.started == nil ? now : group.asOf
        let from = EventHistory.lowerEdge(of: window, to: to)
        return figures(window, from, to, isPeriod: false) { history in
            history.events(from: from, window: window, allGaps: false)
        }
    }

    /// The period of the budget.
    func figures(of period: Period) -> WindowFigures {
        let to = group.started == nil ? now : group.asOf
        switch period {
        case .rolling(let span):
            let from = EventHistory.lowerEdge(of: span, to: to)
            return figures(span, from, to, isPeriod: true) { history in
                history.events(from: from, window: span, allGaps: true)
            }
        case .calendar(let calendar):
            let from = calendar.start(of: to)
            return figures(calendar.end(from: from) - from, from, to, isPeriod: true) { history in
                history.events(sinceCalendarEdge: from)
            }
        }
    }

    private func figures(
        _ window: TimeSpan, _ from: Timestamp, _ to: Timestamp, isPeriod: Bool,
        _ count: (EventHistory) -> EventCounts
    ) -> WindowFigures {
        guard group.started != nil else {
            return WindowFigures(
                window: window, from: from, to: to, evidence: .noData, counts: .zero,
                errorRatio: nil, burnRate: nil)
        }
        let counts = count(group.history)
        let ratio = counts.total > 0 ? counts.bad / counts.total : nil
        return WindowFigures(
            window: window, from: from, to: to,
            evidence: evidence(from, window, counts, isPeriod: isPeriod), counts: counts,
            errorRatio: ratio,
            burnRate: ratio.map { _ in objective.burn(bad: counts.bad, total: counts.total) })
    }

    private func evidence(
        _ from: Timestamp, _ window: TimeSpan, _ counts: EventCounts, isPeriod: Bool
    ) -> Evidence {
        if sight.hasLostAll, let last = sight.lost.map(\.noticed).max(), now - last >= window {
            return .noData
        }
        let isYoung = group.started.map { $0 > from } ?? true
        let hasHole = group.unobservedSeconds(from: from, to: group.asOf) > 0 || sight.hasLost
        let leavesOut = !isPeriod && group.history.leavesOutGaps(from: from, window: window)
        if isYoung || hasHole || leavesOut { return .partial }
        return counts.total > 0 ? .complete : .noTraffic
    }

    /// The budget over the period, with bounds for what was not seen since the ledger began.
    ///
    /// U events may have happened unseen: the mean observed rate times the unobserved seconds. The
    /// best case counts them good, the worst bad.
    func budget(_ period: WindowFigures, hourly burn: Double?) -> BudgetFigures {
        let counts = period.counts
        guard counts.total > 0, let started = group.started else {
            return BudgetFigures(remaining: nil, best: nil, worst: nil, exhaustedIn: nil)
        }
        let remaining = 1 - objective.burn(bad: counts.bad, total: counts.total)
        let unseen = unseenEvents(counts.total, from: max(period.from, started), to: period.to)
        let total = counts.total + unseen
        var exhaustedIn: Double?
        if remaining <= 0 {
            exhaustedIn = 0
        } else if let burn, burn > 0 {
            exhaustedIn = remaining * period.window.seconds / burn
        }
        return BudgetFigures(
            remaining: remaining, best: 1 - objective.burn(bad: counts.bad, total: total),
            worst: 1 - objective.burn(bad: counts.bad + unseen, total: total),
            exhaustedIn: exhaustedIn)
    }

    private func unseenEvents(_ total: Double, from: Timestamp, to: Timestamp) -> Double {
        let past = group.unobservedSeconds(from: from, to: to)
        let weight = 1 / Double(max(1, sight.expected))
        // What is lost now is unseen until it comes back: in the past of the others, and after.
        let current = sight.lost.reduce(0.0) { sum, lost in
            sum + max(0, (max(now, to) - max(lost.since, from)).seconds) * weight
        }
        let unseen = past + current
        guard unseen > 0 else { return 0 }
        let observed = max((to - from).seconds - past, 1)
        return total / observed * unseen
    }
}

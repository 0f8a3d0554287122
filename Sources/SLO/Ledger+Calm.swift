public import Model

// A back-test evaluates a group millions of times, and nearly always nothing comes of it. A verdict
// costs a microsecond and a half, most of it for figures that nobody looks at; whether it would be
// calm costs two look-ups a window and allocates nothing.

extension Ledger {
    /// As `evaluateDirty`, without the verdicts that would be calm of groups whose alerts are quiet
    /// already: they change nothing.
    public mutating func evaluateDirty(
        now: Timestamp, unlessCalm isQuiet: (_ group: Int) -> Bool
    ) -> [Verdict] {
        var verdicts: [Verdict] = []
        for index in takeDirty() where entries[groups[index].slo].removedAt == nil {
            if isQuiet(index) && isSurelyCalm(index) { continue }
            verdicts.append(evaluate(index, now: now))
        }
        return verdicts
    }

    /// Whether no pair can breach and no target is lost. False where that takes a whole verdict.
    private func isSurelyCalm(_ index: Int) -> Bool {
        guard groups[index].troubled == 0, groups[index].forgotten == nil,
            !groups[index].targets.isEmpty
        else { return false }
        let slo = groups[index].slo
        guard case .events = entries[slo].definition.sli else { return false }
        return !entries[slo].plan.pairs.contains { planned in
            burns(index, slo, planned.pair.long, planned.pair.factor)
                && burns(index, slo, planned.pair.short, planned.pair.factor)
        }
    }

    private func burns(_ index: Int, _ slo: Int, _ window: TimeSpan, _ factor: Double) -> Bool {
        let from = EventHistory.lowerEdge(of: window, to: groups[index].asOf)
        let counts = groups[index].history.events(from: from, window: window, allGaps: false)
        guard counts.total > 0 else { return false }
        let objective = entries[slo].definition.objective
        return objective.burn(bad: counts.bad, total: counts.total) > factor
    }
}

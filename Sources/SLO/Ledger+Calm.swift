public import Model

// A group is evaluated each time it counted, and nearly always nothing comes of it. A verdict costs
// a microsecond and more, most of it for figures that nobody looks at; whether it is calm costs a
// look-up or two a pair and allocates nothing.
//
// Why that is exact. `Verdict.isCalm` denies four things. Both losses are nil when every target is
// up and one is there: `dataLoss` finds nothing lost and something expected. The idle verdict is
// nil without its policy. A pair is breaching only when both burn rates are above its factor, and
// those are asked of the same `WindowReading`. So what `isSurelyCalm` affirms `isCalm` affirms;
// the other way round it does not claim. `CalmTests` holds it to that.

extension Ledger {
    /// As `evaluateDirty`, without the verdicts that are surely calm of groups of which `isQuiet`
    /// says that no alert of theirs is pending or firing: nothing follows from those.
    public mutating func evaluateDirty(
        now: Timestamp, unlessCalm isQuiet: (_ group: Int) -> Bool
    ) -> [Verdict] {
        refreshComposites()
        var verdicts: [Verdict] = []
        for index in takeDirty() where entries[groups[index].slo].removedAt == nil {
            if isQuiet(index) && isSurelyCalm(index, now: now) { continue }
            verdicts.append(evaluate(index, now: now))
        }
        return verdicts
    }

    /// Whether the group's verdict is calm; false where that takes a whole verdict. O(pairs).
    func isSurelyCalm(_ index: Int, now: Timestamp) -> Bool {
        let group = groups[index]
        let slo = group.slo
        guard group.troubled == 0, group.forgotten == nil, !group.targets.isEmpty else {
            return false
        }
        let definition = entries[slo].definition
        if case .alert = definition.alerts.noTraffic { return false }
        let reading = WindowReading(
            group: group, sight: Sight(allUp: group.targets.count), definition: definition,
            shedLast: .distantPast, now: now)
        return !entries[slo].plan.pairs.contains { planned in
            reading.burns(planned.pair.short, above: planned.pair.factor)
                && reading.burns(planned.pair.long, above: planned.pair.factor)
        }
    }
}

import Ingest
public import Model

// Evaluating a group (DESIGN §4.4): eight windows of two look-ups each, the pairs' conditions, the
// binomial test only for pairs whose burn rates breach. Reads the ledger, changes nothing.

extension Ledger {
    /// Of more events a burn above its factor is never chance, and testing would take long.
    private static let testedTrialsMax = 1e12

    /// Evaluates every group that changed. O(groups changed).
    public mutating func evaluateDirty(now: Timestamp) -> [Verdict] {
        refreshComposites()
        return takeDirty().filter { entries[groups[$0].slo].removedAt == nil }
            .map { evaluate($0, now: now) }
    }

    /// Evaluates every group, ordered by service, SLO and labels.
    public func evaluateAll(now: Timestamp) -> [Verdict] {
        groups.indices.filter { entries[groups[$0].slo].removedAt == nil }
            .map { evaluate($0, now: now) }
            .sorted {
                ($0.definition.service, $0.definition.name, $0.labels)
                    < ($1.definition.service, $1.definition.name, $1.labels)
            }
    }

    /// The numbers of so many groups, those of the first SLOs in the files.
    public func groupsInForce(_ most: Int) -> [Int] {
        var found: [Int] = []
        for entry in entries where entry.removedAt == nil {
            found += entry.groups.prefix(most - found.count)
        }
        return found
    }

    /// Evaluates one group by its number.
    public func verdict(ofGroup number: Int, now: Timestamp) -> Verdict {
        evaluate(number, now: now)
    }

    /// Evaluates the groups of one SLO, ordered by labels.
    public func evaluate(service: String, name: String, now: Timestamp) -> [Verdict] {
        let slo = entries.first {
            $0.removedAt == nil && $0.definition.service == service && $0.definition.name == name
        }
        return (slo?.groups ?? []).map { evaluate($0, now: now) }.sorted { $0.labels < $1.labels }
    }

    func evaluate(_ index: Int, now: Timestamp) -> Verdict {
        let group = groups[index]
        let definition = entries[group.slo].definition
        let plan = entries[group.slo].plan
        let sight =
            group.troubled == 0 && group.forgotten == nil
            ? Sight(allUp: group.targets.count)
            : Sight(of: group.targets, conditions, forgotten: group.forgotten)
        let reading = WindowReading(
            group: group, sight: sight, definition: definition,
            shedLast: max(group.shedLast, entries[group.slo].shedLast), now: now)
        var windows: [WindowFigures] = []
        windows.reserveCapacity(plan.windows.count + 1)
        for window in plan.windows { windows.append(reading.figures(window)) }
        let period = reading.figures(of: definition.period)
        windows.append(period)
        let hourly = reading.figures(.hours(1))
        let pairs = plan.pairs.map { planned in
            judge(
                planned.pair, windows[planned.long], windows[planned.short],
                drawn: reading.drawn(planned.pair.long), definition, sight)
        }
        let loss = dataLoss(group, index, definition, sight, now)
        return Verdict(
            group: index, definition: definition, labels: group.labels, asOf: group.asOf,
            evidence: period.evidence, windows: windows,
            budget: reading.budget(period, hourly: hourly.burnRate), hourly: hourly, pairs: pairs,
            partialLoss: loss.partial, totalLoss: loss.total,
            idle: idleness(reading, definition),
            hasEnded: sight.hasAllRetired(longerThan: definition.alerts.dataLossAfter, now: now))
    }

    /// A group's events over the period, by class.
    public func classes(of verdict: Verdict) -> ClassTotals {
        groups[verdict.group].classes(from: verdict.period?.from ?? .distantPast)
    }

    /// The calendar periods before the current one that a group still knows, oldest first.
    public func pastPeriods(of verdict: Verdict) -> [PastPeriod] {
        let edges = groups[verdict.group].history.calendarEdges
        let objective = verdict.definition.objective
        return zip(edges, edges.dropFirst()).map { start, end in
            let counts = end.all - start.all
            let burn =
                counts.total > 0
                ? objective.burn(bad: counts.bad, total: counts.total) : nil
            return PastPeriod(
                from: start.at, to: end.at, counts: counts, remaining: burn.map { 1 - $0 })
        }
    }

    private func judge(
        _ pair: AlertPair, _ long: WindowFigures, _ short: WindowFigures, drawn: EventCounts?,
        _ definition: SLODefinition, _ sight: Sight
    ) -> PairVerdict {
        guard let longBurn = long.burnRate, let shortBurn = short.burnRate else {
            // An empty window neither fires nor resolves.
            return PairVerdict(
                pair: pair, finding: .unknown, long: long, short: short, chance: nil)
        }
        var finding = Finding.clear
        var chance: Double?
        if longBurn > pair.factor && shortBurn > pair.factor {
            finding = .breaching
            let evidence = definition.alerts.evidence
            let isTested = evidence.isTested && !definition.sli.isTimeSliced
            // What a span stands for was drawn once.
            let counts = drawn ?? long.counts
            if isTested && counts.total <= Self.testedTrialsMax {
                let found = binomialUpperTail(
                    successes: counts.bad, trials: counts.total,
                    probability: definition.objective.budgetRatio)
                chance = found
                let isEvident =
                    found < pair.severity.significance && counts.bad >= evidence.badMin
                finding = isEvident ? .breaching : .clear
            }
        }
        // A target that cannot be seen may be the one that fails: what is missing resolves nothing.
        if finding == .clear && sight.hasLost { finding = .unknown }
        return PairVerdict(
            pair: pair, finding: finding, long: long, short: short, chance: chance)
    }

    private func idleness(_ reading: WindowReading, _ definition: SLODefinition) -> IdleVerdict? {
        guard case .alert(let after, let severity) = definition.alerts.noTraffic else { return nil }
        let figures = reading.figures(after)
        let finding: Finding =
            switch figures.evidence {
            case .noTraffic: .breaching
            case .complete: .clear
            case .partial: figures.counts.total > 0 ? .clear : .unknown
            case .noData: .unknown
            }
        return IdleVerdict(finding: finding, severity: severity, figures: figures)
    }

    private func dataLoss(
        _ group: GroupLedger, _ index: Int, _ definition: SLODefinition, _ sight: Sight,
        _ now: Timestamp
    ) -> (partial: DataLoss?, total: DataLoss?) {
        let after = definition.alerts.dataLossAfter
        if sight.expected == 0 {
            let isLastOfItsSLO =
                entries[group.slo].liveTargets == 0
                && entries[group.slo].lastRetiredGroup == index
            guard isLastOfItsSLO, !definition.alerts.scaleToZero,
                sight.hasAllRetired(longerThan: after, now: now), let since = sight.retiredSince
            else { return (nil, nil) }
            return (
                nil,
                DataLoss(
                    lost: group.targets.count + (group.forgotten?.count ?? 0), expected: 0,
                    since: since,
                    targets: Array(group.targets.prefix(Sight.namedMax)), isRetirement: true)
            )
        }
        let lost = sight.lost.filter { now - $0.noticed > after }
        guard let since = lost.map(\.noticed).min() else { return (nil, nil) }
        let loss = DataLoss(
            lost: lost.count, expected: sight.expected, since: since,
            targets: lost.prefix(Sight.namedMax).map(\.target), isRetirement: false)
        return lost.count == sight.expected ? (nil, loss) : (loss, nil)
    }
}

/// The windows of an SLO, worked out once per configuration.
struct EvaluationPlan: Sendable {
    /// Of the pairs, by length; without the period.
    let windows: [TimeSpan]
    /// The pairs with their windows' places in `windows`.
    let pairs: [(pair: AlertPair, long: Int, short: Int)]

    init(_ definition: SLODefinition) {
        let all = definition.alerts.pairs
        let lengths = Set(all.flatMap { [$0.long, $0.short] }).sorted()
        windows = lengths
        pairs = all.map { pair in
            // Both are among the lengths, which were made of them.
            (pair, lengths.firstIndex(of: pair.long) ?? 0, lengths.firstIndex(of: pair.short) ?? 0)
        }
    }
}

/// Which targets of a group can be seen.
struct Sight {
    static let namedMax = 5

    /// Not seen though they should be: since when by their samples, and on the agent's clock.
    private(set) var lost: [(target: UInt32, since: Timestamp, noticed: Timestamp)] = []
    private(set) var retired = 0
    private(set) var retiredSince: Timestamp?
    private let count: Int

    init(allUp count: Int) { self.count = count }

    init(
        of targets: [UInt32], _ conditions: [UInt32: TargetCondition],
        forgotten: ForgottenTargets?
    ) {
        count = targets.count
        retiredSince = forgotten?.noticed
        for target in targets {
            switch conditions[target] ?? .up {
            case .up: break
            case .down(let since, let noticed), .silent(let since, let noticed):
                lost.append((target, since, noticed))
            case .retired(_, let noticed):
                retired += 1
                retiredSince = max(retiredSince ?? noticed, noticed)
            }
        }
    }

    var hasLost: Bool { !lost.isEmpty }
    /// Targets that have not retired.
    var expected: Int { count - retired }
    var hasLostAll: Bool { expected > 0 && lost.count == expected }

    func hasAllRetired(longerThan span: TimeSpan, now: Timestamp) -> Bool {
        guard retired == count, let retiredSince else { return false }
        // Forgotten targets retired longer ago than anything here asks.
        return count == 0 || now - retiredSince > span
    }
}

import Ingest
public import Model

// Evaluating a group (DESIGN §4.4): eight windows of two look-ups each, the pairs' conditions, the
// binomial test only for pairs whose burn rates breach. Reads the ledger, changes nothing.

extension Ledger {
    /// Evaluates every group that changed. O(groups changed).
    public mutating func evaluateDirty(now: Timestamp) -> [Verdict] {
        takeDirty().filter { entries[groups[$0].slo].removedAt == nil }
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

    func evaluate(_ index: Int, now: Timestamp) -> Verdict {
        let group = groups[index]
        let definition = entries[group.slo].definition
        let sight = Sight(of: group.targets, conditions)
        let reading = WindowReading(
            group: group, sight: sight, objective: definition.objective, now: now)
        var lengths = Set(definition.alerts.pairs.flatMap { [$0.long, $0.short] })
        lengths.insert(hour)
        lengths.remove(definition.period)
        var windows = lengths.sorted().map { reading.figures($0, isPeriod: false) }
        let period = reading.figures(definition.period, isPeriod: true)
        let hourly = windows.first { $0.window == hour }
        if !definition.alerts.pairs.contains(where: { $0.long == hour || $0.short == hour }) {
            windows.removeAll { $0.window == hour }
        }
        let pairs = definition.alerts.pairs.compactMap { pair in
            judge(pair, windows + [period], definition, sight)
        }
        windows.append(period)
        let loss = dataLoss(index, definition, sight, now)
        return Verdict(
            definition: definition, labels: group.labels, asOf: group.asOf,
            evidence: period.evidence, windows: windows,
            classes: group.classes(from: period.from),
            budget: reading.budget(period, hourly: hourly?.burnRate), pairs: pairs,
            partialLoss: loss.partial, totalLoss: loss.total,
            hasEnded: sight.hasAllRetired(longerThan: definition.alerts.dataLossAfter, now: now))
    }

    private var hour: TimeSpan { .hours(1) }

    private func judge(
        _ pair: AlertPair, _ windows: [WindowFigures], _ definition: SLODefinition, _ sight: Sight
    ) -> PairVerdict? {
        guard let long = windows.first(where: { $0.window == pair.long }),
            let short = windows.first(where: { $0.window == pair.short })
        else { return nil }
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
            if evidence.isTested {
                let found = binomialUpperTail(
                    successes: long.counts.bad, trials: long.counts.total,
                    probability: definition.objective.budgetRatio)
                chance = found
                let isEvident =
                    found < pair.severity.significance && long.counts.bad >= evidence.badMin
                finding = isEvident ? .breaching : .clear
            }
        }
        // A target that cannot be seen may be the one that fails: what is missing resolves nothing.
        if finding == .clear && sight.hasLost { finding = .unknown }
        return PairVerdict(
            pair: pair, finding: finding, long: long, short: short, chance: chance)
    }

    private func dataLoss(
        _ index: Int, _ definition: SLODefinition, _ sight: Sight, _ now: Timestamp
    ) -> (partial: DataLoss?, total: DataLoss?) {
        let after = definition.alerts.dataLossAfter
        let targets = groups[index].targets
        let entry = entries[groups[index].slo]
        let isLastOfItsSLO = entry.liveTargets == 0 && entry.lastRetiredGroup == index
        if sight.expected == 0 {
            guard isLastOfItsSLO, !definition.alerts.scaleToZero,
                sight.hasAllRetired(longerThan: after, now: now), let since = sight.retiredSince
            else { return (nil, nil) }
            return (
                nil,
                DataLoss(
                    lost: targets.count, expected: 0, since: since,
                    targets: Array(targets.prefix(Sight.namedMax)), isRetirement: true)
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

/// Which targets of a group can be seen.
struct Sight {
    static let namedMax = 5

    /// Not seen though they should be: since when by their samples, and on the agent's clock.
    private(set) var lost: [(target: UInt32, since: Timestamp, noticed: Timestamp)] = []
    private(set) var retired = 0
    private(set) var retiredSince: Timestamp?
    private let count: Int

    init(of targets: [UInt32], _ conditions: [UInt32: TargetCondition]) {
        count = targets.count
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
        guard count > 0, retired == count, let retiredSince else { return false }
        return now - retiredSince > span
    }
}

public import Ingest
public import Model
import Text

/// The exact event ledger (DESIGN §4): every SLO's groups, fed with increments, read by evaluation.
///
/// An increment costs O(1); nothing here depends on how many series feed a group or how long its
/// windows are.
public struct Ledger: Sendable {
    /// One SLO, present or removed less than a day ago.
    struct Entry: Sendable {
        var definition: SLODefinition {
            didSet {
                plan = EvaluationPlan(definition)
                identity = SLOIdentity(definition).bytes
                gauge = GaugeTest(definition.sli)
            }
        }
        private(set) var plan: EvaluationPlan
        /// Judges the gauges of a kind that has them.
        private(set) var gauge: GaugeTest?
        /// For checkpoints: `SLOIdentity` in bytes.
        private(set) var identity: [UInt8]
        /// Since when it counts.
        var since: Timestamp
        var removedAt: Timestamp?
        var groups: [Int] = []
        var groupByLabels: [Labels: Int] = [:]
        var corrections = Corrections()
        /// When a limit last shed a series whose group is not known, on the agent's clock.
        var shedLast = Timestamp.distantPast
        /// Series whose group was one too many.
        var groupsRefused = 0
        /// Pairs of group and target that have not retired; at zero the group that was last.
        var liveTargets = 0
        var lastRetiredGroup: Int?
        var seen = SeenSeries()

        init(definition: SLODefinition, since: Timestamp) {
            self.definition = definition
            self.since = since
            plan = EvaluationPlan(definition)
            identity = SLOIdentity(definition).bytes
            gauge = GaugeTest(definition.sli)
        }
    }

    /// The most groups of one SLO.
    public static let groupsPerSLOMax = 10_000
    /// How long a removed SLO keeps its history, in case it comes back.
    static let removedKept = TimeSpan.days(1)

    var entries: [Entry] = []
    /// In pages, which a checkpoint shares.
    var groups = PagedArray<GroupLedger>()
    /// Of each target whose condition ever changed, also of those that no SLO counts yet.
    var conditions: [UInt32: TargetCondition] = [:]
    /// Ascending, whatever order the target's series came in.
    var groupsOfTarget: [UInt32: [Int]] = [:]
    var dirty: [Int] = []
    /// Selectors to try for a series: those of its metric's name, and those without one.
    var entriesByMetric: [String: [Int]] = [:]
    var entriesOfAnyMetric: [Int] = []
    /// Of composites: what their groups are made of, and the other way round.
    var parts: [Int: [CompositePart]] = [:]
    var wholes: [Int: [Int]] = [:]
    /// SLOs of kind `spans` in force.
    var spanEntries: [SLOKey: Int] = [:]
    /// Composite SLOs, members before those that they are a member of.
    var composites: [Int] = []
    var compositesAsOf = Timestamp.distantPast
    /// Between the first section of a checkpoint and `finishRestore`.
    var restoring: LedgerRestoring?

    public init() {}

    /// The SLOs in force, in the order of their files.
    public var definitions: [SLODefinition] {
        entries.filter { $0.removedAt == nil }.map(\.definition)
    }

    public var groupCount: Int { groups.count }
    /// Series that no group had room for, over all SLOs.
    public var groupsRefused: Int { entries.reduce(0) { $0 + $1.groupsRefused } }

    // MARK: Configuration

    /// Takes new definitions over (DESIGN §4.6). Same service, name, `sli` and `by`: the counts
    /// stay. Another `sli` or `by`: a new ledger. No longer there: kept for a day. Afterwards
    /// every series has to be routed again.
    public mutating func configure(
        _ definitions: [SLODefinition], _ corrections: Corrections = Corrections(), now: Timestamp
    ) {
        var old = entries
        var ruleNumbers: [[Int: Int]] = []
        entries = []
        for definition in definitions {
            let match = old.firstIndex {
                $0.definition.service == definition.service
                    && $0.definition.name == definition.name
                    && $0.definition.countsTheSame(as: definition)
                    && $0.definition.period == definition.period
            }
            if let match {
                var entry = old.remove(at: match)
                entry.definition = definition
                entry.removedAt = nil
                ruleNumbers.append(entry.take(corrections))
                entries.append(entry)
            } else {
                var entry = Entry(definition: definition, since: now)
                ruleNumbers.append(entry.take(corrections))
                entries.append(entry)
            }
        }
        for var entry in old {
            let removedAt = entry.removedAt ?? now
            guard now - removedAt < Self.removedKept else { continue }
            entry.removedAt = removedAt
            ruleNumbers.append(entry.take(Corrections()))
            entries.append(entry)
        }
        rebuildGroups()
        indexSelectors()
        for index in groups.indices { reviseEdges(of: index, ruleNumbers[groups[index].slo]) }
        joinAll()
        for index in entries.indices where entries[index].definition.by.isEmpty {
            _ = group(in: index, labels: .empty)
        }
        for index in groups.indices { markDirty(index) }
    }

    /// Groups are numbered anew in the entries' order, so that numbers stay dense.
    private mutating func rebuildGroups() {
        let old = groups
        groups = PagedArray()
        dirty = []
        groupsOfTarget = [:]
        for index in entries.indices {
            // All series are routed anew, and those that find no room are counted anew.
            entries[index].groupsRefused = 0
            let members = entries[index].groups
            entries[index].groups = []
            entries[index].groupByLabels = [:]
            entries[index].liveTargets = 0
            let lastRetired = entries[index].lastRetiredGroup
            for member in members {
                var group = old[member]
                group.slo = index
                group.isDirty = false
                let number = groups.count
                if member == lastRetired { entries[index].lastRetiredGroup = number }
                for target in group.targets {
                    groupsOfTarget[target, default: []].append(number)
                    if !hasRetired(target) { entries[index].liveTargets += 1 }
                }
                entries[index].groups.append(number)
                entries[index].groupByLabels[group.labels] = number
                groups.append(group)
            }
        }
    }

    mutating func indexSelectors() {
        indexSpans()
        entriesByMetric = [:]
        entriesOfAnyMetric = []
        for (index, entry) in entries.enumerated() {
            var names: Set<String> = []
            for selector in entry.definition.sli.selectors {
                if let name = selector.metricName {
                    if names.insert(name).inserted {
                        entriesByMetric[name, default: []].append(index)
                    }
                } else if entriesOfAnyMetric.last != index {
                    entriesOfAnyMetric.append(index)
                }
            }
        }
    }

    // MARK: Routing

    /// The roles a series can have; the low bits of a route's slot.
    enum Role: UInt32 {
        case total, bad, good
        /// The total of an SLO that selects its good events: each event is bad until shown good.
        case totalOfGood
        /// A value to be judged.
        case gauge
        /// Events of which it is not known whether they are good.
        case undecided

        static let bits: UInt32 = 3

        init(slot: UInt32) { self = Role(rawValue: slot & (1 << Self.bits - 1)) ?? .total }

        func slot(of group: Int) -> UInt32 { UInt32(group) << Self.bits | rawValue }

        static func isGauge(_ slot: UInt32) -> Bool {
            slot & (1 << bits - 1) == Role.gauge.rawValue
        }

        static func group(of slot: UInt32) -> Int { Int(slot >> bits) }
    }

    /// Who counts a series. O(selectors of its metric).
    public mutating func routes(for labels: Labels, target: UInt32) -> [Route] {
        let name = labels[Labels.metricName] ?? ""
        var routes: [Route] = []
        let candidates = (entriesByMetric[name] ?? []) + entriesOfAnyMetric
        for index in Set(candidates).sorted() {
            let claims = entries[index].definition.sli.claims(on: labels)
            guard !claims.isEmpty else { continue }
            noteSeen(labels, claims, in: index)
            let by = entries[index].definition.by
            guard let group = group(in: index, labels: labels.keeping(by)) else {
                entries[index].groupsRefused += 1
                continue
            }
            attach(target, to: group)
            for claim in claims {
                routes.append(
                    Route(
                        slot: claim.role.slot(of: group), since: entries[index].since,
                        reading: claim.reading, bound: claim.bound))
            }
        }
        return routes
    }

    mutating func group(in entry: Int, labels: Labels) -> Int? {
        if let known = entries[entry].groupByLabels[labels] { return known }
        guard entries[entry].groups.count < Self.groupsPerSLOMax else { return nil }
        let number = groups.count
        groups.append(
            GroupLedger(
                slo: entry, labels: labels, period: entries[entry].definition.period))
        groups[number].corrections = entries[entry].corrections(of: labels)
        entries[entry].groups.append(number)
        entries[entry].groupByLabels[labels] = number
        join(number)
        return number
    }

    mutating func attach(_ target: UInt32, to group: Int) {
        // A target feeds few groups; a group may have thousands of targets.
        guard groupsOfTarget[target]?.contains(group) != true else { return }
        groups[group].targets.append(target)
        let later = groupsOfTarget[target]?.firstIndex { $0 > group }
        let place = later ?? groupsOfTarget[target]?.count ?? 0
        groupsOfTarget[target, default: []].insert(group, at: place)
        if !hasRetired(target) { entries[groups[group].slo].liveTargets += 1 }
        if !isUp(target) { groups[group].troubled += 1 }
        for whole in wholes[group] ?? [] { attach(target, to: whole) }
    }

    // MARK: Counting

    /// Adds increments to their groups. Those that follow each other for one group and time are
    /// added together. O(increments).
    public mutating func add(_ increments: [Increment]) {
        var run = IncrementRun()
        for increment in increments {
            if Role.isGauge(increment.slot) {
                judge(increment)
                continue
            }
            if !run.takes(increment) {
                post(run)
                run = IncrementRun(increment)
            }
            run.add(increment)
        }
        post(run)
    }

    private mutating func post(_ run: IncrementRun) {
        guard let index = run.group else { return }
        if run.time > groups[index].nextEdge { passEdges(of: index, before: run.time) }
        // One access to the page for all of it.
        if groups[index].post(run) { dirty.append(index) }
        if run.hasReset {
            // What the counter had after the last sample and before it fell is lost.
            noteUnobserved(run.time, run.span, in: index, isTakenBack: run.isTakenBack)
        }
        if !wholes.isEmpty { keepUp(run, in: index) }
    }

    /// Takes changed conditions of targets over.
    public mutating func note(_ changes: [ConditionChange]) {
        for change in changes {
            let hadRetired = hasRetired(change.target)
            let wasUp = isUp(change.target)
            conditions[change.target] = change.condition
            let retires = hasRetired(change.target)
            for group in groupsOfTarget[change.target] ?? [] {
                markDirty(group)
                groups[group].troubled += (wasUp ? 1 : 0) - (isUp(change.target) ? 1 : 0)
                guard retires != hadRetired else { continue }
                let slo = groups[group].slo
                entries[slo].liveTargets += retires ? -1 : 1
                // The group that was the last is so no longer.
                if let last = entries[slo].lastRetiredGroup { markDirty(last) }
                entries[slo].lastRetiredGroup = group
            }
        }
    }

    /// Forgets targets that have retired and will not come back under their numbers; others are
    /// left. A group whose targets are all forgotten has ended, and an SLO's last group to end
    /// stays the last. Should a target come back nevertheless, its series must be routed again.
    /// O(targets and their groups' targets).
    public mutating func forget(targets: [UInt32]) {
        var leaving: [Int: Set<UInt32>] = [:]
        for target in targets {
            guard case .retired(_, let noticed) = conditions[target] else { continue }
            conditions[target] = nil
            for group in groupsOfTarget.removeValue(forKey: target) ?? [] {
                groups[group].forget(retiredAt: noticed)
                leaving[group, default: []].insert(target)
            }
        }
        for group in leaving.keys.sorted() {
            guard let gone = leaving[group] else { continue }
            groups[group].targets.removeAll(where: gone.contains)
            if groups[group].isForgotten { markDirty(group) }
        }
    }

    // MARK: What to evaluate

    mutating func markDirty(_ index: Int) {
        guard !groups[index].isDirty else { return }
        groups[index].isDirty = true
        dirty.append(index)
    }

    public var hasDirtyGroups: Bool { !dirty.isEmpty }

    /// The groups that changed since the last call, in their order.
    mutating func takeDirty() -> [Int] {
        let taken = dirty.sorted()
        dirty.removeAll(keepingCapacity: true)
        for index in taken {
            groups[index].isDirty = false
            groups[index].changedSince = .distantFuture
        }
        return taken
    }

    /// Marks the groups whose verdict can change without an event of theirs: those with a target
    /// that is not up, and those that ended last of their SLO, in case it goes on. O(groups).
    public mutating func markTroubled() {
        for index in groups.indices where groups[index].troubled > 0 {
            markDirty(index)
        }
        for entry in entries {
            guard let last = entry.lastRetiredGroup, groups[last].isForgotten else { continue }
            markDirty(last)
        }
    }

    func isUp(_ target: UInt32) -> Bool { conditions[target] ?? .up == .up }

    func hasRetired(_ target: UInt32) -> Bool {
        if case .retired = conditions[target] { return true }
        return false
    }
}

public import Ingest
import Model

// The ledger in a checkpoint (DESIGN §4.5): sections of about a mebibyte, each a run of items: the
// head, then the SLOs in the ledger's order, then the groups by their numbers, which the routes of
// series hold. What follows from these is not written but made anew at the end: which groups an SLO
// and a target have, live and troubled targets, what is dirty, the selectors' index. The conditions
// of targets are the intake's. The definitions of SLOs in force are in the configuration, which
// comes first; a removed one's identity is here.

/// A ledger at one point in time, in bytes. Taken by the owner; read on any thread while the
/// ledger goes on: they share pages until either writes one.
public struct LedgerSections: Sendable {
    static let version: UInt32 = 2
    /// A section ends with the item that reaches it.
    static let bytesAim = 1 << 20

    private let entries: [EntryState]
    private var groups: PagedArray<GroupLedger>
    private let compositesAsOf: Timestamp
    private var isBegun = false
    private var nextEntry = 0
    private var nextGroup = 0

    /// O(SLOs); nothing of a group is copied.
    init(_ ledger: Ledger) {
        entries = ledger.entries.map(EntryState.init)
        groups = ledger.groups
        compositesAsOf = ledger.compositesAsOf
    }

    /// The next section, nil after the last. Pages are let go as they are written.
    public mutating func next() -> [UInt8]? {
        guard !isBegun || nextEntry < entries.count || nextGroup < groups.count else { return nil }
        var archive = Archive()
        if !isBegun {
            isBegun = true
            write(.head, &archive)
            var head = LedgerHead(
                version: Self.version, entries: entries.count, groups: groups.count,
                compositesAsOf: compositesAsOf)
            head.archive(&archive)
        }
        while nextEntry < entries.count && archive.bytes.count < Self.bytesAim {
            write(.entry, &archive)
            var entry = entries[nextEntry]
            entry.archive(&archive)
            nextEntry += 1
        }
        while nextGroup < groups.count && archive.bytes.count < Self.bytesAim {
            write(.group, &archive)
            var group = groups[nextGroup]
            archive.field(&group.slo)
            var labels = group.labels
            archive.field(&labels)
            group.archive(&archive)
            nextGroup += 1
            if nextGroup % groups.pageCapacity == 0 {
                groups.releasePage(nextGroup / groups.pageCapacity - 1)
            }
        }
        return archive.bytes
    }

    private func write(_ item: LedgerItem, _ archive: inout Archive) {
        var item = item
        archive.field(&item)
    }
}

/// What an item is; written before it.
private enum LedgerItem: UInt8 {
    case head = 1
    case entry, group
}

/// What comes first: how much follows.
private struct LedgerHead {
    var version: UInt32 = 0
    var entries = 0
    var groups = 0
    var compositesAsOf = Timestamp.distantPast

    mutating func archive(_ archive: inout Archive) {
        archive.field(&version)
        archive.count(&entries)
        archive.count(&groups)
        archive.time(&compositesAsOf)
        if version != LedgerSections.version { archive.fail() }
    }
}

/// What of an SLO's entry does not follow from its groups.
private struct EntryState: Sendable {
    var identity: [UInt8] = []
    /// Of a removed one: the file of its time zone, which the configuration does not hold any more.
    var zone: [UInt8] = []
    var since = Timestamp.distantPast
    var removedAt: Timestamp?
    var groupsRefused = 0
    var shedLast = Timestamp.distantPast
    /// One more than the group's number; 0 for none.
    var lastRetired = 0
    var seen = SeenSeries()

    init() {}

    init(_ entry: Ledger.Entry) {
        identity = entry.identity
        if entry.removedAt != nil { zone = entry.definition.period.calendar?.zone.bytes ?? [] }
        since = entry.since
        removedAt = entry.removedAt
        groupsRefused = entry.groupsRefused
        shedLast = entry.shedLast
        lastRetired = entry.lastRetiredGroup.map { $0 + 1 } ?? 0
        seen = entry.seen
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&identity)
        archive.field(&zone)
        archive.time(&since)
        archive.time(&removedAt)
        archive.count(&groupsRefused)
        archive.time(&shedLast)
        archive.count(&lastRetired)
        seen.archive(&archive)
    }
}

/// What a ledger knows while it is being restored.
struct LedgerRestoring {
    /// As the configuration gave them, in order, less those that the checkpoint has named.
    var configured: ArraySlice<SLODefinition>
    /// Parallel to them.
    var corrections: ArraySlice<Corrections>
    let entries: Int
    let groups: Int
}

extension Ledger {
    /// The ledger as it is now, to be written out while it goes on. O(SLOs).
    public func sections() -> LedgerSections { LedgerSections(self) }

    /// Reads one section; all must come, in their order, into a ledger that `configure` gave the
    /// definitions that were in force. False when the bytes are damaged or the definitions are
    /// others: throw the ledger away.
    public mutating func restore(_ section: [UInt8]) -> Bool {
        var archive = Archive(reading: section)
        repeat {
            var item = LedgerItem.head
            archive.field(&item)
            guard archive.isSound else { return false }
            switch item {
            case .head: restoreHead(&archive)
            case .entry: restoreEntry(&archive)
            case .group: restoreGroup(&archive)
            }
        } while archive.isSound && !archive.isComplete
        return archive.isComplete
    }

    private mutating func restoreHead(_ archive: inout Archive) {
        var head = LedgerHead()
        head.archive(&archive)
        guard archive.isSound, restoring == nil else { return archive.fail() }
        restoring = LedgerRestoring(
            configured: definitions[...], corrections: entries.map(\.corrections)[...],
            entries: head.entries, groups: head.groups)
        entries = []
        groups = PagedArray()
        conditions = [:]
        groupsOfTarget = [:]
        dirty = []
        parts = [:]
        wholes = [:]
        composites = []
        compositesAsOf = head.compositesAsOf
        indexSelectors()
    }

    private mutating func restoreEntry(_ archive: inout Archive) {
        var state = EntryState()
        state.archive(&archive)
        guard archive.isSound, let expected = restoring, entries.count < expected.entries,
            groups.isEmpty
        else { return archive.fail() }
        let definition =
            state.removedAt == nil
            ? restoring?.configured.popFirst()
            : SLOIdentity(state.identity)?.definition(zone: state.zone)
        guard let definition else { return archive.fail() }
        var entry = Entry(definition: definition, since: state.since)
        guard entry.identity == state.identity else { return archive.fail() }
        entry.removedAt = state.removedAt
        if state.removedAt == nil {
            entry.corrections = restoring?.corrections.popFirst() ?? Corrections()
        }
        entry.groupsRefused = state.groupsRefused
        entry.shedLast = state.shedLast
        entry.seen = state.seen
        entry.lastRetiredGroup = state.lastRetired > 0 ? state.lastRetired - 1 : nil
        entries.append(entry)
    }

    private mutating func restoreGroup(_ archive: inout Archive) {
        var slo = 0
        var labels = Labels.empty
        archive.field(&slo)
        archive.field(&labels)
        guard archive.isSound, let expected = restoring, entries.count == expected.entries,
            groups.count < expected.groups, entries.indices.contains(slo),
            entries[slo].groups.count < Self.groupsPerSLOMax
        else { return archive.fail() }
        var group = GroupLedger(
            slo: slo, labels: labels, period: entries[slo].definition.period)
        group.archive(&archive)
        group.corrections = entries[slo].corrections(of: labels)
        let rules = entries[slo].corrections.maintenance.count
        if group.history.exclusions.contains(where: { $0.rule >= rules }) { archive.fail() }
        let number = groups.count
        guard archive.isSound,
            entries[slo].groupByLabels.updateValue(number, forKey: labels) == nil
        else { return archive.fail() }
        entries[slo].groups.append(number)
        groups.append(group)
    }

    /// Makes what follows from the sections. `conditions` are those of all targets that were not
    /// forgotten since they retired; targets that are up may be left out. False when sections are
    /// missing, or a group has a target that `isKnown` does not know: throw the ledger away.
    /// O(groups and their targets).
    @discardableResult
    public mutating func finishRestore(
        conditions: [(target: UInt32, condition: TargetCondition)],
        isKnown: (UInt32) -> Bool = { _ in true }
    ) -> Bool {
        guard let expected = restoring else { return false }
        restoring = nil
        var isGood =
            entries.count == expected.entries && groups.count == expected.groups
            && expected.configured.isEmpty
        for (target, condition) in conditions { self.conditions[target] = condition }
        for index in groups.indices {
            groups[index].troubled = 0
            let targets = groups[index].targets
            for target in targets {
                isGood = isGood && isKnown(target) && groupsOfTarget[target]?.last != index
                groupsOfTarget[target, default: []].append(index)
                if !hasRetired(target) { entries[groups[index].slo].liveTargets += 1 }
                if !isUp(target) { groups[index].troubled += 1 }
            }
            if groups[index].isDirty { dirty.append(index) }
            setNextEdge(of: index)
        }
        for index in entries.indices {
            guard let last = entries[index].lastRetiredGroup else { continue }
            if last >= groups.count || groups[last].slo != index {
                entries[index].lastRetiredGroup = nil
                isGood = false
            }
        }
        indexSelectors()
        joinAll()
        return isGood
    }
}

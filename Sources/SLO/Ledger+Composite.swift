import Ingest
import Model

// Composite SLOs. Their events are minutes, made of what each member's minute was: bad when its
// error ratio was above the member's own budget, good when it had events and was not, and without a
// say when it had none. Joint: bad when one member's is. Weighted: bad by the share of the weight.
//
// A minute's event is worked out anew whenever a member's counts change, for as long as the
// members' histories hold minutes, and the difference is posted: so it depends on the members'
// samples and not on their order. What cannot be seen of a member's targets is unseen of the
// composite too: it has the targets of all its members.

/// A group of a member that a composite's group is made of.
struct CompositePart: Hashable, Sendable {
    /// Its place among the members.
    let member: Int
    let group: Int
}

extension Ledger {
    /// Minutes that are worked out anew: within what `EventHistory` has by the minute.
    private static let minutesOpen: Int64 = 300
    /// A share is kept to 2^-32, so that sums of shares are exact for years.
    private static let shareSteps = 4_294_967_296.0

    // MARK: What they are made of

    /// Finds the parts of all composites, after SLOs or all groups have changed.
    mutating func joinAll() {
        parts = [:]
        wholes = [:]
        composites = compositesInOrder()
        guard !composites.isEmpty else { return }
        for index in groups.indices { join(index) }
        for index in groups.indices {
            for target in groups[index].targets {
                for whole in wholes[index] ?? [] { attach(target, to: whole) }
            }
        }
    }

    /// Makes a new group a part of the composites that its SLO is a member of.
    mutating func join(_ group: Int) {
        guard !composites.isEmpty else { return }
        let entry = groups[group].slo
        let own = entries[entry].definition
        guard entries[entry].removedAt == nil else { return }
        for composite in composites where composite != entry {
            let definition = entries[composite].definition
            guard entries[composite].removedAt == nil,
                case .composite(let sli) = definition.sli,
                let member = sli.members.firstIndex(where: {
                    $0.service == own.service && $0.name == own.name
                }),
                let whole = self.group(
                    in: composite, labels: groups[group].labels.keeping(definition.by))
            else { continue }
            let part = CompositePart(member: member, group: group)
            guard parts[whole]?.contains(part) != true else { continue }
            parts[whole, default: []].append(part)
            wholes[group, default: []].append(whole)
        }
    }

    /// Members before those they are a member of. A cycle, which no configuration has, ends.
    private func compositesInOrder() -> [Int] {
        var byKey: [String: Int] = [:]
        for (index, entry) in entries.enumerated() where entry.removedAt == nil {
            byKey[entry.definition.service + "/" + entry.definition.name] = index
        }
        var order: [Int] = []
        var isPlaced = Array(repeating: false, count: entries.count)
        var pending = entries.indices.filter { isComposite($0) && entries[$0].removedAt == nil }
        while !pending.isEmpty {
            let ready = pending.filter { index in
                guard case .composite(let sli) = entries[index].definition.sli else { return true }
                return sli.members.allSatisfy { member in
                    guard let other = byKey[member.key], isComposite(other) else { return true }
                    return isPlaced[other]
                }
            }
            guard !ready.isEmpty else { break }
            for index in ready { isPlaced[index] = true }
            order += ready
            pending.removeAll { isPlaced[$0] }
        }
        return order
    }

    private func isComposite(_ entry: Int) -> Bool {
        if case .composite = entries[entry].definition.sli { return true }
        return false
    }

    // MARK: Counting

    /// Posts what minutes of composites have become. O(changed parts x open minutes).
    mutating func refreshComposites() {
        guard !wholes.isEmpty else { return }
        var due: Set<Int> = []
        for index in dirty { due.formUnion(wholes[index] ?? []) }
        for composite in composites {
            for whole in due.filter({ groups[$0].slo == composite }).sorted() {
                refresh(whole, of: composite)
                due.formUnion(wholes[whole] ?? [])
            }
        }
    }

    /// A sender that catches up may bring hours at once, and minutes are kept for six.
    mutating func keepUp(to time: Timestamp) {
        guard time > compositesAsOf else { return }
        if time - compositesAsOf >= .minutes(60) {
            refreshComposites()
            compositesAsOf = time
        }
    }

    mutating func keepUp(_ run: IncrementRun, in index: Int) {
        if run.span > EventHistory.windowMin {
            // Which minutes its events belong to is not known.
            for whole in wholes[index] ?? [] {
                noteUnobserved(run.time, run.span, in: whole, isTakenBack: run.isTakenBack)
            }
        }
        keepUp(to: run.time)
    }

    private mutating func refresh(_ whole: Int, of composite: Int) {
        guard case .composite(let sli) = entries[composite].definition.sli,
            let parts = parts[whole]
        else { return }
        let asOf = parts.map { groups[$0.group].asOf }.max() ?? .distantPast
        guard let started = parts.compactMap({ groups[$0.group].started }).min() else { return }
        groups[whole].started = min(groups[whole].started ?? started, started)
        groups[whole].asOf = max(groups[whole].asOf, asOf)
        let last = asOf.ceiling(to: .minutes(1))
        let changed = parts.map { groups[$0.group].changedSince }.min() ?? .distantPast
        let first = max(
            max(started, changed).ceiling(to: .minutes(1)), last - .minutes(Self.minutesOpen - 1))
        var hasChanged = false
        var edge = first
        while edge <= last {
            let counts = minute(edge, sli, parts)
            let posted = groups[whole].history.minute(endingAt: edge)
            if counts != posted {
                let time = min(edge, asOf)
                if time > groups[whole].nextEdge { passEdges(of: whole, before: time) }
                let isClean = groups[whole].post(counts - posted, at: time)
                if isClean { dirty.append(whole) }
                hasChanged = true
            }
            edge = edge + .minutes(1)
        }
        if !hasChanged { markDirty(whole) }
    }

    /// What a minute is for a composite.
    private func minute(
        _ edge: Timestamp, _ sli: CompositeSLI, _ parts: [CompositePart]
    ) -> EventCounts {
        var members = Array(repeating: EventCounts.zero, count: sli.members.count)
        var objectives: [Objective?] = Array(repeating: nil, count: sli.members.count)
        for part in parts {
            members[part.member] += groups[part.group].history.minute(endingAt: edge)
            objectives[part.member] = entries[groups[part.group].slo].definition.objective
        }
        var weight = 0.0
        var bad = 0.0
        for (index, counts) in members.enumerated() where counts.total > 0 {
            guard let objective = objectives[index] else { continue }
            weight += sli.members[index].weight
            if objective.burn(bad: counts.bad, total: counts.total) > 1 {
                bad += sli.members[index].weight
            }
        }
        guard weight > 0 else { return .zero }
        switch sli.mode {
        case .joint: return EventCounts(bad: bad > 0 ? 1 : 0, total: 1)
        case .weighted:
            let share = (bad / weight * Self.shareSteps).rounded() / Self.shareSteps
            return EventCounts(bad: share, total: 1)
        }
    }
}

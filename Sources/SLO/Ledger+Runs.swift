public import Model

// Events that come late, are taken back and counted anew, at any time: what runs count. Beside them
// time goes on by itself: that no run was told of in a minute is no lack of evidence, but that the
// agent was not there is.

extension Ledger {
    /// A time without the agent that is no longer than this is not noted.
    private static let absenceMax = TimeSpan.minutes(2)

    /// Adds events of an SLO's group at a time of its history, or takes some back. False when the
    /// SLO is not in force or its groups are too many.
    @discardableResult
    public mutating func count(
        _ counts: EventCounts, undecided: Double = 0, service: String, name: String,
        labels: Labels, at time: Timestamp
    ) -> Bool {
        guard let entry = entry(service: service, name: name),
            let group = group(in: entry, labels: labels)
        else {
            return false
        }
        if time > groups[group].nextEdge { passEdges(of: group, before: time) }
        if groups[group].post(counts, undecided: undecided, at: time) { dirty.append(group) }
        if !wholes.isEmpty { keepUp(to: time) }
        return true
    }

    /// Tells an SLO's groups that nothing else happened up to a time.
    public mutating func keepCurrent(service: String, name: String, to time: Timestamp) {
        guard let entry = entry(service: service, name: name) else { return }
        for group in entries[entry].groups {
            let last = groups[group].asOf
            guard time > last else { continue }
            if groups[group].started != nil && time - last > Self.absenceMax {
                groups[group].addUnobserved(
                    UnobservedInterval(from: last, to: time - .minutes(1), weight: 1))
            }
            if time > groups[group].nextEdge { passEdges(of: group, before: time) }
            groups[group].observe(time)
            if groups[group].post(.zero, at: time) { dirty.append(group) }
        }
        if !wholes.isEmpty { keepUp(to: time) }
    }

    /// Notes that a run was not taken for want of room: SLOs of runs are `partial` until a window
    /// has passed without it. At most once a minute.
    public mutating func noteShedRuns(now: Timestamp) {
        for index in entries.indices {
            guard case .runs = entries[index].definition.sli,
                now - entries[index].shedLast >= .minutes(1)
            else { continue }
            entries[index].shedLast = now
            for group in entries[index].groups { markDirty(group) }
        }
    }

    private func entry(service: String, name: String) -> Int? {
        entries.firstIndex {
            $0.removedAt == nil && $0.definition.service == service && $0.definition.name == name
        }
    }
}

extension GroupLedger {
    /// Counts events that belong to no target, some of them undecided.
    mutating func post(_ counts: EventCounts, undecided: Double, at time: Timestamp) -> Bool {
        if counts.total > 0 || undecided > 0 { observe(time) }
        if undecided != 0 { note(undecided: undecided, at: time) }
        return post(counts, at: time)
    }
}

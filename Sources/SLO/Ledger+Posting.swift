public import Model

// Events that come from no series: probes and queries. They are posted with the time they belong
// to, in the order of time, each once; a step of more than two intervals is a time that was not
// seen.

extension Ledger {
    /// Counts events of an SLO that no series shows, of an interval that ends at `time`. False
    /// when the SLO is not in force, its groups are too many, or the time is not after the last.
    @discardableResult
    public mutating func post(
        _ counts: EventCounts, service: String, name: String, labels: Labels, at time: Timestamp,
        interval: TimeSpan
    ) -> Bool {
        let entry = entries.firstIndex {
            $0.removedAt == nil && $0.definition.service == service && $0.definition.name == name
        }
        guard let entry, let group = group(in: entry, labels: labels) else { return false }
        let last = groups[group].asOf
        guard time > last else { return false }
        if groups[group].started == nil {
            // What it counts began an interval ago.
            groups[group].observe(time - interval)
        } else if time - last > interval * 2 {
            groups[group].addUnobserved(
                UnobservedInterval(from: last, to: time - interval, weight: 1))
        }
        groups[group].observe(time)
        if time > groups[group].nextEdge { passEdges(of: group, before: time) }
        if groups[group].post(counts, at: time) { dirty.append(group) }
        if !wholes.isEmpty { keepUp(to: time) }
        return true
    }
}

public import Model

// Series that limits shed would have been counted (DESIGN §4.4): what they would have counted for
// is `partial` until a whole window has passed without it. Who that is goes into the log by number,
// at most once a minute each, so a flood of new series costs the log a few bytes.

extension Ledger {
    /// How long one note holds before the next is taken.
    private static let shedStep = TimeSpan.minutes(1)

    /// The groups, and where a group is not known the SLOs, that series shed now would have counted
    /// for: those that have not been told in the last minute. O(series and their selectors).
    public func consumers(ofShed series: [Labels], now: Timestamp) -> [UInt32] {
        var found: Set<UInt32> = []
        for labels in series {
            let name = labels[Labels.metricName] ?? ""
            for index in (entriesByMetric[name] ?? []) + entriesOfAnyMetric
            where !entries[index].definition.sli.claims(on: labels).isEmpty {
                let group = labels.keeping(entries[index].definition.by)
                if let known = entries[index].groupByLabels[group] {
                    if now - groups[known].shedLast < Self.shedStep { continue }
                    found.insert(UInt32(known) << 1)
                } else if now - entries[index].shedLast >= Self.shedStep {
                    found.insert(UInt32(index) << 1 | 1)
                }
            }
        }
        return found.sorted()
    }

    /// Takes over what `consumers` said, here or in the log.
    public mutating func noteShed(_ consumers: [UInt32], now: Timestamp) {
        for consumer in consumers {
            let index = Int(consumer >> 1)
            if consumer & 1 == 0 {
                guard groups.indices.contains(index) else { continue }
                groups[index].shedLast = now
                markDirty(index)
            } else {
                guard entries.indices.contains(index) else { continue }
                entries[index].shedLast = now
                for group in entries[index].groups { markDirty(group) }
            }
        }
    }
}

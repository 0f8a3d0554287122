import Ingest
public import Model
public import Traces

// Events that traces show. They come in any order, each once, at the second in which their span
// ended. A span may stand for others that were not sampled: ratios are of all of those, and the
// test of chance is of the spans that were seen, which the group then counts beside.

/// Which SLO a request of spans is about.
struct SLOKey: Hashable, Sendable {
    let service: String
    let name: String
}

extension Ledger {
    /// Counts what spans changed. O(groups and seconds of the delta).
    public mutating func post(_ delta: SpanDelta, now: Timestamp) {
        guard !delta.groups.isEmpty else { return }
        let numbers = delta.groups.map { number(of: $0, now: now) }
        for count in delta.counts {
            guard let number = numbers[Int(count.group)] else { continue }
            post(count, to: number, now: now)
        }
        for missed in delta.missed {
            guard let number = number(of: missed, now: now) else { continue }
            groups[number].shedLast = now
            markDirty(number)
        }
    }

    private mutating func number(of group: SpanGroup, now: Timestamp) -> Int? {
        let key = SLOKey(service: group.service, name: group.name)
        guard let entry = spanEntries[key] else { return nil }
        guard let number = self.group(in: entry, labels: group.labels) else {
            entries[entry].groupsRefused += 1
            return nil
        }
        // Spans were looked at since the SLO was there, whenever the first came.
        if groups[number].started == nil { groups[number].observe(min(now, entries[entry].since)) }
        return number
    }

    private mutating func post(_ count: SpanCount, to number: Int, now: Timestamp) {
        let time = Timestamp(millis: count.time)
        groups[number].observe(min(time, max(now, groups[number].asOf)), isFirst: false)
        if time > groups[number].nextEdge { passEdges(of: number, before: time) }
        if count.isSampled { groups[number].beginSampling() }
        if !groups[number].drawn.isEmpty {
            let seen = EventCounts(bad: Double(count.bad), total: Double(count.total))
            groups[number].drawn[0].add(seen, at: time, span: .zero)
        }
        let events = EventCounts(bad: count.weightedBad, total: count.weightedTotal)
        if groups[number].post(events, at: time) { dirty.append(number) }
        if !wholes.isEmpty { keepUp(to: min(time, now)) }
    }

    /// Spans have come up to this time: groups without any of late had none.
    public mutating func advanceSpans(to time: Timestamp) {
        for entry in spanEntries.values.sorted() {
            for number in entries[entry].groups
            where groups[number].started != nil && groups[number].asOf < time {
                groups[number].observe(time)
                markDirty(number)
            }
        }
    }

    mutating func indexSpans() {
        spanEntries = [:]
        for (index, entry) in entries.enumerated() where entry.removedAt == nil {
            guard case .spans = entry.definition.sli else { continue }
            spanEntries[SLOKey(service: entry.definition.service, name: entry.definition.name)] =
                index
        }
    }
}

extension GroupLedger {
    /// From now on events and the spans that stand for them differ.
    mutating func beginSampling() {
        if drawn.isEmpty { drawn = [history] }
    }
}

extension Ledger {
    /// That what is counted is more than what was seen.
    func samplingRemark(_ group: GroupLedger, _ verdict: Verdict) -> [String] {
        guard !group.drawn.isEmpty else { return [] }
        return [
            "some spans stand for others that were not sampled: events are of all of those, the "
                + "test of chance is of the spans that were seen"
        ]
    }
}

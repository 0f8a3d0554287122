import Ingest
import Model

// Gauges and what a series says of an SLO without an event.

extension Ledger {
    /// Judges a value of a gauge and counts it in its minute.
    mutating func judge(_ sample: Increment) {
        let index = Role.group(of: sample.slot)
        guard let test = entries[groups[index].slo].gauge else { return }
        let value = sample.isTakenBack ? -sample.value : sample.value
        let isGood = test.isGood(value, at: sample.time)
        if sample.time > groups[index].nextEdge { passEdges(of: index, before: sample.time) }
        if groups[index].post(sample, isGood: isGood, test.rule) { dirty.append(index) }
        if sample.span > .zero {
            // What a gauge showed in a gap is not known, whatever it shows now.
            noteUnobserved(sample.time, sample.span, in: index, isTakenBack: sample.isTakenBack)
        }
        if !wholes.isEmpty { keepUp(to: sample.time) }
    }

    /// Notes that one target of a group was not seen, and of the composites that it is a part of.
    mutating func noteUnobserved(
        _ time: Timestamp, _ span: TimeSpan, in index: Int, isTakenBack: Bool
    ) {
        let expected = groups[index].targets.count { !hasRetired($0) }
        let interval = UnobservedInterval(
            from: time - span, to: time, weight: 1 / Double(max(1, expected)))
        if isTakenBack {
            groups[index].removeUnobserved(interval)
        } else {
            groups[index].addUnobserved(interval)
        }
        for whole in wholes[index] ?? [] {
            noteUnobserved(time, span, in: whole, isTakenBack: isTakenBack)
        }
    }

    /// Notes what of an SLO's series there is.
    mutating func noteSeen(_ labels: Labels, _ claims: [Claim], in entry: Int) {
        for claim in claims where claim.reading != .witness {
            switch claim.role {
            case .total, .totalOfGood: entries[entry].seen.hasTotal = true
            case .bad, .good: entries[entry].seen.hasCounted = true
            case .gauge, .undecided: break
            }
        }
        guard case .latency = entries[entry].definition.sli,
            let bound = labels["le"].flatMap(bucketBound)
        else { return }
        entries[entry].seen.note(bound)
    }
}

extension GroupLedger {
    /// Counts a gauge's sample in its minute and marks the group dirty; true when it was clean.
    mutating func post(_ sample: Increment, isGood: Bool, _ rule: SliceRule) -> Bool {
        if !sample.isTakenBack { observe(sample.time) }
        let change = slices.note(
            sample.time, isGood: isGood, isTakenBack: sample.isTakenBack, rule)
        return post(change, at: sample.time)
    }

    /// Counts what a minute has become, and marks the group dirty; true when it was clean.
    mutating func post(_ change: EventCounts, at time: Timestamp) -> Bool {
        if change != .zero {
            changedSince = min(changedSince, time)
            history.add(change, at: time, span: .zero)
            if change.total != 0 { classify(change.total, .normal, at: time) }
        }
        defer { isDirty = true }
        return !isDirty
    }
}

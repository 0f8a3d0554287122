public import Ingest
public import Model

// What a group's counts are compared with when its series are counted again.

/// How an SLO reads one series.
public struct SeriesReading: Sendable {
    /// What its events are to the SLO.
    public enum Role: String, Sendable {
        case total, bad, good, undecided
    }

    public let role: Role
    /// Each event of it is bad until shown good.
    public let isBadUntilShownGood: Bool
    public let reading: Reading
    public let bound: Double
}

extension SLODefinition {
    /// How it reads a series of these labels; nothing for gauges, which are judged by the minute.
    public func readings(of labels: Labels) -> [SeriesReading] {
        sli.claims(on: labels).compactMap { claim in
            let role: SeriesReading.Role
            switch claim.role {
            case .total, .totalOfGood: role = .total
            case .bad: role = .bad
            case .good: role = .good
            case .undecided: role = .undecided
            case .gauge: return nil
            }
            return SeriesReading(
                role: role, isBadUntilShownGood: claim.role == .totalOfGood,
                reading: claim.reading, bound: claim.bound)
        }
    }
}

/// A group's history at one moment, to be asked on another thread.
public struct GroupPast: Sendable {
    private let history: EventHistory
    /// The first sample that was counted; nil before it.
    public let started: Timestamp?

    init(_ group: GroupLedger) {
        history = group.history
        started = group.started
    }

    /// The events counted since the first edge at or after `time` that is known, gaps included and
    /// nothing left out.
    public func events(since time: Timestamp) -> (from: Timestamp, bad: Double, total: Double) {
        let mark = history.mark(at: time, roundsUp: true)
        let counts = history.total - mark.all
        return (mark.at, counts.bad, counts.total)
    }
}

extension Ledger {
    /// The history of a verdict's group. Shares its memory.
    public func past(of verdict: Verdict) -> GroupPast { GroupPast(groups[verdict.group]) }

    /// The labels of a group by its number.
    public func labels(ofGroup number: Int) -> Labels { groups[number].labels }
}

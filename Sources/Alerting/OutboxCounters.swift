internal import Model

/// What has passed through a queue: `enqueued == delivered + droppedTotal + queued`, always.
public struct OutboxCounters: Hashable, Sendable {
    /// Deliveries taken in.
    public internal(set) var enqueued: UInt64 = 0
    /// Deliveries answered with 2xx.
    public internal(set) var delivered: UInt64 = 0
    /// Requests handed out, retries included.
    public internal(set) var attempts: UInt64 = 0
    /// Attempts that got a refusal worth a retry.
    public internal(set) var retriableRefusals: UInt64 = 0
    /// Requests whose answer was lost at a restart: a receiver that cannot tell may have had them
    /// twice.
    public internal(set) var resent: UInt64 = 0
    /// Notifications in plain words, because a template failed.
    public internal(set) var plain: UInt64 = 0
    private var droppedByReason: [DropReason: UInt64] = [:]
    private var failedByReason: [FailureReason: UInt64] = [:]

    /// Deliveries that left undelivered.
    public func dropped(_ reason: DropReason) -> UInt64 { droppedByReason[reason] ?? 0 }

    /// Attempts that got no answer.
    public func failed(_ reason: FailureReason) -> UInt64 { failedByReason[reason] ?? 0 }

    /// All that left undelivered.
    public var droppedTotal: UInt64 { droppedByReason.values.reduce(0, +) }

    mutating func drop(_ reason: DropReason) { droppedByReason[reason, default: 0] += 1 }
    mutating func fail(_ reason: FailureReason) { failedByReason[reason, default: 0] += 1 }

    mutating func add(_ other: OutboxCounters) {
        enqueued += other.enqueued
        delivered += other.delivered
        attempts += other.attempts
        retriableRefusals += other.retriableRefusals
        resent += other.resent
        plain += other.plain
        for reason in DropReason.allCases where other.dropped(reason) > 0 {
            droppedByReason[reason, default: 0] += other.dropped(reason)
        }
        for reason in FailureReason.allCases where other.failed(reason) > 0 {
            failedByReason[reason, default: 0] += other.failed(reason)
        }
    }
}

extension OutboxCounters {
    mutating func archive(_ archive: inout Archive) {
        archive.counter(&enqueued)
        archive.counter(&delivered)
        archive.counter(&attempts)
        archive.counter(&retriableRefusals)
        archive.counter(&resent)
        archive.counter(&plain)
        Self.archive(&droppedByReason, &archive)
        Self.archive(&failedByReason, &archive)
    }

    /// By the reasons' words, in the order of the cases.
    private static func archive<Reason: Hashable & CaseIterable & RawRepresentable>(
        _ counts: inout [Reason: UInt64], _ archive: inout Archive
    ) where Reason.RawValue == String {
        var pairs = Reason.allCases.compactMap { reason in
            counts[reason].map { (reason.rawValue, $0) }
        }
        archive.array(&pairs, blank: ("", 0)) { archive, pair in
            archive.field(&pair.0)
            archive.counter(&pair.1)
        }
        guard archive.isReading else { return }
        counts = [:]
        for (word, count) in pairs {
            guard let reason = Reason(rawValue: word), counts[reason] == nil else {
                return archive.fail()
            }
            counts[reason] = count
        }
    }
}

public import Model

/// A delivery in its queue, with what the queue must know of it.
struct QueuedDelivery: Hashable, Sendable {
    var delivery: Delivery
    let subject: String
    /// The alerts whose state the body tells; only Alertmanager's are superseded by it.
    let alerts: [Labels]
    let queuedAt: Timestamp
}

/// One destination's queue, in order. Only its head is ever in flight.
struct OutboxLane: Sendable {
    let destination: Destination
    var queue: [QueuedDelivery] = []
    var isInFlight = false
    /// In a row, over all deliveries: it is the destination that is unwell, not one message.
    var failures = 0
    var notBefore = Timestamp.distantPast
    var bytes = 0
    var counters = OutboxCounters()

    init(_ destination: Destination) { self.destination = destination }

    /// When the head may go, or nil: nothing waits, or its answer is awaited.
    var nextDeadline: Timestamp? { isInFlight || queue.isEmpty ? nil : notBefore }

    mutating func append(_ queued: QueuedDelivery) {
        queue.append(queued)
        bytes += queued.delivery.body.count
        counters.enqueued += 1
    }

    /// Hands out the head if it is due.
    mutating func take(at now: Timestamp) -> Delivery? {
        guard let deadline = nextDeadline, deadline <= now else { return nil }
        isInFlight = true
        counters.attempts += 1
        queue[0].delivery.attempt += 1
        return queue[0].delivery
    }

    /// The head failed: it stays, and all behind it wait with it.
    mutating func postpone(at now: Timestamp, retryAfter: TimeSpan?) {
        isInFlight = false
        failures += 1
        let delay =
            retryAfter.map(Backoff.honoured)
            ?? Backoff.delay(failures: failures, id: queue[0].delivery.id)
        notBefore = now + delay
    }

    /// The head was answered for good; the destination is well.
    mutating func settle() -> QueuedDelivery {
        isInFlight = false
        failures = 0
        notBefore = .distantPast
        return remove(at: 0)
    }

    /// The head's answer will never come. It is due at once.
    mutating func restart() {
        guard isInFlight else { return }
        isInFlight = false
        notBefore = .distantPast
    }

    /// The oldest that waits goes, if there is more than the limits allow. The newest stays.
    mutating func dropOldest(countMax: Int, bytesMax: Int) -> QueuedDelivery? {
        guard queue.count > countMax || bytes > bytesMax else { return nil }
        let oldest = isInFlight ? 1 : 0
        guard oldest < queue.count - 1 else { return nil }
        return drop(at: oldest, .queueFull)
    }

    mutating func drop(at index: Int, _ reason: DropReason) -> QueuedDelivery {
        counters.drop(reason)
        return remove(at: index)
    }

    private mutating func remove(at index: Int) -> QueuedDelivery {
        bytes -= queue[index].delivery.body.count
        return queue.remove(at: index)
    }
}

extension OutboxLane {
    /// All but the queue; the destination goes before it.
    mutating func archive(_ archive: inout Archive) {
        archive.field(&isInFlight)
        archive.count(&failures)
        archive.time(&notBefore)
        counters.archive(&archive)
    }

    /// Puts a delivery back behind those that are here. False when their numbers do not ascend.
    mutating func restore(_ queued: QueuedDelivery) -> Bool {
        if let last = queue.last, queued.delivery.id <= last.delivery.id { return false }
        queue.append(queued)
        bytes += queued.delivery.body.count
        return true
    }
}

/// What `/api/v1/outbox` and /metrics show of one destination.
public struct OutboxStatus: Hashable, Sendable {
    /// Whose queue this is.
    public let destination: Destination
    /// Deliveries waiting or in flight.
    public let queued: Int
    /// Whether an answer is awaited.
    public let isInFlight: Bool
    /// Failures in a row; 0 when the last answer was final.
    public let failures: Int
    /// When the head will be tried again, while it waits.
    public let retryAt: Timestamp?
    /// Since when the head waits.
    public let oldestQueuedAt: Timestamp?
    /// Of this destination, since it was configured.
    public let counters: OutboxCounters
}

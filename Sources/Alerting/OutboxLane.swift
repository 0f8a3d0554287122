public import Model

/// A delivery in its queue, with what the queue must know of it.
struct QueuedDelivery: Hashable, Sendable {
    var delivery: Delivery
    let subject: String
    /// The alerts whose state the body tells one by one: what Alertmanagers and webhooks are told.
    let alerts: [Labels]
    let queuedAt: Timestamp
    /// Set when a message that stands already can be changed.
    var update: MessageUpdate?
}

/// One destination's queue, in order. Only its head is ever in flight.
struct OutboxLane: Sendable {
    let destination: Destination
    var queue: [QueuedDelivery] = []
    var isInFlight = false
    /// In a row, over all deliveries: it is the destination that is unwell, not one message.
    var failures = 0
    var notBefore = Timestamp.distantPast
    /// When the destination wants the next message at the earliest.
    var pacedUntil = Timestamp.distantPast
    /// Since when attempts fail, while they do.
    var failingSince: Timestamp?
    /// When the receiver last refused a notification for good.
    var refusedAt: Timestamp?
    /// Why the words of the last notification are plain; empty when they are not.
    var templateFault = ""
    /// Where messages stand, the newest last.
    var references: [MessageReference] = []
    var bytes = 0
    var counters = OutboxCounters()

    init(_ destination: Destination) { self.destination = destination }

    /// When the head may go, or nil: nothing waits, or its answer is awaited.
    var nextDeadline: Timestamp? {
        isInFlight || queue.isEmpty ? nil : max(notBefore, pacedUntil)
    }

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
        if case .receiver(_, let kind, _) = destination { pacedUntil = now + kind.pace }
        return addressed(queue[0])
    }

    /// To the message that stands already, if it is known where.
    private func addressed(_ queued: QueuedDelivery) -> Delivery {
        var delivery = queued.delivery
        if let update = queued.update, let place = reference(of: update.thread) {
            delivery.url = update.url
            delivery.opening = SecretText(SlackMessage.opening(updating: place))
        }
        return delivery
    }

    func reference(of thread: String) -> String? {
        references.last { $0.thread == thread }?.place
    }

    /// Remembers where a message stands; the oldest is forgotten beyond the bound.
    mutating func remember(_ place: String, as thread: String) {
        references.removeAll { $0.thread == thread }
        references.append(MessageReference(thread: thread, place: place))
        references.removeFirst(max(0, references.count - MessageReference.countMax))
    }

    /// The head failed: it stays, and all behind it wait with it.
    mutating func postpone(at now: Timestamp, retryAfter: TimeSpan?, longest: TimeSpan) {
        isInFlight = false
        failures += 1
        failingSince = failingSince ?? now
        let delay =
            retryAfter.map(Backoff.honoured)
            ?? Backoff.delay(failures: failures, id: queue[0].delivery.id, longest: longest)
        notBefore = now + delay
    }

    /// The message to change is gone: the head is sent as a new one, at once.
    mutating func repost() {
        isInFlight = false
        let thread = queue[0].update?.thread
        references.removeAll { $0.thread == thread }
    }

    /// The head was answered for good; the destination is well.
    mutating func settle() -> QueuedDelivery {
        isInFlight = false
        failures = 0
        failingSince = nil
        notBefore = .distantPast
        return remove(at: 0)
    }

    /// The head's answer will never come. It is due at once.
    mutating func restart() {
        guard isInFlight else { return }
        isInFlight = false
        notBefore = .distantPast
        pacedUntil = .distantPast
        counters.resent += 1
    }

    /// Drops what waits and tells of `subject` no alert but those that newer word tells of too.
    mutating func supersede(_ subject: String, by alerts: [Labels]) {
        let first = isInFlight ? 1 : 0
        var told: Set<Labels>?
        for position in queue.indices.reversed()
        where position >= first && queue[position].subject == subject {
            let known = told ?? Set(alerts)
            told = known
            if queue[position].alerts.allSatisfy(known.contains) {
                _ = drop(at: position, .superseded)
            }
        }
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
        archive.time(&pacedUntil)
        archive.time(&failingSince)
        archive.time(&refusedAt)
        archive.field(&templateFault)
        archive.array(&references, blank: MessageReference(thread: "", place: "")) {
            $0.field(&$1.thread)
            $0.field(&$1.place)
        }
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

/// Where a message stands, so that it can be changed.
struct MessageReference: Hashable, Sendable {
    /// Remembered of one destination.
    static let countMax = 1000

    var thread: String
    /// As the receiver names it.
    var place: String
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
    /// Since when attempts fail, while they do.
    public var failingSince: Timestamp?
    /// Why the words of its last notification are plain; empty when they are not.
    public var templateFault = ""
}

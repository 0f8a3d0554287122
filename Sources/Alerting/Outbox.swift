public import Model

// The delivery queue. At least once: a delivery stays until it is delivered, refused for good or
// pushed out by a limit. Per destination one request is in flight and the order is kept, so a
// receiver never hears "firing" after the "resolved" that followed it.

/// All deliveries that have not arrived, by destination.
public struct Outbox: Sendable {
    /// Set by `Notifier.configure`. Lowered limits take effect at the next delivery queued.
    public var limits: NotifierLimits
    /// Set by `Notifier.configure`.
    public var settings = DeliverySettings()
    /// The latest dead letters, oldest first. Bounded by `limits.deadLetters`.
    public private(set) var deadLetters: [DeadLetter] = []

    /// Sorted by destination.
    private(set) var lanes: [OutboxLane] = []
    /// The counters of destinations that are no longer configured.
    private var retired = OutboxCounters()
    private var lastID: UInt64 = 0
    private var lost: [DeliveryID] = []

    /// An empty outbox.
    public init(limits: NotifierLimits = NotifierLimits()) { self.limits = limits }

    /// The sum over all destinations, past ones included.
    public var counters: OutboxCounters {
        var sum = retired
        for lane in lanes { sum.add(lane.counters) }
        return sum
    }

    /// Deliveries waiting or in flight.
    public var queued: Int { lanes.reduce(0) { $0 + $1.queue.count } }

    /// When `take` has something next. O(destinations).
    public var nextDeadline: Timestamp? { lanes.compactMap(\.nextDeadline).min() }

    /// Each destination's queue, sorted by destination.
    public var statuses: [OutboxStatus] {
        lanes.map { lane in
            OutboxStatus(
                destination: lane.destination, queued: lane.queue.count,
                isInFlight: lane.isInFlight, failures: lane.failures,
                retryAt: lane.failures > 0 ? lane.nextDeadline : nil,
                oldestQueuedAt: lane.queue.first?.queuedAt, counters: lane.counters,
                failingSince: lane.failingSince, templateFault: lane.templateFault)
        }
    }

    /// Queues one request. May push out the oldest of its destination.
    @discardableResult
    mutating func enqueue(_ request: OutboxRequest, at now: Timestamp) -> DeliveryID {
        lastID += 1
        let id = DeliveryID(lastID)
        let index = lane(of: request.destination)
        lanes[index].templateFault = request.templateFault ?? ""
        if request.templateFault != nil { lanes[index].counters.plain += 1 }
        lanes[index].append(request.queued(as: id, at: now))
        if settings.isDryRun {
            let withheld = lanes[index].drop(at: lanes[index].queue.count - 1, .dryRun)
            remember(withheld, .dryRun, status: nil, at: now)
            return id
        }
        while let dropped = lanes[index].dropOldest(
            countMax: limits.deliveriesPerDestination, bytesMax: limits.bytesPerDestination)
        {
            bury(dropped, .queueFull, status: nil, at: now)
        }
        return id
    }

    /// Queues what one group has for one destination, in place of what waits there of it. Nil when
    /// there is nothing.
    mutating func enqueue(
        _ requests: [OutboxRequest], superseding isNewer: Bool, at now: Timestamp
    ) -> DeliveryID? {
        if isNewer, let first = requests.first {
            lanes[lane(of: first.destination)].supersede(first.subject, by: first.alerts)
        }
        return requests.reduce(nil) { enqueue($1, at: now) }
    }

    /// Drops what waits for an Alertmanager and speaks only of `alerts`: newer word follows.
    mutating func supersede(_ alerts: Set<Labels>, at destination: Destination) {
        let index = lane(of: destination)
        let first = lanes[index].isInFlight ? 1 : 0
        for position in lanes[index].queue.indices.reversed() where position >= first {
            if lanes[index].queue[position].alerts.allSatisfy(alerts.contains) {
                _ = lanes[index].drop(at: position, .superseded)
            }
        }
    }

    /// The deliveries to send now, at most one per destination, in the order of destinations.
    public mutating func take(at now: Timestamp) -> [Delivery] {
        lanes.indices.compactMap { lanes[$0].take(at: now) }
    }

    /// Takes the answer to a delivery. One that is not in flight (any more) changes nothing.
    public mutating func delivered(_ id: DeliveryID, _ outcome: Outcome, at now: Timestamp) {
        let waiting = lanes.firstIndex { $0.isInFlight && $0.queue.first?.delivery.id == id }
        guard let index = waiting else { return }
        switch outcome {
        case .delivered:
            _ = lanes[index].settle()
            lanes[index].counters.delivered += 1
        case .posted(_, let place):
            let posted = lanes[index].settle()
            lanes[index].counters.delivered += 1
            if let update = posted.update { lanes[index].remember(place, as: update.thread) }
        case .refused(let status, let retryAfter):
            if Self.isWorthRetrying(status) {
                lanes[index].counters.retriableRefusals += 1
                lanes[index].postpone(
                    at: now, retryAfter: retryAfter, longest: settings.backoffMax)
            } else {
                refuse(index, status: status, word: "", at: now)
            }
        case .rejected(let status, let word):
            let thread = lanes[index].queue[0].update?.thread
            if let thread, lanes[index].reference(of: thread) != nil,
                SlackMessage.isGone(word)
            {
                lanes[index].repost()
            } else {
                refuse(index, status: status, word: word, at: now)
            }
        case .failed(let reason):
            lanes[index].counters.fail(reason)
            lanes[index].postpone(at: now, retryAfter: nil, longest: settings.backoffMax)
        }
    }

    private mutating func refuse(_ index: Int, status: Int, word: String, at now: Timestamp) {
        let refused = lanes[index].settle()
        lanes[index].refusedAt = now
        lanes[index].counters.drop(.refused)
        bury(refused, .refused, status: status, word: word, at: now)
    }

    /// After a replay: the answers to what was in flight are lost, so it is sent again.
    public mutating func restarted() {
        for index in lanes.indices { lanes[index].restart() }
    }

    /// Keeps the queues of `destinations` only. Answers to the others' deliveries are ignored.
    mutating func keep(_ destinations: Set<Destination>, at now: Timestamp) {
        for index in lanes.indices where !destinations.contains(lanes[index].destination) {
            while !lanes[index].queue.isEmpty {
                let dropped = lanes[index].drop(at: 0, .destinationRemoved)
                bury(dropped, .destinationRemoved, status: nil, at: now)
            }
            retired.add(lanes[index].counters)
        }
        lanes.removeAll { !destinations.contains($0.destination) }
    }

    /// The deliveries that died since the last call, so that a group can notify again.
    mutating func takeLost() -> [DeliveryID] {
        defer { lost = [] }
        return lost
    }

    private static func isWorthRetrying(_ status: Int) -> Bool {
        status == 408 || status == 429 || (500...599).contains(status)
    }

    private mutating func bury(
        _ queued: QueuedDelivery, _ reason: DropReason, status: Int?, word: String = "",
        at now: Timestamp
    ) {
        lost.append(queued.delivery.id)
        remember(queued, reason, status: status, word: word, at: now)
    }

    private mutating func remember(
        _ queued: QueuedDelivery, _ reason: DropReason, status: Int?, word: String = "",
        at now: Timestamp
    ) {
        let delivery = queued.delivery
        deadLetters.append(
            DeadLetter(
                id: delivery.id, destination: delivery.destination, subject: queued.subject,
                reason: reason, status: status, word: word, key: delivery.key,
                attempts: delivery.attempt, at: now))
        deadLetters.removeFirst(max(0, deadLetters.count - limits.deadLetters))
    }

    private mutating func lane(of destination: Destination) -> Int {
        let index = lanes.firstIndex { $0.destination >= destination } ?? lanes.count
        if index == lanes.count || lanes[index].destination != destination {
            lanes.insert(OutboxLane(destination), at: index)
        }
        return index
    }
}

// In a checkpoint: the figures, then each lane and, one by one, its deliveries, then the dead
// letters.
extension Outbox {
    mutating func archiveFigures(_ archive: inout Archive) {
        archive.counter(&lastID)
        retired.archive(&archive)
        archive.array(&lost, blank: DeliveryID(0)) { $0.id(&$1) }
    }

    mutating func archiveDeadLetters(_ archive: inout Archive) {
        archive.array(&deadLetters, blank: .blank) { $0.letter(&$1) }
    }

    /// Puts a lane back. False when they do not ascend.
    mutating func restore(_ lane: OutboxLane) -> Bool {
        if let last = lanes.last, lane.destination <= last.destination { return false }
        lanes.append(lane)
        return true
    }

    /// Puts a delivery back into the last lane.
    mutating func restore(_ queued: QueuedDelivery) -> Bool {
        guard let last = lanes.indices.last, queued.delivery.id.number <= lastID,
            queued.delivery.destination == lanes[last].destination
        else { return false }
        return lanes[last].restore(queued)
    }
}

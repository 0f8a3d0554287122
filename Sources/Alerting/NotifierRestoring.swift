internal import Model

// Reading what `NotifierSections` wrote.

/// How many of each follow the head of a checkpoint.
struct NotifierCensus: Equatable, Sendable {
    var alerts = 0
    var groups = 0
    var lanes = 0
    var deliveries = 0

    init() {}

    init(_ notifier: Notifier) {
        alerts = notifier.book.count
        groups = notifier.groups.count
        lanes = notifier.outbox.lanes.count
        deliveries = notifier.outbox.queued
    }

    mutating func archive(_ archive: inout Archive) {
        archive.count(&alerts)
        archive.count(&groups)
        archive.count(&lanes)
        archive.count(&deliveries)
    }
}

/// What a notifier knows while it is being restored.
struct NotifierRestoring: Sendable {
    /// Of a record whose rest is in a section to come.
    var bytes: [UInt8] = []
    var expected: NotifierCensus?
    var destinations: Set<Destination> = []
    var last = NotifierRecord.head
}

extension Notifier {
    /// The notifier as it is now, to be written out while it goes on. O(1).
    public func sections() -> NotifierSections { NotifierSections(self) }

    /// Reads one section; all must come, in their order, into a notifier that `configure` gave the
    /// settings that were in force. False when the bytes are damaged or the settings are others:
    /// throw the notifier away.
    public mutating func restore(_ section: [UInt8]) -> Bool {
        var state = restoring ?? NotifierRestoring()
        restoring = nil
        let bytes = state.bytes + section
        var reader = ByteReader(bytes)
        var start = 0
        while let range = reader.lengthPrefixedRange() {
            guard restoreRecord(Array(bytes[range]), &state) else { return false }
            start = range.upperBound
        }
        state.bytes = Array(bytes[start...])
        restoring = state
        return true
    }

    /// Ends the restoring. False when sections are missing: throw the notifier away.
    @discardableResult
    public mutating func finishRestore() -> Bool {
        guard let state = restoring else { return false }
        restoring = nil
        return state.bytes.isEmpty && state.last == .deadLetters
            && state.expected == NotifierCensus(self)
            && outbox.lanes.allSatisfy { !$0.isInFlight || !$0.queue.isEmpty }
    }

    private mutating func restoreRecord(
        _ bytes: [UInt8], _ state: inout NotifierRestoring
    ) -> Bool {
        var archive = Archive(reading: bytes)
        var kind = NotifierRecord.head
        archive.field(&kind)
        guard archive.isSound, kind.follows(state.last, isFirst: state.expected == nil) else {
            return false
        }
        state.last = kind
        switch kind {
        case .head:
            startAnew()
            state.expected = archiveHead(&archive)
            state.destinations = settings.destinations
            return archive.isComplete
        case .alert:
            var alert = Alert.blank
            archive.alert(&alert)
            return archive.isComplete && restore(alert)
        case .retained: archiveRetained(&archive)
        case .group: return restoreGroup(&archive)
        case .lane:
            var destination = Destination.alertmanager(url: "")
            archive.destination(&destination)
            var lane = OutboxLane(destination)
            lane.archive(&archive)
            return archive.isComplete && state.destinations.contains(destination)
                && restore(lane)
        case .delivery:
            var queued = QueuedDelivery.blank
            archive.queued(&queued)
            return archive.isComplete && restore(queued)
        case .deadLetters: archiveDeadLetters(&archive)
        }
        return archive.isComplete
    }

    private mutating func restoreGroup(_ archive: inout Archive) -> Bool {
        var key = ""
        var labels = Labels.empty
        archive.field(&key)
        archive.field(&labels)
        guard archive.isSound, let route = router?.route(named: key) else { return false }
        var group = NotificationGroup(
            GroupID(routeKey: key, labels: labels), route, at: .distantPast)
        group.archive(&archive)
        return archive.isComplete && restore(group)
    }
}

extension NotifierRecord {
    /// Whether it may come after `last`; only the head can be, and must be, the first.
    fileprivate func follows(_ last: NotifierRecord, isFirst: Bool) -> Bool {
        switch self {
        case .head: isFirst
        case .alert: !isFirst && (last == .head || last == .alert)
        case .retained: !isFirst && (last == .head || last == .alert)
        case .group: last == .retained || last == .group
        case .lane:
            last == .retained || last == .group || last == .lane || last == .delivery
        case .delivery: last == .lane || last == .delivery
        case .deadLetters:
            last == .retained || last == .group || last == .lane || last == .delivery
        }
    }
}

internal import Model

// Alertmanager's aggregation group (dispatch/dispatch.go) and deduplication (notify/notify.go,
// DedupStage.needsUpdate). A group is flushed group_wait after its first alert and then each
// group_interval; a flush notifies a webhook only if there is something new for it. What differs:
// - Flushes stay on the group's own grid, so a late tick does not shift those after it, and
//   repeat_interval is measured on that grid: it has passed when it is over, not a tick later.
// - Queued is notified: the outbox delivers. If it cannot, the record is forgotten and the group
//   notifies again at its next flush, as Alertmanager does after a failure.

/// What one webhook was last told of a group.
struct NotificationRecord: Sendable {
    private(set) var firing: Set<Labels>
    private(set) var resolved: Set<Labels>
    private(set) var at: Timestamp
    /// nil when there was nothing to send: only resolved alerts and no wish to hear of them.
    private(set) var delivery: DeliveryID?
}

/// The alerts that are told together.
struct NotificationGroup: Sendable {
    let id: GroupID
    var route: RouteSettings
    /// By identity. Resolved ones stay until a flush has told of them.
    var members = SplitTable<Labels, Alert>()
    var records: [Destination: NotificationRecord] = [:]
    private(set) var nextFlush: Timestamp
    private var hasFlushed = false
    /// When its first alert came: with `told`, what makes one notification another.
    private var bornAt: Timestamp
    private var told: UInt64 = 0
    /// The next flush notifies, whatever was told before.
    var hasNews = false

    init(_ id: GroupID, _ route: RouteSettings, at now: Timestamp) {
        self.id = id
        self.route = route
        nextFlush = now + route.groupWait
        bornAt = now
    }

    /// A new group that continues where `previous`, of another configuration, was.
    init(continuing previous: NotificationGroup, _ route: RouteSettings, at now: Timestamp) {
        id = previous.id
        self.route = route
        records = previous.records
        hasNews = previous.hasNews
        hasFlushed = previous.hasFlushed
        bornAt = previous.bornAt
        told = previous.told
        let wait = hasFlushed ? route.groupInterval : route.groupWait
        nextFlush = min(previous.nextFlush, now + wait)
    }

    /// An alert fired, or a member resolved.
    mutating func insert(_ alert: Alert, at now: Timestamp) {
        members[alert.labels] = alert
        // An alert that has waited group_wait already, before it came here, waits no more.
        if !hasFlushed, let startsAt = alert.startsAt, startsAt + route.groupWait < now {
            nextFlush = min(nextFlush, now)
        }
    }

    /// Moves to the next flush of the grid and returns the time of the one that is due.
    mutating func beginFlush(at now: Timestamp) -> Timestamp {
        let due = nextFlush
        let interval = max(route.groupInterval, .seconds(1))
        hasFlushed = true
        nextFlush = due + interval > now ? due + interval : now + interval
        return due
    }

    /// What tells a notification of this group from all others, and a group's life from its next.
    mutating func nextNotification(
        of alerts: [OutwardAlert], to destination: Destination, _ settings: NotifierSettings,
        at now: Timestamp
    ) -> Notification {
        told += 1
        let life = "\(destination.name)\n\(id.text)\n\(bornAt.millis)"
        let status = alerts.contains { $0.alert.isFiring } ? "firing" : "resolved"
        func name(_ text: String) -> String {
            String(SHA256.hexadecimal(Array(text.utf8)).prefix(32))
        }
        return Notification(
            receiver: destination.receiver, group: id, externalURL: settings.externalURL,
            alerts: alerts, now: now, key: name("\(life)\n\(told)\n\(status)"),
            thread: name(life))
    }

    /// Whether somebody was told that an alert fires which has ended.
    func mustHearEnd(of alert: Alert) -> Bool {
        alert.isResolved && records.values.contains { $0.firing.contains(alert.labels) }
    }

    /// At a flush that may tell nothing: what ended and nobody was told of, nobody will be. What
    /// was told stays until its end can be.
    mutating func forgetUntold() {
        for alert in members.values where alert.isResolved && !mustHearEnd(of: alert) {
            members[alert.labels] = nil
        }
    }

    /// Whether there are news; they are taken.
    mutating func takeNews() -> Bool {
        defer { hasNews = false }
        return hasNews
    }

    /// Whether a webhook must hear of this state. Alertmanager's `needsUpdate`, line by line.
    func needsNotification(
        _ destination: Destination, firing: Set<Labels>, resolved: Set<Labels>,
        sendResolved: Bool, at due: Timestamp
    ) -> Bool {
        guard let record = records[destination] else { return !firing.isEmpty }
        if !firing.isSubset(of: record.firing) { return true }
        // Also without send_resolved: the record must forget what fired.
        if firing.isEmpty { return !record.firing.isEmpty }
        if sendResolved && !resolved.isSubset(of: record.resolved) { return true }
        return due - record.at >= route.repeatInterval
    }
}

extension NotificationGroup {
    /// What the settings do not say; the identity and the route go before it.
    mutating func archive(_ archive: inout Archive) {
        archive.time(&nextFlush)
        archive.field(&hasFlushed)
        archive.time(&bornAt)
        archive.counter(&told)
        archive.field(&hasNews)
        var alerts = members.values.sorted { $0.labels < $1.labels }
        archive.array(&alerts, blank: .blank) { $0.alert(&$1) }
        var told = records.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let blank = NotificationRecord(
            firing: [], resolved: [], at: .distantPast, delivery: nil)
        archive.array(&told, blank: (.alertmanager(url: ""), blank)) { archive, entry in
            archive.destination(&entry.0)
            entry.1.archive(&archive)
        }
        guard archive.isReading else { return }
        for alert in alerts { members[alert.labels] = alert }
        for (destination, record) in told { records[destination] = record }
        if members.count != alerts.count || records.count != told.count { archive.fail() }
    }
}

extension NotificationRecord {
    fileprivate mutating func archive(_ archive: inout Archive) {
        archive.labels(&firing)
        archive.labels(&resolved)
        archive.time(&at)
        archive.optional(&delivery, blank: DeliveryID(0)) { $0.id(&$1) }
    }
}

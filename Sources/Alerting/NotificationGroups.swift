internal import Model

/// All groups: places alerts, flushes what is due. Bounded by `limits.groupedAlerts`.
struct NotificationGroups: Sendable {
    /// Alerts that found no room; they are not told of until they fire anew.
    private(set) var refused: UInt64 = 0
    /// The earliest flush of all groups.
    private(set) var nextFlush: Timestamp?

    private var groups = SplitTable<GroupID, NotificationGroup>()
    private var memberCount = 0

    var count: Int { groups.count }

    /// An alert fired or resolved.
    mutating func note(
        _ alert: Alert, _ settings: NotifierSettings, _ router: Router?, isNews: Bool = false,
        at now: Timestamp
    ) {
        guard let router else { return }
        let labels = settings.outward(alert)
        for (key, route) in router.routes(for: labels) {
            let id = GroupID(
                routeKey: key, grouping: DeliveryTrouble.grouping(of: labels, route), of: labels)
            let isMember = groups[id]?.members[alert.labels] != nil
            // The end of something that was never to be told of.
            if alert.isResolved && !isMember { continue }
            if !isMember {
                guard memberCount < settings.limits.groupedAlerts else {
                    refused += 1
                    continue
                }
                memberCount += 1
            }
            insert(alert, in: id, route, at: now)
            if isNews { groups[id]?.hasNews = true }
        }
    }

    /// Flushes the groups that are due, sorted, and queues their notifications. O(groups).
    mutating func flush(
        _ book: AlertBook, _ settings: NotifierSettings, _ muting: Muting,
        _ templates: NotificationTemplates, at now: Timestamp, into outbox: inout Outbox
    ) {
        guard let next = nextFlush, next <= now else { return }
        let due = groups.values.filter { $0.nextFlush <= now }.map(\.id).sorted()
        for id in due {
            guard var group = groups[id] else { continue }
            // Out of the table, so that it is not copied when it changes.
            groups[id] = nil
            memberCount -= group.members.count
            Self.flush(&group, book, settings, muting, templates, at: now, into: &outbox)
            memberCount += group.members.count
            // All told: the records say that nothing fires, which is what no record says.
            if !group.members.isEmpty { groups[id] = group }
        }
        nextFlush = groups.values.map(\.nextFlush).min()
    }

    /// A notification died: its webhook is told again at the group's next flush.
    mutating func forget(_ delivery: DeliveryID) {
        for group in groups.values {
            for (destination, record) in group.records where record.delivery == delivery {
                groups[group.id]?.records[destination] = nil
            }
        }
    }

    /// Places all alerts anew. A group whose route and labels are unchanged goes on as it was.
    mutating func configure(
        _ book: AlertBook, _ settings: NotifierSettings, _ router: Router?, at now: Timestamp
    ) {
        let previous = groups
        let members = previous.keys.sorted().flatMap { id in
            (previous[id]?.members.values ?? []).sorted { $0.labels < $1.labels }
        }
        groups = SplitTable()
        memberCount = 0
        nextFlush = nil
        guard let router else { return }
        for alert in members + book.alerts.filter(\.isFiring) {
            let labels = settings.outward(alert)
            for (key, route) in router.routes(for: labels) {
                let id = GroupID(
                    routeKey: key, grouping: DeliveryTrouble.grouping(of: labels, route), of: labels
                )
                if groups[id] == nil, let old = previous[id] {
                    groups[id] = NotificationGroup(continuing: old, route, at: now)
                }
                guard groups[id]?.members[alert.labels] == nil else { continue }
                memberCount += 1
                insert(alert, in: id, route, at: now)
            }
        }
    }

    /// In place: a group may have ten thousand members.
    private mutating func insert(
        _ alert: Alert, in id: GroupID, _ route: RouteSettings, at now: Timestamp
    ) {
        if groups[id] == nil { groups[id] = NotificationGroup(id, route, at: now) }
        groups[id]?.insert(alert, at: now)
        guard let flush = groups[id]?.nextFlush else { return }
        nextFlush = min(nextFlush ?? flush, flush)
    }

    private static func flush(
        _ group: inout NotificationGroup, _ book: AlertBook, _ settings: NotifierSettings,
        _ muting: Muting, _ templates: NotificationTemplates, at now: Timestamp,
        into outbox: inout Outbox
    ) {
        let due = group.beginFlush(at: now)
        if muting.mutes(group.route) { return group.forgetUntold() }
        // A firing member's annotations may be newer in the book; a resolved one's may be gone.
        let alerts = group.members.values
            .map { muting.shown($0, book) }
            .map { OutwardAlert($0, externalLabels: settings.externalLabels) }
            .filter { !muting.mutes($0) || group.mustHearEnd(of: $0.alert) }
            .sorted()
        let ended = group.members.values.filter(\.isResolved).map(\.labels)
        defer { for key in ended { group.members[key] = nil } }
        // What is muted counts as if it were not there.
        if alerts.isEmpty { return }
        let firing = Set(alerts.filter { $0.alert.isFiring }.map(\.alert.labels))
        let resolved = Set(alerts.filter { $0.alert.isResolved }.map(\.alert.labels))
        let isNews = group.takeNews()
        for (destination, integration) in settings.integrations(telling: alerts, of: group)
        where
            isNews
            || group.needsNotification(
                destination, firing: firing, resolved: resolved,
                sendResolved: integration.sendResolved, at: due)
        {
            let told = integration.sendResolved ? alerts : alerts.filter { $0.alert.isFiring }
            var delivery: DeliveryID?
            if !told.isEmpty {
                let notification = group.nextNotification(
                    of: told, to: destination, settings, at: now)
                let writer = MessageWriter(integration: integration, templates: templates)
                delivery = outbox.enqueue(
                    writer.requests(for: notification), superseding: integration.isStateful,
                    at: now)
            }
            group.records[destination] = NotificationRecord(
                firing: firing, resolved: resolved, at: due, delivery: delivery)
        }
    }
}

extension NotificationGroups {
    mutating func archiveFigures(_ archive: inout Archive) { archive.counter(&refused) }

    /// All of them, sorted.
    var sorted: [NotificationGroup] { groups.values.sorted { $0.id < $1.id } }

    /// Puts a group back. False if it is here already, or without members.
    mutating func restore(_ group: NotificationGroup) -> Bool {
        guard groups[group.id] == nil, !group.members.isEmpty else { return false }
        groups[group.id] = group
        memberCount += group.members.count
        nextFlush = min(nextFlush ?? group.nextFlush, group.nextFlush)
        return true
    }
}

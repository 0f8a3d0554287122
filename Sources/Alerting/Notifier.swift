public import Model

// The facade. Observations change the book; what changed is told at the next `takeDeliveries`, so
// that alerts which fire in one event leave in one batch. Time is the largest `now` seen.

/// Alerts from observation to delivery. One value, driven by events; holds no clock and no socket.
///
/// After each event: `for delivery in notifier.takeDeliveries() { ... }`, then wait for the next
/// event, at most until `nextDeadline`, and then `advance(to:)`.
public struct Notifier: Sendable {
    /// The alerts and their states.
    public internal(set) var book: AlertBook
    /// The queues, dead letters and delivery counters.
    public private(set) var outbox: Outbox
    /// As last configured.
    public private(set) var settings: NotifierSettings

    private var feed = AlertmanagerFeed()
    private(set) var groups = NotificationGroups()
    /// Of the settings, compiled.
    private(set) var router: Router?
    private(set) var inhibitor: Inhibitor
    private var templates: NotificationTemplates
    /// Destinations whose failing is an alert, sorted.
    private var troubled: [Destination] = []
    /// What people silenced.
    public internal(set) var silences = SilenceBook()
    private(set) var flaps: FlapBook
    /// When alerts end that nobody speaks of again.
    var endings = Endings()
    /// Alerts that ended by themselves since they were last asked for.
    var ended: [Labels] = []
    private(set) var now = Timestamp.distantPast
    /// Between the first section of a checkpoint and `finishRestore`.
    var restoring: NotifierRestoring?

    /// A notifier without alerts.
    public init(_ settings: NotifierSettings = NotifierSettings()) {
        self.settings = settings
        router = settings.route.map(Router.init)
        inhibitor = Inhibitor(settings.inhibitRules)
        templates = settings.compiledTemplates
        book = AlertBook(alertsMax: settings.limits.alerts)
        outbox = Outbox(limits: settings.limits)
        outbox.settings = settings.delivery
        flaps = FlapBook(trackedMax: settings.limits.alerts)
    }

    /// Pending, firing and lately resolved alerts, sorted by labels.
    public var alerts: [Alert] { book.alerts }
    /// How many notification groups there are.
    public var groupCount: Int { groups.count }
    /// Alerts that no group had room for.
    public var groupRefusals: UInt64 { groups.refused }

    /// When to call `advance` at the latest; nil if only an event can change anything.
    public var nextDeadline: Timestamp? {
        [
            book.nextDeadline, feed.nextDeadline(at: now), groups.nextFlush, outbox.nextDeadline,
            outbox.nextTrouble(after: now),
            endings.nextDeadline, flaps.nextDeadline,
        ].compactMap { $0 }.min()
    }

    /// Takes new settings. Alerts, their states and the queues of kept destinations stay.
    public mutating func configure(_ settings: NotifierSettings) {
        let isFeedChanged =
            settings.alertmanagers != self.settings.alertmanagers
            || settings.externalLabels != self.settings.externalLabels
        self.settings = settings
        router = settings.route.map(Router.init)
        inhibitor = Inhibitor(settings.inhibitRules)
        templates = settings.compiledTemplates
        book.alertsMax = settings.limits.alerts
        flaps.trackedMax = settings.limits.alerts
        outbox.limits = settings.limits
        outbox.settings = settings.delivery
        outbox.keep(settings.destinations, at: now)
        forgetLost()
        groups.configure(book, settings, router, at: now)
        if isFeedChanged { feed.startOver(at: now) }
    }

    /// Takes one evaluation's word on one alert. See `AlertBook.observe`.
    @discardableResult
    public mutating func observe(
        _ observation: Observation, of key: Labels, details: AlertDetails, hold: TimeSpan,
        at time: Timestamp, now: Timestamp
    ) -> AlertChange? {
        if observation == .clear && settings.resolveHold > .zero && book.state(of: key).isFiring {
            return release(key, at: time, now: now)
        }
        see(now)
        if observation == .breaching { endings.remove(key) }
        let change = book.observe(
            observation, of: key, details: details, hold: hold, at: time, now: self.now)
        tell(change, of: key)
        return change
    }

    /// Takes a firing alert whose life its rule keeps. See `AlertBook.adopt`.
    @discardableResult
    public mutating func adopt(
        _ state: AlertState, of key: Labels, details: AlertDetails, now: Timestamp
    ) -> AlertChange? {
        see(now)
        endings.remove(key)
        let change = book.adopt(state, of: key, details: details, now: self.now)
        tell(change, of: key)
        return change
    }

    /// Ends an alert that its rule does not report any more, once the settings' hold has passed.
    @discardableResult
    public mutating func release(
        _ key: Labels, at time: Timestamp, now: Timestamp
    ) -> AlertChange? {
        guard settings.resolveHold > .zero, book.state(of: key).isFiring else {
            return resolve(key, reason: .cleared, at: time, now: now)
        }
        see(now)
        if endings[key] == nil { endings.set(self.now + settings.resolveHold, of: key) }
        return nil
    }

    /// Ends an alert whose group or rule is no more.
    @discardableResult
    public mutating func resolve(
        _ key: Labels, reason: ResolveReason, at time: Timestamp, now: Timestamp
    ) -> AlertChange? {
        see(now)
        endings.remove(key)
        let change = book.resolve(key, reason: reason, at: time, now: self.now)
        tell(change, of: key)
        return change
    }

    /// Does what is due: resends, group flushes, expiry. O(1) if nothing is.
    public mutating func advance(to now: Timestamp) {
        see(now)
        book.expire(at: self.now)
        endOverdue()
        for alert in flaps.calm(settings.flapping, at: self.now) {
            groups.note(alert, settings, router, at: self.now)
        }
        feedAlertmanagers()
        if let flush = groups.nextFlush, flush <= self.now {
            groups.flush(
                book, settings, muting(at: self.now), templates, at: self.now, into: &outbox)
        }
        forgetLost()
    }

    /// Takes the answer to a delivery. One that is unknown or not in flight changes nothing.
    public mutating func delivered(_ id: DeliveryID, _ outcome: Outcome, now: Timestamp) {
        see(now)
        outbox.delivered(id, outcome, at: self.now)
        forgetLost()
    }

    /// After a replay: what was in flight is sent again, since its answers are unknown.
    public mutating func restarted() { outbox.restarted() }

    /// The deliveries to send now, at most one per destination, each once per attempt.
    public mutating func takeDeliveries() -> [Delivery] {
        advance(to: now)
        return outbox.take(at: now)
    }

    /// Looks at how deliveries fare: a destination that fails is an alert, told to others. Returns
    /// what has changed. O(destinations).
    public mutating func watchDeliveries(now: Timestamp) -> [DeliveryNews] {
        see(now)
        let troubles = outbox.troubles(at: self.now)
        if troubles.isEmpty && troubled.isEmpty { return [] }
        var news: [DeliveryNews] = []
        for trouble in troubles {
            let change = observe(
                .breaching, of: trouble.key, details: trouble.details, hold: .zero, at: self.now,
                now: self.now)
            news.append(
                DeliveryNews(change: change, key: trouble.key, summary: trouble.summary))
        }
        let known = troubles.map(\.destination)
        for destination in troubled where !known.contains(destination) {
            let key = DeliveryTrouble.key(of: destination, settings.delivery.failingSeverity)
            let change = observe(
                .clear, of: key, details: AlertDetails(), hold: .zero, at: self.now,
                now: self.now)
            news.append(DeliveryNews(change: change, key: key, summary: ""))
        }
        troubled = known
        return news.filter { $0.change != nil }
    }

    mutating func see(_ now: Timestamp) { self.now = max(self.now, now) }

    mutating func tell(_ change: AlertChange?, of key: Labels) {
        switch change {
        case nil, .pendingBegan, .cleared: return
        case .fired, .resolved:
            guard let alert = book[key] else { return }
            // Without Alertmanagers there is nothing to wake for; new ones are told everything.
            if !settings.alertmanagers.isEmpty { feed.note(key) }
            guard let flapping = settings.flapping, key != settings.watchdog?.key else {
                return groups.note(alert, settings, router, at: now)
            }
            switch flaps.take(alert, flapping, at: now) {
            case .usual: groups.note(alert, settings, router, at: now)
            case .began(let summary):
                groups.note(summary, settings, router, isNews: true, at: now)
            case .held: break
            }
        }
    }

    private mutating func feedAlertmanagers() {
        let batches = feed.batches(of: book, settings, at: now)
        guard !batches.isEmpty else { return }
        let alerts = Set(batches.flatMap(\.alerts))
        for url in settings.alertmanagerURLs {
            outbox.supersede(alerts, at: .alertmanager(url: url))
            for batch in batches { outbox.enqueue(.batch(batch, to: url), at: now) }
        }
    }

    private mutating func forgetLost() {
        for id in outbox.takeLost() { groups.forget(id) }
    }
}

// The parts' own restoring, in one place: `NotifierRestoring.swift` says in which order.
extension Notifier {
    /// What comes first. Returns how many of each follow.
    @discardableResult
    mutating func archiveHead(_ archive: inout Archive) -> NotifierCensus {
        var version = NotifierSections.version
        var census = NotifierCensus(self)
        archive.field(&version)
        if version != NotifierSections.version { archive.fail() }
        census.archive(&archive)
        archive.time(&now)
        feed.archive(&archive)
        book.archiveFigures(&archive)
        groups.archiveFigures(&archive)
        outbox.archiveFigures(&archive)
        archive.array(&troubled, blank: .alertmanager(url: "")) { $0.destination(&$1) }
        silences.archive(&archive)
        flaps.archive(&archive)
        endings.archive(&archive)
        return census
    }

    mutating func startAnew() {
        book = AlertBook(alertsMax: settings.limits.alerts)
        outbox = Outbox(limits: settings.limits)
        outbox.settings = settings.delivery
        groups = NotificationGroups()
        feed = AlertmanagerFeed()
        flaps = FlapBook(trackedMax: settings.limits.alerts)
    }

    mutating func archiveRetained(_ archive: inout Archive) { book.archiveRetained(&archive) }
    mutating func archiveDeadLetters(_ archive: inout Archive) {
        outbox.archiveDeadLetters(&archive)
    }
    mutating func restore(_ alert: Alert) -> Bool { book.restore(alert) }
    mutating func restore(_ group: NotificationGroup) -> Bool { groups.restore(group) }
    mutating func restore(_ lane: OutboxLane) -> Bool { outbox.restore(lane) }
    mutating func restore(_ queued: QueuedDelivery) -> Bool { outbox.restore(queued) }
}

extension NotifierSettings {
    /// Each Alertmanager once, in the order given.
    var alertmanagerURLs: [String] {
        var seen: Set<String> = []
        return alertmanagers.filter { seen.insert($0).inserted }
    }

    /// Everywhere a delivery may go.
    var destinations: Set<Destination> {
        var found = Set(alertmanagers.map { Destination.alertmanager(url: $0) })
        for receiver in receivers { found.formUnion(receiver.destinations) }
        return found
    }

    /// Of all receivers and files.
    var compiledTemplates: NotificationTemplates {
        var compiled = NotificationTemplates(templates)
        compiled.compile(receivers.flatMap(\.integrations).flatMap(\.message.templates))
        return compiled
    }
}

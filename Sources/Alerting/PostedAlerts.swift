public import Model

// Alerts that others raise, by `POST /api/v2/alerts`, as Prometheus and `amtool alert add` do. They
// are told like our own, and end when their sender says so or is not heard of until `endsAt`.

/// An alert as somebody posts it.
public struct PostedAlert: Hashable, Sendable {
    /// At least one.
    public var labels: Labels
    /// As `AlertDetails` sorts them.
    public var details: AlertDetails
    /// nil: now.
    public var startsAt: Timestamp?
    /// nil: `Self.lifetime` from now.
    public var endsAt: Timestamp?

    /// How long one lives whose sender does not say (Alertmanager's `resolve_timeout`).
    public static let lifetime = TimeSpan.minutes(5)

    /// As it came.
    public init(labels: Labels, details: AlertDetails, startsAt: Timestamp?, endsAt: Timestamp?) {
        self.labels = labels
        self.details = details
        self.startsAt = startsAt
        self.endsAt = endsAt
    }
}

/// When alerts end that nobody speaks of again. As many as there are in the book.
struct Endings: Sendable {
    private var ends: [Labels: Timestamp] = [:]
    private(set) var nextDeadline: Timestamp?

    subscript(_ key: Labels) -> Timestamp? { ends[key] }

    mutating func set(_ end: Timestamp, of key: Labels) {
        ends[key] = end
        nextDeadline = min(nextDeadline ?? end, end)
    }

    mutating func remove(_ key: Labels) { ends[key] = nil }

    /// Those whose time has come, sorted.
    mutating func take(at now: Timestamp) -> [(key: Labels, end: Timestamp)] {
        guard let nextDeadline, nextDeadline <= now else { return [] }
        let due = ends.filter { $0.value <= now }.sorted { $0.key < $1.key }
        for (key, _) in due { ends[key] = nil }
        self.nextDeadline = ends.values.min()
        return due.map { ($0.key, $0.value) }
    }

    mutating func archive(_ archive: inout Archive) {
        var list = ends.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        archive.time(&nextDeadline)
        archive.array(&list, blank: (Labels.empty, Timestamp.distantPast)) { archive, entry in
            archive.field(&entry.0)
            archive.time(&entry.1)
        }
        guard archive.isReading else { return }
        ends = [:]
        for (key, end) in list { ends[key] = end }
        if ends.count != list.count { archive.fail() }
    }
}

extension Notifier {
    /// Takes alerts that others raise. One that we raise ourselves stays as it is.
    public mutating func post(_ alerts: [PostedAlert], now: Timestamp) {
        see(now)
        for alert in alerts { post(alert) }
    }

    private mutating func post(_ alert: PostedAlert) {
        let known = book[alert.labels]
        if let known, known.state.isActive, !known.isPosted { return }
        let end = alert.endsAt ?? now + PostedAlert.lifetime
        if end <= now {
            if known?.isFiring ?? false {
                endings.remove(alert.labels)
                finish(alert.labels, at: end)
            }
            return
        }
        let start = alert.startsAt ?? min(now, end)
        var state = AlertState.firing(since: start, firedAt: start)
        if let known, known.isFiring, let since = known.startsAt, since <= start {
            state = known.state
        }
        let change = book.adopt(
            state, of: alert.labels, details: alert.details, isPosted: true, now: now)
        guard book[alert.labels]?.isFiring ?? false else { return }
        endings.set(end, of: alert.labels)
        tell(change, of: alert.labels)
    }

    /// Ends what nobody has spoken of again: posted alerts, and rules' whose hold has passed.
    mutating func endOverdue() {
        for (key, end) in endings.take(at: now) { finish(key, at: end) }
    }

    private mutating func finish(_ key: Labels, at time: Timestamp) {
        let change = book.resolve(key, reason: .cleared, at: time, now: now)
        if case .resolved = change { ended.append(key) }
        tell(change, of: key)
    }
}

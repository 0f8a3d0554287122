public import Model

// The alerts that receivers may hear of. Their life is `AlertLifeCycle`'s; the resolved are kept 15
// minutes so that a receiver that missed the end hears it again. An inactive alert takes no memory.
// `time` is the evidence's, `now` the agent's (DESIGN §4.3): firing, `for` and resolving follow the
// evidence, retention follows the clock.

/// Every alert that is pending, firing or lately resolved, by its labels. Bounded by `alertsMax`.
public struct AlertBook: Sendable {
    /// How long a resolved alert is kept, and resent to Alertmanagers (Prometheus' value).
    public static let resolvedRetention = AlertState.resolvedRetention
    /// The annotation that says why an alert ended when it did not just clear.
    public static let reasonAnnotation = "resolved_reason"

    /// The most alerts kept at a time. Lowering it drops nothing that is kept already.
    public var alertsMax: Int
    /// New alerts that found the book full of pending and firing ones.
    public private(set) var refused: UInt64 = 0
    /// Resolved alerts that made room for new ones before their 15 minutes had passed.
    public private(set) var evicted: UInt64 = 0

    private var kept = SplitTable<Labels, Alert>()
    /// In order of resolution. An entry whose alert has fired again since is stale and skipped.
    private var retained: [Retained] = []

    private struct Retained {
        var key: Labels
        var resolvedAt: Timestamp
    }

    /// An empty book.
    public init(alertsMax: Int = NotifierLimits().alerts) { self.alertsMax = alertsMax }

    /// How many alerts are kept, in whatever state.
    public var count: Int { kept.count }

    /// All kept alerts, sorted by labels. O(n log n).
    public var alerts: [Alert] { kept.values.sorted { $0.labels < $1.labels } }

    /// The alert as it is kept, or nil if it is inactive. O(1).
    public subscript(_ key: Labels) -> Alert? { kept[key] }

    /// Where an alert is in its life. O(1).
    public func state(of key: Labels) -> AlertState { kept[key]?.state ?? .inactive }

    /// When `expire` has something to drop next.
    public var nextDeadline: Timestamp? {
        retained.first.map { $0.resolvedAt + Self.resolvedRetention + .milliseconds(1) }
    }

    /// Takes one evaluation's word. O(1); the details of a clear or unknown one are not used.
    public mutating func observe(
        _ observation: Observation, of key: Labels, details: AlertDetails, hold: TimeSpan,
        keepFiring: TimeSpan = .zero, at time: Timestamp, now: Timestamp
    ) -> AlertChange? {
        var state = state(of: key)
        let change = state.observe(
            observation, AlertTerms(hold: hold, keepFiring: keepFiring), at: time)
        return take(state, change, of: key, observation == .breaching ? details : nil, now)
    }

    /// Ends an alert whose group or rule is no more.
    public mutating func resolve(
        _ key: Labels, reason: ResolveReason, at time: Timestamp, now: Timestamp
    ) -> AlertChange? {
        var state = state(of: key)
        let change = state.end(reason, at: time)
        return take(state, change, of: key, nil, now)
    }

    /// Takes the word of a rule that keeps its alerts' lives itself: this one fires, as `state`
    /// says. O(1).
    public mutating func adopt(
        _ state: AlertState, of key: Labels, details: AlertDetails, isPosted: Bool = false,
        now: Timestamp
    ) -> AlertChange? {
        guard let firedAt = state.firedAt, state.isFiring else { return nil }
        let isNew = !self.state(of: key).isFiring
        let change = take(state, isNew ? .fired(at: firedAt) : nil, of: key, details, now)
        kept[key]?.isPosted = isPosted
        return change
    }

    /// Drops the resolved alerts whose retention has passed.
    public mutating func expire(at now: Timestamp) {
        var expired = 0
        while expired < retained.count {
            let oldest = retained[expired]
            guard now - oldest.resolvedAt > Self.resolvedRetention else { break }
            remove(oldest)
            expired += 1
        }
        retained.removeFirst(expired)
    }

    /// Keeps what became of an alert.
    private mutating func take(
        _ state: AlertState, _ change: AlertChange?, of key: Labels, _ details: AlertDetails?,
        _ now: Timestamp
    ) -> AlertChange? {
        guard let known = kept[key] else {
            guard state.isActive else { return change }
            guard hasRoom() else {
                refused += 1
                return nil
            }
            kept[key] = Alert(
                labels: key, details: details ?? AlertDetails(), state: state, changedAt: now)
            return change
        }
        switch change {
        case nil:
            if let details { kept[key]?.details = details }
            if known.state != state { kept[key]?.state = state }
        case .cleared: kept[key] = nil
        case .pendingBegan, .fired:
            kept[key] = Alert(
                labels: key, details: details ?? known.details, state: state, changedAt: now)
        case .resolved(_, let reason):
            retain(key, now)
            let details =
                reason == .cleared
                ? known.details : known.details.adding(Self.reasonAnnotation, reason.rawValue)
            kept[key] = Alert(
                labels: key, details: details, state: state, changedAt: now,
                isPosted: known.isPosted)
        }
        return change
    }

    /// A flapping alert leaves a stale entry each time; they are swept when they are the most.
    private mutating func retain(_ key: Labels, _ now: Timestamp) {
        if retained.count > 2 * kept.count + 16 {
            let current = retained.filter(isCurrent)
            retained = current
        }
        retained.append(Retained(key: key, resolvedAt: now))
    }

    /// A new alert matters more than the memory of an ended one.
    private mutating func hasRoom() -> Bool {
        while kept.count >= alertsMax, !retained.isEmpty {
            if remove(retained.removeFirst()) { evicted += 1 }
        }
        return kept.count < alertsMax
    }

    @discardableResult
    private mutating func remove(_ entry: Retained) -> Bool {
        guard isCurrent(entry) else { return false }
        kept[entry.key] = nil
        return true
    }

    private func isCurrent(_ entry: Retained) -> Bool {
        guard let alert = kept[entry.key] else { return false }
        return alert.isResolved && alert.changedAt == entry.resolvedAt
    }
}

// In a checkpoint: the figures, the alerts by their labels, then the retained ones in their order.
extension AlertBook {
    mutating func archiveFigures(_ archive: inout Archive) {
        archive.counter(&refused)
        archive.counter(&evicted)
    }

    mutating func archiveRetained(_ archive: inout Archive) {
        let blank = Retained(key: .empty, resolvedAt: .distantPast)
        archive.array(&retained, blank: blank) { archive, entry in
            archive.field(&entry.key)
            archive.time(&entry.resolvedAt)
        }
    }

    /// Puts an alert back. False if it is here already, or inactive.
    mutating func restore(_ alert: Alert) -> Bool {
        if alert.state == .inactive { return false }
        guard kept[alert.labels] == nil else { return false }
        kept[alert.labels] = alert
        return true
    }
}

public import Model

/// What one evaluation says of one alert.
public enum Observation: Hashable, Sendable {
    case breaching
    case clear
    /// An empty short window or missing evidence: neither fires nor resolves.
    case unknown
}

/// Why a firing alert ended. The raw value is what people read.
public enum ResolveReason: String, Hashable, Sendable, CaseIterable {
    case cleared = "cleared"
    case groupEnded = "group ended"
    case ruleRemoved = "rule removed"
}

/// Where an alert is in its life. Times are those of the evidence, as Prometheus' rules keep them.
public enum AlertState: Hashable, Sendable {
    case inactive
    case pending(since: Timestamp)
    /// `since` is when the breach began (Prometheus' activeAt), `firedAt` when `for` had passed.
    case firing(since: Timestamp, firedAt: Timestamp)
    /// The breach is over since `clearSince`, but `keep_firing_for` has not passed.
    case keptFiring(since: Timestamp, firedAt: Timestamp, clearSince: Timestamp)
    case resolved(since: Timestamp, firedAt: Timestamp, at: Timestamp, reason: ResolveReason)

    /// The word the HTTP API uses.
    public var name: String {
        switch self {
        case .inactive: "inactive"
        case .pending: "pending"
        case .firing, .keptFiring: "firing"
        case .resolved: "resolved"
        }
    }

    /// Whether it fires, though the breach may be over.
    public var isFiring: Bool {
        switch self {
        case .firing, .keptFiring: true
        case .inactive, .pending, .resolved: false
        }
    }

    /// Whether it has fired and ended.
    public var isResolved: Bool {
        switch self {
        case .resolved: true
        case .inactive, .pending, .firing, .keptFiring: false
        }
    }

    /// Whether it is pending or firing.
    public var isActive: Bool {
        switch self {
        case .pending, .firing, .keptFiring: true
        case .inactive, .resolved: false
        }
    }

    /// When the breach began, or nil.
    public var activeAt: Timestamp? {
        switch self {
        case .inactive: nil
        case .pending(let since), .firing(let since, _), .keptFiring(let since, _, _),
            .resolved(let since, _, _, _):
            since
        }
    }

    /// When it fired, or nil if it has not.
    public var firedAt: Timestamp? {
        switch self {
        case .inactive, .pending: nil
        case .firing(_, let firedAt), .keptFiring(_, let firedAt, _),
            .resolved(_, let firedAt, _, _):
            firedAt
        }
    }

    /// Since when it fires though the breach is over, or nil.
    public var keptSince: Timestamp? {
        switch self {
        case .keptFiring(_, _, let clearSince): clearSince
        case .inactive, .pending, .firing, .resolved: nil
        }
    }

    /// When it was resolved, or nil.
    public var resolvedAt: Timestamp? {
        switch self {
        case .resolved(_, _, let at, _): at
        case .inactive, .pending, .firing, .keptFiring: nil
        }
    }
}

/// What an observation changed. No change is nil.
public enum AlertChange: Hashable, Sendable {
    case pendingBegan(since: Timestamp)
    /// Pending ended before `for` had passed: nobody was told, nobody will be.
    case cleared
    case fired(at: Timestamp)
    case resolved(at: Timestamp, reason: ResolveReason)
}

/// One alert as the book keeps it.
public struct Alert: Hashable, Sendable {
    /// The alert's identity.
    public let labels: Labels
    /// As the last breaching observation gave them.
    public internal(set) var details: AlertDetails
    /// Never `inactive`: such an alert is not kept.
    public internal(set) var state: AlertState
    /// The `now` of the last change of state; retention runs on it.
    public internal(set) var changedAt: Timestamp
    /// It came from outside, by `POST /api/v2/alerts`.
    public internal(set) var isPosted = false

    /// Whether it fires now.
    public var isFiring: Bool { state.isFiring }
    /// Whether it has fired and ended.
    public var isResolved: Bool { state.isResolved }
    /// When the breach began, or nil.
    public var activeAt: Timestamp? { state.activeAt }
    /// When it fired, which notifications call `startsAt`, or nil if it has not.
    public var startsAt: Timestamp? { state.firedAt }
    /// When it was resolved, or nil.
    public var endsAt: Timestamp? { state.resolvedAt }
}

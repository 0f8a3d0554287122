public import Model

// The life of an alert, after Prometheus' rules/alerting.go: inactive -> pending (`for`) -> firing
// -> kept firing (`keep_firing_for`) -> resolved. One function for alerts of SLOs, which the book
// keeps, and for those of rules, which their rule keeps.

/// How patient an alert is.
public struct AlertTerms: Hashable, Sendable {
    /// How long the breach must last before it fires: `for`.
    public var hold: TimeSpan
    /// How long it fires on once the breach is over: `keep_firing_for`.
    public var keepFiring: TimeSpan

    /// Fires at once and ends at once, unless told otherwise.
    public init(hold: TimeSpan = .zero, keepFiring: TimeSpan = .zero) {
        self.hold = hold
        self.keepFiring = keepFiring
    }
}

extension AlertState {
    /// How long a resolved alert is kept (Prometheus' value).
    public static let resolvedRetention = TimeSpan.minutes(15)

    /// Takes one evaluation's word and says what it changed. O(1).
    public mutating func observe(
        _ observation: Observation, _ terms: AlertTerms, at time: Timestamp
    ) -> AlertChange? {
        switch observation {
        case .unknown: return nil
        case .breaching: return breach(terms, at: time)
        case .clear: return clear(terms, at: time)
        }
    }

    /// Ends it whatever its terms say.
    public mutating func end(_ reason: ResolveReason, at time: Timestamp) -> AlertChange? {
        switch self {
        case .inactive, .resolved: return nil
        case .pending:
            self = .inactive
            return .cleared
        case .firing(let since, let firedAt), .keptFiring(let since, let firedAt, _):
            // Alertmanager refuses an alert that ends before it starts.
            let ended = max(time, firedAt)
            self = .resolved(since: since, firedAt: firedAt, at: ended, reason: reason)
            return .resolved(at: ended, reason: reason)
        }
    }

    private mutating func breach(_ terms: AlertTerms, at time: Timestamp) -> AlertChange? {
        switch self {
        case .inactive, .resolved:
            if terms.hold > .zero {
                self = .pending(since: time)
                return .pendingBegan(since: time)
            }
            self = .firing(since: time, firedAt: time)
            return .fired(at: time)
        case .pending(let since):
            guard time - since >= terms.hold else { return nil }
            self = .firing(since: since, firedAt: time)
            return .fired(at: time)
        case .firing: return nil
        case .keptFiring(let since, let firedAt, _):
            self = .firing(since: since, firedAt: firedAt)
            return nil
        }
    }

    private mutating func clear(_ terms: AlertTerms, at time: Timestamp) -> AlertChange? {
        switch self {
        case .inactive, .resolved, .pending: return end(.cleared, at: time)
        case .firing(let since, let firedAt):
            guard terms.keepFiring > .zero else { return end(.cleared, at: time) }
            self = .keptFiring(since: since, firedAt: firedAt, clearSince: time)
            return nil
        case .keptFiring(_, _, let clearSince):
            return time - clearSince < terms.keepFiring ? nil : end(.cleared, at: time)
        }
    }
}

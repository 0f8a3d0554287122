public import Model
public import Text

/// One service-level objective as a team wrote it, checked.
public struct SLODefinition: Sendable {
    public let service: String
    public let name: String
    public let objective: Objective
    public let period: Period
    /// Labels that split it into groups, each with a budget of its own.
    public let by: [String]
    public let sli: SLI
    public let alerts: AlertPolicy
    /// Where it stands, for messages.
    public let position: SourcePosition

    /// Whether both count the same events into the same groups, so that history stays
    /// (DESIGN §4.6).
    func countsTheSame(as other: SLODefinition) -> Bool {
        sli == other.sli && by == other.by
    }
}

/// What an alert of one severity carries.
public struct AlertTier: Hashable, Sendable {
    public var labels: Labels = .empty
    public var annotations: [String: String] = [:]
}

/// Whether a burn rate must also be more than chance (DESIGN §4.4).
public struct EvidencePolicy: Hashable, Sendable {
    public var isTested = true
    /// Fewer bad events in the long window never fire.
    public var badMin = 2.0
}

/// What a window means that was seen and had no events.
public enum NoTrafficPolicy: Hashable, Sendable {
    /// Nothing: its ratio is not known, its alerts stay as they are.
    case ignore
    /// That all was well: it burns nothing, and resolves.
    case good
    /// That something is wrong, once it has lasted so long.
    case alert(after: TimeSpan, Severity)
}

/// How an SLO alerts.
public struct AlertPolicy: Sendable {
    /// Tiers that are switched off are absent.
    public var tiers: [Severity: AlertTier] = [.page: AlertTier(), .ticket: AlertTier()]
    public var pairs: [AlertPair] = []
    public var evidence = EvidencePolicy()
    /// How long a target may be unseen before that is an alert of its own.
    public var dataLossAfter = TimeSpan.minutes(10)
    public var noTraffic = NoTrafficPolicy.ignore
    /// Where its alerts' readers find what to do.
    public var runbook: String?
    /// Whether the SLO's last target may end without that being data loss.
    public var scaleToZero = false
}

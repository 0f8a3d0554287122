public import Model

/// What is known of a window (DESIGN §2.3). What was not seen is never counted as good or bad.
public enum Evidence: String, Hashable, Sendable {
    /// All of it was seen.
    case complete
    /// Some of it was not: the ledger is younger, a target was unseen, a gap is left out.
    case partial
    /// None of it was seen.
    case noData
    /// It was seen, and there were no events.
    case noTraffic
}

/// The events of one window and what they mean.
public struct WindowFigures: Hashable, Sendable {
    /// Of a calendar period how long the whole of it is.
    public let window: TimeSpan
    /// Exclusive; rounded outward to the bucket.
    public let from: Timestamp
    /// Inclusive.
    public let to: Timestamp
    public let evidence: Evidence
    public let counts: EventCounts
    /// Bad over total; nil without events.
    public let errorRatio: Double?
    /// Error ratio over the budget ratio; nil without events.
    public let burnRate: Double?
}

/// The budget of the period.
public struct BudgetFigures: Hashable, Sendable {
    /// 1 - bad / ((1 - objective) total). Negative when overspent; nil without events.
    public let remaining: Double?
    /// With every unobserved event good.
    public let best: Double?
    /// With every unobserved event bad.
    public let worst: Double?
    /// Seconds until nothing remains at the rate of the last hour; 0 when spent, nil when that
    /// rate is 0 or not known.
    public let exhaustedIn: Double?
    /// U, the events that may have happened unseen, and over how many seconds: the bounds' width.
    public let unseenEvents: Double?
    /// Each target's by its share.
    public let unseenSeconds: Double?

    static let unknown = BudgetFigures(
        remaining: nil, best: nil, worst: nil, exhaustedIn: nil, unseenEvents: nil,
        unseenSeconds: nil)
}

/// A calendar period that has ended.
public struct PastPeriod: Hashable, Sendable {
    public let from: Timestamp
    public let to: Timestamp
    public let counts: EventCounts
    /// Of its budget; nil when there were no events.
    public let remaining: Double?
}

/// Whether a condition holds; `unknown` changes nothing.
public enum Finding: Hashable, Sendable {
    case breaching, clear, unknown
}

/// The verdict of one alert pair.
public struct PairVerdict: Hashable, Sendable {
    public let pair: AlertPair
    public let finding: Finding
    public let long: WindowFigures
    public let short: WindowFigures
    /// P(X >= bad) in the long window if the objective were just met; nil when it was not needed.
    public let chance: Double?
}

/// Which of a group's targets cannot be seen.
public struct DataLoss: Hashable, Sendable {
    /// For longer than the SLO allows.
    public let lost: Int
    /// Targets that have not retired.
    public let expected: Int
    /// Earliest onset among the lost ones, on the agent's clock.
    public let since: Timestamp
    /// The lost targets' labels, the first few.
    public let targets: [UInt32]
    /// Every target retired, and the SLO does not say it scales to zero.
    public let isRetirement: Bool
}

/// Whether a group has had no events for longer than its policy allows.
public struct IdleVerdict: Hashable, Sendable {
    public let finding: Finding
    public let severity: Severity
    public let figures: WindowFigures
}

/// What the ledger says of one SLO and group at a time.
public struct Verdict: Sendable {
    /// The group's number in the ledger, stable until the next configuration.
    public let group: Int
    public let definition: SLODefinition
    public let labels: Labels
    public let asOf: Timestamp
    public let evidence: Evidence
    /// By length: those of the alert pairs, then the period.
    public let windows: [WindowFigures]
    public let budget: BudgetFigures
    /// The last hour, whose rate says when the budget is gone.
    public let hourly: WindowFigures
    public let pairs: [PairVerdict]
    /// Some, but not all, targets are lost.
    public let partialLoss: DataLoss?
    /// Nothing of the group can be seen any more.
    public let totalLoss: DataLoss?
    /// Nil unless the SLO alerts on missing traffic.
    public let idle: IdleVerdict?
    /// All targets ended in good order longer ago than `dataLoss.after`: alerts resolve.
    public let hasEnded: Bool

    /// Whether nothing of it asks for an alert.
    public var isCalm: Bool {
        totalLoss == nil && partialLoss == nil && idle?.finding != .breaching
            && !pairs.contains { $0.finding == .breaching }
    }

    /// The figures of the whole period.
    public var period: WindowFigures? { windows.last }

    /// Where the current calendar period ends; nil for a rolling one.
    public var periodEnd: Timestamp? {
        guard let period, definition.period.calendar != nil else { return nil }
        return period.from + period.window
    }
}

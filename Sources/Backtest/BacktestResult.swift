public import Model
import SLO

/// An SLO's budget at the end of the history.
public struct BudgetResult: Hashable, Sendable {
    public let service: String
    public let slo: String
    /// Of its group.
    public let labels: Labels
    public let objective: Double
    public let evidence: String
    public let good: Double
    public let bad: Double
    public let remaining: Double?

    init(_ verdict: Verdict) {
        service = verdict.definition.service
        slo = verdict.definition.name
        labels = verdict.labels
        objective = verdict.definition.objective.ratio
        evidence = verdict.evidence.rawValue
        good = verdict.period?.counts.good ?? 0
        bad = verdict.period?.counts.bad ?? 0
        remaining = verdict.budget.remaining
    }
}

/// What one rule set would have done.
public struct RuleSetResult: Sendable {
    public let name: String
    public let sloCount: Int
    /// Series that the rules read, and their samples.
    public let seriesUsed: Int
    public let samplesUsed: Int
    /// Alerts beyond those that are kept.
    public let alertsDropped: Int
    /// In order of time.
    public let alerts: [BacktestAlert]
    /// Ordered by service, SLO and labels.
    public let budgets: [BudgetResult]

    public var pages: [BacktestAlert] { alerts.filter(\.isPage) }
    public var tickets: [BacktestAlert] { alerts.filter { !$0.isPage } }
}

/// What a back-test found.
public struct BacktestResult: Sendable {
    public let from: Timestamp
    public let to: Timestamp
    /// Of the history.
    public let series: Int
    public let samples: Int
    /// The rule set, and the one it is compared with.
    public let rules: RuleSetResult
    public let against: RuleSetResult?
    public let incidents: [Incident]

    /// What the two differ in; none for one rule set.
    public let changes: [AlertChangeFound]

    public init(
        from: Timestamp, to: Timestamp, series: Int, samples: Int, rules: RuleSetResult,
        against: RuleSetResult? = nil, incidents: [Incident] = []
    ) {
        self.from = from
        self.to = to
        self.series = series
        self.samples = samples
        self.rules = rules
        self.against = against
        self.incidents = incidents
        changes = against.map { compare(rules.alerts, $0.alerts) } ?? []
    }

    /// Whether pages and tickets are the same under both.
    public var isAlike: Bool { changes.isEmpty }
}

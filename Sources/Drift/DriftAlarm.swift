public import Model

/// A stream that took part in an alarm.
public struct StreamEvidence: Hashable, Sendable {
    /// The feature's title.
    public let feature: String
    /// `order`, or the cell's label.
    public let part: String
    /// Its share of all wealth.
    public let share: Double
}

/// What tipped, and how to reproduce it.
public struct DriftAlarm: Hashable, Sendable {
    public let model: String
    public let version: String
    /// The baseline's name.
    public let baselineID: String
    public let time: Timestamp
    /// The used row, counted from 1, and the seed: with them the evidence can be computed again.
    public let row: UInt64
    public let seed: UInt64
    /// The sum of all wealth, and the budget it reached.
    public let evidence: Double
    public let limit: Double
    /// Whether the promised rate of false alarms holds, and what it rests on or lacks.
    public let isGuaranteed: Bool
    public let guarantee: String
    /// The richest streams, the richest first, at most `streamsMax`.
    public let streams: [StreamEvidence]
    /// The richest stream's feature since the open window began.
    public let level: FeatureLevel?

    /// Streams that are named.
    public static let streamsMax = 10
}

/// What a budget counts.
public enum DriftBudget: Hashable, Sendable {
    /// At most one false alarm per so many used rows.
    case rows(Double)
    /// At most one false alarm per so much time.
    case time(TimeSpan)

    /// Twice as much.
    public var doubled: DriftBudget {
        switch self {
        case .rows(let rows): .rows(rows * 2)
        case .time(let span): .time(.milliseconds(span.millis * 2))
        }
    }

    var limit: Double {
        switch self {
        case .rows(let rows): max(1, rows)
        case .time(let span): max(1, Double(span.millis))
        }
    }
}

/// How a model is watched.
public struct MonitorSettings: Hashable, Sendable {
    public var seed: UInt64
    public var budget = DriftBudget.rows(100_000)
    /// No alarm before so many used rows.
    public var usedRowsMin: UInt64 = 0
    /// No alarm while the effect that the feature with the most evidence shows in the open window
    /// is below this; nil asks for none.
    public var effectMin: Double?
    /// An interval is clean when the chance of what it shows is at least this.
    public var alpha = 0.001
    /// An interval of fewer rows says nothing.
    public var windowRowsMin: UInt64 = 100
    /// Rows used of one phase in one period, at most.
    public var visitRowsMax: UInt64 = 2000
    /// One row in so many is used of a baseline that does not know how rows depend on each other;
    /// nil judges the first live rows.
    public var declaredStride: Int?

    /// The defaults.
    public init(seed: UInt64) { self.seed = seed }
}

/// Why a row was not used.
public enum RowSkip: UInt8, CaseIterable, Hashable, Sendable {
    /// Too close to the row before.
    case thinned = 0
    /// Its phase had enough rows in this period.
    case capped = 1
    /// Nothing in it could be taken.
    case refused = 2

    /// For metrics.
    public var label: String {
        switch self {
        case .thinned: "thinned"
        case .capped: "capped"
        case .refused: "refused"
        }
    }
}

/// What a row did.
public enum RowOutcome: Hashable, Sendable {
    case used
    case skipped(RowSkip)
    case alarm(DriftAlarm)
}

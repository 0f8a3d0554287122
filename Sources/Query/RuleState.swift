public import Alerting
public import Model

/// An alert of a rule: one for each series of the expression.
public struct RuleAlert: Hashable, Sendable {
    /// Where it is in its life, resolved ones included for a quarter of an hour.
    public var state: AlertState
    public var labels: Labels
    public var annotations: [String: String]
    /// The expression's value when it last breached.
    public var value: Double

    public init(
        state: AlertState, labels: Labels, annotations: [String: String], value: Double
    ) {
        self.state = state
        self.labels = labels
        self.annotations = annotations
        self.value = value
    }
}

extension RuleAlert: Archivable {
    public static var blank: Self {
        Self(state: .inactive, labels: .empty, annotations: [:], value: 0)
    }

    /// All of it; annotations sorted by name.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&state)
        archive.field(&labels)
        Self.archive(&annotations, &archive)
        archive.field(&value)
    }

    /// Annotations sorted by name.
    public static func archive(_ annotations: inout [String: String], _ archive: inout Archive) {
        archive.dictionary(&annotations, blankKey: "", blank: "") {
            $0.field(&$1)
            $0.field(&$2)
        }
    }
}

/// What a rule remembers from one evaluation to the next.
public struct RuleMemory: Sendable {
    /// The alerts, sorted by labels.
    public var alerts: [RuleAlert] = []
    /// The series it gave at the last evaluation that did not fail, sorted.
    public var series: [Labels] = []
    /// Why the last evaluation failed.
    public var lastError: String?

    /// Of a rule that was never evaluated.
    public init() {}
}

extension RuleMemory: Archivable {
    public static var blank: Self { Self() }

    /// Alerts, series, and the error.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&alerts)
        archive.array(&series, blank: .empty) { $0.field(&$1) }
        archive.optional(&lastError, blank: "") { $0.field(&$1) }
    }
}

public import Model

/// An alert of a rule: one for each series of the expression.
public struct RuleAlert: Sendable {
    /// Where an alert is in its life.
    public enum State: UInt8, Hashable, Sendable { case pending, firing, inactive }

    public var state: State
    public var labels: Labels
    public var annotations: [String: String]
    public var value: Double
    public var activeAt: Timestamp
    public var firedAt: Timestamp?
    public var resolvedAt: Timestamp?
    public var keepFiringSince: Timestamp?
}

extension RuleAlert: Archivable {
    public static var blank: Self {
        Self(
            state: .pending, labels: .empty, annotations: [:], value: 0,
            activeAt: Timestamp(millis: 0))
    }

    /// All of it; annotations sorted by name.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&state)
        archive.field(&labels)
        var names = annotations.keys.sorted()
        var texts = names.map { annotations[$0] ?? "" }
        archive.field(&names)
        archive.field(&texts)
        if archive.isReading {
            guard names.count == texts.count else { return archive.fail() }
            annotations = Dictionary(zip(names, texts)) { $1 }
        }
        archive.field(&value)
        archive.field(&activeAt)
        archive.field(&firedAt)
        archive.field(&resolvedAt)
        archive.field(&keepFiringSince)
    }
}

/// What a rule remembers from one evaluation to the next.
public struct RuleMemory: Sendable {
    /// The alerts, sorted by labels.
    public internal(set) var alerts: [RuleAlert] = []
    /// The series it gave at the last evaluation, sorted.
    public internal(set) var series: [Labels] = []
    /// Why the last evaluation failed.
    public internal(set) var lastError: String?

    /// Of a rule that was never evaluated.
    public init() {}
}

extension RuleMemory: Archivable {
    public static var blank: Self { Self() }

    /// Alerts, series, and the error.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&alerts)
        var keys = series.map { SeriesKey(labels: $0) }
        archive.field(&keys)
        series = keys.map(\.labels)
        var error = lastError ?? ""
        archive.field(&error)
        lastError = error.isEmpty ? nil : error
    }
}

private struct SeriesKey: Archivable {
    var labels: Labels
    static var blank: Self { Self(labels: .empty) }
    mutating func archive(_ archive: inout Archive) { archive.field(&labels) }
}

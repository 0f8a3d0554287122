public import Model

/// One time that an alert fired.
public struct BacktestAlert: Hashable, Sendable {
    /// All its labels.
    public let labels: Labels
    /// What it is compared by: its labels without those that the rules add for routing.
    public let identity: Labels
    /// The evidence's times: when the breach began, when it fired, when it ended.
    public let since: Timestamp
    public let firedAt: Timestamp
    /// Nil while it fires at the end of the history.
    public internal(set) var resolvedAt: Timestamp?
    /// Why it ended, when it did not just clear.
    public internal(set) var reason: String?
    /// What was left of the budget when it fired; nil when that is not known.
    public let budgetRemaining: Double?
    /// What a person would have read.
    public let summary: String

    /// The value of its `severity` label: page or ticket, of rules whatever they say.
    public var severity: String { labels["severity"] ?? "" }
    public var service: String { labels["service"] ?? "" }
    public var slo: String { labels["slo"] ?? "" }
    /// Whether a person is woken.
    public var isPage: Bool { severity == "page" || severity == "critical" }

    /// "shop/availability" with its group, or the name of a rule's alert.
    public var subject: String {
        let own: Set<String> = ["alertname", "severity", "service", "slo", "window"]
        let rest = identity.pairs.filter { !own.contains($0.name) }
            .map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        let name = slo.isEmpty ? labels["alertname"] ?? "" : service + "/" + slo
        return rest.isEmpty ? name : name + "{" + rest + "}"
    }

    /// What kind of alert it is: its window, or the name.
    public var kind: String {
        if let window = labels["window"] { return "burn " + window }
        return labels["alertname"] == "SLODataLoss" ? "data loss" : labels["alertname"] ?? ""
    }

    /// Whether it fires at some time of (from, to].
    func overlaps(from: Timestamp, to: Timestamp) -> Bool {
        firedAt <= to && resolvedAt.map { $0 >= from } ?? true
    }

    /// How long it fired; nil while it does.
    public var lasted: TimeSpan? { resolvedAt.map { $0 - firedAt } }
}

extension BacktestAlert: Comparable {
    /// By time, then by labels: a total order.
    public static func < (left: Self, right: Self) -> Bool {
        (left.firedAt, left.labels) < (right.firedAt, right.labels)
    }
}

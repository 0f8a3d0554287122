public import Model

// A broken way to tell people is told to people another way: the alert NotificationsFailing, one a
// destination, which is routed as all alerts are but never sent to the destination it is about.

/// What `Notifier.watchDeliveries` found: an alert began or ended.
public struct DeliveryNews: Sendable {
    /// What became of the alert; nil when nothing.
    public let change: AlertChange?
    /// The alert.
    public let key: Labels
    /// What a person is told.
    public let summary: String
}

/// A destination that fails.
struct DeliveryTrouble {
    static let alertName = "NotificationsFailing"
    /// How long a refusal for good is told.
    static let refusalKept = TimeSpan.minutes(15)

    let destination: Destination
    let severity: String
    let waiting: Int
    let failingSince: Timestamp?
    let refused: DeadLetter?

    /// The alert's labels.
    static func key(of destination: Destination, _ severity: String) -> Labels {
        var pairs = [
            ("alertname", alertName), ("integration", destination.integration),
            ("receiver", destination.receiver.isEmpty ? destination.name : destination.receiver),
            ("severity", severity),
        ]
        if destination.index > 0 { pairs.append(("index", String(destination.index))) }
        return Labels(pairs)
    }

    /// Such an alert is a group of its own, so that each can go where it can arrive.
    static func grouping(of labels: Labels, _ route: RouteSettings) -> AlertGrouping {
        labels["alertname"] == alertName ? .byAllLabels : route.grouping
    }

    var key: Labels { Self.key(of: destination, severity) }

    var summary: String {
        if let since = failingSince {
            return "\(destination.name) takes no notifications since \(since.rfc3339)"
        }
        return "\(destination.name) refused a notification"
    }

    var details: AlertDetails {
        var text = "\(waiting) notifications wait for it."
        if let refused {
            text += " The last one refused was about \(refused.subject)"
            if let status = refused.status { text += ", status \(status)" }
            if !refused.word.isEmpty { text += " (\(refused.word))" }
            text += "; it will not be sent again. See /api/v1/outbox."
        }
        return AlertDetails(annotations: [("summary", summary), ("description", text)])
    }
}

extension Outbox {
    /// The destinations that fail for long, or refused something lately.
    func troubles(at now: Timestamp) -> [DeliveryTrouble] {
        lanes.compactMap { lane in
            let isFailing = lane.failingSince.map { now - $0 >= settings.failingAfter } ?? false
            let hasRefused =
                lane.refusedAt.map { now - $0 < DeliveryTrouble.refusalKept } ?? false
            guard isFailing || hasRefused else { return nil }
            return DeliveryTrouble(
                destination: lane.destination, severity: settings.failingSeverity,
                waiting: lane.queue.count, failingSince: isFailing ? lane.failingSince : nil,
                refused: hasRefused
                    ? deadLetters.last {
                        $0.destination == lane.destination && $0.reason == .refused
                    } : nil)
        }
    }

    /// When `troubles` may say something else though nothing happens.
    func nextTrouble(after now: Timestamp) -> Timestamp? {
        lanes.flatMap { lane in
            [
                lane.failingSince.map { $0 + settings.failingAfter },
                lane.refusedAt.map { $0 + DeliveryTrouble.refusalKept },
            ].compactMap { $0 }
        }.filter { $0 > now }.min()
    }
}

extension OutwardAlert {
    /// Whether it says that this destination fails.
    func isAbout(_ destination: Destination) -> Bool {
        guard labels["alertname"] == DeliveryTrouble.alertName else { return false }
        let key = DeliveryTrouble.key(of: destination, labels["severity"] ?? "")
        return key.pairs.allSatisfy { labels[$0.name] == $0.value }
            && (labels["index"] ?? "") == (destination.index > 0 ? String(destination.index) : "")
    }
}

extension NotifierSettings {
    /// Where a group's alerts go: its receiver's integrations. What says that one of them fails
    /// goes to the others, and when there are none, to the first receiver that has another.
    func integrations(
        telling alerts: [OutwardAlert], of group: NotificationGroup
    ) -> [(destination: Destination, settings: IntegrationSettings)] {
        func able(_ receiver: ReceiverSettings) -> [(Destination, IntegrationSettings)] {
            receiver.integrations.map { ($0.destination(of: receiver.name), $0) }
                .filter { entry in !alerts.allSatisfy { $0.isAbout(entry.0) } }
        }
        guard let own = receivers.first(where: { $0.name == group.route.receiver }) else {
            return []
        }
        let first = able(own)
        if !first.isEmpty || own.integrations.isEmpty { return first }
        for other in receivers where other.name != own.name {
            let found = able(other)
            if !found.isEmpty { return found }
        }
        return []
    }
}

extension IntegrationSettings {
    /// Whether newer word of a group makes what waits of it pointless. Each change event stands for
    /// itself.
    var isStateful: Bool {
        if case .pagerduty(let settings) = message { return !settings.isChange }
        return true
    }
}

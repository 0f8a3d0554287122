public import Model

/// A notification that says it is a test, for `pitot notify test`.
public enum TestNotification {
    /// What each integration of a receiver would be sent now, in order.
    public static func deliveries(
        for receiver: ReceiverSettings, _ settings: NotifierSettings, at now: Timestamp
    ) -> [Delivery] {
        let labels = Labels([
            ("alertname", "PitotTest"), ("receiver", receiver.name), ("severity", "none"),
        ])
        let details = AlertDetails(annotations: [
            ("summary", "This is a test of Pitot's notifications. Nothing is wrong."),
            ("description", "Sent by pitot notify test to the receiver \(receiver.name)."),
        ])
        let alert = Alert(
            labels: labels, details: details, state: .firing(since: now, firedAt: now),
            changedAt: now)
        let outward = OutwardAlert(alert, externalLabels: settings.externalLabels)
        let route = RouteSettings(receiver: receiver.name)
        var made: [Delivery] = []
        for integration in receiver.integrations {
            var group = NotificationGroup(
                GroupID(routeKey: "{test}", labels: labels.keeping(["alertname", "receiver"])),
                route, at: now)
            let notification = group.nextNotification(
                of: [outward], to: integration.destination(of: receiver.name), settings, at: now)
            let writer = MessageWriter(
                integration: integration, templates: settings.compiledTemplates)
            for request in writer.requests(for: notification) {
                let id = DeliveryID(UInt64(made.count + 1))
                var delivery = request.queued(as: id, at: now).delivery
                delivery.attempt = 1
                made.append(delivery)
            }
        }
        return made
    }
}

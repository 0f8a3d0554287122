internal import Model

/// A request to queue: a delivery without its number.
struct OutboxRequest {
    let destination: Destination
    let url: String
    let headers: [DeliveryHeader]
    let body: [UInt8]
    let subject: String
    let alerts: [Labels]

    /// A batch for one Alertmanager.
    static func batch(_ batch: AlertmanagerBatch, to base: String) -> OutboxRequest {
        var trimmed = Substring(base)
        while trimmed.last == "/" { trimmed.removeLast() }
        return OutboxRequest(
            destination: .alertmanager(url: base), url: trimmed + "/api/v2/alerts", headers: [],
            body: batch.body, subject: "\(batch.alerts.count) alerts", alerts: batch.alerts)
    }

    /// A group's notification for one webhook.
    static func webhook(
        _ body: [UInt8], of group: GroupID, receiver: String, url: String
    ) -> OutboxRequest {
        OutboxRequest(
            destination: .webhook(receiver: receiver, url: url), url: url, headers: [], body: body,
            subject: group.text, alerts: [])
    }

    func queued(as id: DeliveryID, at now: Timestamp) -> QueuedDelivery {
        let delivery = Delivery(
            id: id, destination: destination, url: url, contentType: "application/json",
            headers: headers, body: body, attempt: 0)
        return QueuedDelivery(delivery: delivery, subject: subject, alerts: alerts, queuedAt: now)
    }
}

internal import Model

/// A request to queue: a delivery without its number.
struct OutboxRequest {
    let destination: Destination
    let url: String
    let body: [UInt8]
    let subject: String
    let alerts: [Labels]

    /// A batch for one Alertmanager.
    static func batch(_ batch: AlertmanagerBatch, to base: String) -> OutboxRequest {
        var trimmed = Substring(base)
        while trimmed.last == "/" { trimmed.removeLast() }
        return OutboxRequest(
            destination: .alertmanager(url: base), url: trimmed + "/api/v2/alerts",
            body: batch.body, subject: "\(batch.alerts.count) alerts", alerts: batch.alerts)
    }

    /// A group's notification for one webhook.
    static func webhook(
        _ body: [UInt8], of group: GroupID, receiver: String, url: String
    ) -> OutboxRequest {
        OutboxRequest(
            destination: .webhook(receiver: receiver, url: url), url: url, body: body,
            subject: group.text, alerts: [])
    }

    func queued(as id: DeliveryID, at now: Timestamp) -> QueuedDelivery {
        let delivery = Delivery(
            id: id, destination: destination, url: url, contentType: "application/json",
            headers: headers(for: id), body: body, attempt: 0)
        return QueuedDelivery(delivery: delivery, subject: subject, alerts: alerts, queuedAt: now)
    }

    /// At least once means sometimes twice: a receiver can tell by this key, the same on retries.
    private func headers(for id: DeliveryID) -> [DeliveryHeader] {
        switch destination {
        case .alertmanager: return []
        case .webhook:
            var input = ByteWriter()
            input.fixed64(id.number)
            var hash = FNV1a64()
            hash.combine(input.bytes)
            hash.combine(body)
            return [DeliveryHeader("Idempotency-Key", hexadecimal(hash.value))]
        }
    }
}

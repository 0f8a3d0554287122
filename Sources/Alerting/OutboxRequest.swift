internal import Model

/// A request to queue: a delivery without its number.
struct OutboxRequest {
    let destination: Destination
    let url: SecretText
    let body: [UInt8]
    let subject: String
    let alerts: [Labels]
    var method = "POST"
    var contentType = "application/json"
    var headers: [DeliveryHeader] = []
    var opening = SecretText.blank
    var signing: SigningSettings?
    var http = HTTPSettings()
    var mail: MailEnvelope?
    var answer = AnswerRule.status
    var key = ""
    /// How a message that stands already is changed in place of sending another.
    var update: MessageUpdate?
    /// Why its words are plain; nil when they are the templates'.
    var templateFault: String?

    /// A batch for one Alertmanager.
    static func batch(_ batch: AlertmanagerBatch, to base: String) -> OutboxRequest {
        var trimmed = Substring(base)
        while trimmed.last == "/" { trimmed.removeLast() }
        return OutboxRequest(
            destination: .alertmanager(url: base), url: SecretText(trimmed + "/api/v2/alerts"),
            body: batch.body, subject: "\(batch.alerts.count) alerts", alerts: batch.alerts)
    }

    func queued(as id: DeliveryID, at now: Timestamp) -> QueuedDelivery {
        // At least once means sometimes twice: a receiver can tell by this key.
        let isKeyed = !key.isEmpty && mail == nil
        let keyed = isKeyed ? [DeliveryHeader("Idempotency-Key", key)] : []
        var delivery = Delivery(
            id: id, destination: destination, url: url, contentType: contentType,
            headers: headers + keyed, body: body, attempt: 0)
        delivery.method = method
        delivery.opening = opening
        delivery.signing = signing
        delivery.http = http
        delivery.mail = mail
        delivery.answer = answer
        delivery.key = key
        var queued = QueuedDelivery(
            delivery: delivery, subject: subject, alerts: alerts, queuedAt: now)
        queued.update = update
        return queued
    }
}

/// Where a message that stands already is changed.
struct MessageUpdate: Hashable, Sendable {
    /// The messages of a group that belong together.
    var thread: String
    /// What changes a message.
    var url: SecretText
}

internal import Model
internal import Text

// A notification as the requests that tell it to one integration. Pure: the same notification and
// settings give the same bytes.

/// Writes notifications for one integration.
struct MessageWriter {
    let integration: IntegrationSettings
    let templates: NotificationTemplates

    /// The requests, in their order; none when there is nothing to say. A template that fails makes
    /// plain words.
    func requests(for notification: Notification) -> [OutboxRequest] {
        if case .webhook(let settings) = integration.message, settings.body == nil,
            settings.headers.isEmpty
        {
            // Most webhooks have no words to make: ten thousand alerts take no templates' data.
            return [plainWebhook(settings, notification)]
        }
        let words = MessageWords(notification, templates)
        do throws(TemplateError) {
            return try requests(words)
        } catch {
            let plain = words.plain(after: error)
            // Plain words have no templates left that could fail.
            var made = (try? requests(plain)) ?? []
            for index in made.indices { made[index].templateFault = "\(error)" }
            return made
        }
    }

    private func requests(_ words: MessageWords) throws(TemplateError) -> [OutboxRequest] {
        switch integration.message {
        case .webhook(let settings): [try webhook(settings, words)]
        case .slack(let settings): [try SlackMessage(settings, words).request(integration)]
        case .pagerduty(let settings):
            try PagerDutyEvent(settings, words).request(integration).map { [$0] } ?? []
        case .opsgenie(let settings): try OpsgenieAlert(settings, words).requests(integration)
        case .msteams(let settings): [try TeamsCard(settings, words).request(integration)]
        case .googleChat(let settings): [try chat(settings, words)]
        case .email(let settings):
            try EmailMessage(settings, words).request(integration).map { [$0] } ?? []
        }
    }

    // MARK: Webhook

    private func webhook(
        _ settings: WebhookSettings, _ words: MessageWords
    ) throws(TemplateError) -> OutboxRequest {
        let notification = words.notification
        var request = plainWebhook(settings, notification)
        if let template = settings.body, words.fault == nil {
            request = webhook(settings, notification, Array(try words.value(template).utf8))
        }
        for header in settings.headers {
            guard case .text(let text)? = header.value.pieces.first, header.value.pieces.count == 1
            else {
                request.headers.append(header)
                continue
            }
            request.headers.append(DeliveryHeader(header.name, oneLine(try words.value(text))))
        }
        return request
    }

    /// With Alertmanager's body.
    private func plainWebhook(
        _ settings: WebhookSettings, _ notification: Notification
    ) -> OutboxRequest {
        let body = WebhookBody(
            receiver: notification.receiver, group: notification.group,
            externalURL: notification.externalURL, alerts: notification.alerts,
            maxAlerts: settings.maxAlerts)
        return webhook(settings, notification, body.bytes)
    }

    private func webhook(
        _ settings: WebhookSettings, _ notification: Notification, _ body: [UInt8]
    ) -> OutboxRequest {
        var request = integration.request(
            notification, to: settings.url, body: body, contentType: settings.contentType)
        request.method = settings.method
        request.signing = settings.signing
        return request
    }

    // MARK: Google Chat

    /// Characters of a message.
    private static let chatTextMax = 4000

    private func chat(
        _ settings: GoogleChatSettings, _ words: MessageWords
    ) throws(TemplateError) -> OutboxRequest {
        let title = bounded(try words.title(settings.title), 1000)
        let room = Self.chatTextMax - title.unicodeScalars.count - 3
        let text = try words.body(settings.text, room)
        var json = JSONWriter()
        json.object { json in
            json.member("text", "*\(title)*\n\(text)")
            if settings.isThreaded {
                json.key("thread")
                json.object { $0.member("threadKey", words.notification.thread) }
            }
        }
        var url = settings.url
        if settings.isThreaded {
            url =
                url
                + SecretText("&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
        }
        return integration.request(
            words.notification, to: url, body: json.bytes,
            contentType: "application/json; charset=UTF-8")
    }
}

extension IntegrationSettings {
    /// A request that tells a notification.
    func request(
        _ notification: Notification, to url: SecretText, body: [UInt8],
        contentType: String = "application/json"
    ) -> OutboxRequest {
        OutboxRequest(
            destination: destination(of: notification.receiver), url: url, body: body,
            subject: notification.group.text,
            // A webhook's receiver keeps the state of each alert; others that of the group.
            alerts: kind == .webhook ? notification.alerts.map(\.alert.labels) : [],
            contentType: contentType, http: http, key: notification.key)
    }
}

/// A text without line ends and other controls, as a header has to be.
func oneLine(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
}

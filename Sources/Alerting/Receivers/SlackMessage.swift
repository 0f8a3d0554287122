internal import Text

// Slack's legacy attachments, as Alertmanager sends them: to an incoming webhook, or through the
// API as a bot. The API answers where a message stands (`channel`, `ts`); with `update_message` a
// group's next notification changes that message. What stands before the attachments is therefore
// chosen when the request leaves: the channel, or the message's place.

/// A group's state as an attachment.
struct SlackMessage {
    // Documented: 1024 for a title by Alertmanager, 40,000 for a whole message, 3,000 where a text
    // is shown without "see more".
    private static let titleMax = 1024
    private static let textMax = 8000
    private static let fieldMax = 2000
    private static let fieldsMax = 20

    let settings: SlackSettings
    let words: MessageWords

    init(_ settings: SlackSettings, _ words: MessageWords) {
        self.settings = settings
        self.words = words
    }

    func request(_ integration: IntegrationSettings) throws(TemplateError) -> OutboxRequest {
        let channel = try words.value(settings.channel)
        var json = JSONWriter()
        var fault: TemplateError?
        json.object { json in
            if !channel.isEmpty && !settings.isBot { json.member("channel", channel) }
            do throws(TemplateError) { try write(into: &json) } catch { fault = error }
        }
        if let fault { throw fault }
        guard settings.isBot else {
            return integration.request(words.notification, to: settings.url, body: json.bytes)
        }
        var request = integration.request(
            words.notification, to: settings.url, body: Array(json.bytes.dropFirst()),
            contentType: "application/json; charset=utf-8")
        request.opening = SecretText(#"{"channel":"\#(quotedContent(channel))","#)
        request.answer = .slack
        if settings.updatesMessage {
            request.update = MessageUpdate(
                thread: words.notification.thread, url: Self.updateURL(of: settings.url))
        }
        return request
    }

    /// `chat.update` beside `chat.postMessage`.
    private static func updateURL(of url: SecretText) -> SecretText {
        SecretText(
            url.pieces.map { piece in
                guard case .text(let text) = piece else { return piece }
                return .text(text.replacing("chat.postMessage", with: "chat.update"))
            })
    }

    /// What stands before the attachments when a message is changed. `place` is channel and `ts`,
    /// as `ReceiverAnswer` reads them.
    static func opening(updating place: String) -> String {
        let parts = place.split(separator: " ", maxSplits: 1)
        let (channel, time) = (String(parts.first ?? ""), String(parts.last ?? ""))
        return #"{"channel":"\#(quotedContent(channel))","ts":"\#(quotedContent(time))","#
    }

    /// Whether a refusal says that there is no message to change any more.
    static func isGone(_ word: String) -> Bool {
        ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"]
            .contains(word)
    }

    private func write(into json: inout JSONWriter) throws(TemplateError) {
        let title = bounded(try words.title(settings.title), Self.titleMax)
        let text =
            words.fault == nil && settings.text.isEmpty
            ? "" : try words.body(settings.text, Self.textMax)
        let attachment = try attachment(title: title, text: text)
        let username = try words.value(settings.username)
        let emoji = try words.value(settings.iconEmoji)
        let icon = try words.value(settings.iconURL)
        if !username.isEmpty { json.member("username", username) }
        if !emoji.isEmpty { json.member("icon_emoji", emoji) }
        if !icon.isEmpty { json.member("icon_url", icon) }
        if settings.linksNames { json.member("link_names", bool: true) }
        json.key("attachments")
        json.array { json in
            json.object { json in
                for (name, value) in attachment.texts { json.member(name, value) }
                if !attachment.fields.isEmpty {
                    json.key("fields")
                    json.array { json in for field in attachment.fields { field.write(&json) } }
                }
                if !attachment.actions.isEmpty {
                    json.key("actions")
                    json.array { json in
                        for action in attachment.actions { action.write(&json) }
                    }
                }
                json.key("mrkdwn_in")
                json.array { json in for part in settings.mrkdwnIn { json.string(part) } }
            }
        }
    }

    private struct Attachment {
        var texts: [(String, String)] = []
        var fields: [SlackSettings.Field] = []
        var actions: [SlackSettings.Action] = []
    }

    private func attachment(title: String, text: String) throws(TemplateError) -> Attachment {
        var attachment = Attachment()
        func add(_ name: String, _ value: String, always: Bool = false) {
            if always || !value.isEmpty { attachment.texts.append((name, value)) }
        }
        add("title", title)
        add("title_link", try words.value(settings.titleLink))
        add("pretext", try words.value(settings.pretext))
        add("text", text, always: true)
        let fallback = try words.fault == nil ? words.value(settings.fallback) : title
        add("fallback", bounded(fallback, Self.textMax), always: true)
        add("callback_id", try words.value(settings.callbackID), always: true)
        add("footer", try words.value(settings.footer), always: true)
        add("color", try words.value(settings.color))
        add("image_url", try words.value(settings.imageURL))
        add("thumb_url", try words.value(settings.thumbURL))
        for field in settings.fields.prefix(Self.fieldsMax) {
            attachment.fields.append(
                SlackSettings.Field(
                    title: bounded(try words.value(field.title), Self.fieldMax),
                    value: bounded(try words.value(field.value), Self.fieldMax),
                    isShort: field.isShort))
        }
        for action in settings.actions {
            attachment.actions.append(
                SlackSettings.Action(
                    type: action.type, text: try words.value(action.text),
                    url: try words.value(action.url), style: try words.value(action.style)))
        }
        return attachment
    }
}

extension SlackSettings.Field {
    fileprivate func write(_ json: inout JSONWriter) {
        json.object { json in
            json.member("title", title)
            json.member("value", value)
            json.member("short", bool: isShort)
        }
    }
}

extension SlackSettings.Action {
    fileprivate func write(_ json: inout JSONWriter) {
        json.object { json in
            json.member("type", type)
            json.member("text", text)
            if !url.isEmpty { json.member("url", url) }
            if !style.isEmpty { json.member("style", style) }
        }
    }
}

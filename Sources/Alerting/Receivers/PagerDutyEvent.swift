internal import Model
internal import Text

// PagerDuty's Events API v2: trigger and resolve with one `dedup_key` a group, and change events.
// An event is at most 512 KB; details that do not fit are those of fewer alerts.

/// A group's state as an event.
struct PagerDutyEvent {
    private static let summaryMax = 1024
    static let eventBytesMax = 512 * 1024
    /// Left for what surrounds the details.
    private static let detailBytesMax = 480 * 1024

    let settings: PagerDutySettings
    let words: MessageWords

    init(_ settings: PagerDutySettings, _ words: MessageWords) {
        self.settings = settings
        self.words = words
    }

    /// Nil when there is nothing to say: the end of what made a change event.
    func request(_ integration: IntegrationSettings) throws(TemplateError) -> OutboxRequest? {
        if settings.isChange && !words.notification.isFiring { return nil }
        var body = try event(try details())
        if body.count > Self.eventBytesMax {
            let note = "left out: the event was longer than 512 KB"
            body = try event([("error", note, false)])
        }
        let path = settings.isChange ? "/v2/change/enqueue" : "/v2/enqueue"
        let url =
            settings.isChange ? settings.url.replacing("/v2/enqueue", with: path) : settings.url
        var request = integration.request(
            words.notification, to: SecretText(url), body: Array(body.dropFirst()))
        request.opening = SecretText([
            .text(#"{"routing_key":""#), .quoted(settings.routingKey), .text(#"","#),
        ])
        return request
    }

    private func event(_ details: [Detail]) throws(TemplateError) -> [UInt8] {
        let notification = words.notification
        let client = try words.value(settings.client)
        let clientURL = try words.value(settings.clientURL)
        let payload = try self.payload()
        let links = try expanded(settings.links)
        let images = try expanded(settings.images)
        var json = JSONWriter()
        json.object { json in
            if !settings.isChange {
                json.member("dedup_key", notification.dedupKey)
                json.member("event_action", notification.isFiring ? "trigger" : "resolve")
            }
            json.key("payload")
            json.object { json in
                for (name, value) in payload { json.member(name, value) }
                json.key("custom_details")
                json.object { json in
                    for detail in details {
                        json.key(detail.name)
                        detail.isJSON ? json.literal(detail.value) : json.string(detail.value)
                    }
                }
            }
            if !settings.isChange {
                json.member("client", client)
                json.member("client_url", clientURL)
            }
            write("images", images.map { ("src", $0.href, "alt", $0.text) }, into: &json)
            write("links", links.map { ("href", $0.href, "text", $0.text) }, into: &json)
        }
        return json.bytes
    }

    private func payload() throws(TemplateError) -> [(String, String)] {
        var payload = [
            ("summary", bounded(try words.title(settings.description), Self.summaryMax)),
            ("source", try words.value(settings.source)),
        ]
        if settings.isChange {
            payload.append(("timestamp", goText(words.notification.now)))
            return payload
        }
        let severity = try words.value(settings.severity).lowercased()
        let known = ["critical", "error", "warning", "info"]
        payload.append(("severity", known.contains(severity) ? severity : "error"))
        for (name, text) in [
            ("class", settings.eventClass), ("component", settings.component),
            ("group", settings.group),
        ] {
            let value = try words.value(text)
            if !value.isEmpty { payload.append((name, value)) }
        }
        return payload
    }

    private typealias Detail = (name: String, value: String, isJSON: Bool)

    /// Each detail; one that is JSON stands as it is. Lists of more alerts than there is room for
    /// are those of the first ones, and `truncated` says how many are missing.
    private func details() throws(TemplateError) -> [Detail] {
        if let fault = words.fault { return [("error", "\(fault)", false)] }
        var all = PagerDutySettings.standardDetails.filter { standard in
            !settings.details.contains { $0.name == standard.name }
        }
        all += settings.details
        all.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var made: [Detail] = []
        var left = 0
        for detail in all {
            let (value, missing) = try words.listed(detail.value, Self.detailBytesMax / all.count)
            left = max(left, missing)
            let isJSON =
                "{[0123456789-".contains(value.first ?? "x")
                && (try? JSONValue.parse(Array(value.utf8))) != nil
            made.append((detail.name, value, isJSON))
        }
        if left > 0 { made.append(("truncated", moreAlerts(left), false)) }
        return made
    }

    private func expanded(
        _ links: [PagerDutySettings.Link]
    ) throws(TemplateError) -> [PagerDutySettings.Link] {
        var made: [PagerDutySettings.Link] = []
        for link in links {
            let href = try words.value(link.href)
            if href.isEmpty { continue }
            made.append(PagerDutySettings.Link(href: href, text: try words.value(link.text)))
        }
        return made
    }

    private func write(
        _ name: String, _ links: [(String, String, String, String)], into json: inout JSONWriter
    ) {
        if links.isEmpty { return }
        json.key(name)
        json.array { json in
            for link in links {
                json.object { json in
                    json.member(link.0, link.1)
                    if !link.3.isEmpty { json.member(link.2, link.3) }
                }
            }
        }
    }
}

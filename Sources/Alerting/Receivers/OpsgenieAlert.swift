internal import Model
internal import Text

// Opsgenie's alert API v2: an alert is made under an alias, which is the group's, and closed by it.

/// A group's state as an alert.
struct OpsgenieAlert {
    private static let messageMax = 130
    private static let descriptionMax = 15_000
    private static let detailsMax = 8000
    private static let noteMax = 25_000
    private static let sourceMax = 100
    private static let entityMax = 512

    let settings: OpsgenieSettings
    let words: MessageWords

    init(_ settings: OpsgenieSettings, _ words: MessageWords) {
        self.settings = settings
        self.words = words
    }

    func requests(_ integration: IntegrationSettings) throws(TemplateError) -> [OutboxRequest] {
        let alias = words.notification.dedupKey
        let source = bounded(try words.value(settings.source), Self.sourceMax)
        guard words.notification.isFiring else {
            var json = JSONWriter()
            json.object { $0.member("source", source) }
            return [request(integration, alias + "/close?identifierType=alias", json.bytes)]
        }
        let message = bounded(try words.title(settings.message), Self.messageMax)
        let description = try words.body(settings.description, Self.descriptionMax)
        var made = [request(integration, "", try creation(alias, message, description, source))]
        if settings.updatesAlerts {
            for (name, text) in [("message", message), ("description", description)] {
                var json = JSONWriter()
                json.object { $0.member(name, text) }
                var update = request(
                    integration, "\(alias)/\(name)?identifierType=alias", json.bytes)
                update.method = "PUT"
                update.key += "-" + name
                made.append(update)
            }
        }
        return made
    }

    private func creation(
        _ alias: String, _ message: String, _ description: String, _ source: String
    ) throws(TemplateError) -> [UInt8] {
        var optional: [(String, String)] = []
        for (name, text, limit) in [
            ("note", settings.note, Self.noteMax), ("priority", settings.priority, 2),
            ("entity", settings.entity, Self.entityMax),
        ] {
            let value = bounded(try words.value(text), limit)
            if !value.isEmpty { optional.append((name, value)) }
        }
        let details = try self.details()
        let tags = list(try words.value(settings.tags))
        let actions = list(try words.value(settings.actions))
        var responders: [(String, String, String)] = []
        for responder in settings.responders {
            let value = try words.value(responder.value)
            if value.isEmpty { continue }
            responders.append((responder.key, value, try words.value(responder.type)))
        }
        var json = JSONWriter()
        json.object { json in
            json.member("alias", alias)
            json.member("message", message)
            json.member("description", description)
            json.member("details", pairs: details)
            json.member("source", source)
            if !responders.isEmpty {
                json.key("responders")
                json.array { json in
                    for responder in responders {
                        json.object { json in
                            json.member(responder.0, responder.1)
                            json.member("type", responder.2)
                        }
                    }
                }
            }
            for (name, texts) in [("tags", tags), ("actions", actions)] where !texts.isEmpty {
                json.key(name)
                json.array { json in for text in texts { json.string(text) } }
            }
            for (name, value) in optional { json.member(name, value) }
        }
        return json.bytes
    }

    /// The common labels, and what the configuration adds; as many as there is room for.
    private func details() throws(TemplateError) -> [(name: String, value: String)] {
        let labels = words.notification.alerts.map(\.labels.pairs)
        var all = commonPairs(labels).filter { pair in
            !settings.details.contains { $0.name == pair.name }
        }
        for detail in settings.details {
            all.append((detail.name, try words.value(detail.value)))
        }
        all.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var room = Self.detailsMax
        var kept: [(name: String, value: String)] = []
        for (index, pair) in all.enumerated() {
            room -= pair.name.utf8.count + pair.value.utf8.count
            if room < 100 {
                kept.append(("truncated", "… \(all.count - index) more details"))
                break
            }
            kept.append(pair)
        }
        return kept
    }

    private func list(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
    }

    private func request(
        _ integration: IntegrationSettings, _ path: String, _ body: [UInt8]
    ) -> OutboxRequest {
        let slash = settings.url.hasSuffix("/") ? "" : "/"
        let tail = path.isEmpty ? "" : "/" + path
        var request = integration.request(
            words.notification, to: SecretText("\(settings.url)\(slash)v2/alerts\(tail)"),
            body: body)
        request.headers = [
            DeliveryHeader(
                "Authorization", SecretText([.text("GenieKey "), .secret(settings.key)]))
        ]
        return request
    }
}

internal import Text

// A workflow of Microsoft Teams ("when a Teams webhook request is received") takes an adaptive card
// of at most 28 KB. The connectors that took MessageCards are gone.

/// A group's state as an adaptive card.
struct TeamsCard {
    private static let titleBytesMax = 2000
    /// JSON escapes can double it; what surrounds it is under 1 KB.
    private static let textBytesMax = 12_000

    let settings: TeamsSettings
    let words: MessageWords

    init(_ settings: TeamsSettings, _ words: MessageWords) {
        self.settings = settings
        self.words = words
    }

    func request(_ integration: IntegrationSettings) throws(TemplateError) -> OutboxRequest {
        let title = bounded(try words.title(settings.title), Self.titleBytesMax, .bytes)
        let text = try words.body(settings.text, Self.textBytesMax, .bytes)
        let color = words.notification.isFiring ? "Attention" : "Good"
        var json = JSONWriter()
        json.object { json in
            json.member("type", "message")
            json.key("attachments")
            json.array { json in
                json.object { json in
                    json.member("contentType", "application/vnd.microsoft.card.adaptive")
                    json.key("contentUrl")
                    json.null()
                    json.key("content")
                    json.object { Self.write(title, text, color, into: &$0) }
                }
            }
        }
        return integration.request(words.notification, to: settings.url, body: json.bytes)
    }

    private static func write(
        _ title: String, _ text: String, _ color: String, into json: inout JSONWriter
    ) {
        json.member("$schema", "http://adaptivecards.io/schemas/adaptive-card.json")
        json.member("type", "AdaptiveCard")
        json.member("version", "1.2")
        json.key("body")
        json.array { json in
            json.object { json in
                json.member("type", "TextBlock")
                json.member("text", title)
                json.member("weight", "Bolder")
                json.member("size", "Medium")
                json.member("wrap", bool: true)
                json.member("style", "heading")
                json.member("color", color)
            }
            json.object { json in
                json.member("type", "TextBlock")
                json.member("text", text)
                json.member("wrap", bool: true)
            }
        }
        json.key("msteams")
        json.object { $0.member("width", "full") }
    }
}

import Model
import Testing
import Text

@testable import Alerting

/// One group's alerts at one integration, and what is sent.
struct ReceiverWorld {
    var alerts = 1
    var firing = true
    var annotation = "summary"
    var groupBy: [String] = ["alertname"]

    func notification() -> Notification {
        let list = (0..<alerts).map { index in
            let labels = Labels([("alertname", "Big"), ("n", "\(10_000 + index)")])
            let state: AlertState =
                firing
                ? .firing(since: at(0), firedAt: at(0))
                : .resolved(since: at(0), firedAt: at(0), at: at(9), reason: .cleared)
            return OutwardAlert(
                Alert(
                    labels: labels,
                    details: AlertDetails(annotations: [("summary", annotation)]), state: state,
                    changedAt: at(0)), externalLabels: .empty)
        }
        return Notification(
            receiver: "r",
            group: GroupID(routeKey: "{}", labels: Labels([("alertname", "Big")])),
            externalURL: "http://p", alerts: list, now: at(60), key: "key", thread: "thread")
    }

    func requests(_ message: IntegrationMessage) -> [OutboxRequest] {
        let integration = IntegrationSettings(index: 0, sendResolved: true, message: message)
        return MessageWriter(integration: integration, templates: NotificationTemplates())
            .requests(for: notification())
    }

    func json(_ message: IntegrationMessage) throws -> JSONValue {
        let request = try #require(requests(message).first)
        let opening = request.opening.isEmpty ? "" : try request.opening.revealed { _ in "k" }
        return try JSONValue.parse(Array(opening.utf8) + request.body)
    }
}

@Suite struct ReceiverTextTests {
    private let big = ReceiverWorld(
        alerts: 2000, annotation: String(repeating: "ä👩‍👩‍👧‍👦", count: 200))

    @Test func slackKeepsItsLimitsAndSaysWhatIsMissing() throws {
        var slack = SlackSettings(url: "http://s")
        slack.text = "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}"
        let attachment = try big.json(.slack(slack))["attachments"]?[0]
        let text = try #require(attachment?["text"]?.asString)
        #expect(text.unicodeScalars.count <= 8000)
        #expect(text.hasSuffix("… 1996 more alerts"))
        #expect(attachment?["title"]?.asString?.hasPrefix("[FIRING:2000] Big") == true)
    }

    @Test func teamsStaysBelow28Kilobytes() throws {
        let request = try #require(
            big.requests(.msteams(TeamsSettings(url: "http://t"))).first)
        #expect(request.body.count < 28_000)
        #expect(String(decoding: request.body, as: UTF8.self).contains(" more alerts\""))
    }

    @Test func pagerDutyStaysBelow512Kilobytes() throws {
        let request = try #require(
            big.requests(.pagerduty(PagerDutySettings(routingKey: .named("k")))).first)
        #expect(request.body.count < 512 * 1024)
        let details = try big.json(.pagerduty(PagerDutySettings(routingKey: .named("k"))))[
            "payload"]?["custom_details"]
        #expect(details?["num_firing"]?.asInteger == 2000)
    }

    @Test func opsgenieKeepsItsLimits() throws {
        let alert = try big.json(.opsgenie(OpsgenieSettings(key: .named("k"))))
        #expect((alert["message"]?.asString ?? "").unicodeScalars.count <= 130)
        #expect((alert["description"]?.asString ?? "").unicodeScalars.count <= 15_000)
        #expect(alert["description"]?.asString?.contains(" more alerts") == true)
    }

    @Test func googleChatStandsInAThread() throws {
        let requests = big.requests(.googleChat(GoogleChatSettings(url: "http://g?key=k")))
        #expect(
            requests[0].url.shown
                == "http://g?key=k&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
        let message = try JSONValue.parse(requests[0].body)
        #expect(message["thread"]?["threadKey"]?.asString == "thread")
        #expect((message["text"]?.asString ?? "").unicodeScalars.count <= 4096)
        #expect(message["text"]?.asString?.contains(" more alerts") == true)
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8, 30])
    func noTextIsCutInsideACharacter(limit: Int) {
        let text = "ä👩‍👩‍👧‍👦é日"
        for unit in [TextUnit.bytes, .scalars] {
            let cut = bounded(text, limit, unit)
            #expect(unit.length(cut) <= limit)
            #expect(text.hasPrefix(cut.hasSuffix("…") ? String(cut.dropLast()) : cut))
        }
    }

    @Test func aTemplateThatFailsMakesPlainWordsAtEveryReceiver() throws {
        let bad = "{{ .Nonsense }}"
        var slack = SlackSettings(url: "http://s")
        slack.title = bad
        var pager = PagerDutySettings(routingKey: .named("k"))
        pager.description = bad
        var genie = OpsgenieSettings(key: .named("k"))
        genie.description = bad
        var teams = TeamsSettings(url: "http://t")
        teams.text = bad
        var chat = GoogleChatSettings(url: "http://g?")
        chat.title = bad
        var mail = EmailSettings(to: "a@b")
        (mail.from, mail.smarthost, mail.html) = ("c@d", "h:25", bad)
        var hook = WebhookSettings(url: "http://w")
        hook.body = bad
        for message in [
            IntegrationMessage.slack(slack), .pagerduty(pager), .opsgenie(genie),
            .msteams(teams), .googleChat(chat), .email(mail), .webhook(hook),
        ] {
            let made = ReceiverWorld(alerts: 2).requests(message)
            #expect(made.count == 1)
            #expect(made[0].templateFault?.contains("Nonsense") == true)
            let body = String(decoding: made[0].body, as: UTF8.self)
            #expect(body.contains("Big") || body.contains("PitotTest"))
        }
    }

    @Test func changeEventsHaveNoEnd() throws {
        var pager = PagerDutySettings(routingKey: .named("k"))
        pager.isChange = true
        let event = try ReceiverWorld().json(.pagerduty(pager))
        #expect(event["dedup_key"] == nil)
        #expect(event["payload"]?["timestamp"]?.asString == "2026-11-23T16:16:25Z")
        #expect(
            ReceiverWorld().requests(.pagerduty(pager))[0].url.shown
                == "https://events.pagerduty.com/v2/change/enqueue")
        #expect(ReceiverWorld(firing: false).requests(.pagerduty(pager)).isEmpty)
    }
}

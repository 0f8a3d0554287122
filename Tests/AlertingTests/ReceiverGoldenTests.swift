import Model
import Testing
import Text

@testable import Alerting

/// What each receiver is sent, byte for byte, for the incident of the capture of Alertmanager
/// 0.33.1 (captures/alertmanager-0.33.1-receivers.txt). Where Alertmanager says the same, it says
/// it in the same members with the same texts, but for its own name and user interface.
@Suite struct ReceiverGoldenTests {
    private let burn = Labels([
        ("alertname", "ErrorBudgetBurn"), ("namespace", "team-a"), ("severity", "page"),
        ("slo", "fraud-availability"),
    ])
    private let group =
        "71bd084951a68a2240c55ec9ec5a70410f5e2d46f198e27fa8f3208bda7b9706"

    /// The incident's two deliveries at one integration: it fires, it resolves.
    private func told(_ message: IntegrationMessage) -> [AssembledRequest] {
        var settings = routed(
            groupBy: ["slo", "alertname"], wait: .seconds(1), interval: .seconds(5))
        settings.receivers = [
            ReceiverSettings(
                name: "all",
                integrations: [
                    IntegrationSettings(index: 0, sendResolved: true, message: message)
                ])
        ]
        var notifier = Notifier(settings)
        notifier.breach(
            burn, 0,
            details: AlertDetails(
                annotations: [("summary", "burning 14.4x")],
                generatorURL: "http://pitot/slo/fraud"))
        var requests: [AssembledRequest] = []
        func send(_ seconds: Int64) {
            notifier.advance(to: at(seconds))
            for delivery in notifier.takeDeliveries() {
                if let request = try? delivery.assembled(at: at(seconds), find: { "\($0)" }) {
                    requests.append(request)
                }
                notifier.delivered(delivery.id, .delivered(status: 200), now: at(seconds))
            }
        }
        send(1)
        notifier.clear(burn, 3)
        send(6)
        return requests
    }

    private func texts(_ message: IntegrationMessage) -> [String] {
        told(message).map { String(decoding: $0.body, as: UTF8.self) }
    }

    @Test func slackByWebhook() {
        func body(_ title: String, _ color: String) -> String {
            ##"{"channel":"#x","username":"Pitot","attachments":[{"title":"\##(title)","##
                + #""title_link":"http://vm:19093/#/alerts?receiver=all","text":"","#
                + #""fallback":"\#(title) | http://vm:19093/#/alerts?receiver=all","#
                + #""callback_id":"","footer":"","color":"\#(color)","#
                + #""mrkdwn_in":["fallback","pretext","text"]}]}"#
        }
        var slack = SlackSettings(url: "https://hooks.slack.com/services/x")
        slack.channel = "#x"
        #expect(
            texts(.slack(slack)) == [
                body("[FIRING:1] ErrorBudgetBurn fraud-availability (team-a page)", "danger"),
                body("[RESOLVED] ErrorBudgetBurn fraud-availability (team-a page)", "good"),
            ])
    }

    @Test func pagerDuty() {
        func body(_ action: String, _ title: String, _ details: String) -> String {
            #"{"routing_key":"named(\"key\")","dedup_key":"\#(group)","event_action":"\#(action)","#
                + #""payload":{"summary":"\#(title)","source":"Pitot","severity":"error","#
                + #""custom_details":{\#(details)}},"client":"Pitot","#
                + #""client_url":"http://vm:19093/#/alerts?receiver=all"}"#
        }
        func alert(_ status: String, _ endsAt: String) -> String {
            #"{"annotations":{"summary":"burning 14.4x"},"endsAt":"\#(endsAt)","#
                + #""fingerprint":"ce62c109d98a5728","generatorURL":"http://pitot/slo/fraud","#
                + #""labels":{"alertname":"ErrorBudgetBurn","namespace":"team-a","#
                + #""severity":"page","slo":"fraud-availability"},"#
                + #""startsAt":"2026-11-23T16:15:25Z","status":"\#(status)"}"#
        }
        let pager = PagerDutySettings(routingKey: .named("key"))
        #expect(
            texts(.pagerduty(pager)) == [
                body(
                    "trigger", "[FIRING:1] ErrorBudgetBurn fraud-availability (team-a page)",
                    #""firing":[\#(alert("firing", "0001-01-01T00:00:00Z"))],"num_firing":1,"#
                        + #""num_resolved":0,"resolved":[]"#),
                body(
                    "resolve", "[RESOLVED] ErrorBudgetBurn fraud-availability (team-a page)",
                    #""firing":[],"num_firing":0,"num_resolved":1,"#
                        + #""resolved":[\#(alert("resolved", "2026-11-23T16:15:28Z"))]"#),
            ])
    }

    @Test func opsgenie() {
        let requests = told(.opsgenie(OpsgenieSettings(key: .file("/k"))))
        #expect(
            requests.map(\.url) == [
                "https://api.opsgenie.com/v2/alerts",
                "https://api.opsgenie.com/v2/alerts/\(group)/close?identifierType=alias",
            ])
        #expect(requests[0].headers.contains { $0 == ("Authorization", #"GenieKey file("/k")"#) })
        #expect(
            requests.map { String(decoding: $0.body, as: UTF8.self) } == [
                #"{"alias":"\#(group)","#
                    + #""message":"[FIRING:1] ErrorBudgetBurn fraud-availability (team-a page)","#
                    + #""description":"burning 14.4x\nAlerts Firing:\nLabels:\n"#
                    + #" - alertname = ErrorBudgetBurn\n - namespace = team-a\n"#
                    + #" - severity = page\n - slo = fraud-availability\nAnnotations:\n"#
                    + #" - summary = burning 14.4x\nSource: http://pitot/slo/fraud\n\n","#
                    + #""details":{"alertname":"ErrorBudgetBurn","namespace":"team-a","#
                    + #""severity":"page","slo":"fraud-availability"},"#
                    + #""source":"http://vm:19093/#/alerts?receiver=all"}"#,
                #"{"source":"http://vm:19093/#/alerts?receiver=all"}"#,
            ])
    }

    @Test func microsoftTeams() {
        func card(_ title: String, _ color: String, _ text: String) -> String {
            #"{"type":"message","attachments":[{"contentType":"#
                + #""application/vnd.microsoft.card.adaptive","contentUrl":null,"content":{"#
                + #""$schema":"http://adaptivecards.io/schemas/adaptive-card.json","#
                + #""type":"AdaptiveCard","version":"1.2","body":[{"type":"TextBlock","#
                + #""text":"\#(title)","weight":"Bolder","size":"Medium","wrap":true,"#
                + #""style":"heading","color":"\#(color)"},{"type":"TextBlock","text":"\#(text)","#
                + #""wrap":true}],"msteams":{"width":"full"}}}]}"#
        }
        let list =
            #"\n\nLabels:\n  - alertname = ErrorBudgetBurn\n  - namespace = team-a\n"#
            + #"  - severity = page\n  - slo = fraud-availability\n\nAnnotations:\n"#
            + #"  - summary = burning 14.4x\n\nSource: http://pitot/slo/fraud\n\n"#
        #expect(
            texts(.msteams(TeamsSettings(url: "https://teams"))) == [
                card(
                    "[FIRING:1] ErrorBudgetBurn fraud-availability (team-a page)", "Attention",
                    #"\n\n# Alerts Firing:"# + list + #"\n\n\n"#),
                card(
                    "[RESOLVED] ErrorBudgetBurn fraud-availability (team-a page)", "Good",
                    #"\n\n\n# Alerts Resolved:"# + list + #"\n\n"#),
            ])
    }
}

import Model
import Testing

@testable import Alerting

/// The bodies that Alertmanager 0.33.1 sent (captures/alertmanager-0.33.1-receivers.txt), less
/// `notification_reason`, which versions before 0.32 do not send.
@Suite struct WebhookBodyTests {
    private let burn = Labels([
        ("alertname", "ErrorBudgetBurn"), ("namespace", "team-a"), ("severity", "page"),
        ("slo", "fraud-availability"),
    ])
    private let labelsText =
        #"{"alertname":"ErrorBudgetBurn","namespace":"team-a","severity":"page","#
        + #""slo":"fraud-availability"}"#

    private func captured(_ status: String, endsAt: String) -> String {
        #"{"receiver":"all","status":"\#(status)","alerts":[{"status":"\#(status)","#
            + #""labels":\#(labelsText),"annotations":{"summary":"burning 14.4x"},"#
            + #""startsAt":"2026-11-23T16:15:25Z","endsAt":"\#(endsAt)","#
            + #""generatorURL":"http://pitot/slo/fraud","fingerprint":"ce62c109d98a5728"}],"#
            + #""groupLabels":{"alertname":"ErrorBudgetBurn","slo":"fraud-availability"},"#
            + #""commonLabels":\#(labelsText),"commonAnnotations":{"summary":"burning 14.4x"},"#
            + #""externalURL":"http://vm:19093","version":"4","#
            + #""groupKey":"{}:{alertname=\"ErrorBudgetBurn\", slo=\"fraud-availability\"}","#
            + #""truncatedAlerts":0}"#
    }

    @Test func isWhatAlertmanagerSends() {
        var notifier = Notifier(
            routed(groupBy: ["slo", "alertname"], wait: .seconds(1), interval: .seconds(5)))
        notifier.breach(
            burn, 0,
            details: AlertDetails(
                annotations: [("summary", "burning 14.4x")],
                generatorURL: "http://pitot/slo/fraud"))
        #expect(notifier.tick(1) == [captured("firing", endsAt: "0001-01-01T00:00:00Z")])
        notifier.clear(burn, 3)
        #expect(notifier.tick(6) == [captured("resolved", endsAt: "2026-11-23T16:15:28Z")])
    }

    @Test func aDeliveryCarriesAKeyThatIsTheSameOnRetries() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(burn, 0)
        let first = notifier.takeDeliveries()[0]
        #expect(first.url == SecretText(webhookURL))
        #expect(first.headers.map(\.name) == ["Idempotency-Key"])
        notifier.delivered(first.id, .failed(reason: .timedOut), now: at(10))
        notifier.advance(to: at(12))
        let second = notifier.takeDeliveries()[0]
        #expect(second.attempt == 2)
        #expect(second.id == first.id)
        #expect(second.headers == first.headers)
        #expect(second.body == first.body)
    }

    @Test func commonPairsAreThoseThatAllAlertsShare() {
        var settings = routed(wait: .zero)
        settings.externalLabels = Labels([("cluster", "eu1")])
        var notifier = Notifier(settings)
        let details = AlertDetails(annotations: [("runbook", "r"), ("summary", "1")])
        notifier.breach(key("a", ("team", "ml"), ("n", "1")), 0, details: details)
        notifier.breach(
            key("a", ("team", "ml"), ("n", "2")), 0,
            details: AlertDetails(annotations: [("runbook", "r"), ("summary", "2")]))
        let body = notifier.drain(0)[0]
        #expect(
            body.contains(
                #""commonLabels":{"alertname":"a","cluster":"eu1","team":"ml"},"#
                    + #""commonAnnotations":{"runbook":"r"}"#))
    }

    @Test func truncatesToMaxAlertsAndSaysSo() {
        var notifier = Notifier(routed(wait: .zero, maxAlerts: 2))
        for name in ["c", "a", "b", "d", "e"] { notifier.breach(key(name), 0) }
        let body = notifier.drain(0)[0]
        #expect(summary(body) == "a:firing b:firing")
        #expect(body.contains(#""truncatedAlerts":3"#))
    }

    @Test func ordersAlertsAsAlertmanagerDoes() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("none"), 0)
        notifier.breach(key("late", ("job", "z")), 0)
        notifier.breach(key("second", ("job", "a"), ("instance", "2")), 0)
        notifier.breach(key("first", ("job", "a"), ("instance", "1")), 0)
        notifier.breach(key("more", ("slo", "x")), 0)
        #expect(
            notifier.drain(0).map { notices($0).map(\.name) } == [
                ["first", "second", "late", "none", "more"]
            ])
    }

    // prometheus/common LabelSet.Before: of two sets of equal size the one without the smaller
    // name is the smaller.
    @Test func comparesLabelSetsAsPrometheusDoes() {
        func outward(_ pairs: (String, String)...) -> OutwardAlert {
            let alert = Alert(
                labels: Labels(pairs), details: AlertDetails(),
                state: .firing(since: at(0), firedAt: at(0)), changedAt: at(0))
            return OutwardAlert(alert, externalLabels: .empty)
        }
        #expect(outward(("b", "1")) < outward(("a", "1")))
        #expect(outward(("z", "1")) < outward(("a", "1"), ("b", "1")))
        #expect(outward(("a", "1"), ("b", "1")) < outward(("a", "1"), ("b", "2")))
        #expect(!(outward(("a", "1")) < outward(("a", "1"))))
    }
}

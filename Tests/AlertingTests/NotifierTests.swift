import Alerting
import Model
import Testing

@Suite struct NotifierTests {
    @Test func alertmanagersBypassTheRoute() {
        var settings = routed(wait: .seconds(30))
        settings.alertmanagers = ["http://am"]
        var notifier = Notifier(settings)
        notifier.breach(key("a"), 0)
        #expect(notifier.takeDeliveries().map(\.destination) == [.alertmanager(url: "http://am")])
    }

    @Test func withoutAnyoneToTellNothingIsQueued() {
        var notifier = Notifier()
        notifier.breach(key("a"), 0)
        #expect(notifier.tick(0).isEmpty)
        #expect(notifier.nextDeadline == nil)
        #expect(notifier.alerts.count == 1)
    }

    @Test func whatFiresInOneEventLeavesInOneMessage() {
        var notifier = Notifier(routed(wait: .zero))
        for name in ["b", "a"] { notifier.breach(key(name), 0) }
        #expect(notifier.drain(0).map(summary) == ["a:firing b:firing"])
    }

    @Test func aReloadWithTheSameSettingsTellsNothingTwice() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(0) == ["a:firing"])
        notifier.breach(key("b"), 100)
        notifier.configure(routed(wait: .zero))
        #expect(notifier.told(100) == [])
        #expect(notifier.told(299) == [])
        #expect(notifier.told(300) == ["a:firing b:firing"])
    }

    @Test func aReloadKeepsAlertsTheirStatesAndWhatIsQueued() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a"), 0)
        notifier.breach(key("p"), 0, hold: .hours(1))
        let delivery = notifier.takeDeliveries()[0]
        let before = notifier.alerts
        notifier.configure(routed(wait: .zero))
        #expect(notifier.alerts == before)
        notifier.delivered(delivery.id, .delivered(status: 200), now: at(1))
        #expect(notifier.outbox.counters.delivered == 1)
    }

    @Test func aNewReceiverHearsWhatFires() {
        var notifier = Notifier(feeding("http://am"))
        notifier.breach(key("a"), 0)
        #expect(notifier.tick(0).count == 1)
        var settings = routed(wait: .seconds(30))
        settings.alertmanagers = ["http://am"]
        notifier.advance(to: at(40))
        notifier.configure(settings)
        // It has fired for longer than group_wait: no more waiting.
        #expect(notifier.told(40) == ["a:firing"])
    }

    @Test func aNewAlertmanagerHearsWhatFires() {
        var notifier = Notifier(feeding("http://am"))
        notifier.breach(key("a"), 0)
        #expect(notifier.tick(0).count == 1)
        notifier.configure(feeding("http://am", "http://am2"))
        #expect(notifier.takeDeliveries().count == 2)
        notifier.configure(NotifierSettings())
        #expect(notifier.outbox.queued == 0)
        #expect(notifier.tick(60).isEmpty)
        #expect(notifier.nextDeadline == nil)
    }

    @Test func aNewGroupingTellsTheNewGroups() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a", ("slo", "x")), 0)
        notifier.breach(key("b", ("slo", "y")), 0)
        #expect(notifier.told(0) == ["a:firing b:firing"])
        notifier.configure(routed(groupBy: ["slo"], wait: .zero))
        #expect(notifier.told(1) == ["a:firing", "b:firing"])
        #expect(notifier.groupCount == 2)
    }

    @Test func aShorterIntervalTakesEffectAtOnce() {
        var notifier = Notifier(routed(wait: .zero, interval: .hours(1)))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(0) == ["a:firing"])
        notifier.breach(key("b"), 10)
        notifier.configure(routed(wait: .zero, interval: .minutes(1)))
        #expect(notifier.told(69) == [])
        #expect(notifier.told(70) == ["a:firing b:firing"])
    }

    @Test func aRestartSendsAgainWhatWasInFlight() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a"), 0)
        let first = notifier.takeDeliveries()
        #expect(notifier.takeDeliveries().isEmpty)
        notifier.restarted()
        let second = notifier.takeDeliveries()
        #expect(second.map(\.id) == first.map(\.id))
        #expect(second.map(\.body) == first.map(\.body))
        notifier.delivered(first[0].id, .delivered(status: 200), now: at(1))
        #expect(notifier.takeDeliveries().isEmpty)
    }

    @Test func timeNeverRunsBackwards() {
        var notifier = Notifier(routed(wait: .seconds(30)))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(30) == ["a:firing"])
        #expect(notifier.told(-3600) == [])
        #expect(notifier.nextDeadline == at(330))
    }

    @Test func anEndedGroupIsToldWithItsReason() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(0) == ["a:firing"])
        notifier.resolve(key("a"), reason: .groupEnded, at: at(10), now: at(20))
        let bodies = notifier.tick(300)
        #expect(bodies.map(summary) == ["a:resolved"])
        #expect(bodies.allSatisfy { $0.contains(#""resolved_reason":"group ended""#) })
    }

    /// Dictionaries are seeded per process and ordered by history; history is what varies here.
    /// Replay in another process is the Agent's test.
    @Test func sameEventsGiveSameBytesHoweverTheyAreOrdered() {
        func run(_ seed: UInt64) -> [[UInt8]] {
            var generator = SeededGenerator(state: seed)
            var settings = routed(groupBy: ["slo"], wait: .zero, interval: .minutes(1))
            settings.alertmanagers = ["http://am2", "http://am1"].shuffled(using: &generator)
            settings.externalLabels = Labels([("c", "1"), ("b", "2")].shuffled(using: &generator))
            var notifier = Notifier(settings)
            var sent: [[UInt8]] = []
            for round in Int64(0)..<20 {
                for number in (0..<100).shuffled(using: &generator) {
                    let labels = [
                        ("alertname", "n\(number)"), ("slo", "s\(number % 7)"), ("job", "j"),
                    ]
                    let key = Labels(labels.shuffled(using: &generator))
                    let annotations = [("x", "\(number)"), ("y", "\(round / 5)")]
                    notifier.observe(
                        (number + Int(round)) % 5 < 3 ? .breaching : .clear, of: key,
                        details: AlertDetails(
                            annotations: annotations.shuffled(using: &generator)),
                        hold: .zero, at: at(30 * round), now: at(30 * round))
                }
                while true {
                    let deliveries = notifier.takeDeliveries()
                    if deliveries.isEmpty { break }
                    for delivery in deliveries {
                        sent.append(Array(delivery.url.shown.utf8) + delivery.body)
                        notifier.delivered(
                            delivery.id, .delivered(status: 200), now: at(30 * round))
                    }
                }
            }
            return sent
        }
        let first = run(1)
        #expect(first.count > 100)
        for seed in UInt64(2)...4 { #expect(run(seed) == first) }
    }
}

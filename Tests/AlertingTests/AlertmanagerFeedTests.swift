import Alerting
import Model
import Testing

@Suite struct AlertmanagerFeedTests {
    @Test func postsAFiringAlertAtOnce() throws {
        var settings = feeding("http://am:9093")
        settings.externalLabels = Labels([("cluster", "eu1"), ("severity", "low")])
        var notifier = Notifier(settings)
        notifier.breach(
            key("Burn", ("severity", "page")), 0,
            details: AlertDetails(annotations: [("summary", "s")], generatorURL: "http://p/x"))
        #expect(notifier.nextDeadline == at(0))
        let deliveries = notifier.takeDeliveries()
        let delivery = try #require(deliveries.first)
        #expect(deliveries.count == 1)
        #expect(delivery.url == "http://am:9093/api/v2/alerts")
        #expect(delivery.destination == .alertmanager(url: "http://am:9093"))
        #expect(delivery.contentType == "application/json")
        #expect(delivery.attempt == 1)
        #expect(
            String(decoding: delivery.body, as: UTF8.self)
                == #"[{"labels":{"alertname":"Burn","cluster":"eu1","severity":"page"},"#
                + #""annotations":{"summary":"s"},"startsAt":"2026-11-23T16:15:25.000Z","#
                + #""endsAt":"2026-11-23T16:19:25.000Z","generatorURL":"http://p/x"}]"#)
    }

    @Test func aTrailingSlashIsNotDoubled() {
        var notifier = Notifier(feeding("http://am:9093/prefix/"))
        notifier.breach(key("a"), 0)
        #expect(notifier.takeDeliveries().map(\.url) == ["http://am:9093/prefix/api/v2/alerts"])
    }

    @Test func pendingIsNotPosted() {
        var notifier = Notifier(feeding("http://am"))
        notifier.breach(key("a"), 0, hold: .seconds(60))
        #expect(notifier.tick(0).isEmpty)
        notifier.breach(key("a"), 60, hold: .seconds(60))
        #expect(notifier.tick(60).flatMap(posted).map(\.startsAt) == ["2026-11-23T16:16:25.000Z"])
    }

    @Test func resendsEachResendDelayWithANewEnd() {
        var notifier = Notifier(feeding("http://am"))
        notifier.breach(key("a"), 0)
        #expect(notifier.tick(0).count == 1)
        #expect(notifier.nextDeadline == at(60))
        #expect(notifier.tick(59).isEmpty)
        #expect(notifier.tick(60).flatMap(posted).map(\.endsAt) == ["2026-11-23T16:20:25.000Z"])
        #expect(notifier.tick(119).isEmpty)
        #expect(notifier.tick(120).flatMap(posted).map(\.endsAt) == ["2026-11-23T16:21:25.000Z"])
    }

    @Test func aLongEvaluationIntervalSetsTheEnd() {
        var settings = feeding("http://am")
        settings.evaluationInterval = .minutes(5)
        var notifier = Notifier(settings)
        notifier.breach(key("a"), 0)
        #expect(notifier.tick(0).flatMap(posted).map(\.endsAt) == ["2026-11-23T16:35:25.000Z"])
    }

    @Test func postsTheEndAtOnceAndAgainForFifteenMinutes() {
        var notifier = Notifier(feeding("http://am"))
        notifier.breach(key("a"), 0)
        #expect(notifier.tick(0).count == 1)
        notifier.clear(key("a"), 10)
        let ended = "2026-11-23T16:15:35.000Z"
        #expect(notifier.tick(10).flatMap(posted).map(\.endsAt) == [ended])
        var resends: [Int64] = []
        for second in Int64(11)...2000 {
            let bodies = notifier.tick(second)
            if !bodies.isEmpty { resends.append(second) }
            #expect(bodies.flatMap(posted).allSatisfy { $0.endsAt == ended })
        }
        #expect(resends == (1...15).map { Int64(60 * $0) })
        #expect(notifier.alerts.isEmpty)
        #expect(notifier.nextDeadline == nil)
    }

    @Test func everyAlertmanagerGetsEachBatchOfAtMost64() {
        var notifier = Notifier(feeding("http://am1", "http://am2", "http://am1"))
        for number in 0..<150 { notifier.breach(key("a\(number)"), 0) }
        var bodies: [Destination: [String]] = [:]
        while true {
            let deliveries = notifier.takeDeliveries()
            if deliveries.isEmpty { break }
            for delivery in deliveries {
                bodies[delivery.destination, default: []].append(
                    String(decoding: delivery.body, as: UTF8.self))
                notifier.delivered(delivery.id, .delivered(status: 200), now: at(0))
            }
        }
        let first = bodies[.alertmanager(url: "http://am1")] ?? []
        #expect(first.map { posted($0).count } == [64, 64, 22])
        #expect(Set(first.flatMap(posted).map(\.name)).count == 150)
        #expect(first == bodies[.alertmanager(url: "http://am2")])
        #expect(bodies.count == 2)
    }

    @Test func aNewerBatchReplacesTheOneThatWaits() {
        var notifier = Notifier(feeding("http://am"))
        notifier.breach(key("a"), 0)
        let first = notifier.takeDeliveries()
        notifier.delivered(first[0].id, .failed(reason: .unreachable), now: at(0))
        notifier.clear(key("a"), 5)
        let second = notifier.takeDeliveries()
        #expect(second.map(\.id) == [DeliveryID(2)])
        #expect(notifier.outbox.counters.dropped(.superseded) == 1)
        #expect(notifier.outbox.queued == 1)
    }

    @Test func whatIsInFlightOrSpeaksOfOthersIsNotReplaced() {
        var notifier = Notifier(feeding("http://am"))
        notifier.breach(key("a"), 0)
        #expect(notifier.takeDeliveries().count == 1)
        notifier.breach(key("b"), 1)
        #expect(notifier.takeDeliveries().isEmpty)
        notifier.clear(key("a"), 2)
        #expect(notifier.takeDeliveries().isEmpty)
        #expect(notifier.outbox.queued == 3)
        notifier.delivered(DeliveryID(1), .delivered(status: 200), now: at(3))
        #expect(notifier.drain(3).flatMap(posted).map(\.name) == ["b", "a"])
    }

    @Test func aBackoffOutlivesTheBatchThatFailed() {
        var notifier = Notifier(feeding("http://am"))
        notifier.breach(key("a"), 0)
        let delivery = notifier.takeDeliveries()[0]
        let refusal = Outcome.refused(status: 503, retryAfter: .seconds(90))
        notifier.delivered(delivery.id, refusal, now: at(0))
        #expect(notifier.tick(60).isEmpty)
        #expect(notifier.tick(89).isEmpty)
        #expect(notifier.tick(90).flatMap(posted).map(\.endsAt) == ["2026-11-23T16:20:25.000Z"])
    }
}

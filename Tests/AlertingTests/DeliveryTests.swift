import Model
import Testing

@testable import Alerting

@Suite struct DeliveryTests {
    /// Two receivers, `first` and `second`, each with one integration; the route names the first.
    private func settings(
        _ message: IntegrationMessage = .webhook(WebhookSettings(url: "http://1"))
    ) -> NotifierSettings {
        var settings = routed(groupBy: ["g"], wait: .zero, interval: .seconds(1))
        settings.route?.receiver = "first"
        settings.receivers = [
            ReceiverSettings(
                name: "first",
                integrations: [
                    IntegrationSettings(index: 0, sendResolved: true, message: message)
                ]),
            ReceiverSettings(name: "second", webhooks: [WebhookSettings(url: "http://2")]),
        ]
        settings.delivery.failingAfter = .seconds(30)
        return settings
    }

    private func bot() -> IntegrationMessage {
        var slack = SlackSettings(url: "https://s/api/chat.postMessage")
        (slack.isBot, slack.updatesMessage, slack.channel) = (true, true, "#x")
        return .slack(slack)
    }

    private func opening(_ delivery: Delivery) -> String { delivery.opening.shown }

    @Test func slackChangesTheMessageThatStands() {
        var notifier = Notifier(settings(bot()))
        notifier.breach(key("a"), 0)
        let first = notifier.takeDeliveries()[0]
        #expect(first.url == "https://s/api/chat.postMessage")
        #expect(opening(first) == ##"{"channel":"#x","##)
        notifier.delivered(first.id, .posted(status: 200, reference: "C1 1.5"), now: at(0))
        notifier.clear(key("a"), 2)
        notifier.advance(to: at(2))
        let second = notifier.takeDeliveries()[0]
        #expect(second.url == "https://s/api/chat.update")
        #expect(opening(second) == #"{"channel":"C1","ts":"1.5","#)
        // A person deleted it: it is told anew, at once.
        notifier.delivered(
            second.id, .rejected(status: 200, word: "message_not_found"), now: at(2))
        notifier.advance(to: at(3))
        let third = notifier.takeDeliveries()[0]
        #expect(third.id == second.id)
        #expect(third.url == "https://s/api/chat.postMessage")
        notifier.delivered(third.id, .posted(status: 200, reference: "C1 2.5"), now: at(3))
        // The group's next life is another message.
        notifier.breach(key("a"), 9)
        notifier.advance(to: at(9))
        #expect(notifier.takeDeliveries()[0].url == "https://s/api/chat.postMessage")
    }

    @Test func aKeyIsOfOneNotification() {
        var notifier = Notifier(settings())
        var keys: [String] = []
        for round in 0..<3 {
            let time = Int64(round * 100)
            notifier.breach(key("a", ("g", "1")), time)
            notifier.breach(key("a", ("g", "2")), time)
            notifier.advance(to: at(time + 1))
            for _ in 0..<2 {
                for delivery in notifier.takeDeliveries() {
                    keys.append(delivery.key)
                    notifier.delivered(delivery.id, .delivered(status: 200), now: at(time + 1))
                }
            }
            notifier.clear(key("a", ("g", "1")), time + 2)
            notifier.clear(key("a", ("g", "2")), time + 2)
            notifier.advance(to: at(time + 9))
            for _ in 0..<2 {
                for delivery in notifier.takeDeliveries() {
                    keys.append(delivery.key)
                    notifier.delivered(delivery.id, .delivered(status: 200), now: at(time + 9))
                }
            }
        }
        #expect(keys.count == 12)
        #expect(Set(keys).count == 12)
    }

    @Test func newerWordTakesTheOldOnesPlace() {
        var notifier = Notifier(settings())
        notifier.breach(key("a", ("g", "1")), 0)
        let stuck = notifier.takeDeliveries()[0]
        notifier.delivered(stuck.id, .failed(reason: .unreachable), now: at(0))
        notifier.clear(key("a", ("g", "1")), 0)
        notifier.advance(to: at(1))
        let next = notifier.takeDeliveries()
        #expect(next.count == 1)
        #expect(String(decoding: next[0].body, as: UTF8.self).contains("\"resolved\""))
        #expect(notifier.outbox.counters.dropped(.superseded) == 1)
        #expect(notifier.outbox.deadLetters.isEmpty)
    }

    @Test func newerWordThatLeavesAnAlertOutDoesNot() {
        var notifier = Notifier(settings())
        notifier.breach(key("a", ("g", "1")), 0)
        notifier.breach(key("b", ("g", "1")), 0)
        let first = notifier.takeDeliveries()[0]
        notifier.delivered(first.id, .delivered(status: 200), now: at(0))
        notifier.clear(key("a", ("g", "1")), 1)
        notifier.advance(to: at(1))
        let second = notifier.takeDeliveries()[0]
        notifier.delivered(second.id, .failed(reason: .timedOut), now: at(1))
        // `a` is told and gone from the group: only what waits knows of its end.
        notifier.breach(key("c", ("g", "1")), 2)
        notifier.advance(to: at(2))
        #expect(notifier.outbox.queued == 2)
        #expect(notifier.outbox.counters.dropped(.superseded) == 0)
    }

    @Test func aDestinationThatFailsIsToldToAnother() {
        var notifier = Notifier(settings())
        notifier.breach(key("a"), 0)
        let stuck = notifier.takeDeliveries()[0]
        notifier.delivered(stuck.id, .failed(reason: .unreachable), now: at(0))
        #expect(notifier.watchDeliveries(now: at(29)).isEmpty)
        #expect((notifier.nextDeadline ?? at(99)) <= at(30))
        let news = notifier.watchDeliveries(now: at(30))
        #expect(news.map { $0.key["alertname"] } == ["NotificationsFailing"])
        notifier.advance(to: at(30))
        let sent = notifier.takeDeliveries()
        #expect(sent.map(\.destination.name).sorted() == ["first/webhook", "second/webhook"])
        let other = sent.first { $0.destination.receiver == "second" }
        let body = String(decoding: other?.body ?? [], as: UTF8.self)
        #expect(body.contains("NotificationsFailing"))
        for delivery in sent {
            notifier.delivered(delivery.id, .delivered(status: 200), now: at(31))
        }
        #expect(notifier.watchDeliveries(now: at(32)).count == 1)
        notifier.advance(to: at(33))
        let end = notifier.takeDeliveries()
        #expect(end.map(\.destination.name) == ["second/webhook"])
        #expect(notifier.watchDeliveries(now: at(40)).isEmpty)
    }

    @Test func aRefusalForGoodIsToldForAQuarterOfAnHour() {
        var notifier = Notifier(settings())
        notifier.breach(key("a"), 0)
        let refused = notifier.takeDeliveries()[0]
        notifier.delivered(refused.id, .rejected(status: 400, word: "bad_key"), now: at(0))
        let news = notifier.watchDeliveries(now: at(0))
        #expect(news.count == 1)
        let details = notifier.book[news[0].key]?.details.annotations.map(\.value) ?? []
        #expect(details.contains { $0.contains("status 400 (bad_key)") })
        #expect(notifier.watchDeliveries(now: at(899)).isEmpty)
        #expect(notifier.watchDeliveries(now: at(900)).count == 1)
    }

    @Test func dryRunSendsNothingAndShowsEverything() {
        var settings = settings()
        settings.delivery.isDryRun = true
        var notifier = Notifier(settings)
        notifier.breach(key("a"), 0)
        #expect(notifier.takeDeliveries().isEmpty)
        #expect(notifier.outbox.deadLetters.map(\.reason) == [.dryRun])
        #expect(notifier.watchDeliveries(now: at(1)).isEmpty)
        notifier.advance(to: at(60))
        #expect(notifier.outbox.counters.enqueued == 1)
    }

    @Test func chatsAreGivenTheirPace() {
        var slack = SlackSettings(url: "https://hooks")
        slack.channel = "#x"
        var notifier = Notifier(settings(.slack(slack)))
        for group in ["1", "2", "3"] { notifier.breach(key("a", ("g", group)), 0) }
        var times: [Int64] = []
        var now = at(0)
        while notifier.outbox.queued > 0 || times.isEmpty {
            for delivery in notifier.takeDeliveries() {
                times.append(now.millis - at(0).millis)
                notifier.delivered(delivery.id, .delivered(status: 200), now: now)
            }
            now = now + .milliseconds(50)
            notifier.advance(to: now)
        }
        #expect(times == [0, 1000, 2000])
    }

    @Test func theStateOfEveryDeliverySurvivesACheckpoint() {
        var mail = EmailSettings(to: "a@b")
        (mail.from, mail.smarthost, mail.password) = ("c@d", "h:25", .file("/p"))
        var hook = WebhookSettings(url: SecretText(.named("u")))
        hook.signing = SigningSettings(scheme: .grafana, secret: .file("/s"))
        for message in [bot(), .email(mail), .webhook(hook)] {
            var notifier = Notifier(settings(message))
            notifier.breach(key("a", ("g", "1")), 0)
            let first = notifier.takeDeliveries()[0]
            notifier.delivered(first.id, .posted(status: 200, reference: "C1 1"), now: at(0))
            notifier.breach(key("b", ("g", "1")), 1)
            notifier.advance(to: at(2))
            _ = notifier.takeDeliveries()
            notifier.breach(key("b", ("g", "2")), 3)
            notifier.advance(to: at(3))
            var sections = notifier.sections()
            var read = Notifier(settings(message))
            var isGood = true
            while let section = sections.next() { isGood = read.restore(section) && isGood }
            isGood = read.finishRestore() && isGood
            #expect(isGood)
            notifier.restarted()
            read.restarted()
            read.advance(to: at(9))
            notifier.advance(to: at(9))
            let sent = read.takeDeliveries()
            #expect(sent == notifier.takeDeliveries())
            #expect(sent.count == 1)
            #expect(read.outbox.counters == notifier.outbox.counters)
        }
    }
}

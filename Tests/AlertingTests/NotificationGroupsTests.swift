import Alerting
import Model
import Testing

@Suite struct NotificationGroupsTests {
    @Test func withoutAWaitTheFirstAlertIsToldInTheSameCall() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a"), 0)
        #expect(notifier.drain(0).map(summary) == ["a:firing"])
    }

    @Test func aWaitCollectsTheFirstAlertsOfAGroup() {
        var notifier = Notifier(routed())
        notifier.breach(key("a"), 0)
        #expect(notifier.nextDeadline == at(30))
        #expect(notifier.told(10) == [])
        notifier.breach(key("b"), 20)
        #expect(notifier.told(29) == [])
        #expect(notifier.told(30) == ["a:firing b:firing"])
        #expect(notifier.nextDeadline == at(330))
    }

    @Test func anAlertThatHasWaitedElsewhereWaitsNoMore() {
        var notifier = Notifier(routed())
        notifier.observe(
            .breaching, of: key("a"), details: AlertDetails(), hold: .zero, at: at(0),
            now: at(31))
        #expect(notifier.told(31) == ["a:firing"])
    }

    @Test func aChangeWaitsForTheNextInterval() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(0) == ["a:firing"])
        notifier.breach(key("b"), 10)
        #expect(notifier.told(10) == [])
        #expect(notifier.told(299) == [])
        #expect(notifier.told(300) == ["a:firing b:firing"])
        #expect(notifier.told(600) == [])
        notifier.clear(key("a"), 700)
        #expect(notifier.told(700) == [])
        #expect(notifier.told(900) == ["a:resolved b:firing"])
        #expect(notifier.told(1200) == [])
        notifier.clear(key("b"), 1300)
        #expect(notifier.told(1500) == ["b:resolved"])
        #expect(notifier.groupCount == 0)
    }

    @Test func aGroupThatEndedBeginsAnewWithItsWait() {
        var notifier = Notifier(routed())
        notifier.breach(key("a"), 0)
        #expect(notifier.told(30) == ["a:firing"])
        notifier.clear(key("a"), 100)
        #expect(notifier.told(330) == ["a:resolved"])
        notifier.breach(key("a"), 340)
        #expect(notifier.told(369) == [])
        #expect(notifier.told(370) == ["a:firing"])
    }

    @Test func whatEndsWithinTheWaitIsNeverTold() {
        var notifier = Notifier(routed())
        notifier.breach(key("a"), 0)
        notifier.clear(key("a"), 20)
        #expect(notifier.told(30) == [])
        #expect(notifier.told(330) == [])
        #expect(notifier.groupCount == 0)
    }

    @Test func aFlapBetweenTwoFlushesIsNoChange() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(0) == ["a:firing"])
        notifier.clear(key("a"), 100)
        notifier.breach(key("a"), 200)
        #expect(notifier.told(300) == [])
    }

    @Test func anUnchangedGroupIsToldAgainEachRepeatInterval() {
        var notifier = Notifier(
            routed(wait: .zero, interval: .minutes(5), repeating: .minutes(15)))
        notifier.breach(key("a"), 0)
        var times: [Int64] = []
        for second in stride(from: Int64(0), through: 3600, by: 10)
        where !notifier.told(second + second % 8).isEmpty {
            times.append(second)
        }
        #expect(times == [0, 900, 1800, 2700, 3600])
    }

    @Test func aRepeatShorterThanTheIntervalWaitsForIt() {
        var notifier = Notifier(routed(wait: .zero, repeating: .minutes(1)))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(0).count == 1)
        #expect(notifier.told(60) == [])
        #expect(notifier.told(300) == ["a:firing"])
        #expect(notifier.told(600) == ["a:firing"])
    }

    @Test func withoutSendResolvedOnlyFiringIsTold() {
        var notifier = Notifier(routed(wait: .zero, sendResolved: false))
        notifier.breach(key("a"), 0)
        notifier.breach(key("b"), 0)
        #expect(notifier.told(0) == ["a:firing b:firing"])
        notifier.clear(key("a"), 10)
        #expect(notifier.told(300) == [])
        notifier.breach(key("c"), 310)
        #expect(notifier.told(600) == ["b:firing c:firing"])
        notifier.clear(key("b"), 610)
        notifier.clear(key("c"), 610)
        #expect(notifier.told(900) == [])
        notifier.breach(key("b"), 910)
        #expect(notifier.told(910) == ["b:firing"])
    }

    @Test func aLongIntervalStillTellsTheEnd() {
        var notifier = Notifier(routed(wait: .zero, interval: .hours(1)))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(0) == ["a:firing"])
        notifier.clear(key("a"), 10)
        #expect(notifier.told(2000) == [])
        #expect(notifier.alerts.isEmpty)
        #expect(notifier.told(3600) == ["a:resolved"])
    }

    @Test func groupsByTheNamedLabels() {
        var notifier = Notifier(routed(groupBy: ["slo"], wait: .zero))
        notifier.breach(key("b", ("slo", "x")), 0)
        notifier.breach(key("a", ("slo", "y")), 0)
        notifier.breach(key("a", ("slo", "x")), 0)
        notifier.breach(key("z"), 0)
        let bodies = notifier.drain(0)
        #expect(bodies.map(summary) == ["z:firing", "a:firing b:firing", "a:firing"])
        #expect(
            bodies.map { between($0, #""groupKey":""#, #"","truncated"#) } == [
                "{}:{}", #"{}:{slo=\"x\"}"#, #"{}:{slo=\"y\"}"#,
            ])
    }

    @Test func threeDotsGroupByAllLabels() {
        var notifier = Notifier(routed(groupBy: ["..."], wait: .zero))
        notifier.breach(key("a", ("n", "1")), 0)
        notifier.breach(key("a", ("n", "2")), 0)
        #expect(notifier.drain(0).map(summary) == ["a:firing", "a:firing"])
        #expect(notifier.groupCount == 2)
    }

    @Test func annotationsAreTheNewestWhenTheGroupIsFlushed() {
        var notifier = Notifier(routed())
        notifier.breach(key("a"), 0, details: AlertDetails(annotations: [("s", "old")]))
        notifier.breach(key("a"), 20, details: AlertDetails(annotations: [("s", "new")]))
        #expect(notifier.tick(30).map { $0.contains(#""s":"new""#) } == [true])
    }

    @Test func aGroupWithoutRoomIsCounted() {
        var settings = routed(wait: .zero)
        settings.limits.groupedAlerts = 1
        var notifier = Notifier(settings)
        notifier.breach(key("a"), 0)
        notifier.breach(key("b"), 0)
        #expect(notifier.told(0) == ["a:firing"])
        #expect(notifier.groupRefusals == 1)
        notifier.clear(key("b"), 10)
        notifier.clear(key("a"), 10)
        #expect(notifier.told(300) == ["a:resolved"])
        notifier.breach(key("b"), 310)
        #expect(notifier.told(310) == ["b:firing"])
    }

    @Test func aRefusedNotificationIsTriedAnewAtTheNextInterval() {
        var notifier = Notifier(routed(wait: .zero))
        notifier.breach(key("a"), 0)
        let delivery = notifier.takeDeliveries()[0]
        notifier.delivered(delivery.id, .refused(status: 404, retryAfter: nil), now: at(0))
        #expect(notifier.outbox.deadLetters.map(\.subject) == ["{}:{}"])
        #expect(notifier.told(299) == [])
        #expect(notifier.told(300) == ["a:firing"])
        #expect(notifier.told(600) == [])
    }
}

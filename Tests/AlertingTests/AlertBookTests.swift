import Alerting
import Model
import Testing

@Suite struct AlertBookTests {
    private var book = AlertBook()
    private let a = key("a")

    private func observe(
        _ book: inout AlertBook, _ observation: Observation, _ seconds: Int64,
        hold: TimeSpan = .zero, of key: Labels? = nil, details: AlertDetails = AlertDetails()
    ) -> AlertChange? {
        book.observe(
            observation, of: key ?? a, details: details, hold: hold, at: at(seconds),
            now: at(seconds + 2))
    }

    @Test func firesAtOnceWithoutAHold() {
        var book = book
        #expect(observe(&book, .clear, 0) == nil)
        #expect(book.state(of: a) == .inactive)
        #expect(observe(&book, .breaching, 60) == .fired(at: at(60)))
        #expect(book.state(of: a) == .firing(since: at(60), firedAt: at(60)))
        #expect(observe(&book, .breaching, 75) == nil)
        #expect(observe(&book, .clear, 90) == .resolved(at: at(90), reason: .cleared))
        #expect(observe(&book, .clear, 105) == nil)
        let resolved = AlertState.resolved(
            since: at(60), firedAt: at(60), at: at(90), reason: .cleared)
        #expect(book.state(of: a) == resolved)
    }

    @Test func staysPendingUntilTheHoldHasPassed() {
        var book = book
        let hold = TimeSpan.seconds(60)
        #expect(observe(&book, .breaching, 0, hold: hold) == .pendingBegan(since: at(0)))
        #expect(observe(&book, .breaching, 59, hold: hold) == nil)
        #expect(book.state(of: a) == .pending(since: at(0)))
        #expect(observe(&book, .breaching, 60, hold: hold) == .fired(at: at(60)))
        #expect(book.state(of: a) == .firing(since: at(0), firedAt: at(60)))
        #expect(book[a]?.startsAt == at(60))
        #expect(book[a]?.activeAt == at(0))
    }

    @Test func forgetsAPendingAlertThatClears() {
        var book = book
        let hold = TimeSpan.seconds(60)
        #expect(observe(&book, .breaching, 0, hold: hold) == .pendingBegan(since: at(0)))
        #expect(observe(&book, .clear, 30, hold: hold) == .cleared)
        #expect(book.count == 0)
        #expect(observe(&book, .breaching, 70, hold: hold) == .pendingBegan(since: at(70)))
        #expect(observe(&book, .breaching, 90, hold: hold) == nil)
    }

    @Test func anUnknownObservationChangesNothing() {
        var book = book
        let hold = TimeSpan.seconds(60)
        #expect(observe(&book, .unknown, 0, hold: hold) == nil)
        #expect(book.count == 0)
        #expect(observe(&book, .breaching, 10, hold: hold) == .pendingBegan(since: at(10)))
        #expect(observe(&book, .unknown, 80, hold: hold) == nil)
        #expect(book.state(of: a) == .pending(since: at(10)))
        #expect(observe(&book, .breaching, 90, hold: hold) == .fired(at: at(90)))
        #expect(observe(&book, .unknown, 9000, hold: hold) == nil)
        #expect(book.state(of: a) == .firing(since: at(10), firedAt: at(90)))
        #expect(observe(&book, .clear, 9010) == .resolved(at: at(9010), reason: .cleared))
        #expect(observe(&book, .unknown, 9020) == nil)
        #expect(book[a]?.endsAt == at(9010))
    }

    @Test func aResolvedAlertFiresAnewWithItsOwnTimes() {
        var book = book
        #expect(observe(&book, .breaching, 0) == .fired(at: at(0)))
        #expect(observe(&book, .clear, 30) == .resolved(at: at(30), reason: .cleared))
        #expect(observe(&book, .breaching, 60) == .fired(at: at(60)))
        #expect(book.state(of: a) == .firing(since: at(60), firedAt: at(60)))
        // The first resolution's retention must not take the second life away.
        book.expire(at: at(60 + 7200))
        #expect(book.state(of: a) == .firing(since: at(60), firedAt: at(60)))
    }

    @Test func keepsAResolvedAlertFifteenMinutesOfTheClock() {
        var book = book
        _ = observe(&book, .breaching, 0)
        _ = observe(&book, .clear, 30)
        #expect(book.nextDeadline == at(32 + 900) + .milliseconds(1))
        book.expire(at: at(32 + 900))
        #expect(book.count == 1)
        book.expire(at: at(32 + 900) + .milliseconds(1))
        #expect(book.count == 0)
        #expect(book.nextDeadline == nil)
    }

    @Test func aFiringAlertTakesTheNewestDetailsAndAResolvedOneKeepsTheLast() {
        var book = book
        _ = observe(&book, .breaching, 0, details: AlertDetails(annotations: [("s", "14x")]))
        _ = observe(&book, .breaching, 15, details: AlertDetails(annotations: [("s", "20x")]))
        #expect(book[a]?.details.annotations == [Annotation("s", "20x")])
        _ = observe(&book, .clear, 30, details: AlertDetails(annotations: [("s", "0x")]))
        #expect(book[a]?.details.annotations == [Annotation("s", "20x")])
    }

    @Test func anEndedGroupResolvesWithItsReason() {
        var book = book
        let reason = ResolveReason.groupEnded
        #expect(book.resolve(a, reason: reason, at: at(0), now: at(0)) == nil)
        _ = observe(&book, .breaching, 10)
        let change = book.resolve(a, reason: reason, at: at(20), now: at(20))
        #expect(change == .resolved(at: at(20), reason: .groupEnded))
        #expect(book[a]?.details.annotations == [Annotation("resolved_reason", "group ended")])
        _ = observe(&book, .breaching, 30, hold: .seconds(60))
        #expect(book.resolve(a, reason: reason, at: at(40), now: at(40)) == .cleared)
    }

    @Test func neverEndsBeforeItStarted() {
        var book = book
        _ = observe(&book, .breaching, 60)
        #expect(observe(&book, .clear, 30) == .resolved(at: at(60), reason: .cleared))
    }

    @Test func refusesAndCountsWhatItHasNoRoomFor() {
        var book = AlertBook(alertsMax: 2)
        #expect(observe(&book, .breaching, 0, of: key("a")) == .fired(at: at(0)))
        #expect(observe(&book, .breaching, 0, of: key("b")) == .fired(at: at(0)))
        #expect(observe(&book, .breaching, 0, of: key("c")) == nil)
        #expect(book.refused == 1)
        // The memory of an ended alert yields to a new one.
        _ = observe(&book, .clear, 10, of: key("a"))
        #expect(observe(&book, .breaching, 20, of: key("c")) == .fired(at: at(20)))
        #expect(book.alerts.map(\.labels) == [key("b"), key("c")])
        #expect(book.evicted == 1)
        #expect(book.refused == 1)
    }

    @Test func aFlappingAlertLeavesNoTrail() {
        var book = book
        for round in 0..<1000 {
            _ = observe(&book, .breaching, Int64(2 * round))
            _ = observe(&book, .clear, Int64(2 * round + 1))
        }
        #expect(book.count == 1)
        book.expire(at: at(2 * 999 + 3 + 901))
        #expect(book.count == 0)
        #expect(book.nextDeadline == nil)
    }

    @Test func listsAlertsInTheSameOrderHoweverTheyCame() {
        let keys = (0..<50).map { key("a", ("n", String($0))) }
        var orders: [[Labels]] = []
        for seed in 1...5 {
            var generator = SeededGenerator(state: UInt64(seed))
            var book = AlertBook()
            for key in keys.shuffled(using: &generator) {
                _ = observe(&book, .breaching, 0, of: key)
            }
            orders.append(book.alerts.map(\.labels))
        }
        #expect(orders.allSatisfy { $0 == keys.sorted() })
    }
}

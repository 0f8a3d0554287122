import Model
import Testing

@testable import SLO

/// Windows against a list of all events, added up by hand.
@Suite struct EventHistoryTests {
    private static let windows: [TimeSpan] = [
        .minutes(5), .minutes(15), .minutes(30), .hours(1), .hours(2), .hours(6), .hours(18),
        .days(1), .days(3),
    ]

    private struct Recorded {
        let time: Timestamp
        let span: TimeSpan
        let counts: EventCounts
    }

    /// The sum over (from, to], by the rules: gaps in no window shorter than they are.
    private func sum(
        _ events: [Recorded], from: Timestamp, window: TimeSpan, isPeriod: Bool
    ) -> EventCounts {
        var sum = EventCounts.zero
        for event in events where event.time > from {
            if isPeriod || event.span <= window { sum += event.counts }
        }
        return sum
    }

    private func expectExact(
        _ history: EventHistory, _ events: [Recorded], period: TimeSpan, _ comment: Comment
    ) {
        for window in Self.windows where window < period {
            let from = EventHistory.lowerEdge(of: window, to: history.newest)
            #expect(history.newest - from >= window, comment)
            let found = history.events(from: from, window: window, allGaps: false)
            let expected = sum(events, from: from, window: window, isPeriod: false)
            #expect(found == expected, "\(comment) window \(window)")
        }
        let from = EventHistory.lowerEdge(of: period, to: history.newest)
        let found = history.events(from: from, window: period, allGaps: true)
        let expected = sum(events, from: from, window: period, isPeriod: true)
        #expect(found == expected, "\(comment) period \(period)")
    }

    @Test(arguments: [1, 7, 30, 90], [1, 2, 3])
    func everyWindowIsTheSumOfItsEvents(days: Int64, seed: UInt64) {
        var random = SeededGenerator(state: seed &* 1000 &+ UInt64(days))
        let period = TimeSpan.days(days)
        var history = EventHistory(period: .rolling(period))
        var events: [Recorded] = []
        var now = at(Double.random(in: 0...86_400, using: &random))
        for step in 0..<3000 {
            let isLong = Int.random(in: 0..<40, using: &random) == 0
            let limit = isLong ? period.millis / 20 : 120_000
            var advance = Int64.random(in: 1...limit, using: &random)
            // Often exactly on an edge.
            if Int.random(in: 0..<4, using: &random) == 0 {
                advance -= (now.millis + advance) % 60_000
            }
            now = now + .milliseconds(max(0, advance))
            let late = Int.random(in: 0..<5, using: &random) == 0
            let back = late ? Int64.random(in: 0...7_200_000, using: &random) : 0
            let total = Double(Int.random(in: 0...1000, using: &random))
            let counts = EventCounts(bad: (total / 3).rounded(), total: total)
            let isGap = Int.random(in: 0..<120, using: &random) == 0
            let span = isGap ? TimeSpan.seconds(.random(in: 31...200_000, using: &random)) : .zero
            let time = now - .milliseconds(back)
            history.add(counts, at: time, span: span)
            events.append(Recorded(time: time, span: span, counts: counts))
            if step % 100 == 99 || step < 20 {
                expectExact(history, events, period: period, "seed \(seed) step \(step)")
            }
        }
    }

    @Test func midnightBelongsToTheOldDay() {
        var history = EventHistory(period: .rolling(.days(30)))
        history.add(EventCounts(bad: 1, total: 10), at: at(0), span: .zero)
        history.add(EventCounts(bad: 2, total: 20), at: at(0.001), span: .zero)
        history.add(EventCounts(bad: 0, total: 5), at: at(86_400), span: .zero)
        let day = EventHistory.lowerEdge(of: .days(1), to: history.newest)
        #expect(day == at(0))
        let counts = history.events(from: day, window: .days(1), allGaps: false)
        #expect(counts == EventCounts(bad: 2, total: 25))
    }

    @Test func theLowerEdgeRoundsOutwardToItsBucket() {
        #expect(EventHistory.lowerEdge(of: .minutes(5), to: at(3599)) == at(3240))
        #expect(EventHistory.lowerEdge(of: .minutes(5), to: at(3600)) == at(3300))
        #expect(EventHistory.lowerEdge(of: .hours(6), to: at(21_660)) == at(60))
        #expect(EventHistory.lowerEdge(of: .days(1), to: at(86_400 + 1799)) == at(900))
        #expect(EventHistory.lowerEdge(of: .days(30), to: at(30 * 86_400 + 7199)) == at(0))
    }

    @Test func aGapCountsInNoWindowShorterThanItself() {
        var history = EventHistory(period: .rolling(.days(30)))
        history.add(EventCounts(bad: 0, total: 100), at: at(0), span: .zero)
        history.add(EventCounts(bad: 7, total: 700), at: at(1200), span: .minutes(20))
        func total(_ window: TimeSpan) -> Double {
            let from = EventHistory.lowerEdge(of: window, to: history.newest)
            return history.events(from: from, window: window, allGaps: false).total
        }
        #expect(total(.minutes(5)) == 0 && total(.minutes(15)) == 0)
        #expect(total(.minutes(20)) == 700)
        #expect(total(.hours(1)) == 800)
        let from = EventHistory.lowerEdge(of: .minutes(15), to: history.newest)
        #expect(history.leavesOutGaps(from: from, window: .minutes(15)))
        #expect(!history.leavesOutGaps(from: from, window: .minutes(20)))
    }

    @Test func aHundredPodsBackFromOneOutageLeaveNothingOut() {
        var history = EventHistory(period: .rolling(.days(30)))
        for pod in 0..<100 {
            let offset = Double(pod) * 0.15
            history.add(EventCounts(bad: 0, total: 1), at: at(offset), span: .zero)
            history.add(
                EventCounts(bad: 1, total: 10), at: at(1200 + offset),
                span: .milliseconds(1_200_000 + Int64(pod)))
        }
        let from = EventHistory.lowerEdge(of: .hours(1), to: history.newest)
        let hour = history.events(from: from, window: .hours(1), allGaps: false)
        #expect(hour == EventCounts(bad: 100, total: 1100))
    }

    @Test func manyShortGapsAreKeptInEveryWindow() {
        // A target whose scrapes fail every minute: no window is shorter than these gaps.
        var history = EventHistory(period: .rolling(.days(30)))
        for step in 1...1000 {
            history.add(
                EventCounts(bad: 1, total: 10), at: at(Double(step) * 60), span: .seconds(45))
        }
        let from = EventHistory.lowerEdge(of: .hours(6), to: history.newest)
        let counts = history.events(from: from, window: .hours(6), allGaps: false)
        #expect(counts == EventCounts(bad: 360, total: 3600))
    }

    @Test func aWindowThatForgotAGapSaysSo() {
        var history = EventHistory(period: .rolling(.days(1)))
        for step in 1...200 {
            history.add(
                EventCounts(bad: 0, total: 10), at: at(Double(step) * 600), span: .seconds(599))
        }
        let day = EventHistory.lowerEdge(of: .days(1), to: history.newest)
        let counts = history.events(from: day, window: .days(1), allGaps: true)
        #expect(counts.total == 1450)
        #expect(history.leavesOutGaps(from: day, window: .days(1)))
        let hour = EventHistory.lowerEdge(of: .hours(1), to: history.newest)
        #expect(history.events(from: hour, window: .hours(1), allGaps: false).total == 60)
        #expect(!history.leavesOutGaps(from: hour, window: .hours(1)))
    }
}

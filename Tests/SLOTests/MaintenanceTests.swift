import Ingest
import Model
import Testing
import Text

@testable import SLO

/// Excluded events leave the budget and every window, exactly; history stays.
@Suite struct MaintenanceTests {
    private struct Recorded {
        let time: Timestamp
        let span: TimeSpan
        let counts: EventCounts
    }

    /// Windows that overlap, touch, lie in each other, recur, and one that is only shown.
    private func plan() -> Corrections {
        all(
            maintenance(3600, 7200, name: "a"), maintenance(5400, 9000, name: "b"),
            maintenance(9000, 9060, name: "c"), maintenance(39_960, 90_000, name: "d"),
            maintenance(50_040, 50_100, name: "in d"),
            maintenance(
                [
                    "weekly: {days: [mon, thu], from: \"23:30\", to: \"01:17\",",
                    "         timeZone: Asia/Kathmandu}",
                ],
                name: "e"),
            maintenance(100_020, 500_040, name: "shown", events: "counted"),
            maintenance(100_020, 500_040, name: "other", slo: "service: ranker"))
    }

    private func excluded(
        _ plan: Corrections, _ world: LedgerWorld, to: Timestamp
    ) -> [(from: Timestamp, to: Timestamp)] {
        let definition = world.ledger.definitions[0]
        return plan.maintenance.filter {
            $0.effect == .excluded && $0.matches(definition, .empty)
        }.flatMap { $0.occurrences(from: at(-1e6), to: to + .days(1)) }.map { ($0.from, $0.to) }
    }

    private func sum(
        _ events: [Recorded], from: Timestamp, isLeftOut: (Timestamp) -> Bool, window: TimeSpan?
    ) -> EventCounts {
        var sum = EventCounts.zero
        for event in events where event.time > from && !isLeftOut(event.time) {
            if event.span <= window ?? event.span { sum += event.counts }
        }
        return sum
    }

    @Test(arguments: ["30d", "7d", "{calendar: week}"], [1, 2] as [UInt64])
    func everyWindowIsTheSumOfWhatIsNotExcluded(period: String, seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let definition = try definition(more: ["period: \(period)"])
        var world = LedgerWorld()
        let plan = plan()
        world.ledger.configure([definition], plan, now: at(0))
        var events: [Recorded] = []
        var now = 0.0
        for step in 0..<2000 {
            now += Double.random(in: 1...(step % 50 == 0 ? 9000 : 240), using: &random)
            let edge = excluded(plan, world, to: at(now)).randomElement(using: &random)
            // Often exactly on an edge.
            if let edge, edge.to > at(now), Int.random(in: 0..<30, using: &random) == 0 {
                now = max(now, (edge.from - at(0)).seconds)
            }
            now = now.rounded()
            let late = Int.random(in: 0..<4, using: &random) == 0
            let time = late ? now - Double.random(in: 0...3600, using: &random).rounded() : now
            let total = Double(Int.random(in: 0...900, using: &random))
            let isGap = Int.random(in: 0..<80, using: &random) == 0
            let span = isGap ? TimeSpan.seconds(.random(in: 31...20_000, using: &random)) : .zero
            world.count(time, total: total, bad: (total / 3).rounded(), kind: .normal, span: span)
            events.append(
                Recorded(
                    time: at(time), span: span,
                    counts: EventCounts(bad: (total / 3).rounded(), total: total)))
            if step % 40 == 39 { try expect(world, events, plan, now, "seed \(seed) step \(step)") }
        }
        // Another process goes on from a checkpoint.
        var restored = Ledger()
        restored.configure([definition], plan, now: at(-9))
        let isRead = restored.restore(all: world.ledger.written)
        #expect(isRead && restored.finishRestore(conditions: []))
        #expect(restored.written == world.ledger.written)
        #expect(restored.words(at: now) == world.ledger.words(at: now))
        // Without the files everything is back.
        world.ledger.configure([definition], now: at(now))
        try expect(world, events, Corrections(), now, "removed")
    }

    private func expect(
        _ world: LedgerWorld, _ events: [Recorded], _ plan: Corrections, _ now: Double,
        _ comment: Comment
    ) throws {
        let verdict = try world.verdict(now)
        let spans = excluded(plan, world, to: verdict.asOf)
        let isLeftOut = { (time: Timestamp) in spans.contains { time > $0.from && time <= $0.to } }
        for window in verdict.windows.dropLast() {
            let expected = sum(
                events, from: window.from, isLeftOut: isLeftOut,
                window: window.window <= .days(3) ? window.window : nil)
            #expect(window.counts == expected, "\(comment) \(window.window)")
        }
        let period = try #require(verdict.period)
        let expected = sum(events, from: period.from, isLeftOut: isLeftOut, window: nil)
        #expect(period.counts == expected, "\(comment) period")
    }

    @Test func aWindowOfThePastRoundsOutwardToWhatIsKept() throws {
        var world = LedgerWorld(try definition())
        // A failure a minute for five days.
        for minute in 1...(5 * 1440) { world.count(Double(minute) * 60, total: 10, bad: 1) }
        let now = 5 * 86_400.0
        func bad(_ from: Double, _ to: Double) throws -> (bad: Double, says: MaintenanceNote) {
            world.ledger.configure(
                [try definition()], all(maintenance(from, to)), now: at(now))
            let verdict = try world.verdict(now)
            let says = try #require(world.ledger.maintenance(of: verdict).first)
            #expect(says.counts.bad == 7200 - (verdict.period?.counts.bad ?? 0))
            return (says.counts.bad, says)
        }
        // An hour ago: to the minute. A day ago: to quarters. Four days ago: to two hours.
        #expect(try bad(now - 3660, now - 3000).bad == 11)
        let day = try bad(now - 86_400 - 60, now - 86_400 + 120)
        #expect(day.bad == 30)
        #expect(day.says.appliedFrom == at(now - 86_400 - 900))
        #expect(day.says.appliedTo == at(now - 86_400 + 900))
        #expect(day.says.from == at(now - 86_400 - 60) && day.says.to == at(now - 86_400 + 120))
        #expect(try bad(86_400 + 60, 86_400 + 120).bad == 120)
        // Taken back, all of it counts again.
        world.ledger.configure([try definition()], now: at(now))
        #expect(try world.verdict(now).period?.counts.bad == 7200)
    }

    @Test func whatIsKnownExactlyStaysSoWhenOtherWindowsChange() throws {
        let first = maintenance(3660, 3720, name: "exact")
        let definition = try definition()
        var world = LedgerWorld()
        world.ledger.configure([definition], all(first), now: at(0))
        for minute in 1...(5 * 1440) { world.count(Double(minute) * 60, total: 10, bad: 1) }
        let now = 5 * 86_400.0
        #expect(try world.verdict(now).period?.counts.bad == 7199)
        let other = maintenance(now - 120, now - 60, name: "a new one before it")
        world.ledger.configure([definition], all(other, first), now: at(now))
        #expect(try world.verdict(now).period?.counts.bad == 7198)
        world.ledger.configure([definition], all(first), now: at(now))
        #expect(try world.verdict(now).period?.counts.bad == 7199)
    }

    @Test func anOutageInMaintenanceDoesNotPageAndLeavesNoBounds() throws {
        let definition = try definition()
        var world = LedgerWorld()
        world.ledger.configure([definition], all(maintenance(3600, 7200)), now: at(0))
        for minute in 1...120 {
            world.count(Double(minute) * 60, total: 100, bad: minute > 60 ? 100 : 0)
        }
        let verdict = try world.verdict(7200)
        #expect(verdict.pairs.allSatisfy { $0.finding != .breaching })
        #expect(verdict.budget.remaining == 1 && verdict.period?.counts.total == 6000)
        // The hour has nothing that counts: not known, not 100 %.
        #expect(verdict.figures(.hours(1))?.errorRatio == nil)
        world.note(.silent(since: at(4000), noticed: at(4600)))
        #expect(try world.verdict(7200).budget.worst == 1)
        world.count(7260, total: 100, bad: 100)
        #expect(try world.verdict(7260).period?.counts == EventCounts(bad: 100, total: 6100))
    }

    @Test func windowsAreForTheGroupsTheyName() throws {
        let definition = try definition(more: ["by: [model]"])
        var world = LedgerWorld()
        let slo = "service: recommender, name: availability, labels: {model: fraud}"
        world.ledger.configure([definition], all(maintenance(0, 3600, slo: slo)), now: at(0))
        for model in ["fraud", "ranker"] {
            world.labels = [("model", model)]
            world.count(60, total: 10, bad: 1)
            world.count(3660, total: 10, bad: 1)
        }
        let verdicts = world.ledger.evaluateAll(now: at(3660))
        #expect(verdicts.map { $0.period?.counts.bad } == [1, 2])
    }

    @Test func adjustmentsAddAndTakeAway() throws {
        let definition = try definition()
        var world = LedgerWorld()
        world.ledger.configure(
            [definition],
            all(
                adjustment(1800, bad: -30, name: "less"), adjustment(1800, good: 30, name: "good"),
                adjustment(7200, bad: 5, name: "later"),
                adjustment(60, bad: 7, name: "other", slo: "service: ranker")), now: at(0))
        for minute in 1...60 { world.count(Double(minute) * 60, total: 100, bad: 1) }
        #expect(try world.verdict(3600).period?.counts == EventCounts(bad: 30, total: 6000))
        #expect(try world.verdict(3600).figures(.minutes(5))?.counts.bad == 5)
        #expect(try world.verdict(3600).figures(.hours(1))?.counts.bad == 30)
        for minute in 61...120 { world.count(Double(minute) * 60, total: 100, bad: 1) }
        #expect(try world.verdict(7200).period?.counts == EventCounts(bad: 95, total: 12_005))
        #expect(
            try world.verdict(7200).figures(.minutes(5))?.counts == EventCounts(bad: 10, total: 505)
        )
        let told = try world.ledger.adjustments(of: world.verdict(7200))
        #expect(told.map(\.name) == ["less", "good", "later"])
        // More is taken away than there was.
        world.ledger.configure([definition], all(adjustment(60, bad: -1e6)), now: at(7300))
        #expect(try world.verdict(7300).period?.counts.bad == 0)
    }

    @Test func aWeeklyWindowFollowsItsZonesClocks() throws {
        // Sundays from two to four in Berlin; on 28 March 2027 clocks skip from two to three.
        let file = all(
            maintenance([
                "weekly: {days: [sun], from: \"02:00\", to: \"04:00\", timeZone: Europe/Berlin,",
                "         since: 2027-03-01T00:00:00Z, until: 2027-11-01T00:00:00Z}",
            ]))
        let window = try #require(file.maintenance.first)
        let all = window.occurrences(from: at(0), to: at(400 * 86_400)).map {
            $0.from.rfc3339 + " " + $0.to.rfc3339
        }
        #expect(all.count == 35)
        #expect(all.first == "2027-03-07T01:00:00Z 2027-03-07T03:00:00Z")
        #expect(all.contains("2027-03-28T01:00:00Z 2027-03-28T02:00:00Z"))
        #expect(all.contains("2027-04-04T00:00:00Z 2027-04-04T02:00:00Z"))
        // Clocks show two to three twice.
        #expect(all.last == "2027-10-31T00:00:00Z 2027-10-31T03:00:00Z")
    }
}

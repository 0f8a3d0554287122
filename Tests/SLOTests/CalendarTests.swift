import Ingest
import Model
import Testing
import Text

@testable import SLO

/// Budgets of weeks, months and quarters, against a list of all events.
@Suite struct CalendarTests {
    private struct Recorded {
        let time: Timestamp
        let total: Double
        let bad: Double
    }

    @Test(
        arguments: ["week", "month", "quarter"], ["Europe/Berlin", "Australia/Lord_Howe", "UTC"])
    func aPeriodsEventsAreThoseAfterItsEdge(unit: String, zone: String) throws {
        var random = SeededGenerator(state: UInt64(unit.utf8.count * 100 + zone.utf8.count))
        let definition = try definition(more: ["period: {calendar: \(unit), timeZone: \(zone)}"])
        let calendar = try #require(definition.period.calendar)
        var world = LedgerWorld(definition)
        var events: [Recorded] = []
        var now = 0.0
        for step in 0..<1500 {
            now += Double.random(in: 1...(unit == "week" ? 2000 : 20_000), using: &random)
            // Often exactly on an edge, or just before or after it.
            if Int.random(in: 0..<20, using: &random) == 0 {
                let edge = calendar.end(from: calendar.start(of: at(now)))
                now = (edge - at(0)).seconds + Double(Int.random(in: -1...1, using: &random)) / 1000
            }
            let late = Int.random(in: 0..<4, using: &random) == 0
            let back = late ? Double.random(in: 0...3600, using: &random).rounded() : 0
            let total = Double(Int.random(in: 0...1000, using: &random))
            let bad = (total / 3).rounded()
            world.count(now - back, total: total, bad: bad)
            events.append(Recorded(time: at(now - back), total: total, bad: bad))
            guard step % 10 == 0 else { continue }
            try expect(world, events, calendar, now)
        }
    }

    private func expect(
        _ world: LedgerWorld, _ events: [Recorded], _ calendar: CalendarPeriod, _ now: Double
    ) throws {
        let verdict = try world.verdict(now)
        let period = try #require(verdict.period)
        let to = try #require(events.map(\.time).max())
        let from = calendar.start(of: to)
        #expect(period.from == from && period.to == to)
        #expect(verdict.periodEnd == calendar.end(from: from))
        let inside = events.filter { $0.time > from }
        let counts = EventCounts(
            bad: inside.reduce(0) { $0 + $1.bad }, total: inside.reduce(0) { $0 + $1.total })
        #expect(period.counts == counts, "\(to.rfc3339)")
        #expect(world.ledger.classes(of: verdict)[.normal] == counts.total)
        // The edges before are still there, to show how the last periods went.
        for past in world.ledger.pastPeriods(of: verdict) {
            let inside = events.filter { $0.time > past.from && $0.time <= past.to }
            #expect(past.counts.total == inside.reduce(0) { $0 + $1.total })
            #expect(past.counts.bad == inside.reduce(0) { $0 + $1.bad })
            #expect(calendar.end(from: past.from) == past.to)
        }
    }

    @Test func midnightBelongsToTheOldMonth() throws {
        // 2026-12-01T00:00 in Berlin.
        let edge = 7 * 86_400 + 23 * 3600.0
        var world = LedgerWorld(
            try definition(more: ["period: {calendar: month, timeZone: Europe/Berlin}"]))
        world.count(edge - 60, total: 10, bad: 1)
        world.count(edge, total: 20, bad: 2)
        #expect(try world.verdict(edge).period?.counts == EventCounts(bad: 3, total: 30))
        world.count(edge + 0.001, total: 40, bad: 4)
        let verdict = try world.verdict(edge + 1)
        #expect(verdict.period?.counts == EventCounts(bad: 4, total: 40))
        #expect(verdict.period?.from == at(edge))
        // December is seen from its beginning.
        #expect(verdict.evidence == .complete)
    }

    @Test func aMonthAlertsAsThirtyDaysDo() throws {
        let month = try definition(more: ["period: {calendar: month}"])
        #expect(month.alerts.pairs == AlertPair.standard(for: .days(30)).pairs)
        #expect(month.period.description == "month")
        var world = LedgerWorld(month)
        for minute in 1...60 { world.count(Double(minute) * 60, total: 1000, bad: 100) }
        #expect(try world.verdict(3600).finding(.hours(1)) == .breaching)
        #expect(try world.verdict(3600).finding(.days(3)) == .breaching)
    }

    @Test func timeUntilExhaustedIsOfTheMonthsOwnLength() throws {
        // November: 30 days. Burning at 0.5 from the first event on, half of the budget is left.
        var world = LedgerWorld(try definition(more: ["period: {calendar: month}"]))
        for minute in 1...60 { world.count(Double(minute) * 60, total: 10_000, bad: 5) }
        let verdict = try world.verdict(3600)
        let exhausted = try #require(verdict.budget.exhaustedIn)
        #expect(abs(exhausted - 0.5 * 30 * 86_400 / 0.5) < 1e-3)
    }

    @Test func aCalendarOutlivesItsSLOsRemovalAndACheckpoint() throws {
        let month = try definition(more: ["period: {calendar: month, timeZone: Asia/Gaza}"])
        var world = LedgerWorld(month)
        world.count(60, total: 10, bad: 1)
        world.ledger.configure([], now: at(120))
        world.count(180, total: 10, bad: 1)
        var restored = Ledger()
        restored.configure([], now: at(-5))
        let isRead = restored.restore(all: world.ledger.written)
        #expect(isRead && restored.finishRestore(conditions: []))
        #expect(restored.written == world.ledger.written)
        var other = world
        other.ledger = restored
        for later in [9 * 86_400.0, 40 * 86_400.0] {
            world.count(later, total: 5, bad: 0)
            other.count(later, total: 5, bad: 0)
        }
        #expect(other.ledger.written == world.ledger.written)
        world.ledger.configure([month], now: at(41 * 86_400))
        #expect(try world.verdict(41 * 86_400).period?.counts.total == 5)
    }

    @Test(arguments: [
        ("{calendar: month, timeZone: Europe/Berln}", "no time zone"),
        ("{calendar: year}", "no calendar period"), ("{calendar: month, zone: UTC}", "unknown key"),
        ("{timeZone: UTC}", "\"calendar\" is missing"), ("59m", "out of range"),
        ("367d", "out of range"), ("30d30s", "out of range"),
    ])
    func whatIsNoPeriodIsSaid(period: String, what: String) {
        let file = reading(sloFile(more: ["period: \(period)"]))
        #expect(file.definitions.isEmpty)
        #expect(file.diagnostics.contains { $0.description.contains(what) }, "\(file.diagnostics)")
    }
}

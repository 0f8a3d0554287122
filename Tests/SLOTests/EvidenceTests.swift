import Ingest
import Model
import Testing

@testable import SLO

/// What is said of what was not seen, and the budget's bounds.
@Suite struct EvidenceTests {
    private func steady(minutes: Int, bad: Double = 0) throws -> LedgerWorld {
        var world = LedgerWorld(try definition())
        world.count(0, total: 0, bad: 0, kind: .baseline)
        for minute in stride(from: 1, through: minutes, by: 1) {
            world.count(Double(minute) * 60, total: 100, bad: bad)
        }
        return world
    }

    @Test func aLedgerThatSawNothingKnowsNothing() throws {
        let verdict = try LedgerWorld(try definition()).verdict(600)
        #expect(verdict.evidence == .noData)
        #expect(verdict.windows.allSatisfy { $0.evidence == .noData && $0.burnRate == nil })
        #expect(verdict.budget.remaining == nil && verdict.budget.exhaustedIn == nil)
        #expect(verdict.pairs.allSatisfy { $0.finding == .unknown })
    }

    @Test func aWindowOlderThanTheLedgerIsPartial() throws {
        let verdict = try steady(minutes: 60).verdict(3600)
        #expect(verdict.figures(.minutes(5))?.evidence == .complete)
        #expect(verdict.figures(.hours(1))?.evidence == .complete)
        #expect(verdict.figures(.hours(6))?.evidence == .partial)
        #expect(verdict.evidence == .partial)
    }

    @Test func thirtyDaysOfSamplesAreComplete() throws {
        var world = LedgerWorld(try definition())
        for step in 0...(30 * 24 + 2) { world.count(Double(step) * 3600, total: 10, bad: 0) }
        #expect(try world.verdict(30.1 * 86_400).evidence == .complete)
        #expect(try world.verdict(30.1 * 86_400).budget.remaining == 1)
    }

    @Test func aWindowWithoutEventsHasNoTraffic() throws {
        var world = try steady(minutes: 60)
        for minute in 61...70 { world.count(Double(minute) * 60, total: 0, bad: 0) }
        let verdict = try world.verdict(4200)
        #expect(verdict.figures(.minutes(5))?.evidence == .noTraffic)
        #expect(verdict.figures(.minutes(5))?.errorRatio == nil)
        #expect(verdict.budget.remaining == 1)
    }

    @Test func aWindowShorterThanAGapIsPartial() throws {
        var world = try steady(minutes: 60)
        world.count(3600 + 1800, total: 3000, bad: 3, kind: .gap, span: .minutes(30))
        let verdict = try world.verdict(5400)
        #expect(verdict.figures(.minutes(5))?.evidence == .partial)
        #expect(verdict.figures(.minutes(5))?.counts.total == 0)
        #expect(verdict.figures(.minutes(30))?.counts.total == 3000)
        #expect(verdict.figures(.hours(1))?.evidence == .complete)
        #expect(verdict.period?.counts.total == 9000)
    }

    @Test func aLostTargetWidensTheBudget() throws {
        var world = try steady(minutes: 60, bad: 0)
        world.note(.silent(since: at(3600), noticed: at(3600)))
        let verdict = try world.verdict(4200)
        #expect(verdict.evidence == .partial)
        let budget = verdict.budget
        #expect(budget.remaining == 1 && budget.best == 1)
        // 6000 events in 3600 s; 600 s unseen are 1000 more, of which 7 may be bad.
        let worst = try #require(budget.worst)
        #expect(abs(worst - (1 - 1000 / (0.001 * 7000))) < 1e-9)
    }

    @Test func aWindowAllOfWhoseTargetsAreLostHasNoData() throws {
        var world = try steady(minutes: 60)
        world.note(.silent(since: at(3600), noticed: at(3600)))
        let early = try world.verdict(3899)
        #expect(early.figures(.minutes(5))?.evidence == .partial)
        let late = try world.verdict(3900)
        #expect(late.figures(.minutes(5))?.evidence == .noData)
        #expect(late.figures(.minutes(30))?.evidence == .partial)
    }

    @Test func whatACounterLostBetweenAGapAndAResetIsUnobserved() throws {
        var world = try steady(minutes: 60)
        world.count(3600 + 600, total: 5, bad: 0, kind: .reset, span: .minutes(10))
        let budget = try world.verdict(4200).budget
        #expect(budget.remaining == 1)
        // 6005 events in 3600 s; 600 s unseen.
        let unseen = 6005.0 / 3600 * 600
        let worst = try #require(budget.worst)
        #expect(abs(worst - (1 - unseen / (0.001 * (6005 + unseen)))) < 1e-9)
    }

    @Test func theTimeUntilTheBudgetIsSpent() throws {
        let steady = try steady(minutes: 60, bad: 0).verdict(3600)
        #expect(steady.budget.exhaustedIn == nil)
        // 1 of 2000: half the budget's rate; all of it was at that rate.
        var half = LedgerWorld(try definition())
        half.count(0, total: 0, bad: 0, kind: .baseline)
        half.count(3600, total: 2000, bad: 1)
        #expect(try half.verdict(3600).budget.remaining == 0.5)
        #expect(try half.verdict(3600).budget.exhaustedIn == 0.5 * 30 * 86_400 / 0.5)
        half.count(3660, total: 0, bad: 10)
        #expect(try half.verdict(3660).budget.exhaustedIn == 0)
        #expect(try half.verdict(3660).budget.remaining ?? 0 < 0)
        // The last hour was quiet: its rate is not known.
        var quiet = LedgerWorld(try definition())
        quiet.count(0, total: 2000, bad: 1)
        quiet.count(7200, total: 0, bad: 0)
        #expect(try quiet.verdict(7200).budget.exhaustedIn == nil)
    }
}

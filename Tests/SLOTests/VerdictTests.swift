import Ingest
import Model
import Testing

@testable import SLO

/// When a pair breaches, clears or says nothing (DESIGN §4.4).
@Suite struct VerdictTests {
    /// Six hours of a minute's events each, then the hour's and five minutes' share by hand.
    private func world(
        _ total: Double, bad: Double, objective: String = "99.9", more: [String] = []
    ) throws -> LedgerWorld {
        var world = LedgerWorld(try definition(objective: objective, more: more))
        for minute in 1...60 {
            world.count(Double(minute) * 60, total: total, bad: bad)
        }
        return world
    }

    @Test func aBurnEqualToTheFactorIsNoBreach() throws {
        // 14.4 x 0.001 of 10,000 is 144.
        let equal = try world(10_000, bad: 144).verdict(3600)
        #expect(equal.figures(.hours(1))?.burnRate == 14.4)
        #expect(equal.finding(.hours(1)) == .clear)
        #expect(try world(10_000, bad: 145).verdict(3600).finding(.hours(1)) == .breaching)
    }

    @Test func bothWindowsMustBurn() throws {
        var world = try world(1000, bad: 100)
        #expect(try world.verdict(3600).finding(.hours(1)) == .breaching)
        for minute in 61...66 { world.count(Double(minute) * 60, total: 1000, bad: 0) }
        #expect(try world.verdict(3960).finding(.hours(1)) == .clear)
        #expect(try world.verdict(3960).finding(.hours(6)) == .breaching)
    }

    @Test func anEmptyShortWindowSaysNothing() throws {
        var world = try world(1000, bad: 100)
        for minute in 61...66 { world.count(Double(minute) * 60, total: 0, bad: 0) }
        let verdict = try world.verdict(3960)
        #expect(verdict.finding(.hours(1)) == .unknown)
        #expect(verdict.figures(.minutes(5))?.errorRatio == nil)
        #expect(verdict.figures(.minutes(5))?.evidence != .complete)
        #expect(verdict.finding(.hours(6)) == .breaching)
    }

    @Test func whatMayBeChanceIsNoBreach() throws {
        // One request a minute, two of them bad: 33 times too fast, and luck one time in 600.
        var world = LedgerWorld(try definition(objective: "99"))
        for minute in 1...60 {
            world.count(Double(minute) * 60, total: 1, bad: minute > 58 ? 1 : 0)
        }
        let pair = try #require(try world.verdict(3600).pairs.first)
        #expect(pair.long.burnRate ?? 0 < 14.4)
        var worse = LedgerWorld(try definition(objective: "99.9"))
        for minute in 1...60 {
            worse.count(Double(minute) * 60, total: 1, bad: minute > 58 ? 1 : 0)
        }
        let page = try #require(try worse.verdict(3600).pairs.first)
        let chance = try #require(page.chance)
        // 1 - 0.999^60 - 60 x 0.001 x 0.999^59
        #expect(abs(chance - 0.001_703_001_306_971) < 1e-14, "\(chance)")
        #expect(page.finding == .clear)
        // The ticket's threshold is ten times higher.
        #expect(try worse.verdict(3600).finding(.days(1)) == .breaching)
    }

    @Test func theEvidenceTestCanBeTurnedOff() throws {
        let more = ["alerts: {evidence: {test: false}}"]
        var world = LedgerWorld(try definition(more: more))
        for minute in 1...60 {
            world.count(Double(minute) * 60, total: 1, bad: minute == 60 ? 1 : 0)
        }
        let page = try #require(try world.verdict(3600).pairs.first)
        #expect(page.finding == .breaching && page.chance == nil)
    }

    @Test func fewerBadEventsThanMinBadNeverBreach() throws {
        // 1 of 20 at 99.99 % is beyond chance, but it is one event.
        func finding(_ bad: Double, _ more: [String] = []) throws -> Finding? {
            var world = LedgerWorld(try definition(objective: "99.9999", more: more))
            world.count(3500, total: 10, bad: 0)
            world.count(3600, total: 10, bad: bad)
            return try world.verdict(3600).finding(.hours(1))
        }
        #expect(try finding(1) == .clear)
        #expect(try finding(2) == .breaching)
        #expect(try finding(2, ["alerts: {evidence: {minBad: 3}}"]) == .clear)
        #expect(try finding(3, ["alerts: {evidence: {minBad: 3}}"]) == .breaching)
        #expect(try finding(1, ["alerts: {evidence: {minBad: 0}}"]) == .breaching)
    }

    @Test func aSwitchedOffTierHasNoPairs() throws {
        let verdict = try LedgerWorld(
            try definition(more: ["alerts: {page: {enabled: false}}"])
        ).verdict(0)
        #expect(verdict.pairs.map(\.pair.severity) == [.ticket, .ticket])
    }

    @Test func goodEventsMayBeCountedInstead() throws {
        var world = LedgerWorld(try definition(counted: "good: errors_total"))
        world.count(60, total: 100, bad: 90)
        let counts = try #require(try world.verdict(60).period?.counts)
        #expect(counts == EventCounts(bad: 10, total: 100) && counts.good == 90)
    }

    @Test func aBaselineCountsNothingAndIsSaid() throws {
        var world = LedgerWorld(try definition())
        world.count(60, total: 1e9, bad: 5, kind: .baseline)
        world.count(120, total: 10, bad: 1, kind: .birth)
        let verdict = try world.verdict(120)
        #expect(verdict.period?.counts == EventCounts(bad: 1, total: 10))
        let classes = world.ledger.classes(of: verdict)
        #expect(classes[.baseline] == 1e9 && classes[.birth] == 10)
    }
}

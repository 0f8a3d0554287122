import Ingest
import Model
import Testing

@testable import SLO

/// Targets that cannot be seen, and groups that end.
@Suite struct LossTests {
    private func world(_ definitions: SLODefinition..., targets: UInt32 = 1) throws -> LedgerWorld {
        var world = LedgerWorld()
        world.ledger.configure(definitions, now: at(0))
        for target in 1...targets {
            world.target = target
            for minute in 1...60 { world.count(Double(minute) * 60, total: 100, bad: 0) }
        }
        return world
    }

    @Test func silenceLongerThanTenMinutesIsDataLoss() throws {
        var world = try world(try definition())
        world.note(.silent(since: at(3600), noticed: at(3605)))
        #expect(try world.verdict(3605 + 600).totalLoss == nil)
        let loss = try #require(try world.verdict(3605 + 600.001).totalLoss)
        #expect(loss.since == at(3605) && loss.lost == 1 && loss.expected == 1)
        world.note(.up)
        #expect(try world.verdict(9000).totalLoss == nil)
    }

    @Test func someTargetsLostIsAPartialLoss() throws {
        var world = try world(try definition(), targets: 3)
        world.note(.down(since: at(3600), noticed: at(3600)), of: 2)
        let verdict = try world.verdict(4300)
        #expect(verdict.totalLoss == nil)
        #expect(verdict.partialLoss?.lost == 1 && verdict.partialLoss?.expected == 3)
        #expect(verdict.partialLoss?.targets == [2])
    }

    @Test func aLostTargetResolvesNothing() throws {
        var world = try world(try definition())
        #expect(try world.verdict(3600).finding(.hours(1)) == .clear)
        world.note(.silent(since: at(3600), noticed: at(3600)))
        #expect(try world.verdict(3660).finding(.hours(1)) == .unknown)
    }

    @Test func theLastTargetsRetirementIsDataLoss() throws {
        var world = try world(try definition(), targets: 2)
        world.note(.retired(at: at(3600), noticed: at(3600)), of: 1)
        #expect(try world.verdict(9000).totalLoss == nil)
        #expect(try world.verdict(9000).partialLoss == nil)
        world.note(.retired(at: at(4000), noticed: at(4000)), of: 2)
        #expect(try world.verdict(4600).totalLoss == nil)
        #expect(try world.verdict(4601).totalLoss?.isRetirement == true)
        #expect(try world.verdict(4601).hasEnded)
    }

    @Test func aReloadDoesNotForgetTheLastTargetsRetirement() throws {
        var world = try world(try definition())
        world.note(.retired(at: at(3600), noticed: at(3600)))
        #expect(try world.verdict(4300).totalLoss != nil)
        world.ledger.configure([try definition(objective: "99.5")], now: at(4300))
        _ = world.slots("requests_total")
        #expect(try world.verdict(4310).totalLoss != nil)
    }

    @Test func scaleToZeroIsNoLoss() throws {
        var world = try world(try definition(more: ["alerts: {scaleToZero: true}"]))
        world.note(.retired(at: at(3600), noticed: at(3600)))
        #expect(try world.verdict(9000).totalLoss == nil)
        #expect(try world.verdict(9000).hasEnded)
    }

    @Test func anSLOAddedWhileItsTargetIsLostKnowsIt() throws {
        var world = try world(try definition())
        world.note(.silent(since: at(3600), noticed: at(3600)))
        let second = try definition(name: "second")
        world.ledger.configure([second], now: at(3700))
        _ = world.slots("requests_total")
        #expect(try world.verdict(4300).totalLoss != nil)
    }

    @Test func targetsThatRetiredBeforeAnSLOWasAddedAreNotExpected() throws {
        var world = LedgerWorld()
        // Conditions of targets that nobody counts yet.
        for target in 1...5 { world.note(.retired(at: at(0), noticed: at(0)), of: UInt32(target)) }
        world.ledger.configure([try definition()], now: at(10))
        for target in 1...6 {
            world.target = UInt32(target)
            _ = world.slots("requests_total")
        }
        world.note(.silent(since: at(20), noticed: at(20)), of: 6)
        let loss = try #require(try world.verdict(700).totalLoss)
        #expect(loss.lost == 1 && loss.expected == 1)
    }

    @Test func retiredPodsDoNotThinTheUnobservedTime() throws {
        var world = try world(try definition(), targets: 10)
        for target in 1...9 {
            world.note(.retired(at: at(3600), noticed: at(3600)), of: UInt32(target))
        }
        world.target = 10
        world.count(4200, total: 0, bad: 0, kind: .reset, span: .minutes(10))
        let budget = try world.verdict(4200).budget
        let unseen = 60_000.0 / (4140 - 600) * 600
        let worst = try #require(budget.worst)
        #expect(abs(worst - (1 - unseen / (0.001 * (60_000 + unseen)))) < 1e-9)
    }
}

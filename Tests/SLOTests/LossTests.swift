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

/// Retired targets that are forgotten (`Ledger.forget`).
@Suite struct ForgettingTests {
    private func world(_ more: [String] = [], targets: UInt32) throws -> LedgerWorld {
        var world = LedgerWorld(try definition(more: more))
        for target in 1...targets {
            world.target = target
            world.labels = [("pod", "\(target)")]
            for minute in 1...60 { world.count(Double(minute) * 60, total: 100, bad: 0) }
        }
        return world
    }

    @Test func theEndOfTheLastTargetStaysDataLossWhenItIsForgotten() throws {
        var world = try world(targets: 2)
        for target: UInt32 in [1, 2] {
            world.note(.retired(at: at(3600), noticed: at(3600)), of: target)
        }
        let before = try world.verdict(90_000)
        world.ledger.forget(targets: [1, 2, 9])
        let after = try world.verdict(90_000)
        #expect(before.totalLoss?.isRetirement == true && before.hasEnded)
        #expect(after.totalLoss?.isRetirement == true && after.hasEnded)
        #expect(after.totalLoss?.since == before.totalLoss?.since)
        #expect(after.totalLoss?.lost == 2 && after.totalLoss?.targets == [])
        #expect(world.ledger.groups[0].targets.isEmpty && world.ledger.conditions.isEmpty)
        // Until the SLO goes on: the sweep looks at it though nothing of the group arrives.
        _ = world.ledger.evaluateDirty(now: at(90_000))
        world.target = 3
        world.count(90_060, total: 100, bad: 0)
        #expect(try world.verdict(90_060).totalLoss == nil)
        #expect(try !world.verdict(90_060).hasEnded)
    }

    @Test func aForgottenGroupHasEndedAndAnotherGroupsReturnClearsItsLoss() throws {
        var world = try world(["by: [pod]"], targets: 2)
        world.note(.retired(at: at(3600), noticed: at(3600)), of: 1)
        world.note(.retired(at: at(3700), noticed: at(3700)), of: 2)
        world.ledger.forget(targets: [1, 2])
        var verdicts = world.ledger.evaluateDirty(now: at(90_000))
        #expect(verdicts.map(\.hasEnded) == [true, true])
        #expect(verdicts.map { $0.totalLoss != nil } == [false, true])
        world.target = 3
        world.labels = [("pod", "3")]
        world.count(90_060, total: 100, bad: 0)
        _ = world.ledger.evaluateDirty(now: at(90_060))
        world.ledger.markTroubled()
        verdicts = world.ledger.evaluateDirty(now: at(90_070))
        #expect(verdicts.map(\.group) == [1] && verdicts.first?.totalLoss == nil)
    }

    @Test func onlyRetiredTargetsAreForgotten() throws {
        var world = try world(targets: 3)
        world.note(.retired(at: at(3600), noticed: at(3600)), of: 1)
        world.note(.silent(since: at(3600), noticed: at(3600)), of: 2)
        let before = try world.verdict(9000)
        world.ledger.forget(targets: [1, 2, 3])
        #expect(world.ledger.groups[0].targets == [2, 3])
        let after = try world.verdict(9000)
        #expect(after.partialLoss == before.partialLoss && after.partialLoss?.expected == 2)
        #expect(after.windows == before.windows && after.budget == before.budget)
        #expect(!after.hasEnded)
        world.note(.up, of: 2)
        world.ledger.markTroubled()
        _ = world.ledger.evaluateDirty(now: at(9000))
        world.ledger.markTroubled()
        #expect(!world.ledger.hasDirtyGroups, "a forgotten target still troubles its group")
    }

    @Test func aThousandPodsComeAndGoInTheMemoryOfOne() throws {
        var world = LedgerWorld(try definition())
        for pod: UInt32 in 1...1000 {
            world.target = pod
            let start = Double(pod) * 600
            world.count(start, total: 10, bad: 0)
            world.note(.retired(at: at(start), noticed: at(start)), of: pod)
            if pod > 1 { world.ledger.forget(targets: [pod - 1]) }
        }
        #expect(world.ledger.groups[0].targets == [1000])
        #expect(world.ledger.conditions.count == 1 && world.ledger.groupsOfTarget.count == 1)
        #expect(world.ledger.groups[0].troubled == 1)
    }
}

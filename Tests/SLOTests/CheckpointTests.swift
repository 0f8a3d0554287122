import Ingest
import Model
import Testing

@testable import SLO

/// A ledger that went through a checkpoint is the ledger that did not.
@Suite struct CheckpointTests {
    /// A history: steps with the seconds they happen at, a few days in all.
    private static func history(
        _ steps: Int, seed: UInt64, definitions: Int
    ) -> (steps: [LedgerStep], end: Double) {
        var random = SeededGenerator(state: seed)
        var seconds = 0.0
        let history = (0..<steps).map { _ in
            let isLong = Int.random(in: 0..<200, using: &random) == 0
            seconds += .random(in: 0...(isLong ? 40_000 : 90), using: &random)
            return LedgerStep.random(seconds.rounded(), definitions, using: &random)
        }
        return (history, seconds + 1000)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func theRestGoesOnAsIfNothingHadHappened(seed: UInt64) throws {
        let definitions = try CheckpointWorld.definitions()
        let (steps, end) = Self.history(2500, seed: seed, definitions: definitions.count)
        var random = SeededGenerator(state: seed &+ 1000)
        let cut = Int.random(in: 0...steps.count, using: &random)
        var straight = CheckpointWorld(definitions)
        for step in steps[..<cut] { straight.live(step) }
        var restored = try straight.restored(from: straight.ledger.written)
        #expect(restored.ledger.written == straight.ledger.written)
        for step in steps[cut...] {
            straight.live(step)
            restored.live(step)
        }
        #expect(restored.said == straight.said)
        #expect(restored.slots == straight.slots)
        #expect(restored.ledger.groupCount == straight.ledger.groupCount)
        #expect(restored.ledger.groupsRefused == straight.ledger.groupsRefused)
        #expect(restored.ledger.words(at: end) == straight.ledger.words(at: end))
        #expect(restored.ledger.written == straight.ledger.written)
        #expect(straight.said.count > 300, "the history said little")
    }

    @Test func derivedStateIsMadeAsItWas() throws {
        let definitions = try CheckpointWorld.definitions()
        let (steps, _) = Self.history(3000, seed: 77, definitions: definitions.count)
        var world = CheckpointWorld(definitions)
        for step in steps { world.live(step) }
        let restored = try world.restored(from: world.ledger.written).ledger
        let ledger = world.ledger
        #expect(restored.groupsOfTarget == ledger.groupsOfTarget)
        #expect(restored.dirty == ledger.dirty.sorted())
        #expect(restored.entriesByMetric == ledger.entriesByMetric)
        #expect(restored.entriesOfAnyMetric == ledger.entriesOfAnyMetric)
        for (one, other) in zip(restored.entries, ledger.entries) {
            #expect(one.groups == other.groups && one.groupByLabels == other.groupByLabels)
            #expect(one.liveTargets == other.liveTargets)
            #expect(one.lastRetiredGroup == other.lastRetiredGroup)
            #expect(one.since == other.since && one.removedAt == other.removedAt)
        }
        for index in ledger.groups.indices {
            #expect(restored.groups[index].troubled == ledger.groups[index].troubled)
            #expect(restored.groups[index].isDirty == ledger.groups[index].isDirty)
        }
    }

    @Test func aSnapshotStaysWhatItWasWhileTheLedgerGoesOn() throws {
        let definitions = try CheckpointWorld.definitions()
        let (steps, _) = Self.history(3000, seed: 5, definitions: definitions.count)
        var world = CheckpointWorld(definitions)
        for step in steps[..<1500] { world.live(step) }
        let taken = world.ledger.written
        var held = world.ledger.sections()
        let first = held.next()
        for step in steps[1500...] { world.live(step) }
        var sections = first.map { [$0] } ?? []
        while let section = held.next() { sections.append(section) }
        #expect(sections == taken)
        #expect(world.ledger.written != taken)
    }

    @Test func sectionsAreWrittenWhileAnotherThreadCounts() async throws {
        let definitions = try CheckpointWorld.definitions()
        let (steps, end) = Self.history(4000, seed: 6, definitions: definitions.count)
        var world = CheckpointWorld(definitions)
        for step in steps[..<2000] { world.live(step) }
        let taken = world.ledger.written
        var lone = world
        for step in steps[2000...] { lone.live(step) }
        let held = world.ledger.sections()
        async let written = Task.detached {
            var held = held
            var all: [[UInt8]] = []
            while let section = held.next() { all.append(section) }
            return all
        }.value
        for step in steps[2000...] { world.live(step) }
        #expect(await written == taken)
        #expect(world.ledger.words(at: end) == lone.ledger.words(at: end))
    }

    @Test func anSLOThatIsRemovedComesBackAfterACheckpoint() throws {
        var world = LedgerWorld(
            try definition(counted: #"bad: 'errors_total{code=~"5..|429"}'"#, name: "one"),
            try definition(more: ["by: [code]"], name: "two"))
        world.labels = [("code", "500")]
        for minute in 1...60 { world.count(Double(minute) * 60, total: 100, bad: 1) }
        world.ledger.configure([try definition(name: "three")], now: at(3600))
        let sections = world.ledger.written
        world.ledger = Ledger()
        world.ledger.configure([try definition(name: "three")], now: at(0))
        let isRead = world.ledger.restore(all: sections)
        let isWhole = world.ledger.finishRestore(conditions: [])
        #expect(isRead && isWhole)
        #expect(world.ledger.definitions.map(\.name) == ["three"])
        // It goes on counting meanwhile, unseen; the other has another `sli` when it returns.
        world.count(3660, total: 100, bad: 1)
        world.ledger.configure(
            [
                try definition(
                    objective: "99", counted: #"bad: 'errors_total{code=~"5..|429"}'"#,
                    name: "one"),
                try definition(counted: "good: errors_total", more: ["by: [code]"], name: "two"),
            ],
            now: at(80_000))
        let verdicts = world.ledger.evaluateAll(now: at(80_000))
        #expect(verdicts.map(\.definition.name) == ["one"])
        #expect(verdicts.first?.period?.counts == EventCounts(bad: 61, total: 6100))
        #expect(verdicts.first?.budget.remaining == 0)
        // A day after its removal the other is gone for good.
        #expect(world.ledger.groupCount == 3)
        world.ledger.configure([], now: at(3600 + 86_400))
        #expect(world.ledger.definitions.isEmpty && world.ledger.groupCount == 2)
    }

    @Test func otherDefinitionsThanTheCheckpointsAreRefused() throws {
        var world = LedgerWorld(try definition(name: "one"), try definition(name: "two"))
        world.count(60, total: 10, bad: 1)
        let sections = world.ledger.written
        let others: [[SLODefinition]] = [
            [], [try definition(name: "one")],
            [try definition(name: "two"), try definition(name: "one")],
            [try definition(name: "one"), try definition(more: ["period: 7d"], name: "two")],
            [
                try definition(name: "one"), try definition(name: "two"),
                try definition(name: "three"),
            ],
        ]
        for definitions in others {
            var ledger = Ledger()
            ledger.configure(definitions, now: at(0))
            let isRead = ledger.restore(all: sections)
            let isWhole = ledger.finishRestore(conditions: [])
            #expect(!isRead || !isWhole)
        }
    }

    @Test func missingRepeatedAndSwappedSectionsAreRefused() throws {
        var world = LedgerWorld(try definition(more: ["by: [model]"]))
        for model in 0..<200 {
            world.labels = [("model", String(repeating: "m", count: 9000) + "\(model)")]
            world.count(60, total: 10, bad: 1)
        }
        let sections = world.ledger.written
        #expect(sections.count == 2)
        #expect(sections.allSatisfy { $0.count < LedgerSections.bytesAim + 20_000 })
        for order in [[0], [1], [1, 0], [0, 0, 1], [0, 1, 1], []] {
            var ledger = Ledger()
            ledger.configure([try definition(more: ["by: [model]"])], now: at(0))
            let isRead = ledger.restore(all: order.map { sections[$0] })
            let isWhole = ledger.finishRestore(conditions: [])
            #expect(!isRead || !isWhole, "\(order)")
        }
    }

    @Test func aTargetThatNobodyKnowsIsRefused() throws {
        var world = LedgerWorld(try definition())
        world.target = 7
        world.count(60, total: 10, bad: 1)
        for limit: UInt32 in [7, 8] {
            var ledger = Ledger()
            ledger.configure([try definition()], now: at(0))
            let isRead = ledger.restore(all: world.ledger.written)
            let isWhole = ledger.finishRestore(conditions: []) { $0 < limit }
            #expect(isRead && isWhole == (limit == 8))
        }
    }
}

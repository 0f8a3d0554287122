import Model
import Testing

@testable import Ingest

/// Intakes that go through a checkpoint in the middle of their life.
@Suite struct IntakeCheckpointTests {
    private func sections(_ intake: Intake) -> [[UInt8]] {
        var sections = intake.sections()
        var all: [[UInt8]] = []
        while let section = sections.next() { all.append(section) }
        return all
    }

    private func restored(_ sections: [[UInt8]], like intake: Intake) -> Intake? {
        var copy = Intake(settings: intake.settings)
        for section in sections where !copy.restore(section) { return nil }
        return copy.finishRestore() ? copy : nil
    }

    /// A pair of replicas and a plain pod: counters that grow, fall, pause and come late.
    private func live(_ world: inout IntakeWorld, _ steps: Range<Int>, seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        let pods = [
            Pod(external: [("__replica__", "1")]), Pod(external: [("__replica__", "2")]),
            Pod(instance: "pod-2"), Pod(instance: nil),
        ]
        for step in steps {
            for (index, pod) in pods.enumerated()
            where Int.random(in: 0..<8, using: &generator) > 0 {
                let time = Double(step * 15 + index)
                let isLate = Int.random(in: 0..<6, using: &generator) == 0
                let value = Double(step % 40 * 3 + Int.random(in: 0..<3, using: &generator))
                let other = Double(step * 2)
                _ = world.send(
                    time - (isLate ? 31 : 0), of: pod, ["a": value, "errors/b": other],
                    up: step % 17 == 3 ? 0 : 1, now: time)
            }
            _ = world.advance(Double(step * 15 + 8))
        }
    }

    @Test(arguments: 0..<12)
    func theRestGoesOnAsIfNothingHadHappened(seed: UInt64) throws {
        var straight = IntakeWorld()
        live(&straight, 0..<50, seed: seed)
        var other = straight
        other.intake = try #require(restored(sections(straight.intake), like: straight.intake))
        #expect(sections(other.intake) == sections(straight.intake))
        live(&straight, 50..<120, seed: seed + 1)
        live(&other, 50..<120, seed: seed + 1)
        #expect(other.increments == straight.increments)
        #expect(other.conditions == straight.conditions)
        #expect(sections(other.intake) == sections(straight.intake))
        #expect(other.intake.cardinality.total == straight.intake.cardinality.total)
        #expect(straight.intake.refolds > 0 && straight.intake.deduplicated > 0)
    }

    @Test func aPointInTimeStaysWhileTheIntakeGoesOn() {
        var world = IntakeWorld()
        live(&world, 0..<30, seed: 3)
        let then = sections(world.intake)
        var held = world.intake.sections()
        live(&world, 30..<60, seed: 4)
        var told: [[UInt8]] = []
        while let section = held.next() { told.append(section) }
        #expect(told == then && sections(world.intake) != then)
    }

    @Test func damagedSectionsAreRefusedOrHarmless() {
        var world = IntakeWorld()
        live(&world, 0..<12, seed: 5)
        let good = sections(world.intake)
        var refused = 0
        for (place, section) in good.enumerated() {
            for index in section.indices {
                for damaged in [Array(section[..<index]), flipped(section, at: index)] {
                    var all = good
                    all[place] = damaged
                    guard var copy = restored(all, like: world.intake) else {
                        refused += 1
                        continue
                    }
                    // What is taken must be sound enough to go on with.
                    var output = IntakeOutput()
                    copy.advance(to: at(1000), into: &output)
                }
            }
        }
        #expect(refused > 100)
    }

    private func flipped(_ bytes: [UInt8], at index: Int) -> [UInt8] {
        var copy = bytes
        copy[index] ^= 0x15
        return copy
    }
}

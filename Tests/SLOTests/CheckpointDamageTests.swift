import Ingest
import Model
import Testing

@testable import SLO

/// Damaged sections are refused, or give a ledger that can be used; nothing traps.
@Suite struct CheckpointDamageTests {
    /// Small, with something of everything.
    private func world() throws -> CheckpointWorld {
        let all = try CheckpointWorld.definitions()
        var world = CheckpointWorld([all[2], all[0]])
        for step in 0..<60 {
            world.live(
                .count(
                    series: step % 24, seconds: Double(step) * 500,
                    value: step < 50 ? Double(step) : Double(step) / 4,
                    kind: step == 30 ? .gap : .normal, span: step == 30 ? .minutes(20) : .zero,
                    isTakenBack: false))
        }
        world.live(.configure([1], seconds: 40_000))
        world.live(.note(target: 2, .retired(at: at(40_001), noticed: at(40_001))))
        world.live(.note(target: 3, .retired(at: at(40_001), noticed: at(40_001))))
        world.live(.forget([3]))
        world.live(
            .count(
                series: 7, seconds: 40_020, value: 5, kind: .reset, span: .minutes(1),
                isTakenBack: false))
        return world
    }

    /// Reads one section and, should that succeed, uses the ledger in every way.
    private func use(_ section: [UInt8], of world: CheckpointWorld) -> Bool {
        var world = world
        world.ledger = Ledger()
        world.ledger.configure(world.inForce.map { world.definitions[$0] }, now: at(0))
        let isRead = world.ledger.restore(section)
        let known = world.conditions.map { (target: $0.key, condition: $0.value) }
        let isWhole = world.ledger.finishRestore(conditions: known)
        guard isRead else { return false }
        var random = SeededGenerator(state: 4)
        if isWhole {
            for series in world.slots.indices { world.slots[series] = nil }
            for step in 0..<3 {
                let time = 21_000 + Double(step) * 9000
                world.live(.random(time, 2, using: &random))
                world.live(
                    .count(
                        series: step, seconds: time, value: 3, kind: .gap, span: .hours(1),
                        isTakenBack: false))
            }
            _ = world.ledger.words(at: 60_000)
            world.live(.configure([0, 1], seconds: 61_000))
        }
        _ = world.ledger.written
        return isWhole
    }

    @Test func everyTruncationIsRefused() throws {
        let world = try world()
        let section = try #require(world.ledger.written.first)
        #expect(use(section, of: world))
        for length in section.indices {
            #expect(!use(Array(section[..<length]), of: world), "\(length) bytes")
        }
    }

    @Test func everyFlippedByteIsRefusedOrGivesALedgerThatWorks() throws {
        let world = try world()
        let section = try #require(world.ledger.written.first)
        var random = SeededGenerator(state: 11)
        var refused = 0
        var tried = 0
        for index in section.indices {
            tried += 1
            var damaged = section
            damaged[index] ^= UInt8.random(in: 1...255, using: &random)
            if !use(damaged, of: world) { refused += 1 }
        }
        #expect(refused > tried / 10, "\(refused) of \(tried)")
    }

    @Test func bytesOfNoSectionAreRefused() throws {
        let world = try world()
        var random = SeededGenerator(state: 12)
        #expect(!use([], of: world))
        for length in 1...300 {
            let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(!use([1, 1] + noise, of: world))
        }
    }
}

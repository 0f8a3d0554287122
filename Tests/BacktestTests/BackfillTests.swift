import Agent
import Model
import Storage
import Testing
import Wire

@testable import Backtest

// The claim of DESIGN §4.6: the ledger after back-fill and live samples is that of an agent that
// saw all of them live. The oracle is that agent.

private func share(_ seconds: Double) -> Double {
    (18_000..<19_800).contains(seconds) ? 0.05 : 0.002
}

private struct Filled {
    let scrapes: [FleetScrape]
    let files = sloRules("99.9")
    let end: Timestamp
    var generator: SeededGenerator

    init(seed: UInt64, rounds: Int = 1500) {
        var fleet = Fleet(seed: seed, pods: 5)
        scrapes = fleet.run(rounds: rounds, errors: share)
        end = at(Double(rounds + 2) * 15)
        generator = SeededGenerator(state: seed &+ 99)
    }

    /// What a Prometheus' API tells of (from, to]: everything but stale markers.
    func columns(
        _ from: Timestamp, _ to: Timestamp, _ labels: inout [Labels],
        _ numbers: inout [Labels: UInt32]
    ) -> [HistoryColumn] {
        var columns: [UInt32: HistoryColumn] = [:]
        for scrape in scrapes where scrape.time > from && scrape.time <= to {
            for sample in scrape.samples where !isStaleMarker(sample.value) {
                let number = numbers[sample.labels] ?? UInt32(labels.count)
                if numbers.updateValue(number, forKey: sample.labels) == nil {
                    labels.append(sample.labels)
                }
                columns[number, default: HistoryColumn(number: number)].times.append(scrape.time)
                columns[number, default: HistoryColumn(number: number)].values.append(sample.value)
            }
        }
        return columns.sorted { $0.key < $1.key }.map(\.value)
    }

    /// An agent that was there from the beginning.
    func lived() throws -> LiveAgent {
        var live = LiveAgent(files, from: at(0))
        for scrape in scrapes { live.write(try decoded(scrape.outgoing), at: scrape.time) }
        live.advance(to: end)
        return live
    }

    /// An agent that began at `start` and read the past meanwhile, up to `joined`.
    mutating func filled(from start: Timestamp, joined: Timestamp) throws -> LiveAgent {
        var live = LiveAgent(files, from: start)
        live.handle(.backfillBegan(from: at(0)), at: start)
        var labels: [Labels] = []
        var numbers: [Labels: UInt32] = [:]
        var through = at(0)
        var steps: [(time: Timestamp, to: Timestamp)] = []
        var time = start
        while through < joined {
            let hours = Int64.random(in: 600_000..<9_000_000, using: &generator)
            let isLast = through + .milliseconds(hours) >= start
            through = isLast ? joined : through + .milliseconds(hours)
            time = isLast ? joined : min(joined, time + .milliseconds(700))
            steps.append((time, through))
        }
        through = at(0)
        for scrape in scrapes where scrape.time > start {
            while let step = steps.first, step.time < scrape.time {
                steps.removeFirst()
                let slice = columns(through, step.to, &labels, &numbers)
                for part in pastSamples(slice, labels: labels, through: step.to) {
                    live.handle(.backfilled(part), at: step.time)
                }
                through = step.to
                if steps.isEmpty { live.handle(.backfillEnded(isWhole: true), at: step.time) }
            }
            live.write(try decoded(scrape.outgoing), at: scrape.time)
        }
        live.advance(to: end)
        return live
    }
}

@Suite struct BackfillTests {
    @Test(arguments: 21...26 as ClosedRange<UInt64>)
    func theLedgerIsThatOfAnAgentThatSawAllOfItLive(seed: UInt64) throws {
        var world = Filled(seed: seed)
        let whole = try world.lived()
        let start = at(Double(16_000 + seed * 111))
        let filled = try world.filled(from: start, joined: start + .seconds(40))
        #expect(filled.agent.backfill.phase == .done)
        #expect(filled.agent.backfill.samples > 5000)
        #expect(filled.agent.backfill.refused > 0)
        #expect(filled.slos(world.end) == whole.slos(world.end))
        #expect(filled.firing == whole.firing)
    }

    @Test func replayReadsThePastFromTheLog() throws {
        var world = Filled(seed: 7, rounds: 1400)
        let start = at(20_000)
        let filled = try world.filled(from: start, joined: start + .seconds(30))
        var agent = AgentCore(seed: 12)
        var effects: [PlannedEffect] = []
        var reader = LogReader(filled.log, from: LogPosition(1))
        while let record = reader.next() {
            #expect(agent.replay(record, into: &effects))
        }
        #expect(reader.end == .clean)
        #expect(agent.backfill == filled.agent.backfill)
        let slos = agent.slosJSON(service: nil, name: nil, now: world.end)
        #expect(String(decoding: slos, as: UTF8.self) == filled.slos(world.end))
    }

    @Test func aCheckpointRemembersThatThePastWasRead() throws {
        var world = Filled(seed: 8, rounds: 1500)
        let filled = try world.filled(from: at(20_000), joined: at(20_030))
        var snapshot = filled.agent.snapshot()
        var restorer = AgentRestorer(seed: 3)
        while let record = snapshot.next() {
            let isTaken = restorer.take(record)
            #expect(isTaken)
        }
        let restored = try #require(restorer.finish())
        #expect(restored.backfill == filled.agent.backfill)
        #expect(!restored.canBackfill)
    }

    @Test func alertsWaitForThePast() throws {
        var world = Filled(seed: 9, rounds: 1750)
        var live = LiveAgent(world.files, from: at(26_000))
        live.handle(.backfillBegan(from: at(0)), at: at(26_000))
        var labels: [Labels] = []
        var numbers: [Labels: UInt32] = [:]
        // An incident that is long over, and nothing behind it yet.
        let slice = world.columns(at(0), at(19_000), &labels, &numbers)
        for part in pastSamples(slice, labels: labels, through: at(19_000)) {
            live.handle(.backfilled(part), at: at(26_001))
        }
        live.advance(to: at(26_010))
        #expect(live.news.isEmpty)
        #expect(live.agent.isBackfilling)
        _ = world.generator.next()
    }

    @Test func aLedgerThatHasCountedIsNotFilledTwice() throws {
        let world = Filled(seed: 10, rounds: 100)
        var live = try world.lived()
        live.handle(.backfillBegan(from: at(-1000)), at: world.end)
        #expect(live.agent.backfill.phase == .none)
    }

    @Test func aReloadEndsTheReadingAndLosesNothingLive() throws {
        let world = Filled(seed: 11, rounds: 400)
        var live = LiveAgent(world.files, from: at(0))
        live.handle(.backfillBegan(from: at(-3600)), at: at(0))
        var plain = LiveAgent(world.files, from: at(0))
        for (index, scrape) in world.scrapes.enumerated() {
            if index == world.scrapes.count / 2 {
                for agent in [0, 1] {
                    let event = Event.configured(sloRules("99"))
                    if agent == 0 { live.handle(event, at: scrape.time) }
                    if agent == 1 { plain.handle(event, at: scrape.time) }
                }
            }
            live.write(try decoded(scrape.outgoing), at: scrape.time)
            plain.write(try decoded(scrape.outgoing), at: scrape.time)
        }
        live.advance(to: world.end)
        plain.advance(to: world.end)
        #expect(live.agent.backfill.phase == .interrupted)
        #expect(live.slos(world.end) == plain.slos(world.end))
    }
}

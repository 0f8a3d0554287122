import Model
import Testing
import Wire

@testable import Ingest

/// What counting depends on: the set of samples within the window, not their order of arrival.
@Suite struct OutOfOrderTests {
    private var world: IntakeWorld {
        var world = IntakeWorld()
        for second in [0.0, 15, 30, 45] { _ = world.scrape(second, ["a": 10, "errors/a": 1]) }
        return world
    }

    @Test func aLateSampleSplitsTheIncrementAroundIt() {
        var world = world
        _ = world.scrape(75, ["a": 16, "errors/a": 1])
        #expect(world.send(60, ["a": 12], now: 80) == ["normal -6", "normal 2", "normal 4"])
        #expect(world.increments.suffix(3).map(\.time) == [at(75), at(60), at(75)])
    }

    @Test func aLateSampleMayShowTheResetThatANewerOneHid() {
        var world = world
        _ = world.scrape(75, ["a": 16])
        #expect(world.send(60, ["a": 3], now: 80) == ["normal -6", "reset 3", "normal 13"])
    }

    @Test func aLateSampleMayShowThatThereWasNoGap() {
        var world = world
        #expect(world.scrape(120, ["a": 40]) == ["gap 30 over 1m15s"])
        let told = world.send(90, ["a": 20], up: 1, now: 123)
        #expect(told == ["gap -30 over 1m15s", "gap 10 over 45s", "normal 20"])
    }

    @Test func aLateRepeatCountsNothing() {
        var world = world
        _ = world.scrape(60, ["a": 12])
        _ = world.scrape(75, ["a": 13])
        #expect(world.send(60, ["a": 12], now: 80) == [] && world.reply.duplicates == 1)
        #expect(world.send(60, ["a": 11], now: 80) == [] && world.reply.refusedTotal == 1)
    }

    @Test func whatIsOlderThanTheWindowIsRefused() {
        var world = world
        _ = world.scrape(400, ["a": 12])
        #expect(world.send(100, ["a": 11], now: 402) == [] && world.reply.refusedTotal == 1)
        #expect(world.send(100.001, ["a": 11], now: 402) != [] && world.reply.refusedTotal == 0)
    }

    @Test func withoutAWindowEverySampleInThePastIsRefused() {
        var world = world
        world.intake.settings.outOfOrderWindow = .zero
        _ = world.scrape(60, ["a": 12])
        _ = world.scrape(75, ["a": 13])
        #expect(world.send(67, ["a": 12], now: 80) == [] && world.reply.refusedTotal == 1)
    }

    @Test func aShardThatFellFarBehindCountsByItsOwnLastValue() {
        var world = world
        for second in stride(from: 60.0, through: 900, by: 15) {
            _ = world.scrape(second, ["errors/a": 1])
        }
        #expect(world.send(60, ["a": 13], now: 902) == ["normal 3"])
    }

    // MARK: Any order

    @Test(arguments: 0..<24)
    func anyOrderOfArrivalGivesTheSameLedger(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        let samples = OneWeek.samples(&generator)
        var sorted = IntakeWorld()
        for (time, group) in samples {
            sorted.feed(time, group, now: time + 1)
            _ = sorted.advance(time + 4)
        }
        _ = sorted.advance(5000)
        var shuffled = IntakeWorld()
        for piece in OneWeek.scrambled(samples, &generator) {
            shuffled.feed(piece.time, piece.samples, now: piece.arrival)
            if Bool.random(using: &generator) { _ = shuffled.advance(piece.arrival + 0.5) }
        }
        _ = shuffled.advance(5000)
        #expect(sorted.net == shuffled.net)
        #expect(!sorted.net.isEmpty && shuffled.intake.refolds > 10)
        #expect(shuffled.reply.refusedTotal == 0)
    }
}

/// Random counters on one pod: they grow, fall, pause, end and are born.
private enum OneWeek {
    typealias Samples = [(series: String, value: Double)]

    static func samples(
        _ generator: inout SeededGenerator
    ) -> [(time: Double, samples: Samples)] {
        var values: [String: Double] = ["a": 100, "b": 5, "errors/a": 0]
        return (0..<60).compactMap { step -> (time: Double, samples: Samples)? in
            if step == 20 { values["c"] = 7 }
            for name in values.keys.sorted() {
                switch Int.random(in: 0..<12, using: &generator) {
                case 0: values[name] = Double(Int.random(in: 0..<4, using: &generator))
                case 1...8:
                    values[name, default: 0] += Double(Int.random(in: 0..<9, using: &generator))
                default: break
                }
            }
            // The first scrapes are all there, so that both worlds know the interval alike.
            if step > 6 && Int.random(in: 0..<10, using: &generator) == 0 { return nil }
            var all: Samples = values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            if step > 6 { all.removeAll { _ in Int.random(in: 0..<15, using: &generator) == 0 } }
            if step == 30 { all = all.map { $0.series == "b" ? ("b", staleMarker) : $0 } }
            return (Double(step) * 15, all + [("up", 1)])
        }
    }

    /// The same samples in pieces, each up to four minutes late.
    static func scrambled(
        _ samples: [(time: Double, samples: Samples)], _ generator: inout SeededGenerator
    ) -> [(time: Double, samples: Samples, arrival: Double)] {
        var pieces: [(time: Double, samples: Samples, arrival: Double)] = []
        for (time, group) in samples {
            var rest = group[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...rest.count, using: &generator)
                let isLate = Int.random(in: 0..<3, using: &generator) == 0 && time > 60
                let delay = isLate ? Double.random(in: 3..<240, using: &generator) : 0.5
                pieces.append((time, Array(rest.prefix(count)), time + delay))
                rest = rest.dropFirst(count)
            }
        }
        return pieces.sorted { $0.arrival < $1.arrival }
    }
}

extension IntakeWorld {
    mutating func feed(_ time: Double, _ samples: [(series: String, value: Double)], now: Double) {
        let pod = Pod()
        let series = samples.map {
            OutgoingSeries(labels: pod.labels($0.series), samples: [(at(time), $0.value)])
        }
        _ = write(series, now: now)
    }

    /// What was counted, by time, class and span, after all corrections.
    var net: [String: Double] {
        var sums: [String: Double] = [:]
        for increment in increments {
            let key = "\(increment.time.millis) \(increment.kind.word) \(increment.span)"
            sums[key, default: 0] += increment.value
        }
        return sums.filter { $0.value != 0 }
    }
}

import Agent
import Model
import Testing
import Text
import Wire

/// Freshness and thresholds: each minute is good, bad, or was not seen.
@Suite struct SliceScenarioTests {
    private func gauge(
        _ value: Double, _ seconds: Double, instance: String = "pod-1", metric: String = "depth"
    ) -> OutgoingSeries {
        OutgoingSeries(
            labels: Labels([("__name__", metric), ("job", "x"), ("instance", instance)]),
            samples: [(at(seconds), value)])
    }

    private func up(_ seconds: Double, instance: String = "pod-1") -> OutgoingSeries {
        gauge(1, seconds, instance: instance, metric: "up")
    }

    private static func threshold(_ more: String = "") -> String {
        sloRules("{threshold: {metric: depth, op: below, value: 100\(more)}}")
    }

    @Test func aMinuteIsBadWhenOneOfItsSamplesIs() throws {
        var world = AgentWorld(Self.threshold())
        // Minutes end at 60, 120, 180; the sample at 60 belongs to the first.
        for (seconds, value) in [(15.0, 5.0), (30, 200), (60, 5), (75, 5), (120, 99.9), (135, 100)]
        {
            world.write([up(seconds), gauge(value, seconds)], at: at(seconds))
        }
        world.advance(to: 140)
        #expect(try world.events() == [1, 2, 3])
        let slo = try world.slo()
        #expect(slo.number("events", "classes", "normal") == 3)
        #expect(slo.number("asOf") == at(135).seconds)
    }

    @Test(arguments: [
        (", aggregate: worst", [1.0, 1]), (", aggregate: any", [2, 0]),
        (", aggregate: max", [1, 1]), (", aggregate: min", [2, 0]),
    ])
    func severalSeriesMakeOneState(more: String, expected: [Double]) throws {
        var world = AgentWorld(Self.threshold(more))
        for seconds in [30.0, 90] {
            world.write([up(seconds), gauge(5, seconds)], at: at(seconds))
            let other = seconds == 30 ? 500.0 : 7
            world.write(
                [up(seconds + 1, instance: "b"), gauge(other, seconds + 1, instance: "b")],
                at: at(seconds + 1))
        }
        world.advance(to: 100)
        #expect(try world.events() == [expected[0], expected[1], 2])
    }

    @Test func aboveTheLargestIsAnyAndTheSmallestIsWorst() throws {
        for (word, good) in [("max", 1.0), ("min", 0.0)] {
            let sli = "{threshold: {metric: depth, op: above, value: 10, aggregate: \(word)}}"
            var world = AgentWorld(sloRules(sli))
            world.write(
                [up(30), gauge(50, 30), gauge(2, 30, metric: "other")], at: at(30))
            world.write([up(31, instance: "b"), gauge(3, 31, instance: "b")], at: at(31))
            world.advance(to: 40)
            #expect(try world.events()[0] == good)
        }
    }

    @Test func aLateSampleCorrectsItsMinute() throws {
        var world = AgentWorld(Self.threshold())
        for step in 0...11 {
            let seconds = Double(step) * 15
            world.write([up(seconds), gauge(5, seconds)], at: at(seconds))
        }
        world.advance(to: 170)
        #expect(try world.events() == [4, 0, 4])
        world.write([gauge(900, 82)], at: at(171))
        world.advance(to: 180)
        #expect(try world.events() == [3, 1, 4])
    }

    @Test func aMinuteWithoutASampleIsNoEvent() throws {
        var world = AgentWorld(Self.threshold())
        for step in 0...45 {
            let seconds = Double(step) * 15
            // The exporter has nothing to say for three minutes.
            let isSilent = seconds > 120 && seconds <= 300
            world.write(
                isSilent ? [up(seconds)] : [up(seconds), gauge(5, seconds)], at: at(seconds))
        }
        world.advance(to: 678)
        // Thirteen minutes began, three of them were not seen.
        #expect(try world.events() == [10, 0, 10])
        let slo = try world.slo()
        #expect(slo.window("5m")?.text("evidence") == "complete")
        #expect(slo.window("1h")?.text("evidence") == "partial")
        let best = try #require(slo.number("budget", "best"))
        let worst = try #require(slo.number("budget", "worst"))
        #expect(best == 1 && worst < 0)
    }

    @Test func notANumberIsNoSample() throws {
        var world = AgentWorld(Self.threshold())
        for (seconds, value) in [(30.0, Double.nan), (90, 5), (150, .infinity), (210, -.infinity)] {
            world.write([up(seconds), gauge(value, seconds)], at: at(seconds))
        }
        world.advance(to: 215)
        #expect(try world.events() == [2, 1, 3])
    }

    @Test func aTableIsFreshWithinItsLimitInclusive() throws {
        var world = AgentWorld(
            sloRules("{freshness: {timestamp: ingested_timestamp_seconds, within: 1h}}"))
        let written = at(0).seconds
        for minute in [1.0, 60, 61, 62] {
            let seconds = minute * 60
            world.write(
                [up(seconds), gauge(written, seconds, metric: "ingested_timestamp_seconds")],
                at: at(seconds))
        }
        world.advance(to: 3725)
        #expect(try world.events() == [2, 2, 4])
    }

    @Test func millisecondsAreReadFromTheName() throws {
        for (name, more) in [("fresh_milliseconds", ""), ("fresh", ", unit: milliseconds")] {
            var world = AgentWorld(
                sloRules("{freshness: {timestamp: \(name), within: 1m\(more)}}"))
            let written = at(0).seconds * 1000
            for seconds in [30.0, 90] {
                world.write([up(seconds), gauge(written, seconds, metric: name)], at: at(seconds))
            }
            world.advance(to: 95)
            #expect(try world.events() == [1, 1, 2])
        }
    }

    @Test func minutesAreNotTestedAgainstChance() throws {
        // Two bad minutes of five: a burn of 40 at 99 %, which chance would explain.
        var world = AgentWorld(Self.threshold())
        for (minute, value) in [5.0, 5, 5, 500].enumerated() {
            let seconds = Double(minute) * 60 + 30
            world.write([up(seconds), gauge(value, seconds)], at: at(seconds))
        }
        world.advance(to: 215)
        #expect(try world.firing().contains("SLOBurn page 1h"))
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func anyOrderOfArrivalGivesTheMinutesOfTheOracle(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let isAny = seed % 2 == 0
        var world = AgentWorld(Self.threshold(isAny ? ", aggregate: any" : ""))
        var samples: [(seconds: Double, value: Double, instance: String)] = []
        for step in 0..<240 {
            for pod in 0..<3 where Int.random(in: 0..<8, using: &random) > 0 {
                let bad = Int.random(in: 0..<9, using: &random) == 0
                samples.append(
                    (Double(step) * 15 + Double(pod), bad ? 150 : 20, "pod-\(pod)"))
            }
        }
        // Late by up to four minutes, some twice.
        var bodies = samples.map { sample in
            (arrival: sample.seconds + .random(in: 0...240, using: &random), sample: sample)
        }
        bodies += bodies.filter { _ in Int.random(in: 0..<10, using: &random) == 0 }
            .map { ($0.arrival + 5, $0.sample) }
        bodies.sort { ($0.arrival, $0.sample.seconds) < ($1.arrival, $1.sample.seconds) }
        for (arrival, sample) in bodies {
            world.write(
                [gauge(sample.value, sample.seconds, instance: sample.instance)],
                at: at(arrival.rounded()))
        }
        world.advance(to: 4000)
        var minutes: [Double: [Bool]] = [:]
        for sample in samples {
            minutes[(sample.seconds / 60).rounded(.up), default: []].append(sample.value < 100)
        }
        let good = minutes.values.count { isAny ? $0.contains(true) : !$0.contains(false) }
        let total = Double(minutes.count)
        #expect(try world.events() == [Double(good), total - Double(good), total])
        let hour = try #require(try world.slo().window("1h"))
        let from = (try #require(hour.number("from")) - at(0).seconds) / 60
        let to = (try #require(hour.number("to")) - at(0).seconds) / 60
        let inside = minutes.filter { $0.key > from && $0.key <= to.rounded(.up) }
        #expect(hour.number("total") == Double(inside.count))
        #expect(
            hour.number("good")
                == Double(inside.values.count { isAny ? $0.contains(true) : !$0.contains(false) }))
    }
}

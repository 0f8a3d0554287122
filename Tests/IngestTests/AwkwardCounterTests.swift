import Ingest
import Model
import Testing

/// Counters that misbehave, and scrapes that do not come when expected.
@Suite struct AwkwardCounterTests {
    private var world = IntakeWorld()

    @Test func aSeriesBackAfterItsStaleMarkerContinues() {
        var world = world
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 10, "b": 1]) }
        #expect(world.scrape(60, ["a": staleMarker, "b": 1]) == ["normal 0"])
        #expect(world.scrape(75, ["a": 14, "b": 1]) == ["normal 4", "normal 0"])
        _ = world.scrape(90, ["a": staleMarker, "b": 1])
        _ = world.scrape(105, ["b": 1])
        #expect(world.scrape(120, ["a": 3, "b": 1]) == ["reset 3 over 45s", "normal 0"])
    }

    @Test func notANumberIsPassedOver() {
        var world = world
        _ = world.scrape(0, ["a": 10])
        #expect(world.scrape(15, ["a": .nan]) == [])
        #expect(world.scrape(30, ["a": .infinity]) == [])
        #expect(world.scrape(45, ["a": -.infinity]) == [])
        #expect(world.scrape(60, ["a": 13]) == ["gap 3 over 1m"])
    }

    @Test func aNegativeValueIsNoCount() {
        var world = world
        _ = world.scrape(0, ["a": 10])
        _ = world.scrape(15, ["a": 12])
        #expect(world.scrape(30, ["a": -3]) == [])
        #expect(world.scrape(45, ["a": 14]) == ["normal 2"])
    }

    @Test func aValueBeyondExactCountingIsNoCount() {
        // An unsigned counter that fell below zero: it would swallow every later event.
        var world = world
        _ = world.scrape(0, ["a": 10])
        _ = world.scrape(15, ["a": 12])
        #expect(world.scrape(30, ["a": 0x1p64]) == [])
        #expect(world.scrape(45, ["a": 14]) == ["normal 2"])
    }

    @Test func aSeriesThatFirstShowedGarbageIsABaseline() {
        var world = world
        _ = world.scrape(0, ["a": 10, "b": .nan])
        _ = world.scrape(15, ["a": 10, "b": .nan])
        #expect(world.scrape(30, ["a": 10, "b": 1e6]) == ["normal 0", "baseline 1000000"])
    }

    @Test func aSeriesThatWasStaleWhenCountingBeganIsABaseline() {
        var world = world
        world.isRouted = false
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 1e6, "b": 1]) }
        _ = world.scrape(60, ["a": staleMarker, "b": 1])
        world.since = at(61)
        world.routeAll()
        #expect(world.scrape(75, ["a": 1e6 + 5, "b": 1]) == ["baseline 1000005", "normal 0"])
    }

    @Test func aSeriesKnownWhenCountingBeganCountsFromItsLastValue() {
        var world = world
        world.isRouted = false
        _ = world.scrape(0, ["a": 1e6])
        _ = world.scrape(15, ["a": 1e6 + 1])
        world.since = at(16)
        world.routeAll()
        #expect(world.scrape(30, ["a": 1e6 + 5]) == ["normal 4"])
    }

    @Test func afterAFailedScrapeNothingIsBorn() {
        // A failed scrape says nothing of the series that a good one would have shown.
        var world = world
        #expect(world.scrape(0, [:], up: 0) == [])
        #expect(world.scrape(15, ["a": 1e9]) == ["baseline 1000000000"])
        #expect(world.scrape(30, ["a": 1e9 + 1, "b": 2]) == ["normal 1", "birth 2"])
        #expect(world.scrape(45, ["a": staleMarker, "b": staleMarker], up: 0) == [])
        #expect(
            world.scrape(60, ["a": 1e9 + 3, "b": 3, "c": 9]) == [
                "normal 2", "normal 1", "baseline 9",
            ])
    }

    @Test func aTargetBackFromRetirementBearsNothing() {
        var world = world
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 10]) }
        _ = world.scrape(60, ["a": staleMarker], up: staleMarker)
        #expect(world.scrape(75, ["a": 12, "b": 1e9]) == ["normal 2", "baseline 1000000000"])
    }

    @Test func jitterIsNoGap() {
        var world = world
        var random = SeededGenerator(state: 3)
        var time = 0.0
        _ = world.scrape(0, ["a": 0])
        for step in 1...200 {
            time += 15 + Double.random(in: -0.4...0.4, using: &random)
            #expect(world.scrape(time, ["a": Double(step)]) == ["normal 1"])
        }
    }

    @Test func aLongerIntervalIsLearntInThreeScrapes() {
        var world = world
        for step in 0..<8 { _ = world.scrape(Double(step) * 15, ["a": Double(step)]) }
        let told = (1...5).map { step in
            world.scrape(105 + Double(step) * 60, ["a": 7 + Double(step)])[0]
        }
        #expect(
            told == ["gap 1 over 1m", "gap 1 over 1m", "gap 1 over 1m", "normal 1", "normal 1"])
    }

    @Test func aShorterIntervalIsLearntInThreeScrapes() {
        var world = world
        for step in 0..<8 { _ = world.scrape(Double(step) * 60, ["a": Double(step)]) }
        for step in 1...3 {
            #expect(world.scrape(420 + Double(step) * 10, ["a": 7 + Double(step)]) == ["normal 1"])
        }
        #expect(world.scrape(450 + 21, ["a": 11]) == ["gap 1 over 21s"])
    }

    @Test func aRestartOfTheAgentLosesNoCount() {
        var world = world
        for step in 0..<8 { _ = world.scrape(Double(step) * 15, ["a": Double(step)]) }
        world.intake.started(at: at(500))
        #expect(world.advance(510) == [])
        #expect(world.conditions == [])
        // The sender catches up with what it kept.
        for step in 8..<34 {
            #expect(
                world.send(Double(step) * 15, ["a": Double(step)], up: 1, now: 512) == ["normal 1"])
        }
        #expect(world.conditions == [])
    }
}

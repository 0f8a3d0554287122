import Ingest
import Model
import Testing

/// Whether a target is being seen.
@Suite struct TargetConditionTests {
    private var world: IntakeWorld = {
        var world = IntakeWorld()
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 10]) }
        return world
    }()

    @Test func aFailingTargetIsDownSinceItsFirstFailedScrape() {
        var world = world
        _ = world.scrape(60, ["a": staleMarker], up: 0)
        _ = world.scrape(75, [:], up: 0)
        _ = world.scrape(90, ["a": 11])
        #expect(world.conditions == [.down(since: at(60), noticed: at(60)), .up])
    }

    @Test func aTargetThatSaysNothingIsSilentAfterTwoIntervalsAndTenSeconds() {
        var world = world
        for second in 48...85 { _ = world.advance(Double(second)) }
        #expect(world.conditions == [])
        for second in 86...100 { _ = world.advance(Double(second)) }
        #expect(world.conditions == [.silent(since: at(45), noticed: at(45))])
        _ = world.scrape(120, ["a": 11])
        #expect(world.conditions.last == .up)
    }

    @Test func aTargetThatEndsWithStaleMarkersHasRetired() {
        var world = world
        _ = world.scrape(60, ["a": staleMarker], up: staleMarker)
        for second in 63...200 { _ = world.advance(Double(second)) }
        #expect(world.conditions == [.retired(at: at(60), noticed: at(60))])
    }

    @Test func aTargetWithoutUpRetiresWithItsLastSeries() {
        var world = IntakeWorld()
        for step in 0..<4 { _ = world.send(Double(step) * 15, ["a": 10, "b": 1]) }
        _ = world.send(60, ["a": staleMarker, "b": 1])
        _ = world.advance(70)
        #expect(world.conditions == [])
        _ = world.send(75, ["b": staleMarker])
        _ = world.advance(80)
        #expect(world.conditions == [.retired(at: at(75), noticed: at(75))])
    }

    @Test func anUpThatComesLateStillSpeaks() {
        var world = world
        _ = world.send(60, ["a": staleMarker], now: 60)
        _ = world.advance(62)
        _ = world.send(60, [:], up: staleMarker, now: 63)
        #expect(world.conditions == [.retired(at: at(60), noticed: at(63))])
        _ = world.scrape(75, ["a": 10])
        #expect(world.conditions.last == .up)
        _ = world.send(90, ["a": staleMarker], now: 90)
        _ = world.advance(92)
        _ = world.send(90, [:], up: 0, now: 93)
        #expect(world.conditions.last == .down(since: at(90), noticed: at(93)))
    }

    @Test func lateSamplesAreNoSilence() {
        var world = world
        for second in 48...80 { _ = world.advance(Double(second)) }
        _ = world.send(60, ["a": 11], up: 1, now: 80)
        for second in 80...115 { _ = world.advance(Double(second)) }
        #expect(world.conditions == [])
    }

    @Test func aTargetNobodyCountsIsNotWatched() {
        var world = IntakeWorld()
        world.isRouted = false
        _ = world.scrape(0, ["a": 10])
        _ = world.advance(10_000)
        #expect(world.conditions == [])
    }
}

import Ingest
import Model
import Testing

/// DESIGN §4.1, a sentence a test.
@Suite struct IncrementTests {
    private var world = IntakeWorld()

    @Test func theFirstScrapeIsABaseline() {
        var world = world
        #expect(world.scrape(0, ["a": 100, "b": 0]) == ["baseline 100", "baseline 0"])
    }

    @Test func aCounterThatGrowsCountsTheDifference() {
        var world = world
        _ = world.scrape(0, ["a": 100])
        #expect(world.scrape(15, ["a": 107]) == ["normal 7"])
        #expect(world.scrape(30, ["a": 107]) == ["normal 0"])
        #expect(world.scrape(45, ["a": 108]) == ["normal 1"])
    }

    @Test func anIncrementBelongsToItsSamplesTime() {
        var world = world
        _ = world.scrape(0, ["a": 100])
        _ = world.send(15, ["a": 107], up: 1, now: 24)
        #expect(world.increments.last?.time == at(15))
    }

    @Test func aCounterThatFallsCountsWhatItHasNow() {
        var world = world
        _ = world.scrape(0, ["a": 100])
        #expect(world.scrape(15, ["a": 7]) == ["reset 7"])
        #expect(world.scrape(30, ["a": 9]) == ["normal 2"])
        #expect(world.scrape(45, ["a": 0]) == ["reset 0"])
    }

    @Test func moreThanTwoIntervalsAreAGap() {
        var world = world
        for step in 0..<6 { _ = world.scrape(Double(step) * 15, ["a": Double(step)]) }
        #expect(world.scrape(75 + 30, ["a": 9]) == ["normal 4"])
        #expect(world.scrape(105 + 31, ["a": 12]) == ["gap 3 over 31s"])
        #expect(world.scrape(136 + 90, ["a": 2]) == ["reset 2 over 1m30s"])
    }

    @Test func aSeriesBornInATargetSeenAScrapeAgoCountsItsValue() {
        var world = world
        _ = world.scrape(0, ["a": 100])
        _ = world.scrape(15, ["a": 110])
        #expect(world.scrape(30, ["a": 115, "errors/a": 50]) == ["normal 5", "birth 50"])
    }

    @Test func aSeriesBornAfterALongSilenceOfItsTargetIsABaseline() {
        var world = world
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        #expect(world.scrape(45 + 46, ["a": 1, "b": 50]) == ["gap 0 over 46s", "baseline 50"])
    }

    @Test func aPodStartedUnderTheSendersEyesIsBorn() {
        var world = world
        for step in 0..<5 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        let young = Pod(instance: "pod-2")
        let start = at(50).seconds
        let told = world.scrape(61, of: young, ["a": 40, "process_start_time_seconds": start])
        #expect(told == ["birth 40"])
    }

    @Test func aPodStartedBeforeTheSenderWasCoveredIsABaseline() {
        var world = world
        for step in 0..<5 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        let old = Pod(instance: "pod-2")
        let start = at(-5).seconds
        let told = world.scrape(61, of: old, ["a": 40, "process_start_time_seconds": start])
        #expect(told == ["baseline 40"])
    }

    @Test func aPodStartedInAGapOfItsSenderIsABaseline() {
        var world = world
        for step in 0..<5 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        _ = world.scrape(600, ["a": 1])
        let told = world.scrape(
            601, of: Pod(instance: "pod-2"),
            ["a": 40, "process_start_time_seconds": at(300).seconds])
        #expect(told == ["baseline 40"])
    }

    @Test func aPodFirstSeenAfterItsSendersGapIsABaseline() {
        var world = world
        for step in 0..<5 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        let told = world.scrape(
            160, of: Pod(instance: "pod-2"),
            ["a": 40, "process_start_time_seconds": at(100).seconds])
        #expect(told == ["baseline 40"])
    }

    @Test func aPodIsBornUnderTheEyesOfASlowSenderToo() {
        var world = world
        for step in 0..<5 { _ = world.scrape(Double(step) * 900, ["a": 1]) }
        let told = world.scrape(
            4300, of: Pod(instance: "pod-2"),
            ["a": 40, "process_start_time_seconds": at(4000).seconds])
        #expect(told == ["birth 40"])
    }

    @Test func aPodStartedBeforeTheSLOCountedIsABaseline() {
        var world = world
        world.since = at(55)
        for step in 0..<5 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        let told = world.scrape(
            61, of: Pod(instance: "pod-2"), ["a": 40, "process_start_time_seconds": at(50).seconds])
        #expect(told == ["baseline 40"])
    }

    @Test func aPodOfABillionInANewShardIsABaseline() {
        var world = world
        let before = Pod(external: [("prometheus", "shard-0")])
        let after = Pod(external: [("prometheus", "shard-1")])
        let start = at(-1e6).seconds
        for step in 0..<5 {
            _ = world.scrape(
                Double(step) * 15, of: before, ["a": 1e9, "process_start_time_seconds": start])
        }
        let told = world.scrape(
            76, of: after, ["a": 1e9 + 5, "process_start_time_seconds": start])
        #expect(told == ["baseline 1000000005"])
        #expect(world.scrape(91, of: after, ["a": 1e9 + 7]) == ["normal 2"])
    }

    @Test func aRelabelledSeriesIsABaseline() {
        var world = world
        _ = world.scrape(0, ["a": 100, "other/a": 1])
        _ = world.scrape(15, ["a": 110, "other/a": 1])
        let told = world.scrape(30, ["a": staleMarker, "b": 115, "other/a": 1, "errors/new": 3])
        // Another metric's birth is none of the relabelling's business.
        #expect(told == ["baseline 115", "normal 0", "birth 3"])
    }

    @Test func aRelabelledSeriesOfAYoungProcessIsABaselineToo() {
        var world = world
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        let young = Pod(instance: "pod-2")
        let start = at(50).seconds
        _ = world.scrape(61, of: young, ["a": 40, "process_start_time_seconds": start])
        let told = world.scrape(
            76, of: young, ["a": staleMarker, "b": 45, "process_start_time_seconds": start])
        #expect(told == ["baseline 45"])
    }

    @Test func aRestartedProcessWithOtherSeriesIsBornAllTheSame() {
        var world = world
        let first = at(-900).seconds
        _ = world.scrape(0, ["a": 1, "process_start_time_seconds": first])
        _ = world.scrape(15, ["a": 2, "process_start_time_seconds": first])
        let told = world.scrape(
            30, ["a": staleMarker, "b": 4, "process_start_time_seconds": at(20).seconds])
        #expect(told == ["birth 4"])
    }
}

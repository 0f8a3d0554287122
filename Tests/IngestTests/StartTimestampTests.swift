import Ingest
import Model
import Testing

/// What a counter's own start tells (DESIGN §4.1). Seconds count from the world's morning.
@Suite struct StartTimestampTests {
    /// A world whose one pod had two scrapes, with `start` told.
    private func begun(start: Double?) -> IntakeWorld {
        var world = IntakeWorld()
        world.start = start
        #expect(world.scrape(0, ["a": 100]) == ["baseline 100"])
        #expect(world.scrape(15, ["a": 107]) == ["normal 7"])
        return world
    }

    @Test func aStartThatMovedIsAResetThoughTheValueGrew() {
        var world = begun(start: -50)
        world.start = 20
        #expect(world.scrape(30, ["a": 120]) == ["reset 120"])
        #expect(world.scrape(45, ["a": 125]) == ["normal 5"])
    }

    @Test func aTargetsClockMayBeSlow() {
        var world = begun(start: -50)
        world.start = 12
        #expect(world.scrape(30, ["a": 120]) == ["reset 120"])
    }

    @Test func aValueThatFellIsAResetWhateverTheStartSays() {
        var world = begun(start: -50)
        #expect(world.scrape(30, ["a": 3]) == ["reset 3"])
    }

    @Test func aStartHeardForTheFirstTimeIsARestartOnlyAfterThePreviousSample() {
        var world = begun(start: nil)
        world.start = 14
        #expect(world.scrape(30, ["a": 110]) == ["normal 3"])
        world = begun(start: nil)
        world.start = 16
        #expect(world.scrape(30, ["a": 110]) == ["reset 110"])
    }

    @Test func aStartThatIsMissingFromSomeSamplesIsNotForgotten() {
        var world = begun(start: -50)
        world.start = nil
        #expect(world.scrape(30, ["a": 110]) == ["normal 3"])
        world.start = -50
        #expect(world.scrape(45, ["a": 111]) == ["normal 1"])
        world.start = 40
        #expect(world.scrape(60, ["a": 112]) == ["reset 112"])
    }

    @Test func aStartBeforeTheKnownOneIsNoRestart() {
        var world = begun(start: -50)
        world.start = -60
        #expect(world.scrape(30, ["a": 110]) == ["normal 3"])
        world.start = -50
        #expect(world.scrape(45, ["a": 111]) == ["normal 1"])
    }

    @Test func aStartThatIsNotBeforeItsSampleSaysNothing() {
        var world = begun(start: -50)
        for time in [30.0, 45, 60] {
            world.start = time
            #expect(world.scrape(time, ["a": 110 + time]).first?.hasPrefix("normal") == true)
        }
        world.start = 1e6
        #expect(world.scrape(75, ["a": 500]) == ["normal 330"])
    }

    @Test func aSeriesThatBeganUnderTheSendersEyesIsBorn() {
        for (start, told) in [
            (70.0, "birth 9"), (1, "birth 9"), (0, "baseline 9"), (-5, "baseline 9"),
        ] {
            var world = IntakeWorld()
            for step in 0..<5 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
            world.start = start
            #expect(world.scrape(75, of: Pod(instance: "pod-2"), ["a": 9]) == [told])
        }
    }

    @Test func aStartBeforeAGapOfTheSenderIsNotCovered() {
        for (start, told) in [(70.0, "baseline 9"), (601, "birth 9")] {
            var world = IntakeWorld()
            for step in 0..<5 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
            for step in 40..<44 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
            world.start = start
            #expect(world.scrape(660, of: Pod(instance: "pod-2"), ["a": 9]) == [told])
        }
    }

    @Test func theNewNameOfARelabelledSeriesIsNotBorn() {
        var world = IntakeWorld()
        world.start = -50
        for step in 0..<5 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        world.start = 40
        #expect(world.scrape(75, ["a": staleMarker, "b": 9]) == ["baseline 9"])
        world.start = 80
        #expect(world.scrape(90, ["b": staleMarker, "c": 9]) == ["birth 9"])
    }

    @Test func theLogHoldsAStartOnceAndReplaysTheSame() {
        var world = begun(start: -50)
        world.start = 20
        for step in 2..<9 {
            _ = world.scrape(Double(step) * 15, ["a": 100 + Double(step), "b": 5])
        }
        let starts = world.log.map { $0.write.starts.count }
        #expect(starts == [1, 0, 2, 0, 0, 0, 0, 0, 0])

        var replayed = IntakeWorld()
        #expect(!replayed.replay(world.log).contains("unreadable"))
        #expect(replayed.increments == world.increments)
        #expect(replayed.increments.map(\.kind).contains(.reset))
    }
}

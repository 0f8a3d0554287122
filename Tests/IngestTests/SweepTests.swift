import Model
import Storage
import Testing

@testable import Ingest

/// What becomes of series that nobody sends any more.
@Suite struct SweepTests {
    private var limited: IntakeWorld {
        var world = IntakeWorld()
        world.intake.settings.seriesMax = 3
        _ = world.scrape(0, ["a": 1, "b": 1])
        return world
    }

    /// Enough sweeps to see each series, a second apart.
    private func sweep(_ world: inout IntakeWorld, from seconds: Double) {
        for step in 0..<20 { _ = world.advance(seconds + Double(step)) }
    }

    @Test func idleSeriesMakeRoomForNewOnes() {
        var world = limited
        _ = world.send(15, of: Pod(instance: "pod-2"), ["a": 1])
        #expect(world.reply.refusedTotal == 1 && world.intake.cardinality.total == 3)
        sweep(&world, from: 21 * 60)
        #expect(world.intake.cardinality.total == 0)
        _ = world.send(22 * 60, of: Pod(instance: "pod-2"), ["a": 1])
        #expect(world.reply.refusedTotal == 0 && world.intake.cardinality.total == 1)
    }

    @Test func anIdleSeriesThatComesBackCountsAgainAndIsNeverRefused() {
        var world = limited
        sweep(&world, from: 21 * 60)
        for pod in 2..<5 { _ = world.send(1300, of: Pod(instance: "p\(pod)"), ["a": 1]) }
        #expect(world.intake.cardinality.total == 3)
        #expect(world.send(1310, ["a": 5], up: 1, now: 1310) == [])
        #expect(world.reply.refusedTotal == 0 && world.intake.cardinality.total == 5)
        #expect(world.advance(1313).last == "gap 4 over 21m50s")
    }

    @Test func aSeriesIsForgottenWhenItsSamplesHaveLeftRetention() {
        var world = IntakeWorld()
        world.intake.settings.retentionTime = .hours(2)
        _ = world.scrape(0, ["a": 1, "b": staleMarker], up: staleMarker)
        _ = world.scrape(15, ["a": staleMarker], up: staleMarker)
        sweep(&world, from: 25 * 60)
        sweep(&world, from: 3 * 3600)
        let labels = Pod().labels("a")
        #expect(world.intake.store.find(labels) == nil)
        #expect(world.intake.targetByIdentity.isEmpty && world.intake.watched.isEmpty)
        // It returns as a new series, and is not taken for one that was born.
        #expect(world.scrape(4 * 3600, ["a": 50]) == ["baseline 50"])
        #expect(world.scrape(4 * 3600 + 15, ["a": 52]) == ["normal 2"])
    }

    @Test func aLostTargetIsRememberedAsLongAsSomebodyCountsIt() {
        var world = IntakeWorld()
        world.intake.settings.retentionTime = .hours(2)
        for second in [0.0, 15, 30] { _ = world.scrape(second, ["a": 1]) }
        sweep(&world, from: 25 * 60)
        sweep(&world, from: 3 * 3600)
        #expect(world.intake.store.find(Pod().labels("a")) == nil)
        #expect(world.intake.targetByIdentity.count == 1)
        guard case .silent = world.conditions.last else {
            Issue.record("the target is not lost")
            return
        }
        #expect(world.scrape(4 * 3600, ["a": 50]) == ["baseline 50"])
    }

    @Test func aSeriesThatItsTargetNoLongerBringsIsEndedOnce() {
        var world = IntakeWorld()
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 1, "b": 1]) }
        for step in 4..<9 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        sweep(&world, from: 140)
        #expect(world.intake.staleMarkersAdded == 1)
        // It comes back, and goes again.
        for step in 10..<12 { _ = world.scrape(Double(step) * 15, ["a": 1, "b": 2]) }
        for step in 12..<17 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        sweep(&world, from: 260)
        #expect(world.intake.staleMarkersAdded == 2)
    }

    @Test func aSilentTargetEndsAllItsSeries() {
        var world = IntakeWorld()
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 1]) }
        _ = world.advance(45 + 54)
        #expect(world.intake.staleMarkersAdded == 0)
        sweep(&world, from: 45 + 57)
        #expect(world.intake.staleMarkersAdded == 2)
    }
}

import Ingest
import Model
import Testing
import Wire

/// Scrapes that arrive in parts, late, early and mixed.
@Suite struct ScrapeTests {
    /// A world with one pod scraped four times.
    private var world: IntakeWorld = {
        var world = IntakeWorld()
        for step in 0..<4 { _ = world.scrape(Double(step) * 15, ["a": 10, "errors/a": 1]) }
        return world
    }()

    @Test func aSplitScrapeCountsWhenItIsComplete() {
        var world = world
        #expect(world.send(60, ["a": 12], now: 60.1) == [])
        #expect(world.send(60, ["errors/a": 2], now: 60.4) == [])
        #expect(world.send(60, [:], up: 1, now: 60.5) == ["normal 2", "normal 1"])
        #expect(world.intake.scrapesComplete == 4 && world.intake.scrapesSettled == 1)
    }

    @Test func anIncompleteScrapeCountsWhenItHasSettled() {
        var world = world
        #expect(world.send(60, ["a": 12], now: 60.5) == [])
        #expect(world.advance(62.499) == [])
        #expect(world.advance(62.5) == ["normal 2"])
    }

    @Test func lateSamplesOfAClosedScrapeStillCount() {
        var world = world
        _ = world.send(60, ["a": 12], up: 1, now: 60.5)
        #expect(world.advance(62.5) == ["normal 2"])
        #expect(world.send(60, ["errors/a": 4], now: 63) == ["normal 3"])
        #expect(world.increments.last?.time == at(60))
        // And the scrape after it waits for all three again.
        #expect(world.send(75, ["a": 13], up: 1, now: 75.5) == [])
        #expect(world.send(75, ["errors/a": 4], now: 75.6) == ["normal 1", "normal 0"])
    }

    @Test func samplesMayComeAfterTheNextScrapeHasBegun() {
        var world = world
        #expect(world.send(60, ["a": 12], now: 60.1) == [])
        #expect(world.send(75, ["a": 13], now: 75.1) == [])
        #expect(world.send(60, ["errors/a": 3], up: 1, now: 75.2) == ["normal 2", "normal 2"])
        let told = world.send(75, ["errors/a": 3], up: 1, now: 75.3)
        #expect(told == ["normal 1", "normal 0"])
    }

    @Test func theRelabellingsOtherHalfMayBeLate() {
        var world = world
        _ = world.send(60, ["a": staleMarker, "errors/a": 1], now: 60.1)
        #expect(world.advance(63) == ["normal 0"])
        #expect(world.send(60, ["b": 12], up: 1, now: 64) == ["baseline 12"])
    }

    @Test func aSenderAheadOfTheClockCountsWhenItsTimeHasCome() {
        var world = world
        #expect(world.send(120, ["a": 12, "errors/a": 1], up: 1, now: 60) == [])
        #expect(world.advance(62) == [])
        #expect(world.advance(119.999) == [])
        #expect(world.intake.nextDeadline.map { $0 <= at(120) } == true)
        #expect(world.advance(120) == ["gap 2 over 1m15s", "gap 0 over 1m15s"])
    }

    @Test func aSampleMoreThanTenMinutesAheadIsRefused() {
        var world = world
        _ = world.send(60 + 600, ["a": 12], now: 60)
        #expect(world.reply.refusedTotal == 0)
        _ = world.send(60 + 600.001, ["errors/a": 12], now: 60)
        #expect(world.reply.refusedTotal == 1)
        #expect(world.reply.refused[Refusal.all.firstIndex(of: .tooFarAhead) ?? 0] == 1)
    }

    @Test func duplicatesAndOldSamplesCountNothing() {
        var world = world
        _ = world.send(60, ["a": 12, "errors/a": 1], up: 1)
        #expect(world.send(60, ["a": 12, "errors/a": 1], up: 1) == [])
        #expect(world.reply.duplicates == 3)
        #expect(world.send(60, ["a": 13], now: 61) == [])
        #expect(world.send(60 - 300, ["a": 11], now: 61) == [])
        #expect(world.reply.refused[Refusal.all.firstIndex(of: .outOfOrder) ?? 0] == 1)
        #expect(world.advance(70) == [])
    }

    @Test func targetsMayBeInterleavedSampleBySample() {
        var world = world
        let other = Pod(instance: "pod-2")
        _ = world.scrape(50, of: other, ["a": 5, "errors/a": 5])
        var mixed: [OutgoingSeries] = []
        for (series, first, second) in [("a", 11.0, 7.0), ("errors/a", 3, 5), ("up", 1, 1)] {
            mixed.append(
                OutgoingSeries(labels: Pod().labels(series), samples: [(at(60), first)]))
            mixed.append(
                OutgoingSeries(labels: other.labels(series), samples: [(at(61), second)]))
        }
        let told = world.write(mixed, now: 61)
        #expect(told == ["normal 1", "normal 2", "normal 2", "normal 0"])
    }

    @Test func samplesMayBeGroupedBySeriesOverManyScrapes() {
        var world = world
        let times = (4...40).map { Double($0) * 15 }
        let series = ["a", "errors/a", "up"].map { name in
            OutgoingSeries(
                labels: Pod().labels(name),
                samples: times.map { (at($0), name == "up" ? 1 : 10 + $0) })
        }
        let told = world.write(series, now: 601)
        #expect(told.count == times.count * 2)
        #expect(world.increments.suffix(told.count).reduce(0) { $0 + $1.value } == 600 + 609)
    }

    @Test func aTargetWithoutInstanceLabelIsEachSeriesItsOwn() {
        var world = IntakeWorld()
        let pod = Pod(instance: nil)
        #expect(world.send(0, of: pod, ["a": 5]) == ["baseline 5"])
        #expect(world.send(15, of: pod, ["a": 6]) == ["normal 1"])
        // No neighbour vouches for it.
        #expect(world.send(15, of: pod, ["b": 50]) == ["baseline 50"])
    }

    @Test func aSteadyTargetTakesNoMoreMemoryHoweverLongItRuns() {
        func elements(_ value: Any) -> Int {
            Mirror(reflecting: value).children.reduce(0) { $0 + 1 + elements($1.value) }
        }
        var world = world
        var sizes: [Int] = []
        for round in 0..<3 {
            for step in 0..<2100 {
                let seconds = 60 + Double(round * 2100 + step) * 15
                _ = world.send(seconds, ["a": seconds, "errors/a": 1], up: 1)
                _ = world.advance(seconds + 2)
            }
            sizes.append(elements(world.intake))
        }
        #expect(sizes[2] - sizes[0] < 9000, "\(sizes)")
    }

    @Test func manyTimesOfOneUnknownTargetAreTakenInBoundedMemoryAndTime() {
        var world = IntakeWorld()
        let samples = (0..<20_000).map { (at(Double($0) / 1000), Double($0)) }
        let series = OutgoingSeries(labels: Pod().labels("a"), samples: samples)
        _ = world.write([series], now: 30)
        _ = world.advance(33)
        #expect(world.increments.count == 20_000)
        let counted = world.increments.filter { $0.kind != .baseline }.reduce(0) { $0 + $1.value }
        #expect(counted == 19_999)
    }
}

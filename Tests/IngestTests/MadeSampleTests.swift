import Ingest
import Model
import Storage
import Testing
import Wire

/// Samples that rules make: in the store like any others, and in nobody's scrapes.
@Suite struct MadeSampleTests {
    private func labels(_ name: String, _ code: String = "a") -> Labels {
        Labels([
            ("__name__", name), ("job", "model"), ("instance", "pod-1"), ("code", code),
        ])
    }

    private func values(_ intake: Intake, _ labels: Labels) -> [Double] {
        guard let id = intake.store.find(labels) else { return [] }
        var columns = SampleColumns()
        intake.store.chunks.snapshot().read(id, from: at(-1e5), to: at(1e6), into: &columns)
        return columns.values
    }

    /// Stores one sample as a round of rules does.
    private func make(
        _ intake: inout Intake, _ labels: Labels, _ seconds: Double, _ value: Double
    ) throws -> MadeTally {
        var made = MadeSamples()
        let id = try intake.resolve(made: labels, into: &made)
        made.add(id, at: at(seconds), value: value)
        return intake.store(made)
    }

    /// Why a new series is kept out.
    private func refusal(_ intake: inout Intake, _ labels: Labels) -> Refusal? {
        do {
            _ = try make(&intake, labels, 1, 1)
            return nil
        } catch { return (error as? MadeFault)?.refusal }
    }

    @Test func theyDoNotTouchTheTargetWhoseLabelsTheyHave() throws {
        var plain = IntakeWorld()
        var mixed = IntakeWorld()
        for round in 0..<20 {
            let seconds = Double(round * 15)
            let scrape: Scrape = ["a": Double(round * 10), "b": Double(round)]
            let expected = plain.scrape(seconds, scrape)
            #expect(mixed.scrape(seconds, scrape) == expected)
            // The same job and instance, some with a label that consumers look for.
            _ = try make(&mixed.intake, labels("job:sum"), seconds + 3, Double(round))
            _ = try make(&mixed.intake, labels("requests_total", "made"), seconds + 3, 1e6)
        }
        #expect(mixed.intake.targets.count == plain.intake.targets.count)
        #expect(mixed.intake.scrapesComplete == plain.intake.scrapesComplete)
        #expect(mixed.conditions == plain.conditions)
        #expect(values(mixed.intake, labels("job:sum")).count == 20)
    }

    @Test func anOrderAndItsRefusals() throws {
        var intake = Intake(settings: .standard)
        let series = labels("r")
        #expect(try make(&intake, series, 100, 1).stored == 1)
        #expect(try make(&intake, series, 100, 1).duplicates == 1)
        #expect(try make(&intake, series, 100, 2).refused == ["duplicate_timestamp": 1])
        #expect(try make(&intake, series, 90, 3).stored == 1)
        #expect(try make(&intake, series, -900, 3).refused == ["out_of_order": 1])
        #expect(values(intake, series) == [3, 1])
    }

    @Test func aLimitKeepsNewSeriesOutAndKnownOnesIn() throws {
        var settings = IntakeSettings.standard
        settings.seriesMax = 1
        settings.labelLimits.labels = 4
        var intake = Intake(settings: settings)
        #expect(try make(&intake, labels("r"), 1, 1).stored == 1)
        #expect(refusal(&intake, labels("other")) == .seriesLimit)
        #expect(try make(&intake, labels("r"), 2, 1).stored == 1)
        let many = labels("r").merging(Labels([("x", "y")]))
        #expect(refusal(&intake, many) == .labels(.tooMany))
    }

    @Test func aSenderMayTakeASeriesOver() throws {
        var world = IntakeWorld()
        let series = labels("requests_total", "a")
        _ = try make(&world.intake, series, 5, 7)
        #expect(world.intake.targets.count == 0)
        _ = world.scrape(30, ["a": 100])
        _ = world.scrape(45, ["a": 110])
        #expect(world.reply.stored == 2)
        #expect(values(world.intake, series) == [7, 100, 110])
        // Both go on; the sender's order is its own.
        _ = try make(&world.intake, series, 50, 8)
        #expect(world.scrape(60, ["a": 120]) == [])
        #expect(values(world.intake, series) == [7, 100, 110, 8, 120])
        world.routeAll()
        #expect(world.scrape(75, ["a": 125]) == ["normal 5"])
    }

    @Test func theyAreNeitherEndedNorForgottenEarly() throws {
        var world = IntakeWorld()
        for hour in 0..<5 {
            #expect(try make(&world.intake, labels("hourly"), Double(hour) * 3600, 1).stored == 1)
            for minute in stride(from: 0.0, to: 3600, by: 15) {
                _ = world.advance(Double(hour) * 3600 + minute)
            }
        }
        #expect(values(world.intake, labels("hourly")) == [1, 1, 1, 1, 1])
        #expect(world.intake.staleMarkersAdded == 0)
        #expect(world.intake.store.count == 1)
        #expect(world.intake.cardinality.total == 0)
        _ = try make(&world.intake, labels("hourly"), 5 * 3600, 1)
        #expect(world.intake.cardinality.total == 1)
        for hour in 5..<40 { _ = world.advance(Double(hour) * 3600) }
        #expect(world.intake.store.find(labels("hourly")) == nil)
    }

    @Test func theirBytesReadBackAndDamageIsSeen() throws {
        var intake = Intake(settings: .standard)
        var made = MadeSamples()
        for index in 0..<5 {
            let id = try intake.resolve(made: labels("r", "\(index)"), into: &made)
            made.add(id, at: at(Double(100 - index)), value: Double(index) / 3)
        }
        var archive = Archive()
        archive.field(&made)
        var reading = Archive(reading: archive.bytes)
        var back = MadeSamples.blank
        reading.field(&back)
        #expect(reading.isComplete && back.newSeries == made.newSeries && back.ids == made.ids)
        var replayed = Intake(settings: .standard)
        replayed.addSeries(of: back)
        let first = intake.store(made)
        let second = replayed.store(back)
        #expect(first == second && first.stored == 5)
        for index in 0..<5 {
            let series = labels("r", "\(index)")
            #expect(values(replayed, series) == values(intake, series))
        }
        for length in archive.bytes.indices {
            var cut = Archive(reading: Array(archive.bytes[..<length]))
            var part = MadeSamples.blank
            cut.field(&part)
            #expect(!cut.isComplete)
        }
        for place in archive.bytes.indices {
            var bytes = archive.bytes
            bytes[place] ^= 0x41
            // Whatever it says now, reading it must not trap.
            var damaged = Archive(reading: bytes)
            var part = MadeSamples.blank
            damaged.field(&part)
            #expect(!damaged.isSound || part.count == part.ids.count + part.histograms.count)
        }
    }

    @Test func aCheckpointKeepsThemOfNoTarget() throws {
        var intake = Intake(settings: .standard)
        _ = try make(&intake, labels("r"), 10, 1)
        var sections = intake.sections()
        var restored = Intake(settings: .standard)
        while let section = sections.next() {
            let isTaken = restored.restore(section)
            #expect(isTaken)
        }
        let isWhole = restored.finishRestore()
        #expect(isWhole)
        #expect(restored.cardinality.total == 1 && restored.targets.count == 0)
        #expect(try make(&restored, labels("r"), 20, 2).stored == 1)
        #expect(values(restored, labels("r")) == [1, 2])
    }
}

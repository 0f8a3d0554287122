import Model
import Testing
import Wire

@testable import Runs

@Suite struct RunBoundTests {
    @Test func aFullBookForgetsTheOldestEndedRunAndCountsNoneTwice() throws {
        var settings = RunSettings()
        settings.runsMax = 100
        var world = World([watch(try rule(.success))], settings)
        for number in 0..<1000 {
            world.take(report("r\(number)", .failed, Int64(number)), now: Int64(number))
        }
        #expect(world.book.count == 100)
        #expect(world.book.tally.forgotten == 900)
        #expect(world["slo"] == Sums(bad: 1000, total: 1000))
        // All of it again, in a lost acknowledgement's wake.
        for number in 0..<1000 {
            let fault = world.take(report("r\(number)", .failed, Int64(number)), now: 1001)
            #expect(fault == (number < 900 ? .forgotten : nil))
        }
        #expect(world["slo"] == Sums(bad: 1000, total: 1000))
        #expect(world.book.tally.faults[Int(PipelineFault.forgotten.rawValue)] == 900)
    }

    @Test func liveRunsAreNeverPushedOut() throws {
        var settings = RunSettings()
        settings.runsMax = 10
        var world = World([watch(try rule(.success))], settings)
        for number in 0..<10 { world.take(report("live\(number)", .started, 1), now: 1) }
        let refused = world.take(report("more", .started, 2), now: 2)
        #expect(refused == .shed)
        #expect(world.book.shedAt == at(2))
        world.take(report("live3", .failed, 3), now: 3)
        let taken = world.take(report("more", .started, 4), now: 4)
        #expect(taken == nil)
        #expect(world.book.liveCount == 10 && world.book.count == 10)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
    }

    @Test func endedRunsAreForgottenInTimeAndTheirPagesFreed() throws {
        var settings = RunSettings()
        settings.keep = .minutes(10)
        var world = World([watch(try rule(.success))], settings)
        for number in 0..<500 { world.take(report("r\(number)", .completed, 10), now: 10) }
        world.advance(610)
        #expect(world.book.count == 500)
        world.advance(611)
        #expect(world.book.count == 0)
        #expect(world.book.numbers.count(where: { world.book.run($0) != nil }) == 0)
        let again = world.take(report("r3", .completed, 10), now: 700)
        #expect(again == .forgotten)
    }

    @Test func aRunThatIsNeverHeardOfAgainExpires() throws {
        var settings = RunSettings()
        settings.liveFor = .hours(1)
        var hang = try rule(.success)
        hang.deadline = .minutes(30)
        var world = World([watch(hang)], settings)
        world.take(report("r", .started, 0), now: 0)
        world.advance(1800)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
        world.take(report("r", .running, 1900), now: 1900)
        world.advance(1900 + 3599)
        #expect(world.book.count == 1)
        world.advance(1900 + 3600)
        #expect(world.book.count == 0)
        #expect(world.book.tally.expired == 1)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
    }

    @Test func whatIsAheadOrAncientIsTakenOut() throws {
        var batch = PipelineBatch()
        batch.events = [
            .run(report("a", .completed, 0)), .run(report("b", .completed, 601)),
            .run(report("c", .completed, -36 * 86_400)), .run(report("d", .completed, 600)),
        ]
        let canonical = RunBook.resolve(batch, at: start)
        #expect(canonical.events.count == 2)
        #expect(canonical.faults[Int(PipelineFault.ahead.rawValue)] == 1)
        #expect(canonical.faults[Int(PipelineFault.ancient.rawValue)] == 1)
    }

    @Test func datasetsHaveABound() throws {
        var settings = RunSettings()
        settings.datasetsMax = 3
        var world = World([], settings)
        for number in 0..<5 {
            var told = report("r\(number)", .completed, 5)
            var use = DatasetUse()
            use.namespace = "s3://x"
            use.name = "d\(number)"
            use.isOutput = true
            told.datasets = [use]
            world.take(told, now: 6)
        }
        #expect(world.book.datasets.datasets.count == 3)
        #expect(world.book.datasets.refused == 2)
    }

    @Test func aDatasetIsAsFreshAsItsLastUpdateOrCompletedWriter() throws {
        var world = World([])
        func use(_ rows: Int?, updated: Int64? = nil) -> DatasetUse {
            var use = DatasetUse()
            use.namespace = "s3://x"
            use.name = "fraud"
            use.isOutput = true
            use.rows = rows
            use.updatedAt = updated.map { at($0) }
            return use
        }
        func fresh() -> Timestamp? { world.book.datasets.datasets.first?.updatedAt }
        // Written by a run that listed it at its start; read with a time of its own.
        var told = report("w", .started, 5)
        told.datasets = [use(nil)]
        world.take(told, now: 5)
        #expect(fresh() == .distantPast)
        world.take(report("w", .completed, 50), now: 50)
        #expect(fresh() == at(50))
        // A run that failed, or that wrote nothing, has updated nothing.
        told = report("f", .failed, 70)
        told.datasets = [use(nil)]
        world.take(told, now: 70)
        told = report("e", .completed, 80)
        told.datasets = [use(0)]
        world.take(told, now: 80)
        #expect(fresh() == at(50))
        world.book.take(use(3, updated: 75), at: at(90))
        world.book.take(use(3, updated: 60), at: at(91))
        #expect(fresh() == at(75))
    }
}

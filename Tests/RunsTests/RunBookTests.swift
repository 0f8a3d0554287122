import Model
import Testing
import Wire

@testable import Runs

@Suite struct RunBookTests {
    @Test func aRunCountsOnceByItsIDHoweverOftenItIsTold() throws {
        var world = World([watch(try rule(.success))])
        for _ in 0..<3 {
            world.take(report("r1", .started, 10), now: 20)
            world.take(report("r1", .completed, 60), now: 70)
        }
        #expect(world["slo"] == Sums(bad: 0, total: 1))
        #expect(world.book.tally.begun == 1)
        #expect(world.book.tally.corrected == 0)
    }

    @Test func anEndBeforeItsStartIsTheSameRun() throws {
        var bound = try rule(.duration)
        bound.within = .seconds(30)
        var world = World([watch(bound)])
        world.take(report("r1", .completed, 60), now: 70)
        #expect(world["slo"] == Sums(undecided: 1))
        world.take(report("r1", .started, 25), now: 71)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
        world.take(report("r1", .started, 30), now: 72)
        // The earliest start holds.
        #expect(world["slo"] == Sums(bad: 1, total: 1))
    }

    @Test func aDurationOfExactlyTheBoundIsGood() throws {
        var bound = try rule(.duration)
        bound.within = .seconds(30)
        var world = World([watch(bound)])
        world.take(report("r1", .started, 0), now: 0)
        world.take(report("r1", .completed, 30), now: 30)
        var late = report("r2", .completed, 30)
        late.at = at(30) + .milliseconds(1)
        world.take(report("r2", .started, 0), now: 31)
        world.take(late, now: 31)
        #expect(world["slo"] == Sums(bad: 1, total: 2))
    }

    @Test func abortedRunsAreNoFailuresButHaveNotCompleted() throws {
        var world = World([
            watch(try rule(.success), name: "success"),
            watch(try rule(.completion), name: "completion"),
        ])
        world.take(report("a", .completed, 1), now: 5)
        world.take(report("b", .failed, 2), now: 5)
        world.take(report("c", .aborted, 3), now: 5)
        #expect(world["success"] == Sums(bad: 1, total: 2))
        #expect(world["completion"] == Sums(bad: 2, total: 3))
    }

    @Test func aStepIsNoPipeline() throws {
        var steps = try rule(.success)
        steps.level = .steps
        var all = try rule(.success)
        all.level = .all
        var world = World([
            watch(try rule(.success), name: "pipelines"), watch(steps, name: "steps"),
            watch(all, name: "all"),
        ])
        world.take(report("p", .completed, 9), now: 10)
        world.take(report("s", .failed, 5, parent: "p"), now: 10)
        #expect(world["pipelines"] == Sums(bad: 0, total: 1))
        #expect(world["steps"] == Sums(bad: 1, total: 1))
        #expect(world["all"] == Sums(bad: 1, total: 2))
    }

    @Test func aParentToldLaterTakesTheCountBack() throws {
        var world = World([watch(try rule(.success))])
        world.take(report("s", .failed, 5), now: 10)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
        world.take(report("s", .other, 6, parent: "p"), now: 11)
        #expect(world["slo"] == Sums())
        #expect(world.book.tally.corrected == 1)
    }

    @Test func aTaskThatWasClearedAndRunAgainHasItsLastOutcome() throws {
        var world = World([watch(try rule(.success))])
        world.take(report("r", .failed, 5), now: 10)
        world.take(report("r", .started, 20), now: 20)
        world.take(report("r", .completed, 30), now: 30)
        #expect(world["slo"] == Sums(bad: 0, total: 1))
        world.take(report("r", .failed, 5), now: 40)
        #expect(world["slo"] == Sums(bad: 0, total: 1))
    }

    // MARK: Deadlines

    @Test func aRunWithoutAnEndIsBadAtItsDeadline() throws {
        var hang = try rule(.success)
        hang.deadline = .seconds(100)
        var world = World([watch(hang)])
        world.take(report("r", .started, 10), now: 10)
        world.advance(109)
        #expect(world["slo"] == Sums())
        #expect(world.book.nextDeadline == at(60) || world.book.nextDeadline == at(110))
        world.advance(110)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
        #expect(world.times["slo{}@\(at(110).millis)"] == Sums(bad: 1, total: 1))
        // It ends late: it was bad already.
        world.take(report("r", .completed, 300), now: 300)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
        #expect(world.book.tally.hung == 1)
    }

    @Test func anEndInTimeThatIsToldLateMendsTheCount() throws {
        var hang = try rule(.success)
        hang.deadline = .seconds(100)
        var world = World([watch(hang)])
        world.take(report("r", .started, 10), now: 10)
        world.advance(200)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
        world.take(report("r", .completed, 90), now: 210)
        #expect(world["slo"] == Sums(bad: 0, total: 1))
        #expect(world.times["slo{}@\(at(110).millis)"] == Sums())
        #expect(world.times["slo{}@\(at(90).millis)"] == Sums(bad: 0, total: 1))
    }

    // MARK: Lateness

    @Test func aStartIsLateAfterItsNominalTime() throws {
        var late = try rule(.lateness)
        late.within = .seconds(60)
        var world = World([watch(late)])
        for (id, began) in [("a", Int64(50)), ("b", 60), ("c", 61)] {
            var told = report(id, .started, began)
            told.nominalAt = at(0)
            world.take(told, now: 100)
        }
        world.take(report("d", .started, 70), now: 100)
        #expect(world["slo"] == Sums(bad: 1, total: 3))
    }

    @Test func aScheduleCountsItsTimesMetOrNot() throws {
        var late = try rule(.lateness)
        late.within = .minutes(10)
        late.schedule = RunSchedule(every: .hours(1))
        var world = World([watch(late)])
        let hour = Int64(3600)
        // The first is met, the second is not, the third too late.
        world.take(report("a", .started, hour + 60), now: hour + 60)
        world.take(report("a", .completed, hour + 600), now: hour + 600)
        world.advance(hour + 600)
        #expect(world["slo"] == Sums())
        world.advance(hour + 601)
        #expect(world["slo"] == Sums(bad: 0, total: 1))
        world.advance(2 * hour + 601)
        world.take(report("c", .started, 3 * hour + 60), now: 3 * hour + 60)
        world.take(report("c", .completed, 3 * hour + 601), now: 3 * hour + 601)
        world.advance(3 * hour + 602)
        #expect(world["slo"] == Sums(bad: 2, total: 3))
        // It was told of late that the second was met.
        world.take(report("b", .started, 2 * hour + 5), now: 4 * hour)
        world.take(report("b", .completed, 2 * hour + 500), now: 4 * hour)
        #expect(world["slo"] == Sums(bad: 1, total: 3))
    }

    // MARK: Metadata

    @Test func facetsAddUpOverReports() throws {
        var metadata = try rule(.metadata)
        metadata.facets = ["nominalTime", "outputs.version"]
        var world = World([watch(metadata)])
        var first = report("a", .started, 1)
        first.facets = ["nominalTime", "tags"]
        world.take(first, now: 1)
        world.take(report("a", .completed, 2), now: 2)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
        var late = report("a", .other, 2)
        late.facets = ["outputs.version"]
        world.take(late, now: 3)
        #expect(world["slo"] == Sums(bad: 0, total: 1))
    }

    // MARK: Groups

    @Test func runsAreCountedInTheGroupOfTheirLabels() throws {
        var world = World([watch(try rule(.success), by: ["tag_owner"])])
        world.take(report("a", .completed, 1, labels: [("tag_owner", "x")]), now: 1)
        world.take(report("b", .failed, 1, labels: [("tag_owner", "y")]), now: 1)
        world.take(report("c", .failed, 1), now: 1)
        #expect(world.sums["slo{tag_owner=\"x\"}"] == Sums(bad: 0, total: 1))
        #expect(world.sums["slo{tag_owner=\"y\"}"] == Sums(bad: 1, total: 1))
        #expect(world["slo"] == Sums(bad: 1, total: 1))
        // The owner is told later: it moves.
        world.take(report("c", .other, 2, labels: [("tag_owner", "x")]), now: 3)
        #expect(world["slo"] == Sums())
        #expect(world.sums["slo{tag_owner=\"x\"}"] == Sums(bad: 1, total: 2))
    }

    @Test func whatEndedBeforeTheSLOIsNotItsEvent() throws {
        var world = World([])
        world.take(report("a", .failed, 1), now: 1)
        world.book.configure([watch(try rule(.success))], RunSettings(), at: at(10))
        world.take(report("a", .failed, 1), now: 11)
        world.take(report("b", .failed, 12), now: 12)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
    }

    @Test func anSLOThatComesBackWithinADayGoesOn() throws {
        let slo = watch(try rule(.success))
        var world = World([slo])
        world.take(report("a", .failed, 1), now: 1)
        world.book.configure([], RunSettings(), at: at(10))
        world.take(report("a", .failed, 1), now: 11)
        world.book.configure([slo], RunSettings(), at: at(20))
        world.take(report("a", .failed, 1), now: 21)
        #expect(world["slo"] == Sums(bad: 1, total: 1))
    }
}

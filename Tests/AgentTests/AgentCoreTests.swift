import Agent
import Alerting
import Ingest
import Model
import Storage
import Testing
import Wire

/// The agent as its owner drives it: ticks, clocks, positions, replies.
@Suite struct AgentCoreTests {
    /// Two pods, scraped a few times each.
    private func world() -> (AgentWorld, Service, Service) {
        var world = AgentWorld(rules())
        var first = Service(instance: "pod-1")
        var second = Service(instance: "pod-2")
        for step in 0...4 {
            world.scrape(&first, Double(step) * 15, requests: 10)
            world.scrape(&second, Double(step) * 15 + 7, requests: 10)
        }
        world.advance(to: 70)
        return (world, first, second)
    }

    @Test func groupsAreEvaluatedAtMostEveryHundredMilliseconds() {
        var (world, first, second) = world()
        let before = world.agent.evaluations
        world.scrape(&first, 75, requests: 10)
        #expect(world.agent.evaluations == before + 1)
        world.scrape(&second, 75.04, requests: 10)
        #expect(world.agent.evaluations == before + 1)
        #expect(world.agent.nextDeadline == at(75.1))
        world.advance(to: 75.099)
        #expect(world.agent.evaluations == before + 1)
        world.advance(to: 75.1)
        #expect(world.agent.evaluations == before + 2)
        #expect(world.agent.nextDeadline.map { $0 > at(75.1) } == true)
    }

    @Test func errorsAreNeverSeenWithoutTheirTotal() throws {
        var (world, first, _) = world()
        first.requests += 100
        first.errors += 100
        let scrape = first.scrape(at(75))
        world.write(Array(scrape[2...]), at: at(75))
        #expect(try world.slo().number("events", "bad") == 0)
        world.write(Array(scrape[..<2]), at: at(75.5))
        #expect(try world.slo().number("events", "bad") == 100)
        #expect(try world.slo().number("events", "total") == 180)
    }

    @Test func aClockThatStepsBackIsHeld() throws {
        var (world, first, _) = world()
        world.scrape(&first, 75, requests: 10)
        world.handle(.tick, at: at(20))
        #expect(world.agent.now == at(75))
        world.scrape(&first, 90, requests: 10)
        #expect(try world.slo().number("asOf") == at(90).seconds)
    }

    @Test func asOfIsNeverAfterNow() throws {
        var (world, first, _) = world()
        first.requests += 10
        world.write(first.scrape(at(200)), at: at(75))
        world.advance(to: 199.9)
        #expect(try world.slo().number("asOf") == at(67).seconds)
        world.advance(to: 200.1)
        #expect(try world.slo().number("asOf") == at(200).seconds)
    }

    @Test func effectsWaitForTheRecordTheyDependOn() throws {
        var (world, first, _) = world()
        _ = world.takePlanned()
        let before = world.agent.position
        world.scrape(&first, 75, requests: 10)
        let planned = world.takePlanned()
        #expect(planned.map(\.after) == [before.next])
        // A duplicate's reply waits for the current position.
        world.write(first.scrape(at(75)), at: at(75.01))
        #expect(world.takePlanned().map(\.after) == [world.agent.position])
    }

    @Test func aReplyNamesWhatWasRefused() throws {
        var (world, first, _) = world()
        first.requests += 1
        world.write(first.scrape(at(-400)), at: at(75))
        let reply = try #require(world.replies.last)
        #expect(reply.tally.refusedTotal == 3 && reply.tally.stored == 0)
        #expect(
            reply.refusals?.hasPrefix("3 of 3 samples refused, the rest is stored: out of order")
                == true)
    }

    @Test func whatCameInIsStoredDuplicateOrRefused() throws {
        var (world, first, _) = world()
        world.write(first.scrape(at(60)), at: at(75))
        world.write(first.scrape(at(50)), at: at(76))
        world.write(first.scrape(at(5000)), at: at(77))
        let lines = world.metrics().split(separator: "\n").map(String.init)
        func sum(_ name: String) -> Double {
            lines.filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
                .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
        }
        let received = sum("pitot_samples_received_total")
        #expect(received == 39)
        let parts = sum("pitot_samples_stored_total") + sum("pitot_samples_duplicate_total")
        #expect(received == parts + sum("pitot_samples_refused_total"))
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func aTickAtTheNextDeadlineAlwaysMakesProgress(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var (world, first, _) = world()
        world.outcomes = [.failed(reason: .timedOut), .refused(status: 503, retryAfter: nil)]
        var seconds = 80.0
        for _ in 0..<60 {
            // Records an issue when a tick changes nothing.
            world.advance(to: seconds)
            let time = at(seconds + Double.random(in: -5...300, using: &random))
            first.requests += 150
            first.errors += Double.random(in: 0...2, using: &random) < 1 ? 0 : 100
            let series = first.scrape(time)
            world.write(Array(series.shuffled(using: &random).prefix(2)), at: at(seconds))
            seconds += Double.random(in: 0.01...120, using: &random)
        }
    }
}

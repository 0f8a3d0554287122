import Model
import Testing

@testable import Ingest

/// HA pairs: two replicas scrape the same target and send under a label of their own.
@Suite struct ReplicaTests {
    private let first = Pod(external: [("__replica__", "1")])
    private let second = Pod(external: [("__replica__", "2")])

    /// Both replicas know the counter; the second one scrapes five seconds later.
    private var world: IntakeWorld {
        var world = IntakeWorld()
        for second in [0.0, 15, 30] {
            _ = world.scrape(second, of: self.first, ["a": 10])
            _ = world.scrape(second + 5, of: self.second, ["a": 10])
        }
        return world
    }

    @Test func whatBothSeeCountsOnce() {
        var world = world
        #expect(world.scrape(45, of: first, ["a": 16]) == ["normal 6"])
        #expect(world.scrape(50, of: second, ["a": 18]) == ["normal 2"])
        #expect(world.scrape(60, of: first, ["a": 18]) == ["normal 0"])
    }

    @Test func aRestartThatBothSeeIsOneReset() {
        var world = world
        #expect(world.scrape(45, of: first, ["a": 3]) == ["reset 3"])
        #expect(world.scrape(50, of: second, ["a": 4]) == ["normal 1"])
        #expect(world.scrape(60, of: first, ["a": 9]) == ["normal 5"])
        #expect(world.scrape(65, of: second, ["a": 9]) == ["normal 0"])
        // And another one, soon after.
        #expect(world.scrape(75, of: first, ["a": 1]) == ["reset 1"])
        #expect(world.scrape(80, of: second, ["a": 2]) == ["normal 1"])
    }

    @Test func aReplicaThatReadsBeforeTheRestartIsNoReset() {
        var world = world
        // Its clock is behind: it read the old process, but stamps it later.
        #expect(world.scrape(45, of: first, ["a": 3]) == ["reset 3"])
        #expect(world.scrape(45.5, of: second, ["a": 11]) == ["normal 1"])
        #expect(world.scrape(60, of: first, ["a": 5]) == ["normal 2"])
        #expect(world.scrape(60.5, of: second, ["a": 5]) == ["normal 0"])
    }

    @Test func theFailureOfOneReplicaIsNoGapAndNoLoss() {
        var world = world
        for step in 3..<12 {
            let told = world.scrape(Double(step) * 15 + 5, of: second, ["a": 10 + Double(step)])
            #expect(told == ["normal \(step == 3 ? 3 : 1)"])
        }
        #expect(world.conditions.isEmpty && world.intake.targets.count == 1)
    }

    @Test func aReplicaThatReturnsJoinsWithoutAnEvent() {
        var world = world
        for step in 3..<12 { _ = world.scrape(Double(step) * 15 + 5, of: second, ["a": 50]) }
        // The counter restarted while it was away.
        _ = world.scrape(185, of: second, ["a": 7])
        #expect(world.scrape(190, of: first, ["a": 8]) == ["normal 1"])
        #expect(world.scrape(200, of: second, ["a": 9]) == ["normal 1"])
    }

    @Test func aReplicaThatScrapesLateCountsTheSame() {
        var world = world
        _ = world.send(50, of: second, ["a": 18], up: 1, now: 50)
        #expect(
            world.send(45, of: first, ["a": 16], up: 1, now: 53)
                == ["normal -8", "normal 6", "normal 2"])
    }

    @Test func bothFailingIsAGapAndBothReturningIsNoReset() {
        var world = world
        #expect(world.scrape(300, of: first, ["a": 70]) == ["gap 60 over 4m25s"])
        #expect(world.scrape(305, of: second, ["a": 71]) == ["normal 1"])
        // A restart that nobody was there to see.
        #expect(world.scrape(900, of: second, ["a": 2]) == ["reset 2 over 9m55s"])
        #expect(world.scrape(905, of: first, ["a": 3]) == ["normal 1"])
    }

    @Test func aSecondReplicaThatBeginsLaterBringsNoBaseline() {
        var world = IntakeWorld()
        for second in [0.0, 15, 30] { _ = world.scrape(second, of: first, ["a": 10]) }
        #expect(world.scrape(35, of: second, ["a": 12]) == ["normal 2"])
    }

    @Test func aSeriesThatTheNewReplicaShowsFirstIsBornIfTheOtherHasJustNotShownIt() {
        var world = IntakeWorld()
        for second in [0.0, 15, 30] { _ = world.scrape(second, of: first, ["a": 10]) }
        let told = world.scrape(35, of: second, ["a": 10, "errors/a": 3])
        #expect(told == ["normal 0", "birth 3"])
    }

    @Test func ordersAndRepeatsAreJudgedByReplica() {
        var world = world
        _ = world.scrape(45, of: first, ["a": 16])
        _ = world.scrape(45, of: second, ["a": 17])
        #expect(world.reply.refusedTotal == 0 && world.reply.duplicates == 0)
        _ = world.send(45, of: second, ["a": 17], now: 47)
        #expect(world.reply.duplicates == 1)
        _ = world.send(45, of: second, ["a": 16], now: 47)
        #expect(world.reply.refusedTotal == 1)
    }

    @Test func theTargetIsLostOnlyWhenNoReplicaSeesIt() {
        var world = world
        _ = world.scrape(45, of: first, ["a": 10], up: 0)
        #expect(world.conditions.isEmpty)
        _ = world.scrape(50, of: second, ["a": 10], up: 0)
        #expect(world.conditions.count == 1)
        guard case .down = world.conditions.last else {
            Issue.record("not down")
            return
        }
    }

    /// Any mix of scrapes, failures and restarts, each replica with its own clock error below the
    /// scrape interval: what is counted is what happened, less what restarts hide, exactly once.
    @Test(arguments: 0..<40)
    func aPairCountsWhatOnePerfectWitnessWould(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var world = IntakeWorld()
        var counter = 100.0
        var events: [(time: Double, pod: Pod, value: Double)] = []
        var witnessed = 0.0
        var lastSeen = 100.0
        var silentUntil = [0.0, 0.0]
        for step in 0..<400 {
            let time = Double(step) * 5
            // A scrape each 15 s, the second replica 5 s after the first; restarts are at least a
            // minute apart, so that both see each.
            if step % 24 == 23 { counter = 0 }
            counter += Double(Int.random(in: 1..<5, using: &generator))
            for (index, pod) in [first, second].enumerated() where step % 3 == index {
                let other = silentUntil[1 - index]
                if time > 100 && other <= time && silentUntil[index] <= time
                    && Int.random(in: 0..<20, using: &generator) == 0
                {
                    silentUntil[index] = time + 100
                }
                guard silentUntil[index] <= time else { continue }
                events.append((time, pod, counter))
                if !(events.count == 1) {
                    witnessed += counter < lastSeen ? counter : counter - lastSeen
                }
                lastSeen = counter
            }
        }
        for event in events {
            _ = world.scrape(event.time, of: event.pod, ["a": event.value])
        }
        let counted = world.increments.filter { $0.kind != .baseline }.reduce(0) { $0 + $1.value }
        #expect(counted == witnessed)
    }
}

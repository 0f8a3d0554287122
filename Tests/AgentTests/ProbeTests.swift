import Agent
import Model
import SLO
import Storage
import Testing
import Text

/// Probes: asked when they are due, counted when they are answered.
@Suite struct ProbeTests {
    private static let rules = sloRules(
        "{probe: {http: {url: \"http://model/healthz\", interval: 30s}}}", objective: "99.9")

    /// Probes asked and not answered yet.
    private func questions(_ world: inout AgentWorld) -> [(id: AskID, request: ProbeRequest)] {
        world.takePlanned().compactMap { planned in
            guard case .ask(let id, .probe(let request)) = planned.effect else { return nil }
            return (id, request)
        }
    }

    @Test func aProbeIsAskedEachInterval() throws {
        var world = AgentWorld(Self.rules)
        _ = world.takePlanned()
        var asked: [Double] = []
        for second in 1...120 {
            world.advance(to: Double(second))
            for (id, request) in questions(&world) {
                #expect(request.url == "http://model/healthz" && request.timeout == .seconds(10))
                asked.append(Double(second))
                world.handle(.answered(id, .probe(.good)), at: at(Double(second) + 0.2))
            }
        }
        #expect(asked.count == 4)
        #expect(zip(asked.dropFirst(), asked).allSatisfy { $0 - $1 == 30 })
        #expect(try world.events() == [4, 0, 4])
        #expect(try world.remarks() == [])
    }

    @Test(arguments: [
        ProbeOutcome.unreachable, .tls, .timedOut, .badStatus, .wrongHash, .wrongSize,
        .missingText, .tooLarge,
    ])
    func everyFailureIsABadEvent(outcome: ProbeOutcome) throws {
        var world = AgentWorld(Self.rules)
        world.advance(to: 10)
        let first = try #require(questions(&world).first)
        world.handle(.answered(first.id, .probe(outcome)), at: at(11))
        #expect(try world.events() == [0, 1, 1])
        #expect(try world.remarks() == ["the last probe ended with \(outcome.word)"])
    }

    @Test func whatTheAgentCouldNotAskIsNoEvent() throws {
        var world = AgentWorld(Self.rules)
        world.advance(to: 10)
        let first = try #require(questions(&world).first)
        world.handle(.answered(first.id, .probe(.notAsked)), at: at(11))
        #expect(try world.events() == [nil, nil, nil])
    }

    @Test func anAnswerCountsOnceAndAStrangersNever() throws {
        var world = AgentWorld(Self.rules)
        world.advance(to: 10)
        let first = try #require(questions(&world).first)
        for _ in 0..<3 { world.handle(.answered(first.id, .probe(.good)), at: at(11)) }
        world.handle(.answered(AskID(999), .probe(.badStatus)), at: at(12))
        #expect(try world.events() == [1, 0, 1])
    }

    @Test func oneQuestionIsUnderWayAndALostOneIsGivenUp() throws {
        var world = AgentWorld(Self.rules)
        world.advance(to: 39)
        #expect(questions(&world).count == 1)
        // Time-out and grace have passed: it is asked anew.
        world.advance(to: 60)
        #expect(questions(&world).count == 1)
        #expect(world.metrics().contains("pitot_asks_lost_total 1"))
    }

    @Test func probesThatWereMissedAreTimeNotSeen() throws {
        var world = AgentWorld(Self.rules)
        for second in 1...600 {
            world.advance(to: Double(second))
            for (id, _) in questions(&world) where second < 120 || second > 400 {
                world.handle(.answered(id, .probe(.good)), at: at(Double(second)))
            }
        }
        let slo = try world.slo()
        #expect(slo.text("evidence") == "partial")
        let best = try #require(slo.number("budget", "best"))
        let worst = try #require(slo.number("budget", "worst"))
        #expect(best == 1 && worst < 0)
    }

    @Test func anOutagePages() throws {
        var world = AgentWorld(Self.rules)
        for second in 1...7200 {
            world.advance(to: Double(second))
            for (id, _) in questions(&world) {
                let outcome = second < 6000 ? ProbeOutcome.good : .timedOut
                world.handle(.answered(id, .probe(outcome)), at: at(Double(second)))
            }
            let isPaged = try second % 60 == 0 && world.firing().contains("SLOBurn page 1h")
            if isPaged {
                // Two bad of 120 are more than 1.44 %.
                #expect(second > 6000 && second <= 6120)
                return
            }
        }
        Issue.record("no page")
    }

    @Test func replayCountsWhatWasAnsweredAndAsksNothingTwice() throws {
        var world = AgentWorld(Self.rules)
        for second in 1...300 {
            world.advance(to: Double(second))
            for (id, _) in questions(&world) {
                world.handle(
                    .answered(id, .probe(second % 60 < 30 ? .good : .tls)),
                    at: at(Double(second) + 0.1))
            }
        }
        var agent = AgentCore()
        var effects: [PlannedEffect] = []
        var reader = LogReader(world.takeLog(), from: LogPosition(1))
        while let record = reader.next() { #expect(agent.replay(record, into: &effects)) }
        var snapshot = agent.snapshot()
        var own = world.agent.snapshot()
        while let record = own.next() { #expect(snapshot.next()?.payload == record.payload) }
        #expect(try world.events()[2] == 10)
    }
}

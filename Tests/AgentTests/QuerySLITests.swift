import Agent
import Model
import Storage
import Testing
import Text
import Wire

/// SLIs that PromQL counts: each interval once, what is missing is not seen.
@Suite struct QuerySLITests {
    private static let rules = sloRules(
        "{query: {bad: 'count by (zone) (up == 0)', total: 'count by (zone) (up)'}}",
        "by: [zone]")

    private func up(_ pod: Int, _ value: Double, _ seconds: Double) -> OutgoingSeries {
        OutgoingSeries(
            labels: Labels([
                ("__name__", "up"), ("job", "x"), ("instance", "pod-\(pod)"),
                ("zone", pod % 2 == 0 ? "a" : "b"),
            ]),
            samples: [(at(seconds), value)])
    }

    /// Evaluates what is asked, a moment later.
    private func answer(_ world: inout AgentWorld, _ seconds: Double) -> Int {
        var answered = 0
        for planned in world.takePlanned() {
            guard case .ask(let id, .query(let question)) = planned.effect else { continue }
            let answer = question.evaluate(on: world.agent.queryView()) { false }
            world.handle(.answered(id, answer), at: at(seconds + 0.01))
            answered += 1
        }
        return answered
    }

    @Test func eachIntervalCountsOnce() throws {
        var world = AgentWorld(Self.rules)
        var rounds = 0
        var bad = (a: 0.0, b: 0.0)
        for second in 1...600 {
            let seconds = Double(second)
            if second % 15 == 1 {
                for pod in 0..<4 {
                    let isDown = pod == 1 && second > 300
                    world.write([up(pod, isDown ? 0 : 1, seconds)], at: at(seconds))
                }
            }
            world.advance(to: seconds)
            let answered = answer(&world, seconds)
            #expect(answered <= 1)
            rounds += answered
            if answered == 1 && second > 301 { bad.b += 1 }
        }
        #expect(rounds == 40 || rounds == 39)
        let slos = try world.slos()
        #expect(slos.map { $0["labels"]?.text("zone") } == ["a", "b"])
        #expect(slos.map { $0.number("events", "total") == Double(rounds) * 2 } == [true, true])
        #expect(slos.map { $0.number("events", "bad") } == [bad.a, bad.b])
    }

    @Test func whatWasNotEvaluatedIsNotSeen() throws {
        var world = AgentWorld(Self.rules)
        for second in 1...900 {
            let seconds = Double(second)
            if second % 15 == 1 { world.write([up(0, 1, seconds)], at: at(seconds)) }
            world.advance(to: seconds)
            if second < 200 || second > 500 {
                _ = answer(&world, seconds)
            } else {
                _ = world.takePlanned()
            }
        }
        let slo = try world.slo()
        #expect(slo.text("evidence") == "partial")
        let best = try #require(slo.number("budget", "best"))
        let worst = try #require(slo.number("budget", "worst"))
        #expect(best == 1 && worst < 0)
        #expect(slo.number("events", "bad") == 0)
    }

    @Test func anErrorIsToldAndCountsNothing() throws {
        // Two series on each side of a one-to-one match: found when there is data.
        var world = AgentWorld(
            sloRules("{query: {good: 'up * on(job) up', total: 'count(up)'}}"))
        for second in 1...60 {
            let seconds = Double(second)
            if second % 15 == 1 {
                world.write([up(0, 1, seconds), up(1, 1, seconds)], at: at(seconds))
            }
            world.advance(to: seconds)
            _ = answer(&world, seconds)
        }
        #expect(try world.events() == [nil, nil, nil])
        let remark = try #require(try world.remarks().first)
        #expect(remark.hasPrefix("the last evaluation failed: "), "\(remark)")
    }

    @Test func aBrokenQueryIsRefused() {
        for (sli, told) in [
            ("{query: {bad: 'sum(', total: up}}", "\"bad\" is no query"),
            ("{query: {bad: up, total: 'up[5m]'}}", "\"total\" gives no vector or scalar"),
            ("{query: {bad: up}}", "\"total\" is missing"),
            ("{query: {total: up}}", "exactly one of \"bad\" and \"good\""),
        ] {
            let file = SourceFile(path: "slo.yaml", bytes: Array(sloRules(sli).utf8))
            let read = Configuration.read(ConfigurationFiles(config: nil, rules: [file]))
            #expect(
                read.diagnostics.contains {
                    $0.severity == .error && $0.description.contains(told)
                }, "\(read.diagnostics)")
        }
    }

    @Test func replayCountsTheSame() throws {
        var world = AgentWorld(Self.rules)
        for second in 1...200 {
            let seconds = Double(second)
            if second % 15 == 1 { world.write([up(0, 1, seconds)], at: at(seconds)) }
            world.advance(to: seconds)
            _ = answer(&world, seconds)
        }
        var agent = AgentCore()
        var effects: [PlannedEffect] = []
        var reader = LogReader(world.takeLog(), from: LogPosition(1))
        while let record = reader.next() { #expect(agent.replay(record, into: &effects)) }
        var snapshot = agent.snapshot()
        var own = world.agent.snapshot()
        while let record = own.next() { #expect(snapshot.next()?.payload == record.payload) }
        #expect(try world.slo().number("events", "total") ?? 0 >= 12)
    }
}

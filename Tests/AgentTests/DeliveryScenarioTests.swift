import Agent
import Model
import Testing
import Text
import Wire

/// How samples arrive does not matter: order, repeats, replicas.
@Suite struct DeliveryScenarioTests {
    /// Bodies of some pods over an hour, each with the time it was scraped at.
    private func hour(
        _ random: inout SeededGenerator
    ) -> [(seconds: Double, series: [OutgoingSeries])] {
        var pods = (0..<3).map { Service(instance: "pod-\($0)", hasErrors: $0 == 0) }
        var bodies: [(seconds: Double, series: [OutgoingSeries])] = []
        for step in 0..<240 {
            for index in pods.indices {
                pods[index].requests += Double(Int.random(in: 0...40, using: &random))
                if Int.random(in: 0..<50, using: &random) == 0 {
                    pods[index].requests = Double(Int.random(in: 0...9, using: &random))
                    pods[index].errors = 0
                }
                if step > 20 { pods[index].hasErrors = true }
                if pods[index].hasErrors {
                    pods[index].errors += Double(Int.random(in: 0...2, using: &random))
                }
                let seconds = Double(step) * 15 + Double(index)
                bodies.append((seconds, pods[index].scrape(at(seconds))))
            }
        }
        return bodies
    }

    private func figures(_ world: AgentWorld) throws -> [String] {
        let slo = try world.slo(now: at(3700))
        var all = ["good", "bad", "total"].map { "\($0) \(slo.number("events", $0) ?? -1)" }
        for kind in ["normal", "reset", "gap", "birth", "baseline"] {
            all.append("\(kind) \(slo.number("events", "classes", kind) ?? -1)")
        }
        for window in slo["windows"]?.elements ?? [] {
            all.append("\(["from", "to", "bad", "total", "burnRate"].map { window.number($0) })")
        }
        return all + ["\(slo.number("budget", "remaining") ?? -99)"]
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func theSameSamplesInAnotherOrderAndTwiceGiveTheSameLedger(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let bodies = hour(&random)
        var straight = AgentWorld(rules())
        for body in bodies { straight.write(body.series, at: at(body.seconds)) }
        straight.advance(to: 3620)
        var shuffled = AgentWorld(rules())
        var late = bodies.map { body in
            // The first minute is on time: what a sender is covered since is when it was heard.
            let delay = body.seconds < 60 ? 0 : Double.random(in: 0...240, using: &random)
            return (arrival: (body.seconds + delay).rounded(), series: body.series)
        }
        late += late.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
            .map { ($0.arrival + 7, $0.series) }
        for body in late.sorted(by: { $0.arrival < $1.arrival }) {
            shuffled.write(body.series.shuffled(using: &random), at: at(body.arrival))
        }
        shuffled.advance(to: 3850)
        #expect(try figures(shuffled) == figures(straight))
        #expect(try shuffled.slo().number("events", "classes", "reset") ?? 0 > 0)
        #expect(try shuffled.slo().number("events", "bad") ?? 0 > 0)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func aPairWithASlowReplicaAndAFailoverCountsWhatHappened(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var world = AgentWorld(rules())
        var pod = Service()
        var happened = (requests: 0.0, errors: 0.0)
        var bodies: [(arrival: Double, series: [OutgoingSeries])] = []
        // Ten minutes without the first replica, and later without the second.
        let out = [
            "a": 900.0..<(1500 + Double(Int.random(in: 0...200, using: &random))),
            "b": 2400.0..<(2900 + Double(Int.random(in: 0...200, using: &random))),
        ]
        for second in stride(from: 0.0, to: 3600, by: 1) {
            // Traffic flows at all times; replicas read it at theirs.
            if second > 0 {
                let errors = Double(Int.random(in: 0..<9, using: &random) == 0 ? 1 : 0)
                let requests = errors + Double(Int.random(in: 0...5, using: &random))
                pod.requests += requests
                pod.errors += errors
                happened = (happened.requests + requests, happened.errors + errors)
            }
            for (name, phase) in [("a", 0.0), ("b", 4)] {
                guard (second - phase).truncatingRemainder(dividingBy: 15) == 0,
                    out[name]?.contains(second) != true
                else { continue }
                let replica = Service(
                    labels: [("__replica__", name)], requests: pod.requests, errors: pod.errors)
                let delay = name == "b" ? 10.0 : 0
                bodies.append((second + delay, replica.scrape(at(second))))
            }
        }
        for body in bodies.enumerated().sorted(by: { ($0.1.arrival, $0.0) < ($1.1.arrival, $1.0) })
        {
            world.write(body.element.series, at: at(body.element.arrival))
        }
        world.advance(to: 3620)
        let slo = try world.slo()
        // Both stop a few seconds before the end of the hour; nothing was read after 3589.
        let last = try #require(slo.number("asOf")) - at(0).seconds
        #expect(last == 3589)
        #expect(slo.number("events", "classes", "reset") == 0)
        #expect(slo.number("events", "classes", "gap") == 0)
        #expect(slo.number("events", "classes", "birth") == 0)
        let seen = try #require(bodies.map(\.series).last)
        #expect(seen.count == 3)
        let total = try #require(slo.number("events", "total"))
        let bad = try #require(slo.number("events", "bad"))
        // The largest value read, less that of the first scrape, which was zero.
        let largest = bodies.flatMap(\.series).filter { $0.labels["__name__"] == "requests_total" }
            .compactMap { $0.samples.first?.value }.max()
        let worst = bodies.flatMap(\.series).filter { $0.labels["__name__"] == "errors_total" }
            .compactMap { $0.samples.first?.value }.max()
        #expect(total == largest && bad == worst)
        #expect(total <= happened.requests && bad <= happened.errors)
    }
}

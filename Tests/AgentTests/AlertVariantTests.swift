import Agent
import Model
import Testing
import Text
import Wire

/// Seeded variants of the scenarios whose alerts must be exact: at each scrape the alerts that fire
/// are those of the rule worked out by hand.
@Suite struct AlertVariantTests {
    /// Follows the rule by hand from evaluation to evaluation.
    private struct ByHand {
        let pairs: [PairByHand]
        let budget: Double
        var story = Story()
        /// Of the pairs, by place; and how close any came to its limit.
        var firing: Set<Int> = []

        init(periodMinutes: Double, objective: Double) {
            pairs = PairByHand.all(periodMinutes: periodMinutes)
            budget = (100 - objective) / 100
        }

        mutating func evaluate(_ slo: JSONValue) throws {
            for (place, pair) in pairs.enumerated() {
                func sum(_ minutes: Int) throws -> (bad: Double, total: Double) {
                    let edges = try #require(slo.edges(windowName(minutes: minutes)))
                    return story.sum(
                        from: edges.from, to: edges.to, window: Double(minutes) * 60)
                }
                switch pair.breaches(try sum(pair.long), try sum(pair.short), budget: budget) {
                case true?: firing.insert(place)
                case false?: firing.remove(place)
                case nil: break
                }
            }
        }

        var names: [String] {
            firing.map { "SLOBurn \(pairs[$0].severity) \(windowName(minutes: pairs[$0].long))" }
                .sorted()
        }
    }

    /// (h): an outage of any depth, length and phase, with errors before and after it.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func everyOutageAlertsAndResolvesByTheRuleAsWritten(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let objective = pick([99.9, 99.5, 99], &random)
        let interval = pick([15.0, 30, 60], &random)
        let rate = Double(Int.random(in: 2...300, using: &random))
        let start = Double(Int.random(in: 30...90, using: &random)) * 60
        let length = Double(Int.random(in: 2...40, using: &random)) * 60
        let depth = Bool.random(using: &random) ? 1 : Double.random(in: 0.01...0.3, using: &random)
        let phase = Double(Int.random(in: 0..<1000, using: &random)) / 1000
        var world = AgentWorld(rules(objective: "\(objective)"))
        var service = Service(interval: interval)
        var byHand = ByHand(periodMinutes: 43_200, objective: objective)
        var hasFired = false
        world.write(service.scrape(at(0)), at: at(0))
        var step = 0
        var time = 0.0
        while time < start + length + 1800 {
            step += 1
            time = Double(step) * interval
            // What of this scrape's interval lies within the outage.
            let from = start + phase * interval
            let overlap = max(0, min(time, from + length) - max(time - interval, from)) / interval
            let stray = step > 5 && Int.random(in: 0..<60, using: &random) == 0 ? 1.0 : 0
            let bad = min(rate, (rate * overlap * depth).rounded() + stray)
            byHand.story.add(
                time, total: rate, bad: bad, span: step == 1 && interval > 120 ? interval : 0)
            world.scrape(&service, time, requests: rate, errors: bad)
            guard step > 3 else { continue }
            let slo = try world.slo()
            #expect(slo.number("asOf") == at(time).seconds)
            try byHand.evaluate(slo)
            #expect(try world.firing() == byHand.names, "seed \(seed), \(time) s")
            hasFired = hasFired || !byHand.firing.isEmpty
        }
        if depth == 1 && length > 600 { #expect(hasFired, "seed \(seed)") }
    }

    /// (k): periods of any length; their pairs, and a total outage.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func anOutageFiresTheScaledPairsOfAnyPeriod(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let days = Int.random(in: 1...90, using: &random)
        let interval = pick([30.0, 60, 75], &random)
        var world = AgentWorld(rules("period: \(days)d"))
        var service = Service(interval: interval)
        var byHand = ByHand(periodMinutes: Double(days) * 1440, objective: 99.9)
        let alerts = try world.slo()["alerts"]?.elements ?? []
        #expect(
            alerts.map { "\($0.text("severity") ?? "") \($0.text("window") ?? "")" }
                == byHand.pairs.map { "\($0.severity) \(windowName(minutes: $0.long))" })
        for (alert, pair) in zip(alerts, byHand.pairs) {
            #expect(isNear(alert.number("factor"), pair.factor))
            #expect(alert.text("short") == windowName(minutes: pair.short))
        }
        // What is dropped is said.
        let said = world.reports.flatMap(\.diagnostics).map(\.description)
        #expect(byHand.pairs.count == 4 || said.contains { $0.contains("dropped") }, "\(said)")
        world.write(service.scrape(at(0)), at: at(0))
        var step = 0
        while step < 90 {
            step += 1
            let time = Double(step) * interval
            let bad = step > 60 ? 20.0 : 0
            byHand.story.add(time, total: 20, bad: bad)
            world.scrape(&service, time, requests: 20, errors: bad)
            guard step > 3 else { continue }
            try byHand.evaluate(try world.slo())
            #expect(try world.firing() == byHand.names, "seed \(seed) \(days)d, \(time) s")
        }
        #expect(byHand.firing.count == byHand.pairs.count)
    }

    /// (g): a request now and then, of which one fails.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func oneFailureOfAnyQuietServiceAlertsNobody(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var world = AgentWorld(rules())
        world.isTicking = false
        var service = Service(interval: 60)
        world.write(service.scrape(at(0)), at: at(0))
        let perHour = Double(Int.random(in: 1...30, using: &random))
        let failsAt = Int.random(in: 100..<1400, using: &random)
        var bad = 0.0
        world.run(&service, from: 0, to: 86_400, every: 600) { seconds in
            let isRequest = Double.random(in: 0..<60, using: &random) < perHour
            let fails = Int(seconds / 60) >= failsAt && bad == 0 && isRequest
            if fails { bad = 1 }
            return (isRequest ? 1 : 0, fails ? 1 : 0)
        }
        #expect(bad == 1)
        #expect(try world.slo().number("events", "bad") == 1)
        #expect(world.bodies == [] && world.sent.isEmpty, "seed \(seed)")
    }
}

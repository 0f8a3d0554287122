import Agent
import Model
import Testing
import Text
import Wire

/// Seeded variants of what must follow when targets are not seen.
@Suite struct EvidenceVariantTests {
    private struct Pods {
        var services: [Service]
        var story = Story()
        var random: SeededGenerator

        init(_ count: Int, _ random: SeededGenerator) {
            services = (0..<count).map { Service(instance: "pod-\($0)") }
            self.random = random
        }

        /// A scrape of each of the first `alive`, a second apart.
        mutating func scrape(
            _ world: inout AgentWorld, _ step: Int, alive: Int, errors: Double
        ) {
            for index in 0..<alive {
                let time = Double(step) * 15 + Double(index)
                let requests = step == 0 ? 0 : Double(Int.random(in: 50...150, using: &random))
                let bad = step == 0 ? 0 : (requests * errors).rounded()
                story.add(time, total: requests, bad: bad)
                world.scrape(&services[index], time, requests: requests, errors: bad)
            }
        }
    }

    /// (f): some or all targets vanish without stale markers in the middle of an outage.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func targetsThatVanishWidenTheBudgetAndResolveNothing(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let count = Int.random(in: 1...4, using: &random)
        let stay = Int.random(in: 0..<count, using: &random)
        let healthy = Int.random(in: 150...250, using: &random)
        var world = AgentWorld(rules())
        var pods = Pods(count, random)
        for step in 0..<healthy { pods.scrape(&world, step, alive: count, errors: 0) }
        for step in healthy..<healthy + 40 {
            pods.scrape(&world, step, alive: count, errors: 1)
        }
        let burning = try world.firing()
        #expect(burning.contains("SLOBurn page 1h"))
        // The first to stay are well again: nothing may resolve all the same.
        let vanished = Double(healthy + 39) * 15 + Double(stay)
        let severity = stay == 0 ? "page" : "ticket"
        for step in healthy + 40..<healthy + 200 {
            let time = Double(step) * 15 + 9
            if stay > 0 { pods.scrape(&world, step, alive: stay, errors: 0) }
            world.advance(to: time)
            let firing = try world.firing()
            #expect(burning.allSatisfy(firing.contains), "seed \(seed): \(firing)")
            let isLost = firing.contains("SLODataLoss \(severity)")
            // Silence is noticed after two intervals and ten seconds, and held for ten minutes.
            if time < vanished + 600 { #expect(!isLost, "seed \(seed), \(time)") }
            if time > vanished + 600 + 60 { #expect(isLost, "seed \(seed), \(time - vanished)") }
        }
        let slo = try world.slo()
        let sum = pods.story.sum(from: -1, to: .infinity)
        #expect(slo.number("events", "bad") == sum.bad)
        #expect(slo.number("events", "total") == sum.total)
        #expect(isNear(slo.number("budget", "remaining"), 1 - sum.bad / sum.total / 0.001))
        // U: the mean observed rate times the unseen seconds, each target's by its share.
        let now = (world.agent.now - at(0)).seconds
        let last = (0..<count).map { Double(healthy + 39) * 15 + Double($0) }
        let unseen = last[stay...].reduce(0) { $0 + (now - $1) / Double(count) }
        let asOf = try #require(slo.number("asOf")) - at(0).seconds
        let events = sum.total / asOf * unseen
        #expect(isNear(slo.number("budget", "unseenSeconds"), unseen), "seed \(seed)")
        let all = sum.total + events
        #expect(isNear(slo.number("budget", "best"), 1 - sum.bad / all / 0.001))
        #expect(isNear(slo.number("budget", "worst"), 1 - (sum.bad + events) / all / 0.001))
    }

    /// (f): some or all targets end with stale markers.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func targetsThatEndInGoodOrderAreRetired(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let count = Int.random(in: 1...4, using: &random)
        let stay = Int.random(in: 0..<count, using: &random)
        let scalesToZero = Bool.random(using: &random)
        var world = AgentWorld(scalesToZero ? rules("alerts: {scaleToZero: true}") : rules())
        var pods = Pods(count, random)
        for step in 0..<120 { pods.scrape(&world, step, alive: count, errors: 0) }
        for index in stay..<count {
            let time = at(120 * 15 + Double(index))
            world.write(pods.services[index].retirement(time), at: time)
        }
        let isLoss = stay == 0 && !scalesToZero
        for step in 121..<220 {
            let time = Double(step) * 15 + 9
            if stay > 0 { pods.scrape(&world, step, alive: stay, errors: 0) }
            world.advance(to: time)
            let firing = try world.firing()
            if time < 120 * 15 + 600 || !isLoss { #expect(firing == [], "seed \(seed)") }
            if isLoss && time > 120 * 15 + 660 { #expect(firing == ["SLODataLoss page"]) }
        }
        let slo = try world.slo()
        let sum = pods.story.sum(from: -1, to: .infinity)
        #expect(slo.number("events", "total") == sum.total)
        // Who retired is not missed.
        #expect(slo.number("budget", "worst") == 1 && slo.number("budget", "best") == 1)
    }

    /// (l): `up` is 0 for a while, with the target still there.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func aTargetThatFailsItsScrapesIsLostAndNoSuccess(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var world = AgentWorld(rules())
        var service = Service()
        var story = Story()
        let from = Int.random(in: 30...100, using: &random)
        let rounds = Int.random(in: 5...120, using: &random)
        var hasBeenLost = false
        var last = 0
        for step in 0...from + rounds + 60 {
            let time = Double(step) * 15
            if step >= from && step < from + rounds {
                world.write(service.failure(at(time), isFirst: step == from), at: at(time))
                let before = try world.slo().number("events", "total")
                #expect(before == story.sum(from: -1, to: time).total, "no event was seen")
                let isLost = try world.firing().contains("SLODataLoss page")
                if time <= Double(from) * 15 + 600 { #expect(!isLost) }
                if time > Double(from) * 15 + 615 { #expect(isLost, "\(time)") }
                hasBeenLost = hasBeenLost || isLost
                service.requests += 10
                continue
            }
            let requests = step == 0 ? 0 : Double(Int.random(in: 1...60, using: &random))
            // What came while nobody looked is seen with the next scrape.
            let isFirst = step == from + rounds
            story.add(
                time, total: requests + (isFirst ? Double(rounds) * 10 : 0), bad: 0,
                span: step - last > 2 ? Double(step - last) * 15 : 0)
            last = step
            world.scrape(&service, time, requests: requests)
        }
        world.advance(to: Double(from + rounds + 60) * 15 + 5)
        let slo = try world.slo()
        #expect(slo.number("events", "total") == story.sum(from: -1, to: .infinity).total)
        #expect(slo.number("events", "classes", "gap") ?? 0 >= Double(rounds) * 10)
        for name in ["5m", "30m", "1h"] {
            let edges = try #require(slo.edges(name))
            let length = try #require(parseDuration(name)).seconds
            let sum = story.sum(from: edges.from, to: edges.to, window: length)
            #expect(slo.window(name)?.number("total") == sum.total, "seed \(seed) \(name)")
        }
        #expect(try world.firing() == [])
        #expect(hasBeenLost == (rounds > 41), "seed \(seed): \(rounds) rounds")
        #expect(slo.number("budget", "remaining") == 1)
    }
}

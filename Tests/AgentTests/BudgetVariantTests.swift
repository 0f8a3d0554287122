import Agent
import Model
import Testing
import Text
import Wire

/// Seeded variants of the scenarios whose budget must be exact, against a list of all events.
@Suite struct BudgetVariantTests {
    private static let day = 86_400.0

    /// Every window and the budget are the story's sums.
    private func expectSums(
        _ slo: JSONValue, _ story: Story, budget: Double, _ comment: Comment
    ) throws {
        for window in slo["windows"]?.elements ?? [] {
            let name = try #require(window.text("window"))
            let isPeriod = name == slo.text("period")
            let edges = try #require(slo.edges(name))
            let length = try #require(parseDuration(name)).seconds
            let sum = story.sum(
                from: edges.from, to: edges.to, window: isPeriod ? .infinity : length)
            #expect(window.number("bad") == sum.bad, "\(comment) \(name)")
            #expect(window.number("total") == sum.total, "\(comment) \(name)")
            let ratio = sum.total > 0 ? sum.bad / sum.total : nil
            #expect(isNear(window.number("errorRatio"), ratio), "\(comment) \(name)")
            #expect(isNear(window.number("burnRate"), ratio.map { $0 / budget }))
            guard isPeriod else { continue }
            #expect(isNear(slo.number("budget", "remaining"), ratio.map { 1 - $0 / budget }))
        }
    }

    /// (a) and (b): busy and quiet halves of a day, with hours that fail.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func unevenTrafficIsWeighedByItsEvents(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let interval = pick([300.0, 600, 900], &random)
        let busy = Double(Int.random(in: 1000...60_000, using: &random))
        let quiet = Double(Int.random(in: 0...20, using: &random))
        let failing = Double(Int.random(in: 0..<24, using: &random)) * 3600
        let isDaily = Bool.random(using: &random)
        let share = isDaily ? 0.02 : 1
        let failingDay = Double(Int.random(in: 1..<8, using: &random))
        var world = AgentWorld(rules())
        world.isTicking = false
        var service = Service(interval: interval)
        world.write(service.scrape(at(0)), at: at(0))
        var story = Story()
        var isFirst = true
        world.run(&service, from: 0, to: 8 * Self.day) { seconds in
            let time = (seconds - 1).truncatingRemainder(dividingBy: Self.day)
            let requests = time < Self.day / 2 ? busy : quiet
            let isFailing =
                time >= failing && time < failing + 3600
                && (isDaily || (seconds / Self.day).rounded(.down) == failingDay)
            let bad = isFailing ? (requests * share).rounded() : 0
            // Until two scrapes have shown the interval, a minute is assumed.
            story.add(seconds, total: requests, bad: bad, span: isFirst ? interval : 0)
            isFirst = false
            return (requests, bad)
        }
        #expect(story.events.contains { $0.bad > 0 } || quiet == 0 || share < 1)
        try expectSums(try world.slo(), story, budget: 0.001, "seed \(seed)")
        #expect(try world.slo().number("budget", "worst") == world.slo().number("budget", "best"))
    }

    /// (c) and (e): error counters that come late, some already high, and the budget before that.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func errorsOfACounterThatComesLateAreCountedFromItsBirth(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var world = AgentWorld(rules())
        var pods = (0..<3).map { Service(instance: "pod-\($0)", hasErrors: false) }
        let births = pods.map { _ in Int.random(in: 20...140, using: &random) }
        let born = pods.map { _ in Double(Int.random(in: 1...80, using: &random)) }
        var story = Story()
        for step in 0...200 {
            for index in pods.indices {
                let time = Double(step) * 15 + Double(index)
                let requests = step == 0 ? 0 : Double(Int.random(in: 80...200, using: &random))
                var bad = 0.0
                if step == births[index] {
                    pods[index].hasErrors = true
                    bad = born[index]
                } else if pods[index].hasErrors {
                    bad = Double(Int.random(in: 0...3, using: &random))
                }
                story.add(time, total: requests, bad: bad)
                world.scrape(&pods[index], time, requests: requests, errors: bad)
            }
            guard step % 25 == 24 else { continue }
            world.advance(to: Double(step) * 15 + 10)
            let slo = try world.slo()
            try expectSums(slo, story, budget: 0.001, "seed \(seed), step \(step)")
            if step < births.min() ?? 0 { #expect(slo.number("budget", "remaining") == 1) }
        }
        #expect(try world.slo().number("events", "classes", "birth") == 0)
    }

    /// (d): pauses without traffic.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func aServiceWithoutFailuresKeepsItsWholeBudgetThroughPauses(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var world = AgentWorld(rules())
        var service = Service()
        var story = Story()
        world.write(service.scrape(at(0)), at: at(0))
        var now = 0.0
        for round in 0..<12 {
            let length = Double(Int.random(in: 4...120, using: &random)) * 15
            let isPause = round % 2 == 1
            world.run(&service, from: now, to: now + length) { seconds in
                let requests =
                    isPause ? 0 : Double(Int.random(in: 1...300, using: &random))
                story.add(seconds, total: requests, bad: 0)
                return (requests, 0)
            }
            now += length
            let slo = try world.slo()
            #expect(slo.number("budget", "remaining") == 1)
            #expect(slo.number("budget", "worst") == 1)
            try expectSums(slo, story, budget: 0.001, "seed \(seed), round \(round)")
        }
        #expect(try world.firing() == [])
    }

    /// (i): restarts of twenty pods at any phase of their scrapes.
    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func resetsLoseOnlyWhatNoScrapeSaw(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var world = AgentWorld(rules())
        var pods = (0..<20).map { Service(instance: "pod-\($0)", interval: 60) }
        var classes = ["normal": 0.0, "reset": 0.0]
        var story = Story()
        for minute in 0...90 {
            for index in pods.indices {
                let before = (pods[index].requests, pods[index].errors)
                let time = Double(minute) * 60 + Double(index)
                let more = minute == 0 ? 0 : Double(Int.random(in: 0...90, using: &random))
                let bad = minute == 0 ? 0 : Double(Int.random(in: 0...1, using: &random))
                // Twice an hour.
                if minute > 0 && Int.random(in: 0..<30, using: &random) == 0 {
                    pods[index].requests = 0
                    pods[index].errors = 0
                }
                world.scrape(&pods[index], time, requests: more, errors: bad)
                guard minute > 0 else { continue }
                // A counter that is back above where it was shows nothing of its restart.
                let isReset = pods[index].requests < before.0
                let total = pods[index].requests - (isReset ? 0 : before.0)
                classes[isReset ? "reset" : "normal", default: 0] += total
                let isErrorReset = pods[index].errors < before.1
                story.add(
                    time, total: total,
                    bad: pods[index].errors - (isErrorReset ? 0 : before.1))
            }
        }
        world.advance(to: 5430)
        let slo = try world.slo()
        try expectSums(slo, story, budget: 0.001, "seed \(seed)")
        for (kind, sum) in classes.sorted(by: { $0.key < $1.key }) {
            #expect(slo.number("events", "classes", kind) == sum, "seed \(seed) \(kind)")
        }
        for kind in ["birth", "gap", "baseline"] {
            #expect(slo.number("events", "classes", kind) == 0)
        }
        #expect(classes["reset"] ?? 0 > 0)
    }

    /// (l2): pods move between shards and are relabelled, with counters of any height.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func whoMovesOrIsRenamedBringsNoEvents(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var world = AgentWorld(rules())
        var pod = Service(
            labels: [("prometheus", "shard-0"), ("version", "1")],
            requests: Double(Int.random(in: 0...2_000_000_000, using: &random)), start: at(-500))
        var story = Story()
        var named = 1
        var time = 0.0
        var isFirst = true
        for step in 0..<160 {
            time += 15
            let change = step > 10 && step % 20 == 0
            if change, Bool.random(using: &random) {
                // Another shard, which scrapes it at times of its own: what happens between the
                // last scrape of the one and the first of the other is in nobody's sight.
                world.write(pod.retirement(at(time)), at: at(time))
                named += 1
                time += Double(Int.random(in: 1...14, using: &random))
                pod.labels = [("prometheus", "shard-\(named)"), ("version", "1")]
                isFirst = true
            } else if change {
                let ended = pod.retirement(at(time)).filter { $0.labels["__name__"] != "up" }
                named += 1
                pod.labels = pod.labels.map { $0.0 == "version" ? ($0.0, "\(named)") : $0 }
                pod.requests += 40
                world.write(ended + pod.scrape(at(time)), at: at(time))
                continue
            }
            let requests = Double(Int.random(in: 0...90, using: &random))
            let bad = Double(Int.random(in: 0...1, using: &random))
            story.add(time, total: isFirst ? 0 : requests, bad: isFirst ? 0 : bad)
            isFirst = false
            world.scrape(&pod, time, requests: requests, errors: bad)
        }
        world.advance(to: time + 10)
        let slo = try world.slo()
        let sum = story.sum(from: -1, to: time)
        #expect(slo.number("events", "total") == sum.total, "seed \(seed)")
        #expect(slo.number("events", "bad") == sum.bad, "seed \(seed)")
        #expect(slo.number("events", "classes", "birth") == 0)
        #expect(named > 4)
    }
}

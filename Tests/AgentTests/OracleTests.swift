import Agent
import Model
import Testing
import Text
import Wire

/// Random worlds of pods against the oracle, through bodies and the JSON that users read.
@Suite struct OracleTests {
    struct Plan: Sendable {
        let pods: Int
        let interval: Double
        let rounds: Int
        let period: String
        let seed: UInt64
    }

    @Test(arguments: [
        Plan(pods: 20, interval: 30, rounds: 72, period: "30d", seed: 1),
        Plan(pods: 20, interval: 15, rounds: 48, period: "7d", seed: 2),
        Plan(pods: 4, interval: 300, rounds: 360, period: "30d", seed: 3),
        Plan(pods: 2, interval: 900, rounds: 300, period: "1d", seed: 4),
        Plan(pods: 2, interval: 1800, rounds: 300, period: "7d", seed: 5),
    ])
    func everyFigureIsTheOracles(plan: Plan) throws {
        var world = AgentWorld(rules("period: \(plan.period)", "by: [model]"))
        world.isTicking = plan.interval < 100
        var fleet = Fleet(plan)
        for round in 0..<plan.rounds {
            for body in fleet.round(round) { world.write(body.series, at: at(body.arrival)) }
            guard round % (plan.rounds / 12) == 7 else { continue }
            // All of the round has arrived and settled before the next begins.
            world.handle(.tick, at: at(fleet.settled))
            for slo in try world.slos() { try expect(slo, fleet.oracle, "round \(round)") }
        }
        #expect(fleet.oracle.counted.contains { $0.kind == "reset" && $0.value > 0 })
        #expect(fleet.oracle.counted.contains { $0.kind == "birth" && $0.value > 0 })
        #expect(fleet.oracle.counted.contains { $0.kind == "gap" && $0.value > 0 })
        #expect(fleet.oracle.counted.contains { $0.kind == "baseline" && $0.value > 0 })
    }

    private func expect(_ slo: JSONValue, _ oracle: Oracle, _ comment: Comment) throws {
        let group = try #require(slo["labels"]?.text("model"))
        let zero = at(0).seconds
        #expect(slo.number("asOf") == zero + oracle.newest(group), comment)
        for window in slo["windows"]?.elements ?? [] {
            let name = try #require(window.text("window"))
            let isPeriod = name == slo.text("period")
            if window.text("evidence") == "noData" {
                #expect(window.number("total") == nil && window.number("burnRate") == nil)
                continue
            }
            let from = try #require(window.number("from")) - zero
            let to = try #require(window.number("to")) - zero
            let length = try #require(parseDuration(name)).seconds
            #expect(to == oracle.newest(group) && to - from >= length, comment)
            let (bad, total) = oracle.events(
                group, from: from, to: to, window: isPeriod ? nil : length)
            #expect(window.number("bad") == bad, "\(comment) \(group) \(name)")
            #expect(window.number("total") == total, "\(comment) \(group) \(name)")
            #expect(window.number("good") == total - bad, "\(comment) \(group) \(name)")
            try expect(window.number("errorRatio"), total > 0 ? bad / total : nil)
            try expect(window.number("burnRate"), total > 0 ? bad / total / 0.001 : nil)
            guard isPeriod else { continue }
            #expect(slo.number("events", "bad") == bad && slo.number("events", "total") == total)
            try expect(
                slo.number("budget", "remaining"), total > 0 ? 1 - bad / total / 0.001 : nil)
            let classes = oracle.classes(group, from: from)
            for kind in ["normal", "birth", "reset", "gap", "baseline"] {
                #expect(
                    slo.number("events", "classes", kind) == classes[kind] ?? 0,
                    "\(comment) \(group) \(kind)")
            }
        }
    }

    private func expect(_ found: Double?, _ expected: Double?) throws {
        guard let found, let expected else {
            #expect(found == nil && expected == nil)
            return
        }
        #expect(abs(found - expected) <= 1e-9 * max(1, abs(expected)))
    }
}

/// Pods that serve, fail, restart, vanish for a while, retire and are replaced; and the sender
/// that splits their scrapes over bodies and brings them late.
private struct Fleet {
    struct Body {
        let arrival: Double
        let series: [OutgoingSeries]
    }

    private struct Pod {
        var service: Service
        let group: String
        let offset: Double
        var isFailing = false
        var roundsHidden = 0
        var scrapes = 0
    }

    private(set) var oracle: Oracle
    /// When all of the last round has arrived and settled.
    private(set) var settled = 0.0
    private let interval: Double
    private var random: SeededGenerator
    private var pods: [Pod] = []
    private var named = 0

    init(_ plan: OracleTests.Plan) {
        interval = plan.interval
        random = SeededGenerator(state: plan.seed)
        // Until two scrapes have shown the interval, a minute is assumed.
        oracle = Oracle(coveredSince: 1 + (interval > 120 ? 1.5 * interval : 0))
        for index in 0..<plan.pods {
            // Half the interval for the scrapes, the rest for what is late.
            let offset = 1 + Double(index) * interval / 2 / Double(plan.pods)
            pods.append(newPod((offset * 1000).rounded() / 1000, start: nil))
        }
    }

    private mutating func newPod(_ offset: Double, start: Double?) -> Pod {
        named += 1
        let group = ["fraud", "ranker"][named % 2]
        let service = Service(
            labels: [("model", group)], instance: "pod-\(named)",
            requests: start == nil ? 1e6 : 0, errors: start == nil ? 77 : 0,
            hasErrors: chance(2), start: start.map { at($0) })
        return Pod(service: service, group: group, offset: offset)
    }

    private mutating func chance(_ one: Int) -> Bool {
        Int.random(in: 0..<one, using: &random) == 0
    }

    /// One round of scrapes, by arrival.
    mutating func round(_ number: Int) -> [Body] {
        var bodies: [Body] = []
        for index in pods.indices {
            let time = Double(number) * interval + pods[index].offset
            live(index, until: time)
            if pods[index].roundsHidden > 0 {
                pods[index].roundsHidden -= 1
                continue
            }
            if number > 5 && chance(90) {
                pods[index].roundsHidden = Int.random(in: 1...3, using: &random)
                continue
            }
            // What a new pod's process start says must come before its first scrape has settled.
            let isKnown = pods[index].scrapes > 0
            pods[index].scrapes += 1
            bodies += split(scrape(index, time), time, within: isKnown ? 3 : 1.9)
        }
        settled = Double(number) * interval + interval * 0.95
        return bodies.sorted { $0.arrival < $1.arrival }
    }

    private mutating func live(_ index: Int, until time: Double) {
        pods[index].service.requests += Double(Int.random(in: 0...500, using: &random))
        if chance(3) && !pods[index].service.hasErrors { pods[index].service.hasErrors = true }
        if pods[index].service.hasErrors {
            pods[index].service.errors += Double(Int.random(in: 0...3, using: &random))
        }
        guard chance(60) else { return }
        // A restart: what it counted since its last scrape is lost.
        pods[index].service.requests = Double(Int.random(in: 0...50, using: &random))
        pods[index].service.errors = 0
        if pods[index].service.start != nil {
            pods[index].service.start = at((time - interval / 3).rounded())
        }
    }

    private mutating func scrape(_ index: Int, _ time: Double) -> [OutgoingSeries] {
        let pod = pods[index]
        let name = pod.service.instance
        if chance(150) {
            oracle.see(.init(time: time, kind: .ended), of: name, group: pod.group)
            let start = (time + interval / 2).rounded()
            pods[index] = newPod(pod.offset, start: chance(2) ? start : nil)
            return pod.service.retirement(at(time))
        }
        if chance(80) {
            oracle.see(.init(time: time, kind: .failed), of: name, group: pod.group)
            pods[index].isFailing = true
            return pod.service.failure(at(time), isFirst: !pod.isFailing)
        }
        pods[index].isFailing = false
        var seen = Oracle.Seen(time: time, kind: .good)
        seen.values["requests"] = pod.service.requests
        if pod.service.hasErrors { seen.values["errors"] = pod.service.errors }
        seen.processStart = pod.service.start.map { $0.seconds - at(0).seconds }
        oracle.see(seen, of: name, group: pod.group)
        return pod.service.scrape(at(time))
    }

    /// Sometimes in two bodies, the second after the first has settled; sometimes all of it late.
    private mutating func split(
        _ series: [OutgoingSeries], _ time: Double, within seconds: Double
    ) -> [Body] {
        let delay = chance(5) ? Double.random(in: 0...3, using: &random) : 0.05
        guard series.count > 1, chance(4) else {
            return [Body(arrival: time + delay, series: series)]
        }
        let cut = Int.random(in: 1..<series.count, using: &random)
        let more = Double.random(in: 0...seconds, using: &random)
        let shuffled = series.shuffled(using: &random)
        return [
            Body(arrival: time + delay, series: Array(shuffled[..<cut])),
            Body(arrival: time + delay + more, series: Array(shuffled[cut...])),
        ]
    }
}

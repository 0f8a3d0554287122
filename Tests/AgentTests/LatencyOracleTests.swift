import Agent
import Model
import Testing
import Text
import Wire

/// Random pods with histograms against sums over their scrapes: every figure is the same.
@Suite struct LatencyOracleTests {
    struct Plan: Sendable, CustomTestStringConvertible {
        let seed: UInt64
        let form: HistogramPod.Form
        /// A second Prometheus sends the same, a few seconds later.
        var hasReplica = false
        var testDescription: String { "\(form) \(seed)\(hasReplica ? " with a replica" : "")" }
    }

    private static let plans =
        [HistogramPod.Form.classic, .native, .both].flatMap { form in
            (1...4 as ClosedRange<UInt64>).map { Plan(seed: $0, form: form) }
        }
        + (1...4 as ClosedRange<UInt64>).map { Plan(seed: $0, form: .native, hasReplica: true) }
        + (1...4 as ClosedRange<UInt64>).map { Plan(seed: $0, form: .classic, hasReplica: true) }

    @Test(arguments: plans)
    func everyFigureIsTheOraclesInAnyOrderOfArrival(plan: Plan) throws {
        var random = SeededGenerator(state: plan.seed)
        func some(_ odds: Int) -> Bool { Int.random(in: 0..<odds, using: &random) == 0 }
        var pods = (0..<4).map { HistogramPod(instance: "pod-\($0)", form: plan.form) }
        var counted: [(time: Double, good: Double, total: Double)] = []
        var bodies: [(arrival: Double, series: [OutgoingSeries])] = []
        for step in 0..<180 {
            for index in pods.indices {
                let before = pods[index]
                let isRestarted = step > 0 && some(25)
                if isRestarted { pods[index].restart() }
                let most = isRestarted ? 60 : 12
                pods[index].serve(
                    (0..<4).map { _ in Double(Int.random(in: 0...most, using: &random)) })
                // Whether anybody can tell: some bucket, or for native ones some count, fell.
                let now = pods[index]
                let isSeen =
                    plan.form == .classic
                    ? now.total < before.total
                        || now.bounds.contains { now.good($0) < before.good($0) }
                    : zip(now.counts, before.counts).contains { $0 < $1 }
                        || now.total < before.total
                let time = Double(step) * 15 + Double(index)
                if step > 0 {
                    counted.append(
                        isSeen
                            ? (time, now.good("0.25"), now.total)
                            : (
                                time, now.good("0.25") - before.good("0.25"),
                                now.total - before.total
                            ))
                }
                let series = now.scrape(at(time))
                let late = step > 2 && some(4) ? Double.random(in: 0...200, using: &random) : 0
                bodies.append((time + late.rounded(), replica(series, plan.hasReplica ? "a" : nil)))
                if plan.hasReplica && (step < 60 || step > 70) {
                    bodies.append((time + 1, replica(now.scrape(at(time + 1)), "b")))
                }
                if some(10) { bodies.append((time + 30, bodies[bodies.count - 1].series)) }
            }
        }
        let world = deliver(bodies, &random)
        let slo = try world.slo()
        let total = counted.reduce(0) { $0 + $1.total }
        let good = counted.reduce(0) { $0 + $1.good }
        #expect(try world.events() == [good, total - good, total])
        #expect(try world.remarks() == [])
        let remaining = try #require(slo.number("budget", "remaining"))
        #expect(abs(remaining - (1 - (total - good) / total / 0.1)) < 1e-9)
        guard !plan.hasReplica else { return }
        for name in ["5m", "30m", "1h"] {
            let window = try #require(slo.window(name))
            let from = try #require(window.number("from")) - at(0).seconds
            let to = try #require(window.number("to")) - at(0).seconds
            let inside = counted.filter { $0.time > from && $0.time <= to }
            #expect(window.number("total") == inside.reduce(0) { $0 + $1.total }, "\(name)")
            #expect(window.number("good") == inside.reduce(0) { $0 + $1.good }, "\(name)")
        }
    }

    /// By arrival, some in two halves.
    private func deliver(
        _ bodies: [(arrival: Double, series: [OutgoingSeries])], _ random: inout SeededGenerator
    ) -> AgentWorld {
        var world = AgentWorld(
            sloRules("{latency: {histogram: request_seconds, below: 250ms}}", objective: "90"))
        let sorted = bodies.enumerated().sorted {
            ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset)
        }
        for (_, body) in sorted {
            let cut = body.series.count / 2
            if Int.random(in: 0..<3, using: &random) == 0 {
                world.write(Array(body.series[cut...]), at: at(body.arrival))
                world.write(Array(body.series[..<cut]), at: at(body.arrival + 0.5))
            } else {
                world.write(body.series, at: at(body.arrival))
            }
        }
        // Nothing was lost for five minutes yet.
        world.advance(to: 2910)
        return world
    }

    private func replica(_ series: [OutgoingSeries], _ name: String?) -> [OutgoingSeries] {
        guard let name else { return series }
        return series.map { one in
            var copy = one
            copy.labels = Labels(
                one.labels.pairs.map { ($0.name, $0.value) } + [("__replica__", name)])
            return copy
        }
    }
}

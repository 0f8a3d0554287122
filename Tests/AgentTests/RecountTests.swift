import Agent
import Model
import Testing
import Text
import Wire

/// Series counted again from the samples that are kept, against the ledger that counted them live.
@Suite struct RecountTests {
    private func series(_ world: AgentWorld) throws -> JSONValue {
        let bytes = try #require(
            world.agent.explainJSON(
                service: "recommender", name: "availability", now: world.agent.now))
        let slo = try #require(try JSONValue.parse(bytes)["data"]?["slos"]?.elements.first)
        return try #require(slo["explanation"]?["series"])
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func everyClassOfTheSeriesIsTheLedgers(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        var world = AgentWorld(rules())
        var pods = (0..<4).map { Service(instance: "pod-\($0)", hasErrors: $0 == 0) }
        for step in 0..<300 {
            for index in pods.indices {
                if Int.random(in: 0..<80, using: &random) == 0 { continue }
                if Int.random(in: 0..<60, using: &random) == 0 {
                    pods[index].requests = 0
                    pods[index].errors = 0
                }
                if step > 30 { pods[index].hasErrors = true }
                // Now and then a scrape or two are missing: a gap.
                if (100..<103).contains(step) && index == 1 { continue }
                world.scrape(
                    &pods[index], Double(step) * 15 + Double(index),
                    requests: Double(Int.random(in: 0...90, using: &random)),
                    errors: pods[index].hasErrors && Bool.random(using: &random) ? 1 : 0)
            }
        }
        world.advance(to: 4520)
        let found = try series(world)
        let slo = try world.slo()
        #expect(found["addsUp"] == .bool(true), "seed \(seed)")
        #expect(found.number("total") == slo.number("events", "total"))
        #expect(found.number("bad") == slo.number("events", "bad"))
        let totals = (found["top"]?.elements ?? []).filter { $0.text("role") == "total" }
        for kind in ["normal", "birth", "reset", "gap", "baseline"] {
            let sum = totals.reduce(0) { $0 + ($1.number(kind) ?? 0) }
            #expect(sum == slo.number("events", "classes", kind), "seed \(seed) \(kind)")
        }
        #expect(slo.number("events", "classes", "reset") ?? 0 > 0)
        #expect(slo.number("events", "classes", "gap") ?? 0 > 0)
    }

    @Test func whatIsNoLongerKeptIsSaid() throws {
        var world = AgentWorld(
            rules(), config: webhookConfig + "\nretention: {time: 2h}\n")
        world.isTicking = false
        var service = Service(interval: 60)
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: 86_400) { _ in (60, 1) }
        let found = try series(world)
        #expect(found.text("limitedBy") == "retention")
        let figures = [
            found.number("total"), found.number("ledger", "total"), found.number("bad"),
            found.number("ledger", "bad"), found.number("from"), found.number("samples"),
        ]
        #expect(found["addsUp"] == .bool(true), "\(figures)")
        let from = try #require(found.number("from"))
        let to = try #require(found.number("to"))
        #expect(to == at(86_400).seconds && from > at(0).seconds)
        #expect(found.number("total") == to - from)
        #expect(try world.slo().number("events", "total") == 86_400)
        let text = String(
            decoding: world.agent.explainJSON(
                service: "recommender", name: "availability", now: world.agent.now) ?? [],
            as: UTF8.self)
        #expect(text.contains("older samples are not kept (retention)"))
    }
}

import Agent
import Model
import Query
import Storage
import Testing
import Text

/// Figures of SLOs as series of the agent's own store.
@Suite struct SLOExportTests {
    private static let config = webhookConfig + "\nevaluation: {sloSeries: true, interval: 15s}\n"

    /// The samples of a metric of the store, by its other labels.
    private func samples(
        _ selector: String, _ agent: AgentCore, from: Double, to: Double
    ) throws -> [String: [(time: Double, value: Double)]] {
        let nowhere = SourcePosition(file: "", line: 1, column: 1)
        let parsed = try Selector.parse(selector, at: nowhere)
        var found: [String: [(time: Double, value: Double)]] = [:]
        agent.queryView().forEachSeries(matching: parsed, from: at(from), to: at(to)) {
            labels, columns in
            let name = labels.pairs.filter { !$0.name.hasPrefix("__") }
                .map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            found[name] = zip(columns.times, columns.values).map {
                (Double($0 - at(0).millis) / 1000, $1)
            }
            return true
        }
        return found
    }

    private func life() throws -> (world: AgentWorld, service: Service) {
        var world = AgentWorld(rules("by: [model]"), config: Self.config)
        var service = Service(labels: [("model", "fraud")])
        world.write(service.scrape(at(0)), at: at(0))
        for step in 1...60 {
            world.scrape(&service, Double(step) * 15, requests: 100, errors: step > 30 ? 50 : 0)
        }
        world.advance(to: 903)
        return (world, service)
    }

    @Test func theFiguresAreWhatTheAPISaid() throws {
        let world = try life().world
        let burn = try samples("pitot_slo_burn_rate", world.agent, from: 0, to: 903)
        #expect(burn.count == 8)
        let five = try #require(burn["model=fraud,service=recommender,slo=availability,window=5m"])
        let last = try #require(five.last)
        #expect(last.time > 885 && last.time <= 903)
        #expect(last.value == 500)
        // Each fifteen seconds, once there were events.
        #expect(five.count > 50)
        for (one, next) in zip(five, five.dropFirst()) {
            #expect(abs(next.time - one.time - 15) < 0.2)
        }
        let bad = try samples(
            "pitot_slo_period_events{result=\"bad\"}", world.agent, from: 0, to: 903)
        #expect(bad.values.first?.last?.value == 1450)
        let firing = try samples(
            "pitot_slo_alert_firing{severity=\"page\",window=\"1h\"}", world.agent, from: 0, to: 903
        )
        #expect(firing.values.first?.first?.value == 0 && firing.values.first?.last?.value == 1)
    }

    @Test func replayAndACheckpointMakeTheSameSeries() throws {
        var (world, service) = try life()
        var snapshot = world.agent.snapshot()
        var restorer = AgentRestorer()
        while let record = snapshot.next() {
            let isTaken = restorer.take(record)
            #expect(isTaken)
        }
        var restored = try #require(restorer.finish())
        var replayed = AgentCore()
        try play(world.takeLog(), into: &replayed)
        for step in 61...80 { world.scrape(&service, Double(step) * 15, requests: 100) }
        world.advance(to: 1203)
        let rest = world.takeLog()
        try play(rest, into: &restored)
        try play(rest, into: &replayed)
        for other in [restored, replayed] {
            for metric in ["pitot_slo_burn_rate", "pitot_slo_evidence", "pitot_slo_alert_firing"] {
                let mine = try samples(metric, world.agent, from: 600, to: 1300)
                let others = try samples(metric, other, from: 600, to: 1300)
                #expect(mine.keys.sorted() == others.keys.sorted() && !mine.isEmpty)
                for (name, column) in mine {
                    #expect(others[name]?.map(\.value) == column.map(\.value))
                    #expect(others[name]?.map(\.time) == column.map(\.time))
                }
            }
            #expect(checkpoint(other) == checkpoint(world.agent))
        }
    }

    private func play(_ log: [UInt8], into agent: inout AgentCore) throws {
        var reader = LogReader(log, from: agent.position.next)
        while let record = reader.next() {
            var effects: [PlannedEffect] = []
            let isKnown = agent.replay(record, into: &effects)
            #expect(isKnown)
        }
    }

    private func checkpoint(_ agent: AgentCore) -> [[UInt8]] {
        var snapshot = agent.snapshot()
        var records: [[UInt8]] = []
        while let record = snapshot.next() { records.append(record.payload) }
        return records
    }

    @Test func whatIsNotKnownAnyMoreEndsAndSoDoesARemovedSLO() throws {
        var (world, service) = try life()
        world.configure([rules("by: [model]", name: "other")], config: Self.config, at: 910)
        world.scrape(&service, 915, requests: 100)
        world.advance(to: 940)
        let old = try samples(
            "pitot_slo_objective_ratio{slo=\"availability\"}", world.agent, from: 900, to: 940)
        #expect(old.values.first?.last?.value.isNaN == true)
        let new = try samples(
            "pitot_slo_objective_ratio{slo=\"other\"}", world.agent, from: 900, to: 940)
        #expect(new.values.first?.last?.value == 0.999)
        world.configure([rules("by: [model]", name: "other")], at: 945)
        world.advance(to: 970)
        let off = try samples(
            "pitot_slo_objective_ratio{slo=\"other\"}", world.agent, from: 900, to: 970)
        #expect(off.values.first?.last?.value.isNaN == true)
    }
}

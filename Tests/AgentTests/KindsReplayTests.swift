import Agent
import Model
import Storage
import Testing
import Wire

/// Every kind of SLI lives on through checkpoints and replay as if nothing had happened.
@Suite struct KindsReplayTests {
    static let rules = """
        apiVersion: pitot/v1
        kind: SLOs
        service: kinds
        slos:
          - {name: quick, objective: 99, by: [model],
             sli: {latency: {histogram: request_seconds, below: 250ms}}}
          - {name: cut, objective: 99,
             sli: {latency: {histogram: request_seconds, below: 300ms}}}
          - {name: fresh, objective: 99, by: [model],
             sli: {freshness: {timestamp: fresh_seconds, within: 2m}}}
          - {name: depth, objective: 95,
             sli: {threshold: {metric: depth, op: atMost, value: 10, aggregate: any}}}
          - {name: served, objective: 99, by: [model],
             sli: {events: {good: 'request_seconds_bucket{le="0.1"}',
             total: request_seconds_count}}}
          - {name: all, objective: 98, by: [model],
             sli: {composite: {of: [{slo: kinds/quick}, {slo: kinds/fresh}]}}}
          - name: journey
            objective: 98
            sli:
              composite:
                mode: weighted
                of: [{slo: kinds/all, weight: 2}, {slo: kinds/depth, weight: 0.7}]

        """

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func aCheckpointInTheMiddleChangesNothing(seed: UInt64) throws {
        var straight = KindsLife(seed: seed, rules: Self.rules)
        for _ in 0..<Int(80 + seed * 13) { straight.step() }
        let records = records(of: straight.world.agent)
        var restored = straight
        restored.world = AgentWorld(continuing: try #require(agent(from: records)))
        #expect(self.records(of: restored.world.agent) == records)
        for _ in 0..<150 {
            straight.step()
            restored.step()
        }
        #expect(self.records(of: restored.world.agent) == self.records(of: straight.world.agent))
        #expect(said(restored) == said(straight))
    }

    @Test(arguments: 11...14 as ClosedRange<UInt64>)
    func replayGivesTheSameBytes(seed: UInt64) throws {
        var life = KindsLife(seed: seed, rules: Self.rules)
        for _ in 0..<250 { life.step() }
        var agent = AgentCore()
        var effects: [PlannedEffect] = []
        var reader = LogReader(life.world.takeLog(), from: LogPosition(1))
        while let record = reader.next() { #expect(agent.replay(record, into: &effects)) }
        #expect(reader.end == .clean)
        #expect(records(of: agent) == records(of: life.world.agent))
    }

    private func records(of agent: AgentCore) -> [[UInt8]] {
        var snapshot = agent.snapshot()
        var all: [[UInt8]] = []
        while let record = snapshot.next() { all.append([record.kind] + record.payload) }
        return all
    }

    private func agent(from records: [[UInt8]]) -> AgentCore? {
        var restorer = AgentRestorer()
        for (index, record) in records.enumerated() {
            let whole = LogRecord(
                kind: record[0], position: LogPosition(UInt64(index + 1)), now: at(0),
                payload: Array(record.dropFirst()))
            guard restorer.take(whole) else { return nil }
        }
        return restorer.finish()
    }

    private func said(_ life: KindsLife) -> String {
        String(
            decoding: life.world.agent.slosJSON(service: nil, name: nil, now: at(1e6)),
            as: UTF8.self)
    }
}

/// Pods with histograms in all forms and gauges; late, repeated and split deliveries.
struct KindsLife {
    var world: AgentWorld
    private var random: SeededGenerator
    private var pods: [HistogramPod] = []
    private var waiting: [(arrival: Double, series: [OutgoingSeries])] = []
    private var seconds = 0.0

    init(seed: UInt64, rules: String) {
        world = AgentWorld(rules)
        random = SeededGenerator(state: seed)
        for index in 0..<4 {
            pods.append(
                HistogramPod(
                    instance: "pod-\(index)", labels: [("model", "m\(index % 2)")],
                    form: [.classic, .native, .both, .classic][index]))
        }
    }

    private mutating func some(_ odds: Int) -> Bool {
        Int.random(in: 0..<odds, using: &random) == 0
    }

    mutating func step() {
        seconds += 15
        for index in pods.indices where !some(20) {
            live(index)
            let time = at(seconds + Double(index))
            var series = pods[index].scrape(time)
            let fresh = time.seconds - Double(Int.random(in: 0...140, using: &random))
            series.append(pods[index].series("fresh_seconds", [], time, fresh))
            let depth = Double(Int.random(in: 0...14, using: &random))
            series.append(pods[index].series("depth", [], time, depth))
            deliver(series, at: seconds + Double(index))
        }
        waiting.sort { $0.arrival < $1.arrival }
        while let first = waiting.first, first.arrival <= seconds + 14 {
            waiting.removeFirst()
            world.write(first.series, at: at(max(first.arrival, seconds)))
        }
        world.advance(to: seconds + 14)
    }

    private mutating func live(_ index: Int) {
        if some(40) { pods[index].restart() }
        pods[index].serve((0..<4).map { _ in Double(Int.random(in: 0...30, using: &random)) })
    }

    private mutating func deliver(_ series: [OutgoingSeries], at arrival: Double) {
        let late = some(6) ? Double(Int.random(in: 0...200, using: &random)) : 0
        if some(3) {
            let shuffled = series.shuffled(using: &random)
            let cut = Int.random(in: 1..<series.count, using: &random)
            waiting.append((arrival + late, Array(shuffled[..<cut])))
            waiting.append((arrival + late + 3, Array(shuffled[cut...])))
        } else {
            waiting.append((arrival + late, series))
        }
        if some(12) { waiting.append((arrival + late + 20, series)) }
    }
}

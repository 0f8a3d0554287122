import Alerting
import Drift
import Model
import Storage
import Testing
import Text
import Wire

@testable import Agent

// A life of an agent with models under watch, and what tests of it compare.

/// All records of a checkpoint.
private func records(of agent: AgentCore) -> [LogRecord] {
    var snapshot = agent.snapshot()
    var records: [LogRecord] = []
    while let record = snapshot.next() { records.append(record) }
    return records
}

func driftBytes(of agent: AgentCore) -> [UInt8] {
    var out: [UInt8] = []
    for record in records(of: agent) { record.encode(into: &out) }
    return out
}

func restored(_ agent: AgentCore) -> AgentCore? {
    var restorer = AgentRestorer()
    for record in records(of: agent) where !restorer.take(record) { return nil }
    return restorer.finish()
}

/// Rows of an age around 40 and a city.
func driftFrame(rows: Int, shift: Double, seed: UInt64) -> FeatureFrame {
    var frame = FeatureFrame()
    frame.columns = ["age", "city"]
    frame.texts = ["Bonn", "Ulm", "Jena"]
    var state = seed
    func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53
    }
    for _ in 0..<rows {
        let normal = (0..<12).reduce(-6.0) { sum, _ in sum + uniform() }
        frame.words.append(FeatureWord(40 + 10 * (normal + shift)))
        frame.words.append(FeatureWord(text: Int(uniform() * 3)))
    }
    return frame
}

struct DriftLife {
    static let models = """
        apiVersion: pitot/v1
        kind: DriftModels
        models:
          - model: credit
            seed: 7
            features: [{name: age, type: numeric}, {name: city, type: categorical}]
            baseline: {firstRows: 400}
            budget: {rows: 10000}
            guards: {thin: 1}
            window: {every: 1h, rows: 400}
            alerts: {severity: page, labels: {team: risk}}
          - model: iris
            version: {from: response}
            features: [{name: age}, {name: city}]
            baseline: {firstRows: 300}
            guards: {thin: 1}
            responses: {within: 5s}
        """

    static let slos = """
        apiVersion: pitot/v1
        kind: SLOs
        service: iris
        slos:
          - name: availability
            objective: 99
            sli:
              events:
                bad: pitot_inference_requests_total{model="iris", outcome="failed"}
                total: pitot_inference_requests_total{model="iris", outcome=~"ok|failed"}
          - name: no-drift
            objective: 99
            sli: {drift: {model: credit}}
        """

    var agent = AgentCore()
    private(set) var log: [UInt8] = []
    private var seconds = 0.0
    private var seed: UInt64 = 1
    private var numbers: UInt64 = 1000

    init() {
        handle(.started)
        configure(Self.models)
    }

    mutating func configure(
        _ rules: String, more: String = "", baselines: [SourceFile] = []
    ) {
        var files = [SourceFile(path: "rules/d.yaml", bytes: Array(rules.utf8))]
        if !more.isEmpty { files.append(SourceFile(path: "rules/e.yaml", bytes: Array(more.utf8))) }
        handle(
            .configured(
                ConfigurationFiles(config: nil, rules: files, baselines: baselines)))
    }

    mutating func handle(_ event: Event) {
        var effects: [PlannedEffect] = []
        agent.handle(event, at: at(seconds), into: &effects)
        log += agent.takeLog()
        for planned in effects {
            if case .report(let report) = planned.effect { #expect(report.isTaken) }
        }
    }

    mutating func tick(_ more: Double) {
        seconds += more
        handle(.tick)
    }

    mutating func send(_ events: [FeatureEvent]) {
        var batch = FeatureBatch()
        batch.events = events
        handle(.features(batch, nil))
    }

    /// Rows in frames of at most 50, a second each.
    mutating func rows(_ count: Int, shift: Double, version: String = "") {
        var left = count
        while left > 0 {
            seed += 1
            var event = FeatureEvent(.rows)
            event.model = "credit"
            event.version = version
            event.frame = driftFrame(rows: min(50, left), shift: shift, seed: seed)
            left -= 50
            seconds += 1
            send([event])
        }
    }

    func half(
        _ kind: FeatureEvent.Kind, _ id: UInt64, nanos: Int64, status: Int = 0,
        version: String = ""
    ) -> FeatureEvent {
        var event = FeatureEvent(kind)
        event.model = "iris"
        event.id = String(id)
        event.nanos = nanos
        event.status = status
        event.version = version
        if kind == .request { event.frame = driftFrame(rows: 3, shift: 0, seed: id) }
        return event
    }

    mutating func exchange(
        _ id: UInt64, tookMillis: Double, status: Int = 0, isResponseFirst: Bool = false,
        version: String = ""
    ) {
        let start = at(seconds).millis * 1_000_000
        let asked = half(.request, id, nanos: start)
        let answered = half(
            .response, id, nanos: start + Int64(tookMillis * 1e6), status: status,
            version: version)
        seconds += 0.01
        send(isResponseFirst ? [answered, asked] : [asked, answered])
    }

    mutating func requests(_ count: Int, answered: Bool = true, version: String = "") {
        for _ in 0..<count {
            numbers += 1
            if answered {
                exchange(numbers, tookMillis: 5, version: version)
            } else {
                send([half(.request, numbers, nanos: 1)])
            }
        }
    }

    func tally(_ model: String) -> InferenceTally {
        agent.drift.watches.first { $0.key.model == model }?.tally ?? InferenceTally()
    }

    var alerts: [Alert] { agent.notifier.alerts }

    var state: String {
        let json = agent.driftJSON(model: "credit", version: nil, hasCells: false)
        let value = try? JSONValue.parse(json)
        return value?["data"]?["models"]?[0]?["state"]?.asString ?? ""
    }

    func replayed() throws -> AgentCore {
        var agent = AgentCore()
        var reader = LogReader(log, from: LogPosition(1))
        var effects: [PlannedEffect] = []
        while let record = reader.next() {
            let isKnown = agent.replay(record, into: &effects)
            #expect(isKnown)
        }
        return agent
    }
}

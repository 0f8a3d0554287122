import Agent
import Alerting
import Model
import Storage
import Testing
import Text
import Wire

// A whole agent without its shell: bodies in, deliveries out, time as an argument. Every tick is
// given when the agent asks for it, and each must make progress. Seconds count from midnight.

func at(_ seconds: Double) -> Timestamp {
    Timestamp(millis: 1_795_392_000_000 + Int64((seconds * 1000).rounded()))
}

let staleMarker = Double(bitPattern: staleMarkerBits)

let webhookConfig = """
    externalURL: http://pitot.example
    route: {receiver: all, group_wait: 0s, group_by: ["..."]}
    receivers: [{name: all, webhook_configs: [{url: "http://hook/"}]}]
    """

/// An SLO of `errors_total` over `requests_total`.
func rules(_ more: String..., objective: String = "99.9", name: String = "availability") -> String {
    var lines = [
        "apiVersion: pitot/v1", "kind: SLOs", "service: recommender", "slos:",
        "  - name: \(name)", "    objective: \(objective)",
        "    sli: {events: {bad: errors_total, total: requests_total}}",
    ]
    for line in more { lines.append("    " + line) }
    return lines.joined(separator: "\n") + "\n"
}

struct AgentWorld {
    private(set) var agent: AgentCore
    private var log: [UInt8] = []
    private var planned: [PlannedEffect] = []
    /// What was sent, in order.
    private(set) var sent: [Delivery] = []
    private(set) var reports: [ConfigurationReport] = []
    private(set) var replies: [WriteReply] = []
    private(set) var answers: [AlertmanagerReply] = []
    /// The answers the receivers give; the last one is given for ever.
    var outcomes: [Outcome] = [.delivered(status: 200)]
    /// Off for whole months: a tick each ten seconds is what takes the time.
    var isTicking = true
    /// Off, rounds of rules stay under way.
    var isEvaluating = true
    private var requests: UInt64 = 0
    private let decoder = RemoteWriteDecoder(seed: HashSeed(low: 1, high: 2), limits: .standard)

    init(
        _ rules: String..., config: String = webhookConfig, at seconds: Double = 0,
        zones: [SourceFile] = []
    ) {
        agent = AgentCore()
        handle(.started, at: AgentTests.at(seconds))
        configure(rules, config: config, at: seconds, zones: zones)
    }

    /// Goes on with a replayed agent.
    init(continuing agent: AgentCore) { self.agent = agent }

    @discardableResult
    mutating func configure(
        _ rules: [String], config: String = webhookConfig, at seconds: Double,
        zones: [SourceFile] = []
    ) -> ConfigurationReport? {
        let files = rules.enumerated().map { index, text in
            SourceFile(path: "rules/\(index).yaml", bytes: Array(text.utf8))
        }
        let main = SourceFile(path: "pitot.yaml", bytes: Array(config.utf8))
        handle(
            .configured(ConfigurationFiles(config: main, rules: files, zones: zones)),
            at: AgentTests.at(seconds))
        return reports.last
    }

    /// One request. Everything that was due before it is done first.
    mutating func write(_ series: [OutgoingSeries], at time: Timestamp) {
        advance(to: time)
        guard let batch = try? decoder.decode(RemoteWriteEncoder.encode(series)) else {
            Issue.record("the body does not decode")
            return
        }
        requests += 1
        handle(.write(batch, RequestID(requests)), at: time)
    }

    /// Ticks whenever the agent asks for it, up to and including `time`.
    mutating func advance(to time: Timestamp) {
        guard isTicking else { return }
        var inVain = 0
        while let due = agent.nextDeadline, due <= time {
            let now = max(due, agent.now)
            handle(.tick, at: now)
            let isProgress = agent.nextDeadline.map { $0 > now } ?? true
            inVain = isProgress ? 0 : inVain + 1
            if inVain > 3 {
                Issue.record("a tick at \(now.rfc3339) changes nothing: the owner would spin")
                return
            }
        }
    }

    mutating func advance(to seconds: Double) { advance(to: at(seconds)) }

    mutating func handle(_ event: Event, at time: Timestamp) {
        var effects: [PlannedEffect] = []
        agent.handle(event, at: time, into: &effects)
        log += agent.takeLog()
        planned += effects
        for effect in effects {
            switch effect.effect {
            case .send(let delivery):
                sent.append(delivery)
                let outcome = outcomes.count > 1 ? outcomes.removeFirst() : outcomes[0]
                handle(.delivered(delivery.id, outcome), at: time)
            case .evaluate(let round):
                if isEvaluating { evaluate(round, at: time) }
            case .announce, .writeSegment, .removeSegments, .featuresTaken, .pipelineTaken, .ask,
                .spansTaken:
                break
            case .report(let report): reports.append(report)
            case .reply(let reply): replies.append(reply)
            case .alertmanagerDone(let reply): answers.append(reply)
            }
        }
    }

    /// Carries out a round as the shell does, in no time.
    private mutating func evaluate(_ round: RuleRound, at time: Timestamp) {
        let outcome = round.evaluate(
            on: agent.queryView(), startedAt: time, nanoseconds: { 0 }, shouldStop: { false })
        handle(.evaluated(outcome), at: time)
    }

    /// The log since the last call.
    mutating func takeLog() -> [UInt8] {
        defer { log = [] }
        return log
    }

    /// All effects since the last call, in order.
    mutating func takePlanned() -> [PlannedEffect] {
        defer { planned = [] }
        return planned
    }

    // MARK: What it says

    func slos(now: Timestamp? = nil) throws -> [JSONValue] {
        let bytes = agent.slosJSON(service: nil, name: nil, now: now ?? agent.now)
        return try JSONValue.parse(bytes)["data"]?["slos"]?.elements ?? []
    }

    func slo(now: Timestamp? = nil) throws -> JSONValue {
        try #require(try slos(now: now).first)
    }

    /// "SLOBurn page 1h" of each alert that fires, sorted.
    func firing() throws -> [String] {
        let alerts = try JSONValue.parse(agent.alertsJSON())["data"]?["alerts"]?.elements ?? []
        return alerts.map { alert in
            ["alertname", "severity", "window"].compactMap { alert["labels"]?[$0]?.asString }
                .joined(separator: " ")
        }.sorted()
    }

    /// The webhook bodies, in order.
    var bodies: [String] { sent.map { String(decoding: $0.body, as: UTF8.self) } }

    func metrics() -> String {
        var out = ExpositionWriter()
        agent.writeMetrics(into: &out)
        return out.text
    }
}

extension JSONValue {
    /// `value.number("events", "total")`; nil when null or absent.
    func number(_ path: String...) -> Double? {
        path.reduce(Optional(self)) { $0?[$1] }?.asDouble
    }

    func text(_ key: String) -> String? { self[key]?.asString }

    func window(_ name: String) -> JSONValue? {
        self["windows"]?.elements.first { $0["window"]?.asString == name }
    }

    func alert(_ severity: String, _ window: String) -> String? {
        self["alerts"]?.elements.first {
            $0["severity"]?.asString == severity && $0["window"]?.asString == window
        }?["state"]?.asString
    }
}

/// SplitMix64: seeded, so that a failing walk can be walked again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

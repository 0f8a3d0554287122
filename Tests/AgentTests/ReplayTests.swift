import Agent
import Alerting
import Model
import Storage
import Testing
import Text
import Wire

/// The log played into a fresh agent gives the same bytes, here and in another process.
@Suite struct ReplayTests {
    @Test(arguments: [1, 2] as [UInt64])
    func replayEqualsLive(seed: UInt64) throws {
        var life = Life(seed: seed, interval: 15)
        for _ in 0..<120 { life.step() }
        #expect(life.world.sent.count > 4)
        try expectSame(life)
    }

    @Test func replayEqualsLiveOverARestart() throws {
        var life = Life(seed: 7, interval: 15)
        for _ in 0..<80 { life.step() }
        let replayed = try replay(life.log).agent
        life.restart(with: replayed)
        for _ in 0..<80 { life.step() }
        try expectSame(life)
    }

    @Test func thirtyDaysReplayInSeconds() throws {
        var life = Life(seed: 9, interval: 3600, pods: 2)
        life.world.isTicking = false
        for _ in 0..<720 { life.step() }
        #expect(life.world.agent.now > at(29.9 * 86_400))
        try expectSame(life)
    }

    @Test func everyPrefixOfTheLogGivesTheStateOfItsTime() throws {
        var life = Life(seed: 5, interval: 15)
        var positions: [(bytes: Int, shown: [String])] = []
        for step in 0..<120 {
            life.step()
            if step % 20 == 19 { positions.append((life.log.count, shown(life.world.agent))) }
        }
        for (bytes, expected) in positions {
            #expect(shown(try replay(Array(life.log[..<bytes])).agent) == expected)
        }
    }

    @Test func anotherProcessSaysTheSame() async throws {
        // Each process has hash seeds of its own: an order of a Set or a Dictionary would show.
        let result = await #expect(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) {
            print("digest " + (try lifeDigest()))
        }
        let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        let own = try lifeDigest()
        #expect(output.contains("digest " + own), "\(output)")
    }

    private func expectSame(_ life: Life) throws {
        let (agent, effects) = try replay(life.log)
        #expect(agent.position == life.world.agent.position)
        #expect(effects.count == life.effects.count)
        let differing = zip(effects, life.effects).enumerated().first { $1.0 != $1.1 }
        #expect(differing == nil, "effect \(differing?.offset ?? 0)")
        #expect(shown(agent) == shown(life.world.agent))
    }
}

/// Plays a log. Returns the agent and its deliveries as bytes.
private func replay(_ log: [UInt8]) throws -> (agent: AgentCore, effects: [[UInt8]]) {
    var agent = AgentCore()
    var reader = LogReader(log, from: LogPosition(1))
    var effects: [PlannedEffect] = []
    while let record = reader.next() {
        let isKnown = agent.replay(record, into: &effects)
        #expect(isKnown)
    }
    #expect(reader.end == .clean)
    return (agent, effects.compactMap(bytes))
}

/// A delivery with the position it waits for, as bytes; nil for what replay does not repeat.
private func bytes(_ planned: PlannedEffect) -> [UInt8]? {
    guard case .send(let delivery) = planned.effect else { return nil }
    var out = ByteWriter()
    out.varint(planned.after.index)
    out.varint(delivery.id.number)
    out.varint(UInt64(delivery.attempt))
    out.text(delivery.url.shown)
    for header in delivery.headers { out.text(header.name + ": " + header.value.shown) }
    out.lengthPrefixed(delivery.body)
    return out.bytes
}

/// All that the agent shows, at one time whatever its last event was. Whether the last reload was
/// good is left out: a refused one changes nothing and is not in the log.
private func shown(_ agent: AgentCore) -> [String] {
    var metrics = ExpositionWriter()
    agent.writeMetrics(into: &metrics)
    let json = [agent.slosJSON(service: nil, name: nil, now: at(1e7)), agent.alertsJSON()]
    return metrics.text.split(separator: "\n").map(String.init)
        .filter { !$0.hasPrefix("pitot_config_last_reload_successful ") }
        + json.map { String(decoding: $0, as: UTF8.self) }
        + [String(agent.nextDeadline?.millis ?? 0)]
}

private func lifeDigest() throws -> String {
    var life = Life(seed: 21, interval: 15)
    for _ in 0..<120 { life.step() }
    var hash = FNV1a64()
    for effect in life.effects { hash.combine(effect) }
    hash.combine(life.log)
    for line in shown(life.world.agent) { hash.combine(line.utf8) }
    return hexadecimal(hash.value)
}

/// A random life of an agent: several SLOs with groups, tiers and alertmanagers; pods that fail,
/// restart and vanish; receivers that fail; reloads good and bad; restarts.
private struct Life {
    var world: AgentWorld
    private(set) var log: [UInt8] = []
    private(set) var effects: [[UInt8]] = []
    private var random: SeededGenerator
    private var pods: [Service] = []
    private var rounds = 0
    private let interval: Double
    private var now = 0.0

    private static let config = """
        externalURL: http://pitot.example
        externalLabels: {cluster: eu1, region: north}
        alertmanagers: ["http://am-1:9093", "http://am-2:9093"]
        route: {receiver: all, group_wait: 0s, group_by: [slo, model]}
        receivers:
          - name: all
            webhook_configs: [{url: "http://hook-1/"}, {url: "http://hook-2/", max_alerts: 1}]
        """

    init(seed: UInt64, interval: Double, pods count: Int = 6) {
        self.interval = interval
        random = SeededGenerator(state: seed)
        world = AgentWorld(config: Self.config)
        for index in 0..<count {
            pods.append(
                Service(
                    labels: [("model", "m\(index % 3)"), ("zone", "z\(index % 2)")],
                    instance: "pod-\(index)", hasErrors: index % 2 == 0, start: at(-100)))
        }
        reload()
        collect()
    }

    private mutating func chance(_ one: Int) -> Bool {
        Int.random(in: 0..<one, using: &random) == 0
    }

    private mutating func reload() {
        let objective = chance(2) ? "99.9" : "99.5"
        var files = [
            rules("by: [model]", objective: objective),
            rules("by: [zone, model]", "period: 7d", name: "second"),
            rules(
                "alerts: {page: {labels: {team: ml}, annotations: {a: x, b: y, c: z}}}",
                name: "third"),
        ]
        if chance(3) { files.removeLast() }
        if chance(4) { files.append(rules("objetive: 3", name: "broken")) }
        world.configure(files, config: Self.config, at: now)
    }

    mutating func step() {
        rounds += 1
        now = Double(rounds) * interval
        let isOutage = rounds / 40 % 3 == 1
        world.outcomes = [
            chance(8)
                ? .failed(reason: .timedOut)
                : chance(9)
                    ? .refused(status: 500, retryAfter: nil)
                    : .delivered(status: 200)
        ]
        for index in pods.indices {
            if chance(25) { continue }
            pods[index].requests += Double(Int.random(in: 0...40, using: &random)) * interval
            let share = isOutage && index < 4 ? 0.3 : 0.0003
            if pods[index].hasErrors {
                pods[index].errors += (pods[index].requests * share / 9).rounded()
            }
            if chance(60) { pods[index].requests = 5 }
            if chance(100) { pods[index].hasErrors = true }
            let time = at(now + Double(index) * 0.7)
            let series = pods[index].scrape(time)
            let cut = Int.random(in: 1...series.count, using: &random)
            world.write(Array(series[..<cut]), at: time)
            if cut < series.count {
                world.write(Array(series[cut...]), at: time + .milliseconds(350))
            }
        }
        if chance(50) { reload() }
        if chance(80) { world.handle(.started, at: at(now + 5)) }
        if !world.isTicking { world.handle(.tick, at: at(now + 9)) }
        collect()
    }

    /// The process dies and another goes on where the log ends.
    mutating func restart(with agent: AgentCore) {
        world = AgentWorld(continuing: agent)
        world.handle(.started, at: at(now + 8))
        collect()
    }

    private mutating func collect() {
        log += world.takeLog()
        effects += world.takePlanned().compactMap(bytes)
    }
}

import Agent
import Alerting
import Model
import Testing
import Text
import Wire

@testable import Backtest

// Pods with counters, and everything that happens to them: restarts, missed scrapes, first errors,
// pods that end with stale markers and pods that come.

func at(_ seconds: Double) -> Timestamp {
    Timestamp(millis: 1_795_392_000_000 + Int64((seconds * 1000).rounded()))
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

/// One scrape of one pod.
struct FleetScrape {
    let time: Timestamp
    let samples: [(labels: Labels, value: Double)]

    var outgoing: [OutgoingSeries] {
        samples.map { OutgoingSeries(labels: $0.labels, samples: [(time, $0.value)]) }
    }
}

struct Fleet {
    private struct Pod {
        let name: String
        let offset: Double
        var good = 0.0
        var bad: Double?
        var isUp = true
        var started: Double
    }

    private var generator: SeededGenerator
    private var pods: [Pod] = []
    private var made = 0
    private var now = 0.0

    init(seed: UInt64, pods count: Int) {
        generator = SeededGenerator(state: seed)
        for _ in 0..<count { addPod() }
    }

    private mutating func addPod() {
        made += 1
        let offset = Double(Int.random(in: 0..<15_000, using: &generator)) / 1000
        pods.append(
            Pod(
                name: "pod-\(made)", offset: offset,
                bad: Bool.random(using: &generator) ? 0 : nil, started: now + offset - 5))
    }

    private func labels(_ metric: String, _ pod: Pod, _ code: String? = nil) -> Labels {
        Labels(
            [("__name__", metric), ("job", "shop"), ("instance", pod.name), ("zone", "a")]
                + (code.map { [("code", $0)] } ?? []))
    }

    /// The scrapes of so many rounds of 15 seconds, in order of time.
    mutating func run(rounds: Int, errors: (Double) -> Double) -> [FleetScrape] {
        var scrapes: [FleetScrape] = []
        for round in 1...rounds {
            now = Double(round) * 15
            for index in pods.indices {
                let seconds = Double(round) * 15 + pods[index].offset
                if let scrape = scrape(index, seconds, errors(seconds)) { scrapes.append(scrape) }
            }
            if chance(0.002) { addPod() }
        }
        return scrapes.sorted { $0.time < $1.time }
    }

    private mutating func chance(_ share: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < share
    }

    private mutating func scrape(
        _ index: Int, _ seconds: Double, _ errors: Double
    ) -> FleetScrape? {
        guard pods[index].isUp else { return nil }
        // A scrape that never came: the next increase is a gap, or nearly one.
        if chance(0.01) { return nil }
        let time = at(seconds)
        let stale = Double(bitPattern: staleMarkerBits)
        if chance(0.0005) {
            pods[index].isUp = false
            var samples = [
                (labels("up", pods[index]), stale),
                (labels("process_start_time_seconds", pods[index]), stale),
                (labels("requests_total", pods[index], "200"), stale),
            ]
            if pods[index].bad != nil {
                samples.append((labels("requests_total", pods[index], "500"), stale))
            }
            return FleetScrape(time: time, samples: samples.map { (labels: $0.0, value: $0.1) })
        }
        if chance(0.002) {
            pods[index].good = 0
            pods[index].started = seconds - 5
            if pods[index].bad != nil { pods[index].bad = 0 }
        }
        let more = Double(Int.random(in: 50...150, using: &generator))
        let failed = (more * errors).rounded()
        pods[index].good += more - failed
        if failed > 0 || pods[index].bad != nil {
            pods[index].bad = (pods[index].bad ?? 0) + failed
        }
        var samples = [
            (labels: labels("up", pods[index]), value: 1.0),
            (labels: labels("other_total", pods[index]), value: seconds),
            (
                labels: labels("process_start_time_seconds", pods[index]),
                value: at(pods[index].started).seconds
            ),
            (labels: labels("requests_total", pods[index], "200"), value: pods[index].good),
        ]
        if let bad = pods[index].bad {
            samples.append((labels: labels("requests_total", pods[index], "500"), value: bad))
        }
        return FleetScrape(time: time, samples: samples)
    }
}

func sloRules(_ objective: String, more: String = "") -> ConfigurationFiles {
    let text = """
        apiVersion: pitot/v1
        kind: SLOs
        service: shop
        slos:
          - name: availability
            objective: \(objective)
            by: [zone]
            sli: {events: {bad: 'requests_total{code="500"}', total: requests_total}}
        \(more)
        """
    return ConfigurationFiles(
        config: nil, rules: [SourceFile(path: "rules.yaml", bytes: Array(text.utf8))])
}

let testSeed = HashSeed(low: 1, high: 2)

func decoded(_ series: [OutgoingSeries]) throws -> WriteBatch {
    try RemoteWriteDecoder(seed: testSeed, limits: .standard)
        .decode(RemoteWriteEncoder.encode(series))
}

/// The agent that was there, with ticks as its deadlines ask.
struct LiveAgent {
    private(set) var agent = AgentCore()
    private(set) var news: [AlertNews] = []
    private(set) var log: [UInt8] = []
    private var effects: [PlannedEffect] = []
    private var requests: UInt64 = 0

    init(_ files: ConfigurationFiles, from start: Timestamp) {
        agent.handle(.started, at: start, into: &effects)
        agent.handle(.configured(files), at: start, into: &effects)
    }

    mutating func write(_ batch: WriteBatch, at time: Timestamp) {
        advance(to: time)
        requests += 1
        agent.handle(.write(batch, RequestID(requests)), at: time, into: &effects)
        look()
    }

    mutating func handle(_ event: Event, at time: Timestamp) {
        advance(to: time)
        agent.handle(event, at: time, into: &effects)
        look()
    }

    mutating func advance(to time: Timestamp) {
        while let due = agent.nextDeadline, due <= time {
            agent.handle(.tick, at: due, into: &effects)
        }
        look()
    }

    private mutating func look() {
        for planned in effects {
            if case .announce(let item) = planned.effect { news.append(item) }
        }
        effects = []
        log += agent.takeLog()
    }

    /// The labels of what fires.
    var firing: [Labels] { agent.notifier.alerts.filter(\.isFiring).map(\.labels) }

    func slos(_ now: Timestamp) -> String {
        String(decoding: agent.slosJSON(service: nil, name: nil, now: now), as: UTF8.self)
    }
}

extension BacktestRun {
    func slos(_ now: Timestamp) -> String {
        String(decoding: agent.slosJSON(service: nil, name: nil, now: now), as: UTF8.self)
    }
}

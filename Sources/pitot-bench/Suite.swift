import Agent
import CPlatform
import Glibc
import Ingest
import Model
import SLO
import Storage
import Text
import Wire

/// The benchmarks.
enum Suite {
    /// Runs those whose names contain an argument; all without one. 1 when a budget is passed.
    static func run(_ filters: [String]) -> Int32 {
        // As the agent does at its start: buffers of a megabyte are reused, not mapped anew.
        pitot_reuse_heap()
        let all: [(name: String, run: () -> [Measurement])] = [
            ("decode", decode), ("decode2", decode2), ("append", append), ("ledger", ledger),
            ("evaluate", evaluate), ("write", { write("write.body-to-counted", decodeFirst) }),
            ("write2", { write("write2.body-to-counted", decodeSecond, isSecond: true) }),
            ("groups", groups), ("drift", DriftBench.run), ("features", FeatureBench.run),
            ("rules", RuleBench.run), ("runs", RunBench.run), ("sloth", RuleBench.full),
        ]
        var isGood = true
        for bench in all where isWanted(bench.name, filters) {
            for measurement in bench.run() {
                print(measurement.line)
                isGood = isGood && measurement.isWithinBudget
            }
        }
        return isGood ? 0 : 1
    }

    /// What takes minutes runs only when it is asked for.
    private static func isWanted(_ name: String, _ filters: [String]) -> Bool {
        filters.isEmpty ? name != "sloth" : filters.contains { name.contains($0) }
    }

    private static let seed = HashSeed(low: 0x5eed, high: 0xfeed)

    // MARK: Decode

    private typealias Decode = @Sendable (_ body: [UInt8]) throws(WireError) -> WriteBatch

    private static let decodeFirst: Decode = { (body) throws(WireError) in
        try RemoteWriteDecoder(seed: seed, limits: .standard).decode(body)
    }

    private static let decodeSecond: Decode = { (body) throws(WireError) in
        try RemoteWrite2Decoder(seed: seed, limits: .standard).decode(body)
    }

    /// Snappy and protobuf to columns, 2,000 series of one sample a body.
    private static func decode() -> [Measurement] {
        decode("decode", BenchWorld(pods: 500).bodies(scrape: 1), decodeFirst)
    }

    /// The same of remote write 2.0, with a start in each sample.
    private static func decode2() -> [Measurement] {
        decode(
            "decode2", BenchWorld(pods: 500).bodies(scrape: 1, isSecond: true), decodeSecond)
    }

    private static func decode(
        _ name: String, _ bodies: [[UInt8]], _ decode: Decode
    ) -> [Measurement] {
        let samples = bodies.count * 2000
        let passes = 20
        let whole = Measurement.take(
            name + ".snappy+protobuf", unit: "sample", operations: samples * passes,
            allocationsMax: 4
        ) {
            for _ in 0..<passes {
                for body in bodies {
                    guard let bytes = try? Snappy.uncompress(body, limit: 32 << 20),
                        let batch = try? decode(bytes)
                    else { preconditionFailure("the bench's own bodies decode") }
                    precondition(batch.timestamps.count == 2000)
                }
            }
        }
        let plain = bodies.compactMap { try? Snappy.uncompress($0, limit: 32 << 20) }
        let bare = Measurement.take(
            name + ".protobuf", unit: "sample", operations: samples * passes, allocationsMax: 3
        ) {
            for _ in 0..<passes {
                for body in plain {
                    precondition((try? decode(body))?.timestamps.count == 2000)
                }
            }
        }
        return [whole, bare]
    }

    // MARK: Append

    /// Samples to the store, series known by number. What it allocates are pages of blocks while
    /// open chunks grow, and the buffers of those that are sealed.
    private static func append() -> [Measurement] {
        var store = SeriesStore()
        let ids = (0..<20_000).map { store.add(Labels([("__name__", "m"), ("i", String($0))])) }
        var time = BenchWorld.start
        let passes = 50
        return [
            Measurement.take(
                "append", unit: "sample", operations: ids.count * passes, allocationsMax: 60
            ) {
                for _ in 0..<passes {
                    time = time + BenchWorld.interval
                    for id in ids { store.append(id, at: time, value: 1) }
                }
            }
        ]
    }

    // MARK: Ledger

    private static func definitions(_ count: Int, by: String) -> String {
        var text = "apiVersion: pitot/v1\nkind: SLOs\nservice: bench\nslos:\n"
        for index in 0..<count {
            text += """
                  - name: slo-\(index)
                    objective: 99.9
                    by: [\(by)]
                    sli:
                      events:
                        bad: requests_total{slo="\(index)", code=~"5.."}
                        total: requests_total{slo="\(index)"}

                """
        }
        return text
    }

    /// 200 SLOs over 20 series each: increments into the ledger.
    private static func ledger() -> [Measurement] {
        let (ledger, increments) = filledLedger(slos: 200, series: 20)
        var counted = ledger
        var time = BenchWorld.start
        let passes = 100
        return [
            Measurement.take(
                "ledger.add", unit: "increment", operations: increments.count * passes,
                allocationsMax: 1
            ) {
                for _ in 0..<passes {
                    time = time + BenchWorld.interval
                    counted.add(increments.map { $0.moved(to: time) })
                }
            }
        ]
    }

    private static func filledLedger(slos: Int, series: Int) -> (Ledger, [Increment]) {
        let file = SourceFile(
            path: "bench.yaml", bytes: Array(definitions(slos, by: "team").utf8))
        let read = Configuration.read(ConfigurationFiles(config: nil, rules: [file]))
        precondition(!read.hasErrors, "the bench's own rules are good")
        var ledger = Ledger()
        ledger.configure(read.definitions, now: BenchWorld.start)
        var increments: [Increment] = []
        for slo in 0..<slos {
            for index in 0..<series {
                let labels = Labels([
                    ("__name__", "requests_total"), ("slo", String(slo)), ("team", "a"),
                    ("code", ["200", "404", "429", "500"][index % 4]), ("pod", String(index / 4)),
                ])
                let target = UInt32(slo * 5 + index / 4)
                for route in ledger.routes(for: labels, target: target) {
                    increments.append(
                        Increment(
                            slot: route.slot, kind: .normal, time: BenchWorld.start, value: 3,
                            span: .zero, target: target))
                }
            }
        }
        return (ledger, increments)
    }

    // MARK: Evaluate

    /// One round over 200 SLOs of 20 series, 8 windows each, every pair breaching so that each
    /// runs its binomial test; at two window lengths' worth of history.
    private static func evaluate() -> [Measurement] {
        var (ledger, increments) = filledLedger(slos: 200, series: 20)
        var time = BenchWorld.start
        for _ in 0..<2000 {
            time = time + .minutes(20)
            ledger.add(increments.map { $0.moved(to: time) })
        }
        return [
            Measurement.take(
                "evaluate.200x8windows", unit: "round", operations: 20, allocationsMax: 450_000
            ) {
                for _ in 0..<20 {
                    time = time + BenchWorld.interval
                    ledger.add(increments.map { $0.moved(to: time) })
                    precondition(ledger.evaluateDirty(now: time).count == 200)
                }
            }
        ]
    }

    /// 10,000 groups of one SLO, evaluated in one round.
    private static func groups() -> [Measurement] {
        let file = SourceFile(path: "bench.yaml", bytes: Array(definitions(1, by: "pod").utf8))
        let read = Configuration.read(ConfigurationFiles(config: nil, rules: [file]))
        var ledger = Ledger()
        ledger.configure(read.definitions, now: BenchWorld.start)
        let slots = (0..<10_000).flatMap { pod in
            ledger.routes(
                for: Labels([
                    ("__name__", "requests_total"), ("slo", "0"), ("pod", String(pod)),
                    ("code", "500"),
                ]), target: UInt32(pod))
        }
        let increments = slots.map {
            Increment(
                slot: $0.slot, kind: .normal, time: BenchWorld.start, value: 3, span: .zero,
                target: $0.slot >> 3)
        }
        var time = BenchWorld.start
        return [
            Measurement.take(
                "evaluate.10000groups", unit: "round", operations: 1, allocationsMax: 22_000_000
            ) {
                time = time + BenchWorld.interval
                ledger.add(increments.map { $0.moved(to: time) })
                precondition(ledger.evaluateDirty(now: time).count == 10_000)
            }
        ]
    }

    // MARK: The whole path

    private static let rules = """
        apiVersion: pitot/v1
        kind: SLOs
        service: inference
        slos:
          - name: availability
            objective: 99.9
            by: [namespace, destination_service_name]
            sli:
              events:
                bad: istio_requests_total{reporter="destination", response_code=~"5.."}
                total: istio_requests_total{reporter="destination"}

        """

    /// Body to counted sample: snappy, protobuf, order check, scrapes, increments, ledger, verdicts
    /// and log bytes; 20,000 series, one scrape after another, as a sender that catches up at full
    /// speed sends them: a body each millisecond of the agent's clock.
    private static func write(
        _ name: String, _ decode: Decode, isSecond: Bool = false
    ) -> [Measurement] {
        let world = BenchWorld(pods: 500)
        let scrapes = 30
        let rounds = 4
        let bodies = (1...(scrapes * rounds)).map { world.bodies(scrape: $0, isSecond: isSecond) }
        var agent = AgentCore()
        var effects: [PlannedEffect] = []
        let file = SourceFile(path: "bench.yaml", bytes: Array(rules.utf8))
        agent.handle(
            .configured(ConfigurationFiles(config: nil, rules: [file])), at: BenchWorld.start,
            into: &effects)
        var now = BenchWorld.start + .days(1)
        for body in world.bodies(scrape: 0, isSecond: isSecond) {
            feed(body, decode, now, &agent, &effects)
        }
        now = now + .seconds(3)
        var next = 0
        let measured = Measurement.take(
            name, unit: "sample", operations: scrapes * world.seriesCount,
            rounds: rounds, allocationsMax: 140
        ) {
            for _ in 0..<scrapes {
                for body in bodies[next] {
                    now = now + .milliseconds(1)
                    feed(body, decode, now, &agent, &effects)
                }
                next += 1
            }
        }
        precondition(
            agent.seriesCount == world.seriesCount && agent.intake.incrementCounts[0] > 0,
            "the bench counted what it sent")
        return [measured]
    }

    private static func feed(
        _ body: [UInt8], _ decode: Decode, _ now: Timestamp, _ agent: inout AgentCore,
        _ effects: inout [PlannedEffect]
    ) {
        guard let bytes = try? Snappy.uncompress(body, limit: 32 << 20),
            let batch = try? decode(bytes)
        else { preconditionFailure("the bench's own bodies decode") }
        agent.handle(.write(batch, RequestID(0)), at: now, into: &effects)
        effects.removeAll(keepingCapacity: true)
        precondition(!agent.takeLog().isEmpty)
    }
}

extension Increment {
    fileprivate func moved(to time: Timestamp) -> Increment {
        Increment(slot: slot, kind: kind, time: time, value: value, span: span, target: target)
    }
}

import Agent
import Backtest
import Model
import Server
import Storage
import Wire

// Writes a history for `make bench-backtest`: the same samples as a recording and as the data
// folder of an agent. 1,000 series: twenty targets that are scraped each 15 seconds at times of
// their own, each with `up` and 49 counters. A tenth of a thousandth of the requests fails, and for
// an hour on the twentieth day a tenth does.
//
//     pitot-bench history DIR [days]

struct BacktestHistory {
    private static let targets = 20
    private static let counters = 49
    private static let start = Timestamp(millis: 1_767_225_600_000)

    private let folder: String
    private let days: Int
    private var state: UInt64 = 1
    private var values: [Double]
    private let labels: [[Labels]]
    private var samples = 0

    static func run(_ arguments: [String]) -> Int32 {
        guard let folder = arguments.first else { return 2 }
        var history = BacktestHistory(
            folder, days: arguments.dropFirst().first.flatMap { Int($0) } ?? 30)
        do throws(FileFault) {
            try history.write()
        } catch {
            print("\(error.path): \(error.reason)")
            return 1
        }
        print("\(history.samples) samples in \(folder)/recording and \(folder)/data")
        return 0
    }

    private init(_ folder: String, days: Int) {
        self.folder = folder
        self.days = days
        values = Array(repeating: 0, count: Self.targets * Self.counters)
        labels = (0..<Self.targets).map { target in
            let own = [("job", "shop"), ("instance", "pod-\(target)"), ("namespace", "shop")]
            let up = Labels([("__name__", "up")] + own)
            return [up]
                + (0..<Self.counters).map { counter in
                    Labels(
                        [
                            ("__name__", "requests_total"),
                            ("code", counter % 7 == 6 ? "500" : "200"),
                            ("handler", "/api/\(counter)"),
                        ] + own)
                }
        }
    }

    private mutating func random(below bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }

    private mutating func scrape(_ target: Int, _ time: Timestamp) -> [OutgoingSeries] {
        let hour = (time - Self.start).millis / 3_600_000
        let isBad = hour == 19 * 24 + 10
        var series = [OutgoingSeries(labels: labels[target][0], samples: [(time, 1)])]
        for counter in 0..<Self.counters {
            let place = target * Self.counters + counter
            let isError = counter % 7 == 6
            if !isError {
                values[place] += Double(random(below: 200))
            } else if isBad || random(below: 100) == 0 {
                values[place] += Double(random(below: isBad ? 130 : 2))
            }
            series.append(
                OutgoingSeries(
                    labels: labels[target][counter + 1], samples: [(time, values[place])]))
        }
        return series
    }

    private mutating func write() throws(FileFault) {
        let decoder = RemoteWriteDecoder(seed: HashSeed(low: 1, high: 2), limits: .standard)
        let config = "retention: {time: 1000h, size: 64GiB}"
        var agent = AgentCore()
        var effects: [PlannedEffect] = []
        agent.handle(.started, at: Self.start, into: &effects)
        agent.handle(
            .configured(
                ConfigurationFiles(
                    config: SourceFile(path: "pitot.yaml", bytes: Array(config.utf8)), rules: [])),
            at: Self.start, into: &effects)
        var file = 0
        var encoder = RecordingEncoder(labelLimits: .standard)
        var bytes: [UInt8] = encoder.header(at: Self.start, isRestart: true)
        for round in 1...(days * 5760) {
            for target in 0..<Self.targets {
                let offset = Int64(round) * 15_000 + Int64(target) * 749
                let time = Self.start + .milliseconds(offset)
                guard
                    let batch = try? decoder.decode(RemoteWriteEncoder.encode(scrape(target, time)))
                else { continue }
                samples += batch.timestamps.count
                let now = time + .milliseconds(100)
                agent.handle(.write(batch, RequestID(1)), at: now, into: &effects)
                encoder.add(batch, at: now)
                if encoder.pendingBytes >= RecordingEncoder.blockBytes {
                    bytes += encoder.flush(at: now)
                }
            }
            try keep(&effects, &agent)
            if bytes.count >= 64 << 20 || round == days * 5760 {
                bytes += encoder.flush(at: agent.now)
                file += 1
                try HistoryFolder.write(recording: bytes, number: file, in: folder + "/recording")
                encoder = RecordingEncoder(labelLimits: .standard)
                bytes = encoder.header(at: agent.now, isRestart: false)
            }
        }
        try HistoryFolder.write(agent, in: folder + "/data")
    }

    /// Writes segments, as the shell does.
    private func keep(_ effects: inout [PlannedEffect], _ agent: inout AgentCore) throws(FileFault)
    {
        for planned in effects {
            guard case .writeSegment(let draft) = planned.effect else { continue }
            try HistoryFolder.write(draft, in: folder + "/data")
            guard let segment = try? Segment(Region(draft.encode()), number: draft.number) else {
                continue
            }
            _ = agent.attach(segment)
        }
        effects.removeAll(keepingCapacity: true)
        _ = agent.takeLog()
    }
}

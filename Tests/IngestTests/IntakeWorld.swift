import Ingest
import Model
import Storage
import Wire

// A small world to feed an `Intake` with: pods that are scraped, senders that remote-write. Bodies
// are encoded and decoded for real. Seconds count from an arbitrary morning.

func at(_ seconds: Double) -> Timestamp {
    Timestamp(millis: 1_795_392_000_000 + Int64((seconds * 1000).rounded()))
}

let staleMarker = Double(bitPattern: staleMarkerBits)

/// A scrape target as its sender labels it.
struct Pod {
    var instance: String? = "pod-1"
    var external: [(String, String)] = []

    /// "a" is `requests_total{code="a"}`, "errors/a" is `errors{code="a"}`; "up" and
    /// "process_start_time_seconds" are themselves.
    func labels(_ series: String) -> Labels {
        var pairs = external + [("job", "model")]
        if let instance { pairs.append(("instance", instance)) }
        if series == "up" || series == "process_start_time_seconds" {
            return Labels(pairs + [("__name__", series)])
        }
        let parts = series.split(separator: "/")
        let name = parts.count == 2 ? String(parts[0]) : "requests_total"
        return Labels(pairs + [("__name__", name), ("code", String(parts[parts.count - 1]))])
    }
}

typealias Scrape = KeyValuePairs<String, Double>

struct IntakeWorld {
    var intake = Intake(settings: .standard)
    /// Since when the one consumer counts.
    var since = at(-100_000)
    var isRouted = true
    /// When all counters began, as remote write 2.0 tells it; without it, bodies are of 1.0.
    var start: Double?
    /// What became of the last write's samples.
    private(set) var reply = WriteTally()
    private(set) var conditions: [TargetCondition] = []
    private(set) var increments: [Increment] = []
    /// What the log would hold.
    private(set) var log: [(write: ResolvedWrite, now: Timestamp)] = []
    private let decoder = RemoteWriteDecoder(
        seed: HashSeed(low: 1, high: 2), limits: .standard)

    /// A whole scrape at once, `up` included; then the settle time passes. Says what was counted.
    mutating func scrape(
        _ seconds: Double, of pod: Pod = Pod(), _ values: Scrape, up: Double = 1
    ) -> [String] {
        let told = send(seconds, of: pod, values, up: up)
        return told + advance(seconds + 2)
    }

    /// One batch with a part of a scrape, arriving `now` (at once unless said).
    mutating func send(
        _ seconds: Double, of pod: Pod = Pod(), _ values: Scrape, up: Double? = nil,
        now: Double? = nil
    ) -> [String] {
        var series = values.map { name, value in
            OutgoingSeries(labels: pod.labels(name), samples: [(at(seconds), value)])
        }
        if let up {
            series.append(OutgoingSeries(labels: pod.labels("up"), samples: [(at(seconds), up)]))
        }
        return write(series, now: now ?? seconds)
    }

    mutating func write(_ series: [OutgoingSeries], now: Double) -> [String] {
        guard let batch = decoded(series) else { return ["undecodable"] }
        var output = IntakeOutput()
        let resolution = intake.resolve(batch, now: at(now))
        for id in resolution.added where isRouted { route(id) }
        let write = intake.apply(batch, resolution, now: at(now), into: &output)
        log.append((write, at(now)))
        reply = write.tally
        return told(output)
    }

    private func decoded(_ series: [OutgoingSeries]) -> WriteBatch? {
        guard let start else { return try? decoder.decode(RemoteWriteEncoder.encode(series)) }
        let second = RemoteWrite2Decoder(seed: HashSeed(low: 1, high: 2), limits: .standard)
        let started = series.map {
            OutgoingSeries(labels: $0.labels, samples: $0.samples, start: at(start))
        }
        return try? second.decode(RemoteWrite2Encoder.encode(started))
    }

    /// Plays a log that was written out and read back. Says what was counted.
    mutating func replay(_ log: [(write: ResolvedWrite, now: Timestamp)]) -> [String] {
        log.flatMap { record in
            var out = ByteWriter()
            record.write.encode(into: &out)
            var reader = ByteReader(out.bytes)
            guard let write = ResolvedWrite(from: &reader) else {
                return ["unreadable"]
            }
            var output = IntakeOutput()
            for id in intake.addSeries(of: write, now: record.now) where isRouted { route(id) }
            intake.apply(write, now: record.now, into: &output)
            return told(output) + advance((record.now - at(0)).seconds + 2)
        }
    }

    mutating func advance(_ seconds: Double) -> [String] {
        var output = IntakeOutput()
        intake.advance(to: at(seconds), into: &output)
        return told(output)
    }

    /// Begins to count all that is known, as a reload does.
    mutating func routeAll() {
        isRouted = true
        for index in 0..<intake.store.count { route(SeriesID(UInt32(index))) }
    }

    private mutating func route(_ id: SeriesID) {
        let labels = intake.store.labels(of: id)
        guard labels["code"] != nil else { return }
        intake.route(id, to: [Route(slot: 0, since: since)])
    }

    private mutating func told(_ output: IntakeOutput) -> [String] {
        increments += output.increments
        conditions += output.conditions.map(\.condition)
        return output.increments.map { increment in
            "\(increment.kind.word) \(number(increment.value))"
                + (increment.span > .zero ? " over \(increment.span)" : "")
        }
    }

    private func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
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

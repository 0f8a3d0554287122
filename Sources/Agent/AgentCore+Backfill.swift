import Ingest
public import Model
import SLO
import Storage
import Text

/// How far the past has been read.
public struct BackfillProgress: Hashable, Sendable {
    /// Where the reading stands.
    public enum Phase: UInt8, Hashable, Sendable {
        case none, reading, done
        /// It ended early: a reload, or the source gave no answer for too long.
        case interrupted

        /// The word of metrics and the API.
        public var word: String {
            switch self {
            case .none: "none"
            case .reading: "reading"
            case .done: "done"
            case .interrupted: "interrupted"
            }
        }
    }

    public internal(set) var phase = Phase.none
    /// The beginning of the past that is read, when the reading began, and how far it has come.
    public internal(set) var from = Timestamp.distantPast
    public internal(set) var began = Timestamp.distantPast
    public internal(set) var through = Timestamp.distantPast
    public internal(set) var samples = 0
    /// Samples that were live already, or came too late to be joined.
    public internal(set) var refused = 0
}

/// Samples of the past.
public struct PastSamples: Sendable {
    public var labels: [Labels]
    /// Index into `labels`; parallel to `times` and `values`.
    public var series: [UInt32]
    /// Milliseconds since the epoch.
    public var times: [Int64]
    public var values: [Double]
    /// Everything up to here has been given.
    public var through: Timestamp

    public init(
        labels: [Labels], series: [UInt32], times: [Int64], values: [Double], through: Timestamp
    ) {
        self.labels = labels
        self.series = series
        self.times = times
        self.values = values
        self.through = through
    }
}

// While the past is read, alerts are not evaluated: windows that are half read say nothing. The
// budget can be asked for all the time.

extension AgentCore {
    /// Whether the past is being read: no checkpoint then, and no verdicts.
    public var isBackfilling: Bool { backfill.phase == .reading }

    /// Whether it can begin: the ledger has counted nothing yet.
    public var canBackfill: Bool { backfill.phase == .none && intake.store.count == 0 }

    mutating func beginBackfill(from: Timestamp) {
        backfill.phase = .reading
        backfill.from = from
        backfill.began = now
        backfill.through = from
        ledger.count(since: from)
        intake.beginPast()
    }

    /// The samples with their series' numbers; series that are new are added.
    mutating func resolve(_ past: PastSamples) -> ResolvedWrite {
        var added: [Labels] = []
        var ids: [UInt32?] = []
        for labels in past.labels {
            let isKnown = intake.store.find(labels) != nil
            let id = number(of: labels, at: now)
            if !isKnown && id != nil { added.append(labels) }
            ids.append(id?.index)
        }
        var write = ResolvedWrite(adding: added)
        for index in past.series.indices {
            guard Int(past.series[index]) < ids.count, let id = ids[Int(past.series[index])] else {
                continue
            }
            write.append(id, at: past.times[index], past.values[index])
        }
        return write
    }

    mutating func takePast(_ write: ResolvedWrite, through: Timestamp) {
        guard isBackfilling else { return }
        let refused = intake.takePast(write, into: &output)
        backfill.samples += write.ids.count - refused
        backfill.refused += refused
        backfill.through = max(backfill.through, through)
    }

    mutating func endBackfill(isWhole: Bool) {
        guard isBackfilling else { return }
        backfill.phase = isWhole ? .done : .interrupted
        intake.joinPast(now: now, into: &output)
    }
}

extension BackfillProgress: Archivable {
    /// To read into.
    public static let blank = BackfillProgress()

    /// Phase, times, counts.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&phase)
        archive.field(&from)
        archive.field(&began)
        archive.field(&through)
        archive.field(&samples)
        archive.field(&refused)
    }
}

extension Configuration {
    /// The longest period of an SLO; nil without any.
    public var longestPeriod: TimeSpan? { definitions.map(\.period.spanMax).max() }

    /// What to fetch for a history: the series that SLOs count, and their targets' health. Sorted,
    /// each once.
    public var selectorTexts: [String] {
        let health = ["process_start_time_seconds", "up"]
        return Set(definitions.flatMap(\.sli.selectors).map(\.text)).union(health).sorted()
    }
}

extension AgentCore {
    func writeBackfill(into out: inout ExpositionWriter) {
        out.metric(
            "pitot_backfill_phase", .gauge, "1 for where the reading of the past stands.")
        out.sample("pitot_backfill_phase", [("phase", backfill.phase.word)], 1)
        guard backfill.phase != .none else { return }
        out.single(
            "pitot_backfill_samples_total", .counter, "Samples of the past counted.",
            Double(backfill.samples))
        out.single(
            "pitot_backfill_samples_refused_total", .counter,
            "Samples of the past not counted: live already, or too late to be joined.",
            Double(backfill.refused))
        out.single(
            "pitot_backfill_through_timestamp_seconds", .gauge,
            "How far the past has been read.", backfill.through.seconds)
    }

    /// The answer of `GET /api/v1/status/backfill`.
    public func backfillJSON() -> [UInt8] {
        var writer = JSONWriter()
        let isThere = backfill.phase != .none
        writer.object { writer in
            writer.member("status", "success")
            writer.key("data")
            writer.object { writer in
                writer.member("phase", backfill.phase.word)
                writer.member("from", isThere ? backfill.from.seconds : nil)
                writer.member("to", isThere ? backfill.began.seconds : nil)
                writer.member("through", isThere ? backfill.through.seconds : nil)
                writer.member("samples", integer: backfill.samples)
                writer.member("refused", integer: backfill.refused)
            }
        }
        return writer.bytes
    }
}

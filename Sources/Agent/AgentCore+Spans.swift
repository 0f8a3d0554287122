import Alerting
import Ingest
import Model
import SLO
import Storage
public import Traces
public import Wire

// Where spans meet the rest of the agent: counted in the ledger, shown as metrics of the store,
// kept in checkpoints.

/// What became of a request of spans.
public struct SpanReply: Sendable {
    public let id: RequestID
    public let taken: Int
    public let duplicates: Int
    /// By `SpanRefusal.rawValue`.
    public let refused: [Int]
    /// Of the batch's spans, in their order.
    public let verdicts: [SpanVerdict]
    /// It was read by an older lens and has to be read again: nothing has been taken.
    public let isStale: Bool

    public var refusedCount: Int { refused.reduce(0, +) }

    /// One line that says what was refused and why; empty when nothing was.
    public var message: String {
        guard refusedCount > 0 else { return "" }
        let parts = SpanRefusal.allCases.compactMap { refusal -> String? in
            let count = refused[Int(refusal.rawValue)]
            return count == 0 ? nil : "\(count) \(refusal.word)"
        }
        return "spans refused: " + parts.joined(separator: ", ")
    }
}

extension AgentCore {
    /// What spans are read by now.
    public var spanLens: SpanLens { spans.lens }

    /// Takes a request of spans: counted once, logged, answered when that is durable.
    mutating func take(_ batch: SpanBatch, _ id: RequestID) -> SpanReply {
        guard batch.generation == spans.lens.generation else {
            return SpanReply(
                id: id, taken: 0, duplicates: 0, refused: [], verdicts: [], isStale: true)
        }
        let (delta, verdicts) = spans.fold(batch, at: now)
        if batch.count > 0 {
            append(.spans(delta))
            apply(delta)
        }
        return SpanReply(
            id: id, taken: delta.taken, duplicates: delta.duplicates, refused: delta.refused,
            verdicts: verdicts, isStale: false)
    }

    /// Replay of what `take` logged.
    mutating func restore(_ delta: SpanDelta) {
        spans.restore(delta, at: now)
        apply(delta)
    }

    private mutating func apply(_ delta: SpanDelta) {
        spans.apply(delta, at: now)
        ledger.post(delta, now: now)
    }

    mutating func configureSpans() {
        let objectives = configuration.definitions.compactMap { definition -> SpanObjective? in
            guard case .spans(let rule) = definition.sli else { return nil }
            return SpanObjective(
                service: definition.service, name: definition.name, by: definition.by, rule: rule)
        }
        spans.configure(objectives, configuration.spans, at: now)
        spanExport.ids = [:]
    }

    /// When groups without spans of late are to be looked at, or metrics of spans to be written.
    var spanDeadline: Timestamp? {
        spans.newestEnd > .distantPast ? spanExport.due : nil
    }

    /// Moves groups on to the newest span, and writes the next part of the metrics, when due.
    mutating func advanceSpans() {
        guard spans.newestEnd > .distantPast, now >= spanExport.due else { return }
        if spanExport.next == 0 {
            spanExport.last = spanExport.roundTime
            spanExport.roundTime = now
            if spans.newestEnd > spanExport.watermark {
                spanExport.watermark = spans.newestEnd
                ledger.advanceSpans(to: spans.newestEnd)
            }
        }
        var made = MadeSamples()
        let end = min(spanExport.next + SpanExport.classesAtOnce, spans.metrics.classes.count)
        for number in spanExport.next..<max(end, spanExport.next) { write(number, into: &made) }
        _ = intake.store(made)
        spanExport.next = end
        spanExport.due = now + SpanExport.pause
        if end >= spans.metrics.classes.count {
            spanExport.next = 0
            let interval = configuration.notifier.evaluationInterval
            spanExport.due = max(spanExport.due, spanExport.roundTime + interval)
        }
    }

    /// The samples of one label set, and the exemplar that is most worth a look.
    private mutating func write(_ number: Int, into made: inout MadeSamples) {
        let one = spans.metrics.classes[number]
        guard !one.isFree, one.calls > 0 else { return }
        let bounds = spans.metrics.bounds
        var ids = spanExport.ids[number] ?? []
        if ids.count != bounds.count + 5 {
            ids = Array(repeating: SpanExport.unknown, count: bounds.count + 5)
        }
        let isBorn = !spans.metrics.noteExported(number)
        let values = SpanExport.values(one)
        for (place, value) in values.enumerated() {
            let isKnown =
                ids[place] != SpanExport.unknown
                && intake.newest(ofMade: ids[place]) > .distantPast
            if !isKnown {
                let labels = SpanExport.labels(one.labels, place, bounds)
                // A limit keeps it out: it is counted there, and tried again.
                ids[place] =
                    (try? intake.resolve(made: labels, into: &made)) ?? SpanExport.unknown
            }
            guard ids[place] != SpanExport.unknown else { continue }
            if isBorn && spanExport.last > .distantPast {
                // There was none when the last round was written.
                made.add(ids[place], at: spanExport.last, value: 0)
            }
            made.add(ids[place], at: spanExport.roundTime, value: value)
        }
        spanExport.ids[number] = ids
        guard let exemplar = spans.metrics.takeExemplar(number) else { return }
        let id = ids[4 + spans.metrics.place(of: exemplar.nanos)]
        guard id != SpanExport.unknown else { return }
        intake.keep(
            Exemplar(
                time: exemplar.time, value: Double(exemplar.nanos) / 1e9,
                labels: Labels([
                    ("span_id", hexadecimal(exemplar.span)),
                    ("trace_id", exemplar.trace.description),
                ])), ofMade: id)
    }

    // MARK: Checkpoints

    mutating func restoreSpans(_ section: [UInt8]) -> Bool {
        guard let kind = section.first else { return false }
        let rest = Array(section.dropFirst())
        guard kind == 0 else { return spans.restoreKeys(rest) }
        var archive = Archive(reading: rest)
        spans.archiveHead(&archive)
        archive.field(&spanExport)
        return archive.isComplete
    }
}

/// Spans in a checkpoint: a head, then keys.
struct SpanSections: Sendable {
    private let spans: SpanBook
    private let export: SpanExport
    private var keys: SpanKeySections
    private var isBegun = false

    init(_ spans: SpanBook, _ export: SpanExport) {
        self.spans = spans
        self.export = export
        keys = SpanKeySections(spans.keys)
    }

    mutating func next() -> [UInt8]? {
        if isBegun { return keys.next().map { [1] + $0 } }
        isBegun = true
        var archive = Archive()
        var (head, export) = (spans, export)
        head.archiveHead(&archive)
        archive.field(&export)
        return [0] + archive.bytes
    }
}

/// Where the writing of spans' metrics stands.
struct SpanExport: Sendable {
    /// A label set takes about 10 us once its series are known.
    static let classesAtOnce = 16
    static let pause = TimeSpan.milliseconds(10)
    static let unknown = UInt32.max

    /// When the round that is going on, or the last one, began; and the one before.
    var roundTime = Timestamp.distantPast
    var last = Timestamp.distantPast
    var due = Timestamp.distantPast
    /// The label set that comes next.
    var next = 0
    /// Groups were moved on to it.
    var watermark = Timestamp.distantPast
    /// By label set: its series. Found again when lost.
    var ids: [Int: [UInt32]] = [:]

    /// Calls, bytes, sum and count of the latency, then its buckets.
    static func values(_ one: SpanMetricClass) -> [Double] {
        var values = [one.calls, one.bytes, one.seconds, one.calls]
        var sum = 0.0
        for count in one.buckets {
            sum += count
            values.append(sum)
        }
        return values
    }

    static func labels(_ own: Labels, _ place: Int, _ bounds: [UInt64]) -> Labels {
        let latency = "traces_spanmetrics_latency"
        let fixed = [
            "traces_spanmetrics_calls_total", "traces_spanmetrics_size_total", latency + "_sum",
            latency + "_count",
        ]
        if place < fixed.count {
            return own.merging(Labels([(Labels.metricName, fixed[place])]))
        }
        let index = place - fixed.count
        let bound = index < bounds.count ? (Double(bounds[index]) / 1e9).description : "+Inf"
        return own.merging(Labels([(Labels.metricName, latency + "_bucket"), ("le", bound)]))
    }
}

extension SpanExport: Archivable {
    static let blank = SpanExport()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&roundTime)
        archive.field(&last)
        archive.field(&due)
        archive.field(&next)
        archive.field(&watermark)
    }
}

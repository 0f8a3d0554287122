public import Model
public import Wire

// Traces to look at: of the bad ones the newest, of the slow ones the slowest, and a few good ones
// to compare with. Requests of spans are held as they came for a short time; a span that is bad
// makes its trace wanted, and when the trace has had time to come together, its spans are copied
// out of what is held. So the many spans that nobody will look at cost a reference and nothing
// more. Nothing here is counted, logged or kept over a restart: it is for people.

/// Why a trace is kept.
public enum TraceKind: UInt8, CaseIterable, Sendable {
    case bad = 0
    case slow, good

    /// As the API has it.
    public var word: String {
        switch self {
        case .bad: "bad"
        case .slow: "slow"
        case .good: "good"
        }
    }
}

/// A span that is kept, with its message and its resource's.
public struct KeptSpan: Sendable {
    public let record: SpanRecord
    public let verdict: SpanVerdict
    public let message: [UInt8]
    public let resource: [UInt8]

    var bytes: Int { message.count + resource.count + 160 }
}

/// A trace that is kept.
public struct KeptTrace: Sendable {
    public let id: TraceID
    public let kind: TraceKind
    /// When its first span came, and its last.
    public let seen: Timestamp
    public internal(set) var spans: [KeptSpan]
    /// Spans that it had beside, of a trace that is too large to keep whole.
    public internal(set) var left: Int

    public var start: UInt64 { spans.map(\.record.start).min() ?? 0 }
    public var nanos: UInt64 { (spans.map(\.record.end).max() ?? 0) - start }

    var bytes: Int { spans.reduce(200) { $0 + $1.bytes } }
}

/// A bounded number of traces.
public struct TraceRing: Sendable {
    /// How long after a span of interest its trace is put together.
    static let settle = TimeSpan.seconds(5)
    static let wantedMax = 1000
    static let spansPerTrace = 2000
    /// Of a trace that is good one a second is kept.
    static let goodEach = TimeSpan.seconds(1)

    private struct Wanted {
        var since: Timestamp
        var kind: TraceKind
        var spans: [KeptSpan] = []
        var left = 0
    }

    private struct Held {
        let batch: SpanBatch
        let verdicts: [SpanVerdict]
        let at: Timestamp
        var bytes: Int { batch.body.count + batch.spans.count * 100 }
    }

    private let bytesMax: Int
    private var held: [Held] = []
    private var heldBytes = 0
    private var wanted: [TraceID: Wanted] = [:]
    private var kept: [[KeptTrace]] = Array(repeating: [], count: TraceKind.allCases.count)
    private var keptBytes = [Int](repeating: 0, count: TraceKind.allCases.count)
    private var lastGood = Timestamp.distantPast
    /// Wanted traces that there was no room for.
    public private(set) var dropped = 0

    /// Half of the bytes is for what is held, half for what is kept.
    public init(bytesMax: Int) { self.bytesMax = bytesMax }

    public var isOn: Bool { bytesMax > 0 }
    public var bytes: Int { heldBytes + keptBytes.reduce(0, +) }
    public var count: Int { kept.reduce(0) { $0 + $1.count } }

    /// Of the kept bytes, the most that a kind may take.
    private func share(_ kind: TraceKind) -> Int {
        switch kind {
        case .bad: bytesMax / 4
        case .slow, .good: bytesMax / 8
        }
    }

    // MARK: Taking spans

    /// Takes a request and what was said of its spans.
    public mutating func add(_ batch: SpanBatch, _ verdicts: [SpanVerdict], at now: Timestamp) {
        guard isOn, batch.spans.count == verdicts.count else { return }
        advance(to: now)
        for (span, verdict) in zip(batch.spans, verdicts)
        where verdict.contains(.known) && !verdict.contains(.duplicate) {
            if verdict.contains(.bad) {
                want(span.trace, .bad, at: now)
            } else if verdict.contains(.slow) {
                want(span.trace, .slow, at: now)
            } else if span.isEntry && now - lastGood >= Self.goodEach {
                lastGood = now
                want(span.trace, .good, at: now)
            }
        }
        let one = Held(batch: batch, verdicts: verdicts, at: now)
        guard one.bytes <= bytesMax / 2 else { return gather(one) }
        held.append(one)
        heldBytes += one.bytes
        while heldBytes > bytesMax / 2 { dropOldest() }
    }

    private mutating func want(_ id: TraceID, _ kind: TraceKind, at now: Timestamp) {
        if let known = wanted[id] {
            if kind.rawValue < known.kind.rawValue { wanted[id]?.kind = kind }
            return
        }
        // One that is kept already takes the rest of its spans when they have come.
        guard wanted.count < Self.wantedMax else {
            dropped += 1
            return
        }
        wanted[id] = Wanted(since: now, kind: kind)
    }

    private mutating func dropOldest() {
        let oldest = held.removeFirst()
        heldBytes -= oldest.bytes
        gather(oldest)
    }

    /// Copies spans of wanted traces out of a request.
    private mutating func gather(_ one: Held) {
        guard !wanted.isEmpty else { return }
        for (span, verdict) in zip(one.batch.spans, one.verdicts) {
            guard verdict.contains(.known), !verdict.contains(.duplicate),
                let known = wanted[span.trace]
            else { continue }
            guard known.spans.count < Self.spansPerTrace else {
                wanted[span.trace]?.left += 1
                continue
            }
            let resource = one.batch.resources[Int(span.resource)]
            wanted[span.trace]?.spans.append(
                KeptSpan(
                    record: span, verdict: verdict, message: Array(one.batch.body[span.bytes]),
                    resource: Array(one.batch.body[resource])))
        }
    }

    // MARK: Time

    /// Puts traces together that have had their time, and lets old requests go.
    public mutating func advance(to now: Timestamp) {
        while let first = held.first, now - first.at > Self.settle * 2 { dropOldest() }
        let due = wanted.filter { now - $0.value.since >= Self.settle }.map(\.key)
        guard !due.isEmpty else { return }
        let rest = wanted
        wanted = rest.filter { now - $0.value.since >= Self.settle }
        for one in held { gather(one) }
        let whole = wanted
        wanted = rest.filter { now - $0.value.since < Self.settle }
        for (id, one) in whole.sorted(by: {
            ($0.value.since, $0.key.high, $0.key.low) < ($1.value.since, $1.key.high, $1.key.low)
        }) where !one.spans.isEmpty {
            keep(
                KeptTrace(
                    id: id, kind: one.kind, seen: one.since, spans: one.spans, left: one.left))
        }
    }

    private mutating func keep(_ new: KeptTrace) {
        var trace = new
        // What came of it before.
        for kind in TraceKind.allCases {
            let place = Int(kind.rawValue)
            guard let old = kept[place].firstIndex(where: { $0.id == trace.id }) else { continue }
            let known = kept[place].remove(at: old)
            keptBytes[place] -= known.bytes
            let have = Set(trace.spans.map(\.record.span))
            trace.spans = known.spans.filter { !have.contains($0.record.span) } + trace.spans
        }
        let place = Int(trace.kind.rawValue)
        kept[place].append(trace)
        keptBytes[place] += trace.bytes
        while keptBytes[place] > share(trace.kind), !kept[place].isEmpty {
            var victim = 0
            if trace.kind == .slow {
                let fastest = kept[place].indices.min {
                    kept[place][$0].nanos < kept[place][$1].nanos
                }
                victim = fastest ?? 0
            }
            keptBytes[place] -= kept[place].remove(at: victim).bytes
        }
    }

    // MARK: Reading

    /// The traces of some kinds, newest first.
    public func traces(of kinds: [TraceKind] = TraceKind.allCases) -> [KeptTrace] {
        kinds.flatMap { kept[Int($0.rawValue)] }
            .sorted { ($0.seen, $0.id.high, $0.id.low) > ($1.seen, $1.id.high, $1.id.low) }
    }

    /// A trace that is kept, or one whose spans are still held.
    public func trace(_ id: TraceID) -> KeptTrace? {
        if let found = kept.joined().first(where: { $0.id == id }) { return found }
        var copy = self
        copy.wanted = [id: Wanted(since: held.first?.at ?? .distantPast, kind: .good)]
        for one in copy.held { copy.gather(one) }
        guard let one = copy.wanted[id], !one.spans.isEmpty else { return nil }
        return KeptTrace(id: id, kind: one.kind, seen: one.since, spans: one.spans, left: one.left)
    }
}

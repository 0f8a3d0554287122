public import Model
public import Wire

// Spans to events. A request is folded once: which of its spans are new, what each SLO counts of
// them, what the metrics of spans gain. What comes out is a `SpanDelta`, which is logged and then
// applied, live and in replay alike.
//
// What an SLO says of a span depends on its labels, how long it took, and whether it is the one
// span of a request that counts. Labels repeat, so that part is worked out once for each label set.

/// What was said of one span, for whoever keeps traces.
public struct SpanVerdict: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// It was counted, now or before.
    public static let known = SpanVerdict(rawValue: 1)
    public static let duplicate = SpanVerdict(rawValue: 2)
    /// A bad event of an SLO, or one whose status is an error.
    public static let bad = SpanVerdict(rawValue: 4)
    /// Longer than an SLO allows.
    public static let slow = SpanVerdict(rawValue: 8)
}

/// What has become of spans.
public struct SpanTally: Hashable, Sendable {
    public var taken = 0
    public var duplicates = 0
    /// By `SpanRefusal.rawValue`.
    public var refused = [Int](repeating: 0, count: SpanRefusal.allCases.count)
    public var requests = 0
}

/// Everything the agent keeps of spans.
public struct SpanBook: Sendable {
    /// Label sets of which it is remembered what SLOs say; then it is worked out anew.
    private static let judgedMax = 20_000

    public private(set) var objectives: [SpanObjective] = []
    public private(set) var lens = SpanLens([])
    public private(set) var keys: SpanKeySet
    public var metrics = SpanMetrics()
    public private(set) var tally = SpanTally()
    /// The newest end of a span that was taken.
    public private(set) var newestEnd = Timestamp.distantPast
    private var dimensions: [String] = []
    private var judged: [Labels: JudgedLabels] = [:]

    public init() {
        let settings = SpanSettings()
        keys = SpanKeySet(window: settings.window, bytesMax: settings.keyBytes)
    }

    // MARK: Configuration

    /// Takes SLOs and settings over; what was counted stays.
    public mutating func configure(
        _ objectives: [SpanObjective], _ settings: SpanSettings, at now: Timestamp
    ) {
        self.objectives = objectives
        dimensions = SpanLabels.intrinsic + settings.dimensions
        judged = [:]
        keys.configure(window: settings.window, bytesMax: settings.keyBytes, at: now)
        let own = objectives.compactMap(\.rule.nanosMax)
        metrics.configure(
            bounds: Array(Set(settings.bounds + own)).sorted(), classesMax: settings.classesMax)
        var names: [String] = ["http_response_status_code", "rpc_response_status_code"]
        for one in objectives { names += one.rule.names + one.by }
        names += settings.dimensions
        names.removeAll { SpanLabels.intrinsic.contains($0) }
        if Array(Set(lens.names)).sorted() != Array(Set(names + ["service_name"])).sorted() {
            lens = SpanLens(names, generation: lens.generation + 1)
        }
    }

    // MARK: Taking spans

    /// Folds a request: its new keys are in, and what it changes is to be logged and applied.
    public mutating func fold(
        _ batch: SpanBatch, at now: Timestamp
    ) -> (delta: SpanDelta, verdicts: [SpanVerdict]) {
        keys.advance(to: now)
        var fold = SpanFold(batch, bounds: metrics.bounds.count)
        for (index, span) in batch.spans.enumerated() {
            let kindred = Int(span.kindred)
            if fold.plans[kindred] < 0 {
                fold.add(judge(batch.classes[kindred]), for: kindred)
            }
            let plan = Int(fold.plans[kindred])
            // A span that ended at 12:00:00.0000001 ended after 12:00.
            let millis = Int64(truncatingIfNeeded: (span.end + 999_999) / 1_000_000)
            switch keys.insert(span.key, endMillis: millis, at: now) {
            case .new:
                fold.delta.keys.append((keys.number(ofEnd: millis), span.key))
                count(span, index, plan, millis, into: &fold)
            case .duplicate:
                fold.delta.duplicates += 1
                fold.verdicts[index] = [.known, .duplicate]
            case .future: fold.delta.refused[Int(SpanRefusal.future.rawValue)] += 1
            case .tooOld: refuse(span, .tooOld, plan, &fold)
            case .forgotten: refuse(span, .forgotten, plan, &fold)
            }
        }
        return finish(&fold, at: now)
    }

    /// An event that may have been one is not counted: its group was not seen whole.
    private func refuse(
        _ span: SpanRecord, _ why: SpanRefusal, _ plan: Int, _ fold: inout SpanFold
    ) {
        fold.delta.refused[Int(why.rawValue)] += 1
        for claim in fold.claims[plan] where claim.scope.takes(span) {
            fold.missed.insert(claim.group)
        }
    }

    private func count(
        _ span: SpanRecord, _ index: Int, _ plan: Int, _ millis: Int64, into fold: inout SpanFold
    ) {
        var verdict: SpanVerdict = fold.isError[plan] ? [.known, .bad] : .known
        for claim in fold.claims[plan] where claim.scope.takes(span) {
            let isSlow = span.nanos > claim.nanosMax
            if isSlow { verdict.insert(.slow) }
            if claim.isBad { verdict.insert(.bad) }
            fold.count(claim.group, millis, isBad: claim.isBad || isSlow, weight: span.weight)
        }
        fold.verdicts[index] = verdict
        fold.delta.newestEnd = max(fold.delta.newestEnd, millis)
        guard metrics.isOn else { return }
        fold.gain(
            span, plan, bucket: metrics.bucket(of: span.nanos),
            isBad: !verdict.isDisjoint(with: [.bad, .slow]), millis)
    }

    private mutating func finish(
        _ fold: inout SpanFold, at now: Timestamp
    ) -> (delta: SpanDelta, verdicts: [SpanVerdict]) {
        for (reason, count) in fold.batchRefused.enumerated() {
            fold.delta.refused[reason] += count
        }
        fold.delta.missed = fold.missed.sorted().map { fold.delta.groups[Int($0)] }
        var gains: [UInt32: Int] = [:]
        for (plan, gain) in fold.gains.enumerated() {
            guard var gain else { continue }
            let (number, isNew) = metrics.number(of: fold.metricLabels[plan], at: now)
            gain.number = number
            if let known = gains[number] {
                fold.delta.gains[known].merge(gain)
                continue
            }
            if isNew { gain.labels = fold.metricLabels[plan] }
            gains[number] = fold.delta.gains.count
            fold.delta.gains.append(gain)
        }
        return (fold.delta, fold.verdicts)
    }

    private mutating func judge(_ labels: Labels) -> JudgedLabels {
        if let known = judged[labels] { return known }
        var found = JudgedLabels()
        for objective in objectives {
            guard let isBad = objective.rule.isBad(labels) else { continue }
            let group = SpanGroup(
                service: objective.service, name: objective.name,
                labels: labels.keeping(objective.by))
            found.claims.append((objective.rule, group, isBad))
        }
        found.metric = labels.keeping(dimensions)
        found.isError = labels[SpanLabels.status] == SpanLabels.statuses[2]
        if judged.count >= Self.judgedMax { judged = [:] }
        judged[labels] = found
        return found
    }

    // MARK: Applying

    /// Replay: the keys and label sets that `fold` added.
    public mutating func restore(_ delta: SpanDelta, at now: Timestamp) {
        keys.advance(to: now)
        for (slice, key) in delta.keys { keys.restore(key, slice: slice) }
        for gain in delta.gains { metrics.restore(gain, at: now) }
    }

    /// Adds what a delta says to the sums, live or in replay.
    public mutating func apply(_ delta: SpanDelta, at now: Timestamp) {
        tally.requests += 1
        tally.taken += delta.taken
        tally.duplicates += delta.duplicates
        for (reason, count) in delta.refused.enumerated() { tally.refused[reason] += count }
        if delta.newestEnd > 0 {
            newestEnd = max(newestEnd, min(now, Timestamp(millis: delta.newestEnd)))
        }
        if metrics.isOn { metrics.add(delta.gains, at: now) }
    }

    // MARK: Checkpoints

    /// Everything but the keys and what the configuration gives.
    public mutating func archiveHead(_ archive: inout Archive) {
        archive.field(&tally.taken)
        archive.field(&tally.duplicates)
        archive.field(&tally.requests)
        archive.array(&tally.refused, blank: 0) { $0.field(&$1) }
        let reasons = SpanRefusal.allCases.count
        if tally.refused.count < reasons {
            tally.refused += Array(repeating: 0, count: reasons - tally.refused.count)
        }
        archive.field(&newestEnd)
        keys.archiveHead(&archive)
        metrics.archive(&archive)
    }

    /// Takes keys that `SpanKeySections` wrote.
    public mutating func restoreKeys(_ section: [UInt8]) -> Bool { keys.restore(section) }
}

extension SpanRule.Scope {
    @inline(__always) func takes(_ span: SpanRecord) -> Bool {
        switch self {
        case .entry: span.isEntry
        case .root: span.isRoot
        case .all: true
        }
    }
}

public import Model
public import Wire

// One run, as all reports of it together say. Reports come late, twice and in any order, so what is
// kept is what does not depend on that: the earliest start, the latest end, the union of facets and
// labels. Of two ends the later one is the outcome (a task that was cleared and run again); at the
// same time a failure wins over a success, and that over an abort.

/// What a run is, whoever tells of it how often.
public struct RunKey: Hashable, Sendable {
    public let source: RunSource
    public let scope: String
    public let id: String

    /// Of a report.
    public init(_ report: RunReport) {
        source = report.source
        scope = report.scope
        id = report.id
    }

    init(source: RunSource, scope: String, id: String) {
        self.source = source
        self.scope = scope
        self.id = id
    }
}

/// What one SLO has counted of a run.
struct RunCount: Hashable, Sendable {
    static let blank = RunCount(
        watch: 0, group: .empty, verdict: RunVerdict(.good, at: .distantPast))

    var watch: UInt32
    var group: Labels
    var verdict: RunVerdict

    mutating func archive(_ archive: inout Archive) {
        archive.field(&watch)
        archive.field(&group)
        archive.field(&verdict.finding)
        archive.field(&verdict.at)
    }
}

/// One run.
public struct Run: Sendable {
    static let outputsMax = 100
    static let facetsMax = 128

    public let key: RunKey
    public internal(set) var namespace = ""
    public internal(set) var job = ""
    public internal(set) var kind = ""
    public internal(set) var parent = ""
    public internal(set) var message = ""
    /// The newest thing told of one that has not ended.
    public internal(set) var step = RunStep.other
    var stepAt = Timestamp.distantPast
    /// When it started, if that was told.
    public internal(set) var startedAt: Timestamp?
    /// The earliest time at which it is known to have been under way.
    public internal(set) var firstAt: Timestamp?
    public internal(set) var nominalAt: Timestamp?
    /// How it ended, and when.
    public internal(set) var outcome: RunStep?
    public internal(set) var endedAt = Timestamp.distantPast
    /// What selectors see.
    public internal(set) var labels = Labels.empty
    /// Numbers of the names of facets, ascending.
    var facets: [UInt32] = []
    /// Numbers of the datasets that it writes.
    var outputs: [UInt32] = []
    /// When the first report came, and the last, on the agent's clock.
    public internal(set) var seenAt: Timestamp
    public internal(set) var changedAt: Timestamp
    var counts: [RunCount] = []
    /// Of the labels that were told last, to see whether they are others.
    var toldHash: UInt64 = 0
    /// The watches that select it, and when that was found.
    var matched: [UInt32] = []
    var matchedIn: UInt64 = 0
    /// The number of runs that had ended when it did.
    var endOrder: UInt64 = 0
    /// When it is looked at again without being told of.
    var wakesAt = Timestamp.distantFuture

    init(_ key: RunKey, at now: Timestamp) {
        self.key = key
        seenAt = now
        changedAt = now
    }

    /// Whether its place is free.
    var isGone: Bool { key.id.isEmpty }

    /// When it began, as far as that is known.
    public var begin: Timestamp? { startedAt ?? firstAt }

    /// How long it took, if both ends are known.
    public var duration: TimeSpan? {
        guard outcome != nil, let startedAt else { return nil }
        return max(.zero, endedAt - startedAt)
    }

    /// Takes a report in; true when its labels changed.
    mutating func take(_ report: RunReport, at now: Timestamp) -> Bool {
        changedAt = now
        let at = report.at ?? (outcome == report.step ? endedAt : now)
        if report.step.isEnd {
            end(report, at)
        } else {
            // Told within the run, whatever it says: it was there then.
            firstAt = min(firstAt ?? at, at)
            if at >= stepAt && report.step != .other { (step, stepAt) = (report.step, at) }
            if report.step == .started { startedAt = min(startedAt ?? at, at) }
        }
        if let told = report.startedAt { startedAt = min(startedAt ?? told, told) }
        if let told = report.nominalAt { nominalAt = min(nominalAt ?? told, told) }
        return takeLabels(report)
    }

    private mutating func end(_ report: RunReport, _ at: Timestamp) {
        let rank = Self.rank(report.step)
        if let outcome, (endedAt, Self.rank(outcome)) >= (at, rank) {
            if outcome == report.step && message.isEmpty { message = report.message }
            return
        }
        outcome = report.step
        endedAt = at
        message = report.message
    }

    private static func rank(_ step: RunStep) -> Int {
        switch step {
        case .failed: 2
        case .completed: 1
        case .queued, .started, .running, .other, .aborted: 0
        }
    }

    private mutating func takeLabels(_ report: RunReport) -> Bool {
        var hash = FNV1a64()
        hash.combine(report.job.utf8)
        hash.combine(report.namespace.utf8)
        hash.combine(report.kind.utf8)
        hash.combine(report.parent.isEmpty ? 0 : 1)
        for label in report.labels {
            hash.combine(label.name.utf8)
            hash.combine(label.value.utf8)
        }
        if hash.value == toldHash { return false }
        toldHash = hash.value
        if namespace.isEmpty { namespace = report.namespace }
        if job.isEmpty { job = report.job }
        if kind.isEmpty { kind = report.kind }
        if parent.isEmpty { parent = report.parent }
        var pairs = report.labels.map { ($0.name, $0.value) }
        pairs += [
            ("namespace", namespace), ("job", job), ("kind", kind), ("source", key.source.word),
            ("level", parent.isEmpty ? "pipeline" : "step"),
        ]
        let before = labels
        labels = labels.merging(Labels(pairs.filter { !$0.1.isEmpty }))
        return labels != before
    }

    /// Adds a number to a sorted list, if there is room; true when it was not there.
    static func insert(_ number: UInt32, into list: inout [UInt32], most: Int) -> Bool {
        let place = list.firstIndex { $0 >= number } ?? list.count
        if place < list.count && list[place] == number { return false }
        guard list.count < most else { return false }
        list.insert(number, at: place)
        return true
    }
}

extension Run: Archivable {
    /// To read into.
    public static var blank: Run {
        Run(RunKey(source: .generic, scope: "", id: ""), at: .distantPast)
    }

    /// All but what is worked out again.
    public mutating func archive(_ archive: inout Archive) {
        var (source, scope, id) = (key.source, key.scope, key.id)
        archive.field(&source)
        archive.field(&scope)
        archive.field(&id)
        if archive.isReading { self = Run(RunKey(source: source, scope: scope, id: id), at: .zero) }
        archive.field(&namespace)
        archive.field(&job)
        archive.field(&kind)
        archive.field(&parent)
        archive.field(&message)
        archive.field(&step)
        archive.field(&stepAt)
        archive.field(&startedAt)
        archive.field(&firstAt)
        archive.field(&nominalAt)
        archive.optional(&outcome, blank: .completed) { $0.field(&$1) }
        archive.field(&endedAt)
        archive.field(&labels)
        archive.field(&facets)
        archive.field(&outputs)
        archive.field(&seenAt)
        archive.field(&changedAt)
        archive.array(&counts, blank: .blank) { $1.archive(&$0) }
        archive.field(&toldHash)
        archive.field(&endOrder)
    }
}

extension Timestamp {
    fileprivate static let zero = Timestamp(millis: 0)
}

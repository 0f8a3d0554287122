public import Model
public import Storage

/// How an increment of a counter was judged (DESIGN §4.1).
public enum IncrementClass: UInt8, CaseIterable, Hashable, Sendable {
    /// The difference to the previous sample.
    case normal
    /// The counter fell: it restarted, and its new value is the increment.
    case reset
    /// The difference over more than two scrape intervals: exact, but spread over an unknown time.
    case gap
    /// The value of a series that began while its target was being watched.
    case birth
    /// A first value that counts nothing: where it began is not known.
    case baseline

    public var word: String {
        switch self {
        case .normal: "normal"
        case .reset: "reset"
        case .gap: "gap"
        case .birth: "birth"
        case .baseline: "baseline"
        }
    }
}

/// How a consumer reads a series.
public enum Reading: UInt8, CaseIterable, Hashable, Sendable {
    /// A counter: what it grows by.
    case counter = 0
    /// A bucket or the count of a histogram that counts nothing itself, but whose fall shows that
    /// the histogram began anew.
    case witness
    /// All events of a classic histogram; they count once the bucket of the route's bound was seen.
    case histogramTotal
    /// Its events while that bucket was not seen: how long they took is not known.
    case histogramRest
    /// A gauge: each value is told as it is.
    case gauge
    /// Of a native histogram, the events that are known to lie on one side of the bound.
    case nativeDecided
    /// Those at or below the bound.
    case nativeBelow
    /// Those in the bucket that the bound cuts: on which side is not known.
    case nativeUndecided
    /// All its events.
    case nativeCount

    /// Whether it is read from native histograms.
    var isNative: Bool { rawValue >= Reading.nativeDecided.rawValue }
}

/// Who consumes a series, in the consumer's own numbering.
public struct Route: Hashable, Sendable {
    public internal(set) var slot: UInt32
    public internal(set) var reading: Reading
    /// Since when the consumer has been counting: a series born earlier is no birth to it.
    public internal(set) var since: Timestamp
    /// What a histogram is divided at, in its own unit; 0 for other readings.
    public internal(set) var bound: Double

    public init(slot: UInt32, since: Timestamp, reading: Reading = .counter, bound: Double = 0) {
        self.slot = slot
        self.reading = reading
        self.since = since
        self.bound = bound
    }
}

/// Events counted at a sample's time for one consumer. Belongs to `time`, whenever it arrived.
public struct Increment: Hashable, Sendable {
    public let slot: UInt32
    public let kind: IncrementClass
    public let time: Timestamp
    /// Events. For `baseline` the value that is not counted, of a gauge what it showed. With the
    /// other sign when it is taken back.
    public let value: Double
    /// Time since the previous sample when that was more than two scrape intervals, else zero.
    public let span: TimeSpan
    public let target: UInt32
    /// A late sample showed that it was judged wrongly: it cancels the one that was emitted.
    public let isTakenBack: Bool

    public init(
        slot: UInt32, kind: IncrementClass, time: Timestamp, value: Double, span: TimeSpan,
        target: UInt32, isTakenBack: Bool = false
    ) {
        self.slot = slot
        self.kind = kind
        self.time = time
        self.value = value
        self.span = span
        self.target = target
        self.isTakenBack = isTakenBack
    }

    /// What cancels it.
    var negated: Increment {
        Increment(
            slot: slot, kind: kind, time: time, value: -value, span: span, target: target,
            isTakenBack: true)
    }
}

/// Whether a target is being seen.
public enum TargetCondition: Hashable, Sendable {
    case up
    /// Its scrapes fail (`up == 0`) since the first of them; `noticed` on the agent's clock.
    case down(since: Timestamp, noticed: Timestamp)
    /// Nothing has arrived since its last scrape, and no stale markers said why.
    case silent(since: Timestamp, noticed: Timestamp)
    /// It ended with stale markers, `up` included.
    case retired(at: Timestamp, noticed: Timestamp)

    /// Whether a series that its last scrape did not show was not there. A failed scrape and an
    /// end by stale markers show nothing.
    var hasShownItsSeries: Bool {
        switch self {
        case .up, .silent: true
        case .down, .retired: false
        }
    }
}

/// A target's condition changed.
public struct ConditionChange: Hashable, Sendable {
    public let target: UInt32
    public let condition: TargetCondition
}

/// What an event led to, for the ledger: increments of complete scrapes, and conditions.
public struct IntakeOutput: Sendable {
    public internal(set) var increments: [Increment] = []
    public internal(set) var conditions: [ConditionChange] = []
    /// Targets that ended longer ago than anything is kept.
    public internal(set) var forgotten: [UInt32] = []
    /// Segments of samples to write, and numbers of those to remove.
    public internal(set) var drafts: [SegmentDraft] = []
    public internal(set) var dropped: [UInt32] = []

    public init() {}

    /// Empties it and keeps the memory.
    public mutating func removeAll() {
        increments.removeAll(keepingCapacity: true)
        conditions.removeAll(keepingCapacity: true)
        forgotten.removeAll()
        drafts.removeAll()
        dropped.removeAll()
    }
}

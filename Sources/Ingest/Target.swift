public import Model

// A target is what one scrape of Prometheus reads: all its series share job, instance and the
// external labels, and all samples of one scrape share a timestamp. That is what makes "this
// series was not there a scrape ago" a fact and not a guess, and what tells a complete scrape from
// one still on its way through the sender's shards.

/// One scrape whose samples are still arriving.
struct OpenScrape: Sendable {
    let time: Timestamp
    /// The target's scrape before this one; `distantPast` when there is none.
    let previous: Timestamp
    /// When it is taken as it is, on the agent's clock.
    let deadline: Timestamp
    /// Series of the previous scrape that this one has brought, stale markers included.
    var delivered = 0
    /// Series with a value.
    var alive = 0
    var ended = 0
    var staged: [StagedIncrement] = []
    /// Metrics of which a series ended in this scrape.
    var endedMetrics: [UInt32] = []
    var upValue: Double?
    var hasUpEnded = false
}

/// An increment that waits for its scrape to be complete.
struct StagedIncrement: Sendable {
    enum Kind: Sendable {
        case known(IncrementClass)
        /// First seen in this scrape: birth or baseline, as the complete scrape will show.
        /// `start` is when the series itself says that its counter began.
        case firstSeen(start: Timestamp?)
    }

    let feed: UInt32
    let kind: Kind
    let value: Double
    let span: TimeSpan
}

/// A scraped endpoint, or one series for senders that name no `instance`.
public struct Target: Sendable {
    /// The labels that tell it from others: job, instance and the sender's external labels.
    public let identity: Labels
    let sender: UInt32
    /// A series of its own without an `instance`: complete with each sample.
    let isSingleton: Bool
    public internal(set) var condition: TargetCondition = .up
    /// When the newest sample arrived, on the agent's clock.
    var lastArrival: Timestamp
    /// The newest scrape that is closed, and the one before it.
    public internal(set) var lastScrape = Timestamp.distantPast
    var beforeLast = Timestamp.distantPast
    /// Series with a value in the newest closed scrape.
    var live = 0
    /// Metrics of which a series ended in the newest closed scrape.
    var lastEnded: [UInt32] = []
    var open: [OpenScrape] = []
    var processStart: Timestamp?
    var hasUp = false
    private var steps = RecentSteps()

    /// What the scrape interval is taken for until two scrapes have shown it.
    static let intervalAssumed = TimeSpan.minutes(1)
    /// The most open scrapes; beyond it the oldest is taken as it is, and what comes of it is late.
    static let openMax = 256

    init(identity: Labels, sender: UInt32, isSingleton: Bool, now: Timestamp) {
        self.identity = identity
        self.sender = sender
        self.isSingleton = isSingleton
        lastArrival = now
    }

    /// The scrape interval, as the last steps show it.
    public var interval: TimeSpan { steps.median ?? Self.intervalAssumed }

    var hasLearntInterval: Bool { steps.median != nil }

    mutating func closed(_ scrape: OpenScrape) {
        if lastScrape != .distantPast { steps.learn(scrape.time - lastScrape) }
        beforeLast = lastScrape
        lastScrape = scrape.time
        live = scrape.alive
        lastEnded = scrape.endedMetrics
    }

    /// Whether the oldest open scrape has brought every series of the scrape before it.
    var isOldestComplete: Bool {
        guard let oldest = open.first else { return false }
        if isSingleton { return true }
        return live > 0 && oldest.previous == lastScrape && oldest.delivered >= live
    }
}

/// The last five steps between a target's scrapes. Their lower median is the interval, so that one
/// outage does not stretch it and a changed configuration is learnt in three scrapes.
struct RecentSteps: Sendable {
    static let kept = 5

    private(set) var median: TimeSpan?
    private var steps = InlineArray<5, Int64>(repeating: 0)
    private var count = 0
    private var next = 0

    /// O(1), no allocation.
    mutating func learn(_ step: TimeSpan) {
        steps[next] = step.millis
        next = (next + 1) % Self.kept
        count = min(count + 1, Self.kept)
        var sorted = steps
        for index in 1..<max(count, 1) {
            var place = index
            while place > 0 && sorted[place - 1] > sorted[place] {
                sorted.swapAt(place - 1, place)
                place -= 1
            }
        }
        median = TimeSpan(millis: sorted[(count - 1) / 2])
    }
}

/// Who remote-writes: the external labels of its series.
struct Sender: Sendable {
    /// Samples have come without a gap since then.
    var coveredSince = Timestamp.distantFuture
    var newest = Timestamp.distantPast
    /// Longer steps between two samples are gaps.
    var gapAfter = Target.intervalAssumed * 2
}

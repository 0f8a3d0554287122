public import Model

// A target is what one scrape of Prometheus reads: all its series share job, instance and the
// external labels, and all samples of one scrape share a timestamp. That is what makes "this
// series was not there a scrape ago" a fact and not a guess, and what tells a complete scrape from
// one still on its way through the sender's shards. Replicas of one sender (HA) scrape the same
// target, each at its own times.

/// One scrape of a target by one replica.
struct Scrape: Sendable {
    /// How it was taken, so that judging it again gives the same.
    struct Closing: Sendable {
        /// On the agent's clock.
        var at: Timestamp
        /// Since when the sender had come without a gap.
        var covered: Timestamp
    }

    var time: Timestamp
    var replica: UInt8
    /// The replica's scrape before this one; `distantPast` when there is none.
    var previous: Timestamp
    /// When it is taken as it is, on the agent's clock.
    var deadline: Timestamp
    /// Series of the previous scrape that this one has brought, stale markers included.
    var delivered = 0
    /// Series with a value.
    var alive = 0
    var ended = 0
    /// Of series that are counted.
    var samples: [CountedSample] = []
    var histograms: [CountedHistogram] = []
    /// Metrics of which a series ended in this scrape.
    var endedMetrics: [UInt32] = []
    var upValue: Double?
    var hasUpEnded = false
    var processStart: Timestamp?
    /// Nil while samples may still arrive.
    var closing: Closing?

    var isClosed: Bool { closing != nil }

    /// Scrapes are judged in this order.
    func precedes(_ other: Scrape) -> Bool {
        (time, replica) < (other.time, other.replica)
    }
}

/// What a target's scrapes so far, in time order, have left of one replica's view.
struct ReplicaFold: Sendable {
    /// The newest scrape, and the one before it.
    var last = Timestamp.distantPast
    var beforeLast = Timestamp.distantPast
    /// Series with a value in the newest scrape.
    var live = 0
    var condition = TargetCondition.up
    var steps = RecentSteps()

    /// The scrape interval, as the last steps show it.
    var interval: TimeSpan { steps.median ?? Target.intervalAssumed }
}

/// A target's state as a fold over its closed scrapes.
struct TargetFold: Sendable {
    var replicas = [ReplicaFold()]
    var processStart: Timestamp?
    /// The newest scrape of any replica.
    var newest = Timestamp.distantPast
}

/// A replica on its way in: what arrival says, not what the scrapes hold.
struct Replica: Sendable {
    /// Its replica labels; empty for a sender without, nil before the first.
    var name: Labels?
    /// When the newest sample arrived, on the agent's clock.
    var lastArrival: Timestamp
    /// When its silence was noticed; nil while it is heard.
    var silence: (since: Timestamp, noticed: Timestamp)?
}

/// A scraped endpoint, or one series for senders that name no `instance`.
public struct Target: Sendable {
    /// The labels that tell it from others: job, instance and the sender's external labels.
    public internal(set) var identity: Labels
    var sender: UInt32
    /// A series of its own without an `instance`: complete with each sample.
    var isSingleton: Bool
    /// What was last said of it.
    public internal(set) var condition: TargetCondition = .up
    var replicas: [Replica] = []
    /// Its series that are in the store, replicas' own included.
    var series = 0
    var hasUp = false
    /// Series of a histogram are counted.
    var hasHistograms = false
    /// Open scrapes, and closed ones within the out-of-order window, in their order.
    var scrapes: [Scrape] = []
    var openCount = 0
    /// Without, and with the closed scrapes that are kept.
    var base = TargetFold()
    var head = TargetFold()

    /// What the scrape interval is taken for until two scrapes have shown it.
    static let intervalAssumed = TimeSpan.minutes(1)
    /// The most open scrapes; beyond it the oldest is taken as it is.
    static let openMax = 256
    /// The most scrapes kept for late samples; beyond it the oldest leaves early.
    static let keptMax = 1024
    /// Replicas told apart; further ones count as the last.
    static let replicasMax = 8

    init(identity: Labels, sender: UInt32, isSingleton: Bool) {
        self.identity = identity
        self.sender = sender
        self.isSingleton = isSingleton
    }

    /// The number of a replica, a new one if need be.
    mutating func number(of name: Labels, now: Timestamp) -> UInt8 {
        if let known = replicas.firstIndex(where: { $0.name == name }) { return UInt8(known) }
        if replicas[0].name == nil {
            replicas[0].name = name
            return 0
        }
        guard replicas.count < Self.replicasMax else { return UInt8(replicas.count - 1) }
        replicas.append(Replica(name: name, lastArrival: now))
        base.replicas.append(ReplicaFold())
        head.replicas.append(ReplicaFold())
        return UInt8(replicas.count - 1)
    }

    /// The scrape interval of the replica that is ahead.
    public var interval: TimeSpan {
        head.replicas.first { $0.last == head.newest }?.interval ?? head.replicas[0].interval
    }

    /// The newest closed scrape.
    public var lastScrape: Timestamp { head.newest }

    /// The replica's scrape before `time`: among the kept ones, else the newest that has left.
    func previousScrape(before time: Timestamp, of replica: UInt8) -> Timestamp {
        let earlier = scrapes.last { $0.replica == replica && $0.time < time }
        if let earlier { return earlier.time }
        guard Int(replica) < base.replicas.count else { return .distantPast }
        let fold = base.replicas[Int(replica)]
        if fold.last < time { return fold.last }
        return fold.beforeLast < time ? fold.beforeLast : .distantPast
    }

    /// Whether an open scrape has brought every series of its replica's scrape before it.
    func isComplete(_ scrape: Scrape) -> Bool {
        if isSingleton { return true }
        let fold = head.replicas[Int(scrape.replica)]
        return fold.live > 0 && scrape.previous == fold.last && scrape.delivered >= fold.live
    }

    /// What is to be said of it: seen if one replica sees it, retired if it ended for all.
    var judgedCondition: TargetCondition {
        var retired: TargetCondition?
        var lost: TargetCondition?
        for (index, replica) in replicas.enumerated() {
            let folded = head.replicas[index].condition
            switch folded {
            case .up:
                guard let silence = replica.silence else { return .up }
                lost = lost ?? .silent(since: silence.since, noticed: silence.noticed)
            case .down, .silent: lost = lost ?? folded
            case .retired: retired = folded
            }
        }
        return lost ?? retired ?? .up
    }
}

/// The last five steps between a target's scrapes. Their lower median is the interval, so that one
/// outage does not stretch it and a changed configuration is learnt in three scrapes.
struct RecentSteps: Sendable {
    static let kept = 5

    var median: TimeSpan?
    var steps = InlineArray<5, Int64>(repeating: 0)
    var count = 0
    var next = 0

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

/// Who remote-writes: the external labels of its series, without what tells replicas apart.
struct Sender: Sendable {
    /// Those labels.
    var identity: Labels
    /// Samples have come without a gap since then.
    var coveredSince = Timestamp.distantFuture
    var newest = Timestamp.distantPast
    /// Longer steps between two samples are gaps.
    var gapAfter = Target.intervalAssumed * 2
}

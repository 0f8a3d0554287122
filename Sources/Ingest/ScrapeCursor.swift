import Model

// A sender groups a scrape's samples, so consecutive samples nearly always belong to one target
// and time. The cursor holds that scrape's figures in plain fields while the run lasts and merges
// them into the target when it ends: the per-sample path touches no nested array.

/// The run of samples being taken.
struct ScrapeCursor: Sendable {
    static let none = UInt32.max

    var target = Self.none
    var time = Timestamp.distantPast
    var previous = Timestamp.distantPast
    /// Longer steps between two samples are gaps.
    var gapAfter = TimeSpan.zero
    var delivered = 0
    var alive = 0
    var ended = 0
    var staged: [StagedIncrement] = []
    var endedMetrics: [UInt32] = []
    var upValue: Double?
    var hasUpEnded = false

    mutating func begin(_ target: UInt32, _ state: Target, at time: Timestamp) {
        self.target = target
        self.time = time
        previous = state.previousScrape(before: time)
        gapAfter = state.interval * 2
        delivered = 0
        alive = 0
        ended = 0
        upValue = nil
        hasUpEnded = false
        staged.removeAll(keepingCapacity: true)
        endedMetrics.removeAll(keepingCapacity: true)
    }
}

extension Target {
    /// The scrape before `time`: among the open ones, else the newest closed one before it.
    func previousScrape(before time: Timestamp) -> Timestamp {
        if let earlier = open.last(where: { $0.time < time }) { return earlier.time }
        if lastScrape < time { return lastScrape }
        return beforeLast < time ? beforeLast : .distantPast
    }
}

extension OpenScrape {
    mutating func merge(_ cursor: ScrapeCursor) {
        delivered += cursor.delivered
        alive += cursor.alive
        ended += cursor.ended
        staged.append(contentsOf: cursor.staged)
        endedMetrics.append(contentsOf: cursor.endedMetrics)
        if let value = cursor.upValue { upValue = value }
        if cursor.hasUpEnded { hasUpEnded = true }
    }
}

/// Scrapes waiting for their deadline, in the order they were opened.
struct ScrapeTimers: Sendable {
    private var queue: [(deadline: Timestamp, target: UInt32, time: Timestamp)] = []
    private var head = 0

    var next: Timestamp? { head < queue.count ? queue[head].deadline : nil }

    /// Deadlines mostly arrive in order; one that does not (a sender ahead of our clock) is
    /// inserted where it belongs.
    mutating func add(_ deadline: Timestamp, _ target: UInt32, _ time: Timestamp) {
        var index = queue.count
        while index > head && queue[index - 1].deadline > deadline { index -= 1 }
        queue.insert((deadline, target, time), at: index)
    }

    mutating func popDue(at now: Timestamp) -> (target: UInt32, time: Timestamp)? {
        guard head < queue.count, queue[head].deadline <= now else { return nil }
        let due = queue[head]
        head += 1
        if head > 1024 && head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
        return (due.target, due.time)
    }
}

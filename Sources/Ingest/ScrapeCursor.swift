import Model

// A sender groups a scrape's samples, so consecutive samples nearly always belong to one target
// and time. The cursor holds that scrape's figures in plain fields while the run lasts and merges
// them into the target when it ends: the per-sample path touches no nested array.

/// The run of samples being taken.
struct ScrapeCursor: Sendable {
    static let none = UInt32.max

    var target = Self.none
    var replica: UInt8 = 0
    var time = Timestamp.distantPast
    var previous = Timestamp.distantPast
    var delivered = 0
    var alive = 0
    var ended = 0
    var samples: [CountedSample] = []
    var histograms: [CountedHistogram] = []
    var endedMetrics: [UInt32] = []
    var upValue: Double?
    var hasUpEnded = false
    var processStart: Timestamp?

    @inline(__always)
    func isAt(_ target: UInt32, _ replica: UInt8, _ time: Timestamp) -> Bool {
        self.target == target && self.replica == replica && self.time == time
    }

    mutating func begin(
        _ target: UInt32, _ replica: UInt8, previous: Timestamp, at time: Timestamp
    ) {
        self.target = target
        self.replica = replica
        self.time = time
        self.previous = previous
        delivered = 0
        alive = 0
        ended = 0
        upValue = nil
        hasUpEnded = false
        processStart = nil
        samples.removeAll(keepingCapacity: true)
        if !histograms.isEmpty { histograms.removeAll(keepingCapacity: true) }
        endedMetrics.removeAll(keepingCapacity: true)
    }
}

extension Scrape {
    mutating func merge(_ cursor: ScrapeCursor) {
        delivered += cursor.delivered
        alive += cursor.alive
        ended += cursor.ended
        samples.append(contentsOf: cursor.samples)
        if !cursor.histograms.isEmpty { histograms.append(contentsOf: cursor.histograms) }
        endedMetrics.append(contentsOf: cursor.endedMetrics)
        if let value = cursor.upValue { upValue = value }
        if cursor.hasUpEnded { hasUpEnded = true }
        if let start = cursor.processStart { processStart = start }
    }
}

/// Scrapes waiting for their deadline, in the order they were opened.
struct ScrapeTimers: Sendable {
    struct Timer: Sendable {
        var deadline: Timestamp
        var target: UInt32
        var replica: UInt8
        var time: Timestamp
    }

    private var queue: [Timer] = []
    private var head = 0

    init(_ waiting: [Timer] = []) { queue = waiting }

    /// Those that are not due yet, in their order.
    var waiting: [Timer] { Array(queue[head...]) }

    func hasTargets(below count: Int) -> Bool { waiting.allSatisfy { $0.target < count } }

    var next: Timestamp? { head < queue.count ? queue[head].deadline : nil }

    /// Deadlines mostly arrive in order; one that does not (a sender ahead of our clock) is
    /// inserted where it belongs.
    mutating func add(_ timer: Timer) {
        var index = queue.count
        while index > head && queue[index - 1].deadline > timer.deadline { index -= 1 }
        queue.insert(timer, at: index)
    }

    mutating func popDue(at now: Timestamp) -> Timer? {
        guard head < queue.count, queue[head].deadline <= now else { return nil }
        let due = queue[head]
        head += 1
        if head > 1024 && head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
        return due
    }
}

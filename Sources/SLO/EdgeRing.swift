import Model

/// Cumulative counts at the newest edges, multiples of `step` since the epoch.
struct EdgeRing: Sendable {
    let step: TimeSpan
    private var edges: [EventCounts]
    /// Number of the newest edge that is fixed; those after it equal the running total.
    private var newest: Int64?

    init(step: TimeSpan, covering span: TimeSpan) {
        self.step = step
        // One for the lower edge of the longest window and one for its rounding outward.
        edges = Array(repeating: .zero, count: Int(span.millis / step.millis) + 2)
    }

    /// Fixes every edge before `time` at `total`, the counts so far.
    mutating func advance(before time: Timestamp, at total: EventCounts) {
        let last = firstEdge(notBefore: time) - 1
        guard let fixed = newest else {
            newest = last
            return
        }
        guard last > fixed else { return }
        let first = max(fixed + 1, last - Int64(edges.count) + 1)
        for edge in first...last { edges[position(edge)] = total }
        newest = last
    }

    /// Adds events that came late to every fixed edge at or after their time.
    mutating func correct(from time: Timestamp, by counts: EventCounts) {
        guard let newest else { return }
        let first = max(firstEdge(notBefore: time), newest - Int64(edges.count) + 1)
        guard first <= newest else { return }
        for edge in first...newest { edges[position(edge)] += counts }
    }

    /// The counts up to and including `edge`, a multiple of `step`; `total` when none came after.
    /// An edge that has left the ring reads as the oldest kept.
    func cumulative(at edge: Timestamp, total: EventCounts) -> EventCounts {
        let number = edge.millis / step.millis
        guard let newest, number <= newest else { return total }
        return edges[position(max(number, newest - Int64(edges.count) + 1))]
    }

    /// Whether the counts at an edge have not left the ring.
    func holds(_ edge: Timestamp) -> Bool {
        newest.map { edge.millis / step.millis > $0 - Int64(edges.count) } ?? true
    }

    private func firstEdge(notBefore time: Timestamp) -> Int64 {
        time.ceiling(to: step).millis / step.millis
    }

    private func position(_ edge: Int64) -> Int {
        let count = Int64(edges.count)
        let rest = edge % count
        return Int(rest < 0 ? rest + count : rest)
    }
}

// In a checkpoint a ring is its edges from the oldest to the newest, in tokens. A token's header is
// the number of edges it stands for, doubled; odd when the counts follow bit for bit, and all these
// edges have them. Else what follows is by how much bad and total grew from each edge to the next,
// as whole numbers. So a quiet hour and a steady one are a token each; traffic that changes every
// minute takes four or five bytes an edge, where memory has sixteen.

extension EdgeRing {
    /// Passes the edges. `newest` is the history's newest event: it says which edges are fixed.
    mutating func archive(_ archive: inout Archive, newest time: Timestamp) {
        guard time > .distantPast else { return }
        if archive.isReading {
            newest = firstEdge(notBefore: time) - 1
            read(&archive)
        } else {
            write(&archive)
        }
    }

    private func write(_ archive: inout Archive) {
        guard let newest else { return }
        let start = position(newest + 1)
        let places = Array(start..<edges.count) + Array(0..<start)
        var previous: WholeCounts? = .zero
        var index = 0
        while index < places.count {
            let counts = edges[places[index]]
            let whole = WholeCounts(counts)
            let first = index
            index += 1
            if let whole, let before = previous {
                var growth = whole - before
                var last = whole
                while index < places.count, let next = WholeCounts(edges[places[index]]),
                    next - last == growth
                {
                    last = next
                    index += 1
                }
                var header = UInt64(index - first) << 1
                archive.field(&header)
                archive.field(&growth.bad)
                archive.field(&growth.total)
                previous = last
            } else {
                while index < places.count, edges[places[index]].hasBits(of: counts) { index += 1 }
                var header = UInt64(index - first) << 1 | 1
                var copy = counts
                archive.field(&header)
                archive.field(&copy.bad)
                archive.field(&copy.total)
                previous = whole
            }
        }
    }

    private mutating func read(_ archive: inout Archive) {
        guard let newest else { return }
        var place = position(newest + 1)
        var left = edges.count
        var previous: WholeCounts? = .zero
        while left > 0 {
            var header: UInt64 = 0
            archive.field(&header)
            let run = header >> 1
            guard run >= 1, run <= UInt64(left) else { return archive.fail() }
            left -= Int(run)
            var growth = WholeCounts.zero
            var counts = EventCounts.zero
            if header & 1 == 0 {
                archive.field(&growth.bad)
                archive.field(&growth.total)
            } else {
                archive.field(&counts.bad)
                archive.field(&counts.total)
                previous = WholeCounts(counts)
            }
            for _ in 0..<run {
                if header & 1 == 0 {
                    guard let next = previous?.grown(by: growth) else { return archive.fail() }
                    previous = next
                    counts = next.counts
                }
                edges[place] = counts
                place = place + 1 == edges.count ? 0 : place + 1
            }
        }
    }
}

/// Counts that are whole numbers, which doubles nearly always hold exactly here.
private struct WholeCounts: Equatable {
    /// Beyond it a double skips whole numbers.
    static let most: Int64 = 1 << 53
    static let zero = WholeCounts(bad: 0, total: 0)

    var bad: Int64
    var total: Int64

    private init(bad: Int64, total: Int64) {
        self.bad = bad
        self.total = total
    }

    /// Nil unless both come back bit for bit.
    init?(_ counts: EventCounts) {
        guard let bad = counts.bad.wholeNumber, let total = counts.total.wholeNumber else {
            return nil
        }
        self.init(bad: bad, total: total)
    }

    var counts: EventCounts { EventCounts(bad: Double(bad), total: Double(total)) }

    static func - (left: Self, right: Self) -> Self {
        Self(bad: left.bad - right.bad, total: left.total - right.total)
    }

    /// Nil when the sum is out of bounds: the growth was read and can be anything.
    func grown(by growth: WholeCounts) -> WholeCounts? {
        let bad = bad.addingReportingOverflow(growth.bad)
        let total = total.addingReportingOverflow(growth.total)
        guard !bad.overflow, !total.overflow, bad.partialValue.magnitude <= Self.most.magnitude,
            total.partialValue.magnitude <= Self.most.magnitude
        else { return nil }
        return WholeCounts(bad: bad.partialValue, total: total.partialValue)
    }
}

extension EventCounts {
    fileprivate func hasBits(of other: EventCounts) -> Bool {
        bad.bitPattern == other.bad.bitPattern && total.bitPattern == other.total.bitPattern
    }
}

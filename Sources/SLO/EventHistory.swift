import Model

// An SLO group's events over time (DESIGN §4.2). Three rings hold the cumulative counts at bucket
// edges: every minute for 6 hours, every 15 minutes for 3 days, every 2 hours for the period. The
// events of a window are the difference of two cumulative counts, so evaluating costs the same for
// 5 minutes and 30 days, and a correction is an addition to the edges after it. Counts are whole
// numbers far below 2^53, so the differences are exact.
//
// Increments over more than two scrape intervals ("gap") count in the period, but in no window
// shorter than the gap: they live in the coarse ring and, for three days, in a list of their own.
// Windows and their edges are whole minutes, so the list keeps gaps by the minute they end in and
// their length in minutes, rounded up, and answers the same: a hundred pods that come back from
// one outage are a few entries. Gaps of at most five minutes are shorter than every window.

// Calendar periods and maintenance windows begin and end anywhere: `EdgeMark`.

/// Events over a gap: exact in number, spread over an unknown part of `span`.
struct GapEvents: Hashable, Sendable {
    /// Whole minutes, rounded up.
    var time: Timestamp
    var span: TimeSpan
    var counts: EventCounts
    /// How many made it, less those taken back; at zero it is gone.
    var increments: Int
}

/// The events of one group. At most 20 KiB for a 30-day period.
struct EventHistory: Sendable {
    static let minuteSpan = TimeSpan.hours(6)
    static let quarterSpan = TimeSpan.days(3)
    /// No window is shorter.
    static let windowMin = TimeSpan.minutes(5)
    /// Beyond these the oldest gap counts in the period only, and windows that reach it say so.
    static let gapsMax = 32

    private var minutes: EdgeRing
    private var quarters: EdgeRing
    private var coarse: EdgeRing
    /// Events outside gaps, which the two fine rings hold.
    private(set) var fineTotal = EventCounts.zero
    /// All events, which the coarse ring holds.
    private(set) var total = EventCounts.zero
    private(set) var gaps: [GapEvents] = []
    /// The newest gap that the list had no room for.
    private var forgottenGap = Timestamp.distantPast
    private(set) var newest = Timestamp.distantPast
    /// Where the current calendar period began, and those before it; ascending. Empty for rolling.
    var calendarEdges: [EdgeMark] = []
    /// Ascending by where they begin.
    var exclusions: [Exclusion] = []
    /// No mark is newer: in the usual case nothing has to be looked at.
    var newestMark = Timestamp.distantPast

    init(period: Period) {
        minutes = EdgeRing(step: .minutes(1), covering: Self.minuteSpan)
        quarters = EdgeRing(step: .minutes(15), covering: Self.quarterSpan)
        coarse = EdgeRing(step: Self.step(of: period.spanMax), covering: period.spanMax)
    }

    /// Adds events at a time; late ones find their place. Events taken back are negative, and so is
    /// the number of their increments. Amortised O(1), no allocation.
    mutating func add(
        _ counts: EventCounts, at time: Timestamp, span: TimeSpan, increments: Int = 1
    ) {
        if time > newest {
            minutes.advance(before: time, at: fineTotal)
            quarters.advance(before: time, at: fineTotal)
            coarse.advance(before: time, at: total)
            newest = time
        }
        coarse.correct(from: time, by: counts)
        total += counts
        if time <= newestMark {
            correctMarks(from: time, by: counts, isFine: span <= Self.windowMin)
        }
        if span > Self.windowMin { return addGap(counts, at: time, span: span, increments) }
        minutes.correct(from: time, by: counts)
        quarters.correct(from: time, by: counts)
        fineTotal += counts
    }

    private mutating func addGap(
        _ counts: EventCounts, at time: Timestamp, span: TimeSpan, _ increments: Int
    ) {
        let time = time.ceiling(to: .minutes(1))
        let span = TimeSpan.milliseconds((span.millis + 59_999) / 60_000 * 60_000)
        if let known = gaps.lastIndex(where: { $0.time == time && $0.span == span }) {
            gaps[known].counts += counts
            gaps[known].increments += increments
            if gaps[known].increments <= 0 { gaps.remove(at: known) }
            return
        }
        // What is taken back and not there was forgotten.
        guard increments > 0 else { return }
        gaps.removeAll { newest - $0.time > Self.quarterSpan + .minutes(15) }
        if gaps.count >= Self.gapsMax { forgottenGap = max(forgottenGap, gaps.removeFirst().time) }
        let index = gaps.firstIndex { $0.time > time } ?? gaps.count
        gaps.insert(
            GapEvents(time: time, span: span, counts: counts, increments: increments), at: index)
    }

    /// The lower edge of a window that ends at `to`: rounded outward to its bucket.
    static func lowerEdge(of window: TimeSpan, to: Timestamp) -> Timestamp {
        (to - window).floor(to: step(of: window))
    }

    static func step(of window: TimeSpan) -> TimeSpan {
        if window <= minuteSpan { return .minutes(1) }
        return window <= quarterSpan ? .minutes(15) : .hours(2)
    }

    /// The counts up to `from`, the lower edge of a window: outside gaps for a window of at most
    /// three days, else all of them.
    func base(at from: Timestamp, finerThan fine: TimeSpan?, isPeriod: Bool) -> EventCounts {
        if let fine {
            let ring = fine <= Self.minuteSpan ? minutes : quarters
            return ring.cumulative(at: from, total: fineTotal)
        }
        if isPeriod, let mark = calendarEdges.last(where: { $0.at == from }) { return mark.all }
        return coarse.cumulative(at: from, total: total)
    }

    /// The events since: in a fine window the gaps no longer than it, else all. O(gaps).
    func events(
        since base: EventCounts, from: Timestamp, finerThan fine: TimeSpan?
    ) -> EventCounts {
        guard let fine else { return total - base }
        var counts = fineTotal - base
        for gap in gaps where gap.time > from && gap.span <= fine { counts += gap.counts }
        return counts
    }

    /// The counts at an edge. What is past is known at the edges of buckets, and rounded outward to
    /// them: a minute for six hours, a quarter of an hour for three days, two hours beyond.
    func mark(at edge: Timestamp, roundsUp: Bool) -> EdgeMark {
        if edge >= newest { return EdgeMark(at: edge, fine: fineTotal, all: total) }
        for ring in [minutes, quarters] {
            let at = roundsUp ? edge.ceiling(to: ring.step) : edge.floor(to: ring.step)
            guard ring.holds(at) else { continue }
            let fine = ring.cumulative(at: at, total: fineTotal)
            var all = fine + (total - fineTotal)
            for gap in gaps where gap.time > at { all = all - gap.counts }
            // Gaps that were forgotten are known in the coarse ring only.
            if forgottenGap > at {
                let edge = roundsUp ? at.ceiling(to: coarse.step) : at.floor(to: coarse.step)
                all = coarse.cumulative(at: edge, total: total)
            }
            return EdgeMark(at: at, fine: fine, all: all)
        }
        let at = roundsUp ? edge.ceiling(to: coarse.step) : edge.floor(to: coarse.step)
        return EdgeMark(at: at, fine: .zero, all: coarse.cumulative(at: at, total: total))
    }

    /// The events of the minute that ends at `edge`, one of the last six hours. Those of gaps are
    /// in no minute.
    func minute(endingAt edge: Timestamp) -> EventCounts {
        minutes.cumulative(at: edge, total: fineTotal)
            - minutes.cumulative(at: edge - .minutes(1), total: fineTotal)
    }

    /// Whether a window other than the period leaves out events: their gap is longer than it, or
    /// has been forgotten.
    func leavesOutGaps(from: Timestamp, window: TimeSpan) -> Bool {
        let hasForgotten = window <= Self.quarterSpan && forgottenGap > from
        return hasForgotten || gaps.contains { $0.time > from && $0.span > window }
    }
}

extension EventHistory {
    /// Everything but the period, which the definition gives.
    mutating func archive(_ archive: inout Archive) {
        archive.time(&newest)
        archive.counts(&fineTotal)
        archive.counts(&total)
        archiveMarks(&archive)
        minutes.archive(&archive, newest: newest)
        quarters.archive(&archive, newest: newest)
        coarse.archive(&archive, newest: newest)
        archive.time(&forgottenGap)
        let blank = GapEvents(time: .distantPast, span: .zero, counts: .zero, increments: 0)
        archive.array(&gaps, blank: blank) { archive, gap in
            archive.time(&gap.time)
            archive.field(&gap.span)
            archive.counts(&gap.counts)
            archive.count(&gap.increments)
        }
        if gaps.count > Self.gapsMax { archive.fail() }
    }
}

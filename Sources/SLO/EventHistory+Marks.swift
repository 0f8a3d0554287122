import Model

// What is kept at edges that are no bucket's, and what is left out between two of them.

extension EventHistory {
    /// The periods that have ended of which a group still knows the counts: a year of months.
    static let calendarEdgesMax = 13
    /// Of one group. Beyond them the oldest counts again.
    static let exclusionsMax = 128

    mutating func correctMarks(from time: Timestamp, by counts: EventCounts, isFine: Bool) {
        for index in calendarEdges.indices {
            calendarEdges[index].correct(from: time, by: counts, isFine: isFine)
        }
        for index in exclusions.indices {
            exclusions[index].low.correct(from: time, by: counts, isFine: isFine)
            exclusions[index].high?.correct(from: time, by: counts, isFine: isFine)
        }
    }

    /// Marks the calendar's edges before `limit`; an event at `limit` comes next.
    mutating func markCalendar(_ calendar: CalendarPeriod, before limit: Timestamp) {
        var missing: [Timestamp] = []
        var edge = calendar.start(of: limit)
        let known = Set(calendarEdges.map(\.at))
        // Of a group that saw nothing yet only the current period began.
        let oldest = newest == .distantPast ? edge : newest
        while !known.contains(edge), missing.count < Self.calendarEdgesMax {
            missing.append(edge)
            guard edge > oldest else { break }
            edge = calendar.start(of: edge)
        }
        for edge in missing.reversed() { calendarEdges.append(mark(at: edge, roundsUp: false)) }
        calendarEdges.sort { $0.at < $1.at }
        calendarEdges.removeFirst(max(0, calendarEdges.count - Self.calendarEdgesMax))
        findNewestMark()
    }

    /// Forgets edges that are none any more: the zone's rules have changed.
    mutating func keepEdges(of calendar: CalendarPeriod) {
        calendarEdges.removeAll { calendar.start(of: $0.at + .milliseconds(1)) != $0.at }
    }

    /// Where the calendar period of an event began.
    func calendarStart(of time: Timestamp) -> Timestamp? {
        (calendarEdges.last { $0.at < time } ?? calendarEdges.first)?.at
    }

    mutating func findNewestMark() {
        newestMark = calendarEdges.last?.at ?? .distantPast
        for exclusion in exclusions {
            newestMark = max(newestMark, exclusion.high?.at ?? exclusion.low.at)
        }
    }

    mutating func archiveMarks(_ archive: inout Archive) {
        archive.array(&calendarEdges, blank: .blank) { $1.archive(&$0) }
        archive.array(&exclusions, blank: .blank) { $1.archive(&$0) }
        if calendarEdges.count > Self.calendarEdgesMax || exclusions.count > Self.exclusionsMax {
            archive.fail()
        }
        if archive.isReading { findNewestMark() }
    }
}

// MARK: Exclusions

extension EventHistory {
    /// Leaves out what is wanted and nothing else: what is left out already keeps its counts.
    mutating func markExclusions(_ wanted: [Exclusion], before limit: Timestamp) {
        let known = exclusions
        exclusions = []
        for want in wanted.sorted(by: { ($0.from, $0.to, $0.rule) < ($1.from, $1.to, $1.rule) }) {
            var one = want
            if let old = known.first(where: { $0.rule == want.rule && $0.from == want.from }) {
                one.low = old.low
                if old.to == want.to { one.high = old.high }
            } else {
                one.low = mark(at: want.from, roundsUp: false)
            }
            if one.high == nil && want.to < limit { one.high = mark(at: want.to, roundsUp: true) }
            exclusions.append(one)
        }
        exclusions.removeFirst(max(0, exclusions.count - Self.exclusionsMax))
        findNewestMark()
    }

    /// Maintenance windows have other numbers; what has none is forgotten.
    mutating func renumberExclusions(_ numbers: [Int: Int]) {
        exclusions = exclusions.compactMap { old in
            guard let number = numbers[old.rule] else { return nil }
            var one = old
            one.rule = number
            return one
        }
        findNewestMark()
    }

    /// The times that are left out of (from, to], each once.
    func excludedSpans(from: Timestamp, to: Timestamp) -> [(from: Timestamp, to: Timestamp)] {
        var spans: [(from: Timestamp, to: Timestamp)] = []
        var covered = from
        for one in exclusions {
            let end = min(one.high?.at ?? one.to, to)
            guard end > covered else { continue }
            spans.append((max(one.low.at, covered), end))
            covered = end
        }
        return spans.filter { $0.to > $0.from }
    }

    /// The events of a window, or of the period, that are left out. `base` are the counts at its
    /// lower edge. O(exclusions and gaps).
    func excludedEvents(
        from: Timestamp, base: EventCounts, finerThan window: TimeSpan?
    ) -> EventCounts {
        var sum = EventCounts.zero
        var covered = (at: from, counts: base)
        for one in exclusions {
            let end = count(one.high, isFine: window != nil)
            guard end.at > covered.at else { continue }
            let begin =
                one.low.at > covered.at ? count(one.low, isFine: window != nil) : covered
            covered = end
            guard end.at > begin.at else { continue }
            sum += end.counts - begin.counts
            guard let window else { continue }
            // A gap's time is the whole minute after it, which may be yet to come.
            let last = one.high == nil ? Timestamp.distantFuture : end.at
            for gap in gaps where gap.time > begin.at && gap.time <= last && gap.span <= window {
                sum += gap.counts
            }
        }
        return sum
    }

    private func count(
        _ mark: EdgeMark?, isFine: Bool
    ) -> (at: Timestamp, counts: EventCounts) {
        guard let mark else { return (newest, isFine ? fineTotal : total) }
        return (mark.at, isFine ? mark.fine : mark.all)
    }

    /// The events of one exclusion that are in (from, newest], gaps included.
    func events(of one: Exclusion, from: Timestamp, base: EventCounts) -> EventCounts {
        let end = count(one.high, isFine: false)
        guard end.at > from else { return .zero }
        let begin = one.low.at > from ? one.low.all : base
        return end.counts - begin
    }
}

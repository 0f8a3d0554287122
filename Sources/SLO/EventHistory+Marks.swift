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

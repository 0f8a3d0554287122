import Model

// The rings know the counts at whole minutes, quarters and hours. Months begin, and maintenance
// windows begin and end, at other times: for these a group keeps the counts themselves, from the
// moment that the time passes. A mark is corrected by late events as a ring's edge is.

/// The counts up to and including a time.
struct EdgeMark: Hashable, Sendable {
    static let blank = EdgeMark(at: .distantPast, fine: .zero, all: .zero)

    var at: Timestamp
    /// Outside gaps.
    var fine: EventCounts
    var all: EventCounts

    mutating func correct(from time: Timestamp, by counts: EventCounts, isFine: Bool) {
        guard time <= at else { return }
        all += counts
        if isFine { fine += counts }
    }

    mutating func archive(_ archive: inout Archive) {
        archive.time(&at)
        archive.counts(&fine)
        archive.counts(&all)
    }
}

/// One time that is left out of a group's windows.
struct Exclusion: Hashable, Sendable {
    static let blank = Exclusion(
        rule: 0, from: .distantPast, to: .distantPast, low: .blank, high: nil)

    /// The maintenance window's place among the SLO's.
    var rule: Int
    var from: Timestamp
    var to: Timestamp
    /// Where it takes effect: `from`, unless that was past and only a bucket's edge was known.
    var low: EdgeMark
    /// Nil while it is going on.
    var high: EdgeMark?

    mutating func archive(_ archive: inout Archive) {
        archive.count(&rule)
        archive.time(&from)
        archive.time(&to)
        low.archive(&archive)
        archive.optional(&high, blank: .blank) { $1.archive(&$0) }
    }
}

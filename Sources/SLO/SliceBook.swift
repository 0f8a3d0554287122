import Model

// Time slices of gauges. A minute is one event at most, good or bad by the samples it holds; 12:00
// belongs to the minute that ends then. How many of them were good and bad is kept for the minutes
// that late samples can still reach, so that the state of a minute depends on the set of its
// samples and never on their order. A minute without a sample is no event.

/// The recent minutes of one group.
struct SliceBook: Sendable {
    /// Late samples come within an hour at most.
    static let kept = 62

    struct Slice: Hashable, Sendable {
        /// The minute's end, in minutes since the epoch.
        var minute: Int64
        var good: Int
        var bad: Int

        func counts(_ rule: SliceRule) -> EventCounts {
            if good <= 0 && bad <= 0 { return .zero }
            let isBad =
                switch rule {
                case .worst: bad > 0
                case .any: good <= 0
                }
            return EventCounts(bad: isBad ? 1 : 0, total: 1)
        }
    }

    private(set) var slices: [Slice] = []

    /// Takes a sample in, or back. Returns what it changed of the minute's event. O(1) in order.
    mutating func note(
        _ time: Timestamp, isGood: Bool, isTakenBack: Bool, _ rule: SliceRule
    ) -> EventCounts {
        let minute = time.ceiling(to: .minutes(1)).millis / 60_000
        var index = slices.count
        while index > 0 && slices[index - 1].minute >= minute { index -= 1 }
        if index == slices.count || slices[index].minute != minute {
            // Older than all that is kept: it has been judged for good.
            guard !isTakenBack, index > 0 || slices.count < Self.kept else { return .zero }
            slices.insert(Slice(minute: minute, good: 0, bad: 0), at: index)
            if slices.count > Self.kept {
                slices.removeFirst()
                index -= 1
            }
        }
        let before = slices[index].counts(rule)
        let change = isTakenBack ? -1 : 1
        if isGood { slices[index].good += change } else { slices[index].bad += change }
        return slices[index].counts(rule) - before
    }

    mutating func archive(_ archive: inout Archive) {
        archive.array(&slices, blank: Slice(minute: 0, good: 0, bad: 0)) { archive, slice in
            archive.field(&slice.minute)
            archive.count(&slice.good)
            archive.count(&slice.bad)
        }
        if slices.count > Self.kept { archive.fail() }
    }
}

/// Events that were seen but are neither known good nor bad. By day, as long as the period.
struct UndecidedEvents: Hashable, Sendable {
    private struct Day: Hashable {
        /// Days since the epoch; 00:00:00 belongs to the old day.
        var number: Int64
        var events: Double
    }

    private var days: [Day] = []
    /// The newest of them.
    private(set) var newest = Timestamp.distantPast

    /// Adds some, or with a negative number takes them back. Those before `start` are let go.
    mutating func add(_ events: Double, at time: Timestamp, from start: Timestamp) {
        if events > 0 { newest = max(newest, time) }
        let number = Self.day(of: time)
        if let index = days.lastIndex(where: { $0.number == number }) {
            days[index].events += events
            return
        }
        days.removeAll { $0.number < Self.day(of: start) }
        let index = days.firstIndex { $0.number > number } ?? days.count
        days.insert(Day(number: number, events: events), at: index)
    }

    /// Those after a time, its day rounded outward. Never negative.
    func events(from time: Timestamp) -> Double {
        guard !days.isEmpty else { return 0 }
        let first = Self.day(of: time + .milliseconds(1))
        return max(0, days.reduce(0) { $1.number >= first ? $0 + $1.events : $0 })
    }

    private static func day(of time: Timestamp) -> Int64 {
        (time - .milliseconds(1)).floor(to: .days(1)).millis / TimeSpan.days(1).millis
    }

    mutating func archive(_ archive: inout Archive) {
        archive.time(&newest)
        archive.array(&days, blank: Day(number: 0, events: 0)) { archive, day in
            archive.field(&day.number)
            archive.number(&day.events)
        }
    }
}

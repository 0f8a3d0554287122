public import Model

// Alertmanager's time intervals (timeinterval/timeinterval.go): a time is in an interval when it is
// in one of the ranges of each part that is given. Minutes are those of the zone's clocks, so that
// where clocks are set back a range holds twice, and what they skip is in none.

/// When routes are muted, or active: one element of `time_intervals`.
public struct TimeInterval: Hashable, Sendable {
    /// Minutes of the day, the end excluded.
    public var times: [Range<Int>]
    /// 0 for Sunday.
    public var weekdays: [ClosedRange<Int>]
    /// 1 to 31, or -1 for the last day of the month and so on backwards. Both ends count.
    public var daysOfMonth: [DayRange]
    /// 1 to 12.
    public var months: [ClosedRange<Int>]
    /// Years of the common era.
    public var years: [ClosedRange<Int>]
    /// Whose clocks.
    public var zone: TimeZoneRules

    /// From one day of a month to another; below 0 they count from its end.
    public struct DayRange: Hashable, Sendable {
        /// Neither is 0.
        public let first: Int
        /// Counts, too.
        public let last: Int

        /// As written.
        public init(first: Int, last: Int) {
            self.first = first
            self.last = last
        }

        /// Whether a day of a month of so many days is in it.
        func contains(_ day: Int, of days: Int) -> Bool {
            let begin = first < 0 ? days + first + 1 : first
            let end = last < 0 ? days + last + 1 : last
            return begin <= days && day >= begin && day <= min(end, days)
        }
    }

    /// No part is given: all of time.
    public init(zone: TimeZoneRules = .utc) {
        times = []
        weekdays = []
        daysOfMonth = []
        months = []
        years = []
        self.zone = zone
    }

    /// Whether a time is in it.
    public func contains(_ time: Timestamp) -> Bool {
        let local = time + .seconds(zone.offsetSeconds(at: time))
        let day = local.floor(to: .days(1))
        let minute = Int((local - day).millis / 60_000)
        let date = CivilDate(days: day.millis / TimeSpan.days(1).millis)
        let next = date.firstOfMonth(adding: 1)
        let days = Int(next.days - date.firstOfMonth(adding: 0).days)
        func isIn(_ ranges: [ClosedRange<Int>], _ value: Int64) -> Bool {
            ranges.isEmpty || ranges.contains { $0.contains(Int(value)) }
        }
        return (times.isEmpty || times.contains { $0.contains(minute) })
            && isIn(weekdays, (date.weekday + 1) % 7)
            && (daysOfMonth.isEmpty
                || daysOfMonth.contains { $0.contains(Int(date.day), of: days) })
            && isIn(months, date.month) && isIn(years, date.year)
    }
}

/// What routes call by its name.
public struct NamedTimeInterval: Hashable, Sendable {
    /// Unique.
    public let name: String
    /// A time is in it when it is in one of these.
    public let parts: [TimeInterval]

    /// An interval as configured.
    public init(name: String, parts: [TimeInterval]) {
        self.name = name
        self.parts = parts
    }

    /// Whether a time is in it.
    public func contains(_ time: Timestamp) -> Bool { parts.contains { $0.contains(time) } }
}

extension RouteSettings {
    /// What mutes the route at a time: the names of the intervals it is muted in, or, outside all
    /// that it is active in, their names with "not " before. Nothing when it tells.
    public func muted(by intervals: [NamedTimeInterval], at now: Timestamp) -> [String] {
        if muteTimeIntervals.isEmpty && activeTimeIntervals.isEmpty { return [] }
        let current = intervals.filter { $0.contains(now) }.map(\.name)
        let muting = muteTimeIntervals.filter { current.contains($0) }
        if !muting.isEmpty { return muting }
        if activeTimeIntervals.isEmpty || activeTimeIntervals.contains(where: current.contains) {
            return []
        }
        return activeTimeIntervals.map { "not \($0)" }
    }
}

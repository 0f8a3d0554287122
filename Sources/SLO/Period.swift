public import Model

/// The span of time that an SLO's budget is for.
public enum Period: Hashable, Sendable {
    /// The last so long, at any time.
    case rolling(TimeSpan)
    /// The current week, month or quarter of a time zone.
    case calendar(CalendarPeriod)

    /// Rolling periods are at least this long; a year is the longest.
    public static let rollingMin = TimeSpan.hours(1)
    public static let rollingMax = TimeSpan.days(366)

    /// Of a calendar period the longest that it can be.
    public var spanMax: TimeSpan {
        switch self {
        case .rolling(let span): span
        case .calendar(let calendar): calendar.unit.spanMax
        }
    }

    /// What alert windows scale with: calendar periods alert as 30 days do (DESIGN §4.4).
    public var alertSpan: TimeSpan {
        switch self {
        case .rolling(let span): span
        case .calendar: .days(30)
        }
    }

    /// The calendar, if it is one's.
    public var calendar: CalendarPeriod? {
        switch self {
        case .rolling: nil
        case .calendar(let calendar): calendar
        }
    }
}

extension Period: CustomStringConvertible {
    /// "30d", "month".
    public var description: String {
        switch self {
        case .rolling(let span): span.description
        case .calendar(let calendar): calendar.unit.rawValue
        }
    }
}

/// A part of the calendar.
public enum CalendarUnit: String, CaseIterable, Hashable, Sendable {
    /// From Monday.
    case week
    case month
    /// From January, April, July or October.
    case quarter

    /// With three hours for clocks that are set back.
    var spanMax: TimeSpan {
        switch self {
        case .week: .days(7) + .hours(3)
        case .month: .days(31) + .hours(3)
        case .quarter: .days(92) + .hours(3)
        }
    }

    /// The unit's first day, of the unit that a day lies in.
    func first(of day: CivilDate) -> CivilDate {
        switch self {
        case .week: CivilDate(days: day.days - day.weekday)
        case .month: day.firstOfMonth(adding: 0)
        case .quarter: day.firstOfMonth(adding: -((day.month - 1) % 3))
        }
    }

    /// The first day of the next unit, or of the one before, given the first of one.
    func next(after first: CivilDate, back: Bool = false) -> CivilDate {
        switch self {
        case .week: CivilDate(days: first.days + (back ? -7 : 7))
        case .month: first.firstOfMonth(adding: back ? -1 : 1)
        case .quarter: first.firstOfMonth(adding: back ? -3 : 3)
        }
    }
}

/// Weeks, months or quarters of a time zone. Edges are the times at which local days begin, and
/// belong to the unit that ends there: units are (edge, next edge].
public struct CalendarPeriod: Hashable, Sendable {
    public let unit: CalendarUnit
    public let zone: TimeZoneRules

    public init(unit: CalendarUnit, zone: TimeZoneRules) {
        self.unit = unit
        self.zone = zone
    }

    /// The newest edge before a time: where the unit of an event at that time began.
    public func start(of time: Timestamp) -> Timestamp {
        var first = unit.first(of: zone.day(of: time - .milliseconds(1)))
        var edge = zone.firstTime(of: first)
        // Where clocks are set back over midnight a local day comes twice.
        while edge >= time {
            first = unit.next(after: first, back: true)
            edge = zone.firstTime(of: first)
        }
        return edge
    }

    /// The edge that ends the unit which began at an edge.
    public func end(from start: Timestamp) -> Timestamp {
        var first = unit.next(after: unit.first(of: zone.day(of: start)))
        while zone.firstTime(of: first) <= start { first = unit.next(after: first) }
        return zone.firstTime(of: first)
    }
}

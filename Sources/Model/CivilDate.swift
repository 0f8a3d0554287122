// After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013): eras of 400 years,
// years that begin in March.

/// A day of the proleptic Gregorian calendar.
public struct CivilDate: Hashable, Sendable {
    public let year: Int64
    /// 1 to 12.
    public let month: Int64
    /// 1 to 31. One that the month does not have counts on into the next.
    public let day: Int64

    public init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The day so many days after 1970-01-01.
    public init(days: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    public var days: Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    /// Whether the month has this day.
    public var isReal: Bool { CivilDate(days: days) == self }

    /// 0 for Monday to 6 for Sunday.
    public var weekday: Int64 {
        let rest = (days + 3) % 7
        return rest < 0 ? rest + 7 : rest
    }

    /// The first day of the month so many months later.
    public func firstOfMonth(adding months: Int64) -> CivilDate {
        let number = year * 12 + month - 1 + months
        let year = (number >= 0 ? number : number - 11) / 12
        return CivilDate(year: year, month: number - year * 12 + 1, day: 1)
    }
}

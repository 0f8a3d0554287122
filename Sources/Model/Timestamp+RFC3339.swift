// Civil dates from days since the epoch follow Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms" (2013): eras of 400 years, years that begin in March. Exact for the proleptic
// Gregorian calendar.

extension Timestamp {
    /// RFC 3339 in UTC with milliseconds when there are any: "2026-11-23T16:15:25.250Z".
    public var rfc3339: String {
        let day = floor(to: .days(1))
        let (year, month, dayOfMonth) = Self.civil(fromDays: day.millis / 86_400_000)
        let ofDay = (self - day).millis
        var text = pad(year, 4) + "-" + pad(month, 2) + "-" + pad(dayOfMonth, 2)
        text += "T" + pad(ofDay / 3_600_000, 2) + ":" + pad(ofDay / 60_000 % 60, 2)
        text += ":" + pad(ofDay / 1000 % 60, 2)
        if ofDay % 1000 != 0 { text += "." + pad(ofDay % 1000, 3) }
        return text + "Z"
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

private func pad(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

public import Model

// When runs should be: a cron line of five fields in a time zone, or a period counted from the
// epoch. As in Vixie cron a day that is named by month and by week is any of both. A local time
// that clocks skip is the first one after it; one that comes twice is the first.

/// Times at which a run is expected. Equal when text and zone's name are: of a zone whose rules
/// changed it is the same schedule.
public struct RunSchedule: Sendable {
    enum Times: Hashable, Sendable {
        case every(TimeSpan)
        case cron(CronFields)
    }

    /// As the file has it.
    public let text: String
    public let zone: TimeZoneRules
    public let zoneName: String
    let times: Times
    /// A search for the next time ends after so many days.
    private static let daysMax: Int64 = 366 * 5

    /// At each multiple of a period.
    public init?(every span: TimeSpan) {
        guard span >= .minutes(1), span <= .days(31) else { return nil }
        text = span.description
        zone = .utc
        zoneName = zone.name
        times = .every(span)
    }

    /// At the times of a cron line; nil when it is none, or never.
    public init?(cron line: String, zone: TimeZoneRules, zoneName: String? = nil) {
        guard let fields = CronFields(line) else { return nil }
        text = line
        self.zone = zone
        self.zoneName = zoneName ?? zone.name
        times = .cron(fields)
        guard next(after: Timestamp(millis: 0)) != nil else { return nil }
    }

    /// Whether it is a cron line.
    public var isCron: Bool {
        if case .cron = times { return true }
        return false
    }

    /// The first time after another. O(days until then).
    public func next(after time: Timestamp) -> Timestamp? {
        switch times {
        case .every(let span): return time.floor(to: span) + span
        case .cron(let fields):
            var day = zone.day(of: time).days
            let last = day + Self.daysMax
            while day <= last {
                let date = CivilDate(days: day)
                if fields.matches(date) {
                    for minute in fields.minutesOfDay {
                        let at = zone.firstTime(of: date, second: minute * 60)
                        if at > time { return at }
                    }
                }
                day += 1
            }
            return nil
        }
    }

    /// The latest time that is not after another; nil when there is none within a year.
    public func last(notAfter time: Timestamp) -> Timestamp? {
        switch times {
        case .every(let span): return time.floor(to: span)
        case .cron(let fields):
            var day = zone.day(of: time).days
            let first = day - 366
            while day >= first {
                let date = CivilDate(days: day)
                if fields.matches(date) {
                    for minute in fields.minutesOfDay.reversed() {
                        let at = zone.firstTime(of: date, second: minute * 60)
                        if at <= time { return at }
                    }
                }
                day -= 1
            }
            return nil
        }
    }
}

extension RunSchedule: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        left.text == right.text && left.zoneName == right.zoneName && left.isCron == right.isCron
    }

    /// Of what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(zoneName)
    }
}

/// The five fields of a cron line.
struct CronFields: Hashable, Sendable {
    /// Ascending.
    let minutesOfDay: [Int64]
    private let days: Set<Int64>
    private let months: Set<Int64>
    /// 0 for Sunday.
    private let weekdays: Set<Int64>
    /// Whether either kind of day suffices.
    private let isEither: Bool

    private static let words = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    ]
    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    init?(_ line: String) {
        guard line.utf8.count <= 256 else { return nil }
        let whole = Self.words[line.lowercased()] ?? line
        let fields = whole.split { $0 == " " || $0 == "\t" }.map { $0.lowercased() }
        guard fields.count == 5,
            let minutes = Self.values(fields[0], 0...59, []),
            let hours = Self.values(fields[1], 0...23, []),
            let days = Self.values(fields[2], 1...31, []),
            let months = Self.values(fields[3], 1...12, Self.monthNames),
            let weekdays = Self.values(fields[4], 0...7, Self.dayNames)
        else { return nil }
        minutesOfDay = hours.sorted().flatMap { hour in
            minutes.sorted().map { hour * 60 + $0 }
        }
        self.days = days
        self.months = months
        self.weekdays = Set(weekdays.map { $0 % 7 })
        isEither = !fields[2].hasPrefix("*") && !fields[4].hasPrefix("*")
    }

    /// `*`, `*/5`, `1-5`, `1-10/2`, `mon`, and lists of them.
    private static func values(
        _ text: String, _ range: ClosedRange<Int64>, _ names: [String]
    ) -> Set<Int64>? {
        var found: Set<Int64> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", omittingEmptySubsequences: false)
            guard halves.count <= 2, let first = halves.first else { return nil }
            var step: Int64 = 1
            if halves.count == 2 {
                guard let told = Int64(halves[1]), told > 0 else { return nil }
                step = told
            }
            let ends = first.split(separator: "-", omittingEmptySubsequences: false)
            var low = range.lowerBound
            var high = range.upperBound
            if first != "*" {
                guard ends.count <= 2, let from = value(ends[0], names, range) else { return nil }
                low = from
                high = halves.count == 2 && ends.count == 1 ? range.upperBound : from
                if ends.count == 2 {
                    guard let to = value(ends[1], names, range), to >= from else { return nil }
                    high = to
                }
            }
            for number in stride(from: low, through: high, by: Int64.Stride(step)) {
                found.insert(number)
            }
        }
        return found.isEmpty ? nil : found
    }

    private static func value(
        _ text: Substring, _ names: [String], _ range: ClosedRange<Int64>
    ) -> Int64? {
        if let place = names.firstIndex(of: String(text)) {
            return Int64(place) + (names.count == 12 ? 1 : 0)
        }
        guard text.utf8.count <= 2, let number = Int64(text), range.contains(number) else {
            return nil
        }
        return number
    }

    func matches(_ date: CivilDate) -> Bool {
        guard months.contains(date.month) else { return false }
        let isDay = days.contains(date.day)
        let isWeekday = weekdays.contains((date.weekday + 1) % 7)
        return isEither ? isDay || isWeekday : isDay && isWeekday
    }
}

import Alerting
import Model
import SLO
import Text

// Alertmanager's `time_intervals`, and `mute_time_intervals` at the top as it was before 0.24
// (timeinterval/timeinterval.go).

/// Reads time intervals.
struct TimeIntervalReader {
    /// The most intervals, and elements of one.
    static let countMax = 1000

    private let zones: TimeZones
    private(set) var intervals: [NamedTimeInterval] = []
    private(set) var diagnostics: [Diagnostic] = []

    init(_ zones: TimeZones) { self.zones = zones }

    /// Reads both keys of the configuration.
    mutating func read(_ outer: inout FieldReader) {
        for key in ["time_intervals", "mute_time_intervals"] {
            for node in outer.sequence(key) { interval(node) }
        }
    }

    private mutating func interval(_ node: YAMLNode) {
        var fields = FieldReader(node, of: "time interval")
        let name = fields.string("name")
        let nodes = fields.sequence("time_intervals")
        if let name, intervals.contains(where: { $0.name == name }) {
            fields.fail(
                at: fields.position(of: "name"), "the time interval \"\(name)\" stands twice",
                expected: "each name once")
        }
        if intervals.count >= Self.countMax || nodes.count > Self.countMax {
            fields.fail(at: node, "more than \(Self.countMax) time intervals", expected: "fewer")
        }
        let parts = nodes.prefix(Self.countMax).map { part($0) }
        diagnostics += fields.finish()
        if let name, intervals.count < Self.countMax {
            intervals.append(NamedTimeInterval(name: name, parts: parts))
        }
    }

    private mutating func part(_ node: YAMLNode) -> TimeInterval {
        var fields = FieldReader(node, of: "time interval")
        var part = TimeInterval()
        part.zone = zones.read(&fields, "location") ?? .utc
        part.times = fields.sequence("times").compactMap { times($0) }
        part.weekdays = ranges(&fields, "weekdays") { Self.weekday($0) }
        part.months = ranges(&fields, "months") { Self.month($0) }
        part.years = ranges(&fields, "years") { Int($0) }
        part.daysOfMonth = days(&fields)
        diagnostics += fields.finish()
        return part
    }

    // MARK: Times

    private mutating func times(_ node: YAMLNode) -> Range<Int>? {
        var fields = FieldReader(node, of: "times")
        let start = minute(&fields, "start_time")
        let end = minute(&fields, "end_time")
        var range: Range<Int>?
        if let start, let end {
            if start < end {
                range = start..<end
            } else {
                fields.fail(
                    at: fields.position(of: "end_time"), "end_time is not after start_time",
                    expected: "a later time of the same day",
                    hint: "a night is two ranges: to 24:00, and from 00:00")
            }
        }
        diagnostics += fields.finish()
        return range
    }

    private func minute(_ fields: inout FieldReader, _ key: String) -> Int? {
        guard let text = fields.string(key) else { return nil }
        let bytes = Array(text.utf8)
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if bytes.count == 5, parts.count == 2, parts[0].utf8.count == 2,
            bytes.allSatisfy({ (0x30...0x3a).contains($0) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]),
            hour < 24 && minute < 60 || hour == 24 && minute == 0
        {
            return hour * 60 + minute
        }
        fields.fail(
            at: fields.position(of: key), "\(key) \"\(text)\" is no time of day",
            expected: "00:00 to 24:00, in quotes")
        return nil
    }

    // MARK: Ranges

    /// Texts of one value, or of two with a colon between.
    private func ranges(
        _ fields: inout FieldReader, _ key: String, _ read: (String) -> Int?
    ) -> [ClosedRange<Int>] {
        var found: [ClosedRange<Int>] = []
        for text in fields.optionalStrings(key) ?? [] {
            let ends = Self.halves(text)
            guard let first = read(ends.first), let last = read(ends.last) else {
                fields.fail(
                    at: fields.position(of: key), "\"\(text)\" under \(key)",
                    expected: Self.expected[key])
                continue
            }
            guard first <= last else {
                fields.fail(
                    at: fields.position(of: key), "\"\(text)\" ends before it begins",
                    expected: Self.expected[key])
                continue
            }
            found.append(first...last)
        }
        return found
    }

    private func days(_ fields: inout FieldReader) -> [TimeInterval.DayRange] {
        let key = "days_of_month"
        var found: [TimeInterval.DayRange] = []
        for text in fields.optionalStrings(key) ?? [] {
            let ends = Self.halves(text)
            guard let first = Int(ends.first), let last = Int(ends.last),
                first != 0, last != 0, abs(first) <= 31, abs(last) <= 31
            else {
                fields.fail(
                    at: fields.position(of: key), "\"\(text)\" under \(key)",
                    expected: Self.expected[key])
                continue
            }
            // Of a month of 31 days; in shorter ones it may be empty.
            func place(_ day: Int) -> Int { day < 0 ? 31 + day + 1 : day }
            guard place(first) <= place(last), first > 0 || last < 0 else {
                fields.fail(
                    at: fields.position(of: key), "\"\(text)\" ends before it begins",
                    expected: Self.expected[key])
                continue
            }
            found.append(TimeInterval.DayRange(first: first, last: last))
        }
        return found
    }

    private static let expected = [
        "weekdays": "a day such as monday, or a range such as monday:friday; sunday is the first",
        "months": "a month such as january or 1, or a range such as january:march",
        "years": "a year, or a range such as 2026:2028",
        "days_of_month": "a day from 1 to 31 or -31 to -1, or a range such as 1:5 or -3:-1",
    ]

    private static func halves(_ text: String) -> (first: String, last: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let first = parts.first.map(String.init) ?? ""
        return (first, parts.count > 1 ? String(parts[1]) : first)
    }

    private static let weekdays = [
        "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    ]
    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december",
    ]

    private static func weekday(_ text: String) -> Int? {
        weekdays.firstIndex(of: text.lowercased())
    }

    private static func month(_ text: String) -> Int? {
        if let number = Int(text) { return (1...12).contains(number) ? number : nil }
        return months.firstIndex(of: text.lowercased()).map { $0 + 1 }
    }
}

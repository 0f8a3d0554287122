public import Model
public import Text

/// The time zones that the files of a configuration name, by name. UTC is always there.
public struct TimeZones: Sendable {
    /// The most zones of one configuration.
    public static let countMax = 100
    private var rules: [String: TimeZoneRules] = ["UTC": .utc]

    /// Only UTC.
    public init() {}

    /// Adds a zone's file. False when it is none.
    public mutating func add(name: String, tzif: [UInt8]) -> Bool {
        guard let zone = TimeZoneRules(name: name, tzif: tzif) else { return false }
        rules[name] = zone
        return true
    }

    /// A zone's rules, if its file is there.
    public subscript(_ name: String) -> TimeZoneRules? { rules[name] }

    /// The zone of a key, UTC when it is absent. One that is not there is an error.
    public func read(
        _ fields: inout FieldReader, _ key: String = "timeZone"
    ) -> TimeZoneRules? {
        guard let name = fields.optionalString(key) else { return .utc }
        if let zone = self[name] { return zone }
        fields.fail(
            at: fields.position(of: key), "no time zone \"\(name)\"",
            expected: "a name of the IANA database such as Europe/Berlin",
            hint: TimeZoneRules.isName(name)
                ? "its file is looked for in /usr/share/zoneinfo: install tzdata" : nil)
        return nil
    }
}

/// Reads `period`: `30d`, or `{calendar: month, timeZone: Europe/Berlin}`.
enum PeriodReader {
    static let standard = Period.rolling(.days(30))

    static func read(_ fields: inout FieldReader, _ zones: TimeZones) -> Period {
        guard let node = fields.optionalNode("period") else { return standard }
        if case .mapping = node.content { return readCalendar(node, &fields, zones) }
        guard let span = fields.optionalDuration("period") else { return standard }
        guard span >= Period.rollingMin, span <= Period.rollingMax, span.millis % 60_000 == 0
        else {
            fields.fail(
                at: node, "period \(span) is out of range",
                expected: "whole minutes between \(Period.rollingMin) and \(Period.rollingMax)")
            return standard
        }
        return .rolling(span)
    }

    private static func readCalendar(
        _ node: YAMLNode, _ fields: inout FieldReader, _ zones: TimeZones
    ) -> Period {
        var calendar = FieldReader(node, of: "period")
        let word = calendar.string("calendar")
        let zone = zones.read(&calendar)
        let unit = word.flatMap { CalendarUnit(rawValue: $0) }
        if let word, unit == nil {
            calendar.fail(
                at: calendar.position(of: "calendar"), "no calendar period \"\(word)\"",
                expected: "week, month or quarter")
        }
        fields.add(calendar.finish())
        guard let unit, let zone else { return standard }
        return .calendar(CalendarPeriod(unit: unit, zone: zone))
    }
}

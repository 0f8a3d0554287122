import Model
import Text

/// Reads the time window of an OpenSLO SLO.
struct OpenSLOWindow {
    private let spec: YAMLNode
    private let isAlpha: Bool
    private(set) var differences: [Difference] = []

    init(_ object: OpenSLOObject) {
        spec = object.spec
        isAlpha = object.version == .v1alpha
    }

    mutating func read() throws(Diagnostic) -> NativePeriod {
        let key = isAlpha ? "timeWindows" : "timeWindow"
        let windows = spec[key]?.elements ?? []
        guard let window = windows.first else {
            differences.append(Difference(.notes, "no time window given: 30d taken"))
            return .rolling(.days(30))
        }
        guard windows.count == 1 else {
            throw .error(
                at: windows[1].position, "\(windows.count) time windows", expected: "one")
        }
        let (count, unit) = try isAlpha ? counted(window) : duration(window)
        let calendar = window["calendar"]
        let isRolling = window["isRolling"]?.asBool ?? (calendar == nil)
        if isRolling || calendar == nil { return try rolling(count, unit, window) }
        return try self.calendar(count, unit, window, calendar)
    }

    private func duration(_ window: YAMLNode) throws(Diagnostic) -> (Int64, Character) {
        let text = window["duration"]?.asString ?? ""
        guard let unit = text.last, "mhdwMQY".contains(unit), let count = Int64(text.dropLast()),
            count > 0, count < 10_000
        else {
            throw .error(
                at: window.place("duration"), "\"\(text)\" is no time window",
                expected: "a number with m, h, d, w, M, Q or Y, such as 4w or 1M")
        }
        return (count, unit)
    }

    private func counted(_ window: YAMLNode) throws(Diagnostic) -> (Int64, Character) {
        let units: [String: Character] = [
            "minute": "m", "hour": "h", "day": "d", "week": "w", "month": "M", "quarter": "Q",
            "year": "Y",
        ]
        let text = window["unit"]?.asString ?? ""
        let count = window["count"]?.asInteger ?? 0
        guard let unit = units[text.lowercased()], count > 0, count < 10_000 else {
            throw .error(
                at: window.place("unit"), "\(count) of \"\(text)\" is no time window",
                expected: "a count and a unit such as Day or Week")
        }
        return (Int64(count), unit)
    }

    private mutating func rolling(
        _ count: Int64, _ unit: Character, _ window: YAMLNode
    ) throws(Diagnostic) -> NativePeriod {
        let days: Int64
        switch unit {
        case "m", "h":
            throw .error(
                at: window.place("duration", "unit"),
                "a period of \(count) \(unit == "m" ? "minutes" : "hours")",
                expected: "a day or more", hint: unit == "m" ? "1M is a month" : nil)
        case "d": days = count
        case "w": days = 7 * count
        case "M": days = 30 * count
        case "Q": days = 90 * count
        default: days = 365 * count
        }
        if "MQY".contains(unit) {
            differences.append(
                Difference(.notes, "a rolling window of \(count)\(unit) is \(days)d here"))
        }
        return .rolling(.days(days))
    }

    private mutating func calendar(
        _ count: Int64, _ unit: Character, _ window: YAMLNode, _ calendar: YAMLNode?
    ) throws(Diagnostic) -> NativePeriod {
        let names: [Character: String] = ["w": "week", "M": "month", "Q": "quarter"]
        guard count == 1, let name = names[unit] else {
            let minute = unit == "m" ? "1m is a minute, 1M a month" : nil
            throw .error(
                at: window.place("duration", "unit"),
                "there is no calendar period of \(count)\(unit)",
                expected: "one week, month or quarter, or a rolling window", hint: minute)
        }
        let start = calendar?["startTime"]?.asString ?? ""
        let zone = calendar?["timeZone"]?.asString ?? "UTC"
        guard TimeZoneRules.isName(zone) else {
            throw .error(
                at: calendar?.place("timeZone") ?? window.position,
                "\"\(zone)\" is no time zone", expected: "a name such as Europe/Berlin")
        }
        let begin = name == "week" ? "Monday at 00:00" : "the first of a \(name) at 00:00"
        differences.append(
            Difference(
                .budget,
                "periods begin on \(begin) \(zone) here, and at \(start) and each \(name) after "
                    + "there"))
        return .calendar(name, timeZone: zone)
    }
}

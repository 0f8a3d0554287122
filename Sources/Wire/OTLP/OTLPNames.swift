// Names of OTLP metrics and attributes as Prometheus 3 translates them by default
// (`UnderscoreEscapingWithSuffixes`): letters, digits and underscores, the unit as a suffix,
// `_total` for counters, `_ratio` for gauges without a unit.

/// Translates names.
enum OTLPNames {
    private static let units = [
        "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds",
        "us": "microseconds", "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes",
        "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tibibytes", "KBy": "kilobytes",
        "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes", "m": "meters", "V": "volts",
        "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius",
        "Hz": "hertz", "1": "", "%": "percent",
    ]
    private static let perUnits = [
        "s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month",
        "y": "year",
    ]

    /// A metric's name.
    static func metric(
        _ name: String, unit: String, isCounter: Bool, isGauge: Bool
    ) -> String {
        // A colon is a letter of metric names.
        var tokens = name.split { !isWordCharacter($0) && $0 != ":" }.map(String.init)
        let parts = unit.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            .map { String($0).trimmed }
        let main = parts.first.flatMap { $0.contains("{") ? nil : units[$0] ?? $0 } ?? ""
        for token in words(main) where !tokens.contains(token) { tokens.append(token) }
        if parts.count > 1, !parts[1].isEmpty, !parts[1].contains("{") {
            let per = words(perUnits[parts[1]] ?? parts[1])
            if !per.isEmpty, !per.allSatisfy(tokens.contains) {
                if tokens.last != "per" { tokens.append("per") }
                tokens += per
            }
        }
        if isCounter { tokens = tokens.filter { $0 != "total" } + ["total"] }
        if isGauge && unit == "1" { tokens = tokens.filter { $0 != "ratio" } + ["ratio"] }
        let all = tokens.joined(separator: "_")
        return all.first.map { $0.isASCII && $0.isNumber } == true ? "_" + all : all
    }

    private static func words(_ text: String) -> [String] {
        text.split { !isWordCharacter($0) }.map(String.init)
    }

    /// A label's name.
    static func label(_ key: String) -> String {
        let name = String(key.map { isWordCharacter($0) || $0 == "_" ? $0 : "_" })
        guard let first = name.first else { return name }
        if first.isNumber { return "key_" + name }
        if first == "_" && !name.hasPrefix("__") { return "key" + name }
        return name
    }

    private static func isWordCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber)
    }
}

extension String {
    fileprivate var trimmed: String {
        var rest = self[...]
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

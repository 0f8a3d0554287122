public import Model

/// How urgent an alert is; the value of its `severity` label.
public enum Severity: String, CaseIterable, Hashable, Sendable {
    case page, ticket

    /// The evidence test's threshold: the chance of so many bad events if the objective were just
    /// met must be strictly below it (DESIGN §4.4).
    public var significance: Double {
        switch self {
        case .page: 1e-3
        case .ticket: 1e-2
        }
    }
}

/// A multi-window burn-rate condition: both windows must burn faster than `factor`.
public struct AlertPair: Hashable, Sendable {
    public let severity: Severity
    public let long: TimeSpan
    public let short: TimeSpan
    public let factor: Double
}

extension AlertPair {
    /// A pair before it is scaled: windows in minutes of a 30-day period, and the share of the
    /// budget, in percent, that the long window may spend.
    private struct Shape {
        let severity: Severity
        let longMinutes: Int64
        let shortMinutes: Int64
        let sharePercent: Int64
    }

    // The SRE workbook's, ch. 5: 14.4 and 6 page, 3 and 1 open a ticket.
    private static let shapes = [
        Shape(severity: .page, longMinutes: 60, shortMinutes: 5, sharePercent: 2),
        Shape(severity: .page, longMinutes: 360, shortMinutes: 30, sharePercent: 5),
        Shape(severity: .ticket, longMinutes: 1440, shortMinutes: 120, sharePercent: 10),
        Shape(severity: .ticket, longMinutes: 4320, shortMinutes: 360, sharePercent: 10),
    ]

    private static let thirtyDaysMinutes: Int64 = 30 * 1440
    private static let shortMinutesMin: Int64 = 5

    /// The pairs of a rolling period. Windows scale with it to whole minutes; the short one has at
    /// least five minutes, the long one at least three times the short one. Returned apart, as
    /// dropped, are pairs whose factor falls below 1, for they would fire within budget, and of two
    /// with the same windows the one with the higher factor, for the other says it all.
    public static func standard(
        for period: TimeSpan
    ) -> (pairs: [AlertPair], dropped: [AlertPair]) {
        let periodMinutes = period.millis / 60_000
        let all = shapes.map { shape in
            let short = max(scaled(shape.shortMinutes, periodMinutes), shortMinutesMin)
            let long = max(scaled(shape.longMinutes, periodMinutes), 3 * short)
            // One division of whole numbers: 14.4 comes out as the double nearest to 14.4.
            let factor = Double(shape.sharePercent * periodMinutes) / Double(100 * long)
            return AlertPair(
                severity: shape.severity, long: .minutes(long), short: .minutes(short),
                factor: factor)
        }
        let isKept = { (pair: AlertPair) in
            pair.factor >= 1 && !all.contains { $0.subsumes(pair) }
        }
        return (all.filter(isKept), all.filter { !isKept($0) })
    }

    private func subsumes(_ other: AlertPair) -> Bool {
        severity == other.severity && long == other.long && short == other.short && factor >= 1
            && factor < other.factor
    }

    private static func scaled(_ minutes: Int64, _ periodMinutes: Int64) -> Int64 {
        (2 * minutes * periodMinutes + thirtyDaysMinutes) / (2 * thirtyDaysMinutes)
    }
}

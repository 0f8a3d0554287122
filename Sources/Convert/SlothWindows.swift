import Model
import SLO
import Text

/// Sloth's period and alert windows. They are not in its SLO files: a period is one per process,
/// and its windows come from an `AlertWindows` file, or are built in for 28 and 30 days.
struct SlothWindows {
    let period: TimeSpan
    /// Nil when no file has windows for the period.
    private(set) var pairs: [PeerPair]?

    /// Looks among all documents for the windows of a period.
    init(period: TimeSpan, among documents: [YAMLNode]) {
        self.period = period
        for document in documents {
            guard let spec = document["spec"], case .alertWindows = DocumentKind(document),
                spec["sloPeriod"]?.asString.flatMap(parseDuration) == period
            else { continue }
            let found = Severity.allCases.flatMap { severity in
                ["quick", "slow"].compactMap { speed in
                    Self.pair(spec[severity.rawValue]?[speed], severity, period)
                }
            }
            if found.count == 4 { pairs = found }
        }
    }

    private static func pair(
        _ node: YAMLNode?, _ severity: Severity, _ period: TimeSpan
    ) -> PeerPair? {
        guard let share = node?["errorBudgetPercent"]?.asDouble,
            let long = node?["longWindow"]?.asString.flatMap(parseDuration), long > .zero,
            let short = node?["shortWindow"]?.asString.flatMap(parseDuration)
        else { return nil }
        return PeerPair(
            severity: severity, long: long, short: short,
            factor: share * Double(period.millis) / Double(100 * long.millis))
    }
}

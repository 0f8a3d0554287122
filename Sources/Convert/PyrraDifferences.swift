import Model
import SLO
import Text

/// Pyrra's numbers beside ours, in figures of one SLO. Pyrra's budget is a ratio of increases, as
/// ours; its alert windows are the period's shares rounded to minutes, with factors 14, 7, 2 and 1.
struct PyrraDifferences {
    private let objective: Objective
    private let window: TimeSpan
    private let alerting: YAMLNode?

    init(_ objective: Objective, _ window: TimeSpan, _ alerting: YAMLNode?) {
        self.objective = objective
        self.window = window
        self.alerting = alerting
    }

    /// Adds all of them to an SLO whose alerts are known, and keeps Pyrra's pairs.
    func add(to slo: inout NativeSLO) {
        slo.differences += [
            Difference(
                .budget,
                "Pyrra's budget is one increase() over \(window): resets within a scrape interval "
                    + "and the events before a series' first sample are missing in it"),
            Difference(.births, "a counter that appears at 50 counts 0 there and 50 here"),
        ]
        if slo.tiers.contains(where: \.isEnabled) {
            PairComparison.keep(pairs, "Pyrra", period: window, &slo)
            if let blind { slo.differences.append(blind) }
            slo.differences.append(
                Difference(.evidence, EvidenceFigures.sentence(objective, peer: "Pyrra")))
        }
        slo.differences.append(dataLoss)
    }

    /// What Pyrra 0.9 alerts on.
    private var pairs: [PeerPair] {
        let shapes: [(Severity, Int64, Int64, Int64, Double)] = [
            (.page, 672, 8064, 20_160, 14), (.page, 112, 1344, 2688, 7),
            (.ticket, 28, 336, 672, 2), (.ticket, 7, 112, 224, 1),
        ]
        return shapes.map { severity, long, short, hold, factor in
            PeerPair(
                severity: severity, long: share(long), short: share(short), factor: factor,
                hold: share(hold))
        }
    }

    /// A share of the period, rounded to a minute.
    private func share(_ parts: Int64) -> TimeSpan {
        let minute: Int64 = 60_000
        return .minutes((window.millis / parts + minute / 2) / minute)
    }

    /// Pyrra's shortest window may be shorter than two scrapes.
    private var blind: Difference? {
        let short = share(8064)
        if short == .zero {
            return Difference(
                .pairs, "Pyrra's shortest window rounds to 0m, which Prometheus refuses; here 5m")
        }
        guard short < .minutes(2) else { return nil }
        return Difference(
            .pairs,
            "Pyrra's \(short) window never holds two samples at a scrape interval of \(short) or "
                + "more, so its fast alert cannot fire; here the short window is at least 5m")
    }

    private var dataLoss: Difference {
        if alerting?["absent"]?.asBool == false {
            return Difference(.dataLoss, "no alert for absent metrics there; here SLODataLoss")
        }
        let hold = 14 * objective.budgetRatio * Double(share(672).millis)
        let after = TimeSpan.minutes(
            Int64((hold / 60_000).rounded()) + share(20_160).millis / 60_000)
        return Difference(
            .dataLoss,
            "SLOMetricAbsent fires \(after) after the metric is gone; here SLODataLoss after 10m, "
                + "also when a target is down and its metrics remain")
    }
}

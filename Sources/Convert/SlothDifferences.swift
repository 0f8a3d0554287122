import Model
import SLO
import Text

// What Sloth's rules compute otherwise, in figures of this SLO. Measured with Prometheus on Sloth's
// own output; the sentences are consequences of its rules:
//
//     slo:sli_error:ratio_rate30d = mean of slo:sli_error:ratio_rate5m over the period

/// Sloth's numbers beside ours.
struct SlothDifferences {
    private let objective: Objective
    private let period: TimeSpan
    private let shape: RatioShape
    /// Of an AlertWindows file; nil for those that Sloth has built in.
    private let windows: [PeerPair]?

    init(
        _ objective: Objective, _ period: TimeSpan, _ shape: RatioShape,
        windows: [PeerPair]? = nil
    ) {
        self.objective = objective
        self.period = period
        self.shape = shape
        self.windows = windows
    }

    /// Adds all of them to an SLO whose alerts are known, and keeps Sloth's pairs.
    func add(to slo: inout NativeSLO) {
        slo.differences += [budget, noTraffic, births]
        if let windows = windows ?? builtIn {
            PairComparison.keep(windows, "Sloth", period: period, &slo)
        } else if slo.tiers.contains(where: \.isEnabled) {
            slo.differences.append(
                Difference(
                    .pairs,
                    "Sloth takes its alert windows for \(period) from an AlertWindows file, which "
                        + "is not among these; here they are scaled to the period"))
        }
        slo.differences += alerts(slo)
    }

    private func alerts(_ slo: NativeSLO) -> [Difference] {
        var found: [Difference] = []
        if slo.tiers.contains(where: { $0.name == .page && $0.isEnabled }) {
            found.append(
                Difference(.evidence, EvidenceFigures.sentence(objective, peer: "Sloth")))
        }
        found.append(
            Difference(
                .dataLoss,
                "a target that vanishes raises nothing in Sloth; here SLODataLoss after 10m"
            ))
        return found
    }

    private var budget: Difference {
        let slices = Double(period.millis) / Double(TimeSpan.minutes(5).millis)
        let share = 100 / (slices * objective.budgetRatio)
        return Difference(
            .budget,
            "Sloth's budget is the mean of 5m ratios: five wholly failing minutes cost "
                + "\(decimal(share, 2)) % of it whatever their traffic; here each bad event costs "
                + "the same")
    }

    private var noTraffic: Difference {
        Difference(
            .noTraffic,
            "5m without traffic are 0/0 there and make the budget NaN for \(period); here the "
                + "evidence says noTraffic and the budget stays")
    }

    private var births: Difference {
        var text = "a counter that appears at 50 counts 0 there and 50 here"
        if shape.isUnguarded {
            text += "; while none of the failing series exists Sloth has no data, here 0 failed"
        }
        return Difference(.births, text)
    }

    /// Sloth has alert windows for 28 and 30 days built in.
    private var builtIn: [PeerPair]? {
        guard period == .days(28) || period == .days(30) else { return nil }
        let shares: [(Severity, TimeSpan, TimeSpan, Double)] = [
            (.page, .hours(1), .minutes(5), 0.02), (.page, .hours(6), .minutes(30), 0.05),
            (.ticket, .days(1), .hours(2), 0.1), (.ticket, .days(3), .hours(6), 0.1),
        ]
        return shares.map { severity, long, short, share in
            PeerPair(
                severity: severity, long: long, short: short,
                factor: share * Double(period.millis) / Double(long.millis))
        }
    }
}

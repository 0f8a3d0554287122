import Model
import Query
import SLO
import Text

/// What the alerts over one family of ratios say.
struct BurnAlerts {
    private(set) var pairs: [PeerPair] = []
    /// The share of bad events that the objective allows, by the first factor written out.
    private(set) var budget: Double?
    private var rules: [Severity: PeerRule] = [:]

    /// Takes one alternative of an alert: its sides and their windows.
    mutating func add(_ rule: PeerRule, _ sides: [BurnSide], _ windows: [TimeSpan]) {
        guard let long = windows.max(), let short = windows.min(), long > short else { return }
        if budget == nil, let factor = sides[0].factor, factor > 0 {
            budget = sides[0].threshold / factor
        }
        let severity = Self.severity(rule)
        let factor = sides[0].factor ?? budget.map { sides[0].threshold / $0 } ?? 1
        pairs.append(
            PeerPair(
                severity: severity, long: long, short: short,
                factor: (factor * 1e9).rounded() / 1e9, hold: rule.hold))
        rules[severity] = rules[severity] ?? rule
    }

    private static func severity(_ rule: PeerRule) -> Severity {
        let text = rule["sloth_severity"] ?? rule["severity"] ?? ""
        return ["page", "critical", "error"].contains(text.lowercased()) ? .page : .ticket
    }

    /// Sets the tiers of an SLO: those without an alert are off.
    func fill(_ slo: inout NativeSLO, series: [TextPair]) {
        for index in slo.tiers.indices {
            let severity: Severity = slo.tiers[index].name == .page ? .page : .ticket
            guard let rule = rules[severity] else {
                slo.tiers[index].isEnabled = false
                continue
            }
            let own = rule.labels.filter { $0.name != "sloth_severity" }
            slo.tiers[index].labels = AlertNames.labels(
                series.merging(own), alertName: rule.name)
            slo.tiers[index].annotations = AlertNames.annotations(
                rule.annotations, &slo.differences)
        }
    }
}

extension Expression {
    /// Without the factor by which a plugin of Sloth damps the numerator; nil without one.
    var withoutCorrection: Expression? {
        guard case .binary(var ratio) = unwrapped, ratio.op == .div,
            case .binary(let product) = ratio.left.unwrapped, product.op == .mul,
            case .vector(let correction) = product.left.unwrapped,
            correction.name?.hasPrefix("slo:numerator_correction:") == true
        else { return nil }
        ratio.left = product.right
        return .binary(ratio)
    }
}

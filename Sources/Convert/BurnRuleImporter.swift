import Model
import Query
import SLO
import Text

// Rules that someone generated, or wrote, from an SLO that is gone: families of error ratios over
// several windows and alerts that compare them with multiples of a budget.

/// Reads SLOs back from burn-rate rules.
struct BurnRuleImporter {
    private let document: YAMLNode
    private let rules: PeerRules
    private let alerts: [(rule: PeerRule, condition: BurnCondition)]

    /// Reads one document.
    static func read(_ document: YAMLNode) -> Imported {
        let importer = BurnRuleImporter(document)
        return importer.readAll()
    }

    private init(_ document: YAMLNode) {
        self.document = document
        rules = PeerRules(document)
        alerts = rules.rules.filter(\.isAlert).map { ($0, BurnCondition($0.expression)) }
    }

    private func readAll() -> Imported {
        var result = Imported()
        result.refusals = rules.faults
        let families = RatioFamily.all(rules.rules)
        for family in families {
            do throws(Diagnostic) {
                guard var slo = try read(family, families) else { continue }
                if result.slos.contains(where: { $0.service == slo.service && $0.name == slo.name })
                {
                    let values = family.labels.map { slug($0.value) }.filter { !$0.isEmpty }
                    slo.name += "-" + values.joined(separator: "-")
                }
                result.slos.append(slo)
            } catch {
                result.refusals.append(error)
            }
        }
        if result.slos.isEmpty && result.refusals.isEmpty {
            result.refusals.append(
                .error(
                    at: document.position, "no burn-rate alert in these rules",
                    expected: "recording rules of one error ratio over several windows, and alerts "
                        + "that compare two of them with a multiple of the budget"))
        }
        return result
    }

    /// One family's SLO; nil when it is no SLO's.
    private func read(
        _ family: RatioFamily, _ all: [RatioFamily]
    ) throws(Diagnostic) -> NativeSLO? {
        guard let shortest = family.shortest else { return nil }
        var found = BurnAlerts()
        for alert in alerts {
            for sides in alert.condition.alternatives {
                let windows = sides.compactMap { family.window(of: $0.selector) }
                guard windows.count == sides.count, windows.count > 1 else { continue }
                let others = all.filter { other in
                    other.base == family.base && other.labels != family.labels
                        && other.window(of: sides[0].selector) != nil
                }
                if !others.isEmpty {
                    throw .error(
                        at: shortest.rule.position,
                        "the alert \(alert.rule.name) adds \(others.count + 1) error ratios named "
                            + "\(family.base)", expected: "an alert for each",
                        hint: "their sum is no ratio of events; write an SLO for each")
                }
                found.add(alert.rule, sides, windows)
            }
        }
        let isSloth = family["sloth_id"] != nil
        guard isSloth || !found.pairs.isEmpty else { return nil }
        let objective = try objective(family, found, shortest.rule)
        let shape = try shape(shortest.rule, shortest.window)
        var slo = NativeSLO(
            service: service(family), name: name(family), objective: objective.text,
            period: .rolling(period(family, found)), by: shape.by, sli: shape.sli,
            position: shortest.rule.position)
        slo.differences = shape.differences
        found.fill(&slo, series: family.labels.filter { !$0.name.hasPrefix("sloth_") })
        addDifferences(&slo, family, found, objective.value, shape)
        return slo
    }

    // MARK: What the rules say

    private func shape(_ rule: PeerRule, _ window: TimeSpan) throws(Diagnostic) -> RatioShape {
        var expression = rule.expression
        var note: Difference?
        if let plain = expression.withoutCorrection {
            expression = plain
            note = Difference(
                .notes, "Sloth's correction of quiet hours is left out; here the evidence test")
        }
        let open = expression.openingWindows(of: window)
        var shape = try RatioReading.ratio(
            WindowedQuery(open), isErrorRatio: true, over: WindowedQuery.openWindow)
        if let note { shape.differences.append(note) }
        return shape
    }

    private func objective(
        _ family: RatioFamily, _ found: BurnAlerts, _ rule: PeerRule
    ) throws(Diagnostic) -> (text: String, value: Objective) {
        let recorded = meta("slo:objective:ratio", family)
        guard let ratio = recorded ?? found.budget.map({ 1 - $0 }) else {
            throw .error(
                at: rule.position, "no rule says the objective of \(family.base)",
                expected: "an alert above a factor times the budget")
        }
        let text = shortPercent(ratio)
        guard let objective = Objective(percent: text) else {
            throw .error(
                at: rule.position, "the budget of \(family.base) is \(1 - ratio)",
                expected: "one between 0 and 1",
                hint: "a generator that prints few decimals may have rounded it away")
        }
        return (text, objective)
    }

    /// In percent, at most eight decimals: what subtracting doubles added beyond is noise.
    private func shortPercent(_ ratio: Double) -> String {
        let parts = decimal(ratio * 100, 8).split(separator: ".")
        return parts.count == 2 ? plainDecimal(String(parts[0]), String(parts[1])) : "0"
    }

    /// A constant that Sloth records beside its ratios.
    private func meta(_ name: String, _ family: RatioFamily) -> Double? {
        guard let id = family["sloth_id"] else { return nil }
        return rules.rules.first { $0.name == name && $0["sloth_id"] == id }
            .flatMap { BurnCondition.value($0.expression) }
    }

    private func period(_ family: RatioFamily, _ found: BurnAlerts) -> TimeSpan {
        if let days = meta("slo:time_period:days", family), days >= 1, days <= 366 {
            return .days(Int64(days))
        }
        // 2 % of the budget in an hour: the workbook's 14.4 for 30 days, 13.44 for 28.
        let quick = found.pairs.first { $0.long == .hours(1) }
        if let quick, abs(quick.factor - 13.44) < 1e-6 { return .days(28) }
        return .days(30)
    }

    private func service(_ family: RatioFamily) -> String {
        let found = ["sloth_service", "service", "job", "namespace"].compactMap { family[$0] }.first
        return nativeName(found ?? rules.groupName ?? "rules")
    }

    private func name(_ family: RatioFamily) -> String {
        if let name = family["sloth_slo"] { return nativeName(name) }
        var parts = family.base.split(separator: ":").map(String.init)
        if parts.count > 1, let last = parts.last, last.hasSuffix("rate") { parts.removeLast() }
        return nativeName(parts.joined(separator: "-"))
    }

    private func addDifferences(
        _ slo: inout NativeSLO, _ family: RatioFamily, _ found: BurnAlerts,
        _ objective: Objective, _ shape: RatioShape
    ) {
        guard case .rolling(let period) = slo.period else { return }
        if family["sloth_id"] != nil {
            SlothDifferences(objective, period, shape, windows: found.pairs).add(to: &slo)
            return
        }
        PairComparison.keep(found.pairs, "the rule file", period: period, &slo)
        slo.differences += [
            Difference(.budget, "the rules have no budget; here one over \(period)"),
            Difference(.births, "a counter that appears at 50 counts 0 there and 50 here"),
            Difference(
                .dataLoss,
                "a target that vanishes resolves their alerts; here SLODataLoss after 10m"),
            Difference(.evidence, EvidenceFigures.sentence(objective, peer: "the rules")),
        ]
    }
}

/// A text as a service or an SLO can be called.
func nativeName(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
        let isGood =
            scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || scalar == "-" || scalar == "_" || scalar == ".")
        return isGood ? scalar : "-"
    }
    let name = String(String.UnicodeScalarView(scalars)).drop { "-_.".contains($0) }.prefix(100)
    return name.isEmpty ? "unnamed" : String(name)
}

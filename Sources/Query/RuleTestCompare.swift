internal import Alerting
internal import Model
internal import Text

// Expected and found side by side. Both are sorted, what is equal in both is left alone, and what
// is left is paired by labels, so that a wrong annotation shows as one wrong line.

extension AlertExpectation {
    func outcome(
        _ test: RuleTest, _ found: [(rule: Rule, alert: RuleAlert)], isKnown: Bool
    ) -> RuleTestOutcome {
        let what = "alert \(alert) at \(time)"
        let wanted = alerts.map { $0.named(alert) }.sorted { $0.precedes($1) }
        let firing = found.filter { $0.alert.state.isFiring }.map { ExpectedAlert($0.alert) }
            .sorted { $0.precedes($1) }
        if wanted == firing {
            return RuleTestOutcome(at: position, test.title, what)
        }
        var outcome = RuleTestOutcome(
            at: position, test.title, what,
            fault: "\(wanted.count) expected to fire, \(firing.count) "
                + (firing.count == 1 ? "fires" : "fire")
        )
        outcome.difference = difference(wanted, firing, found, test)
        if !isKnown { outcome.difference.append("note: no rule has an alert of this name") }
        return outcome
    }

    private func difference(
        _ wanted: [ExpectedAlert], _ firing: [ExpectedAlert],
        _ found: [(rule: Rule, alert: RuleAlert)], _ test: RuleTest
    ) -> [String] {
        var (missing, extra) = (wanted, firing)
        for alert in wanted {
            guard let place = extra.firstIndex(of: alert),
                let other = missing.firstIndex(of: alert)
            else { continue }
            extra.remove(at: place)
            missing.remove(at: other)
        }
        var lines: [String] = []
        for alert in missing {
            if let place = extra.firstIndex(where: { $0.labels == alert.labels }) {
                lines.append("  " + notation(alert.labels))
                lines += annotationLines(alert.annotations, extra.remove(at: place).annotations)
                continue
            }
            lines.append("- " + notation(alert.labels))
            lines += alert.annotations.map { "-   \($0.name): \(goQuoted($0.value))" }
            let held = found.first { ExpectedAlert($0.alert).labels == alert.labels }
            if let held, case .pending(since: let since) = held.alert.state,
                case .alert(_, let hold, _) = held.rule.kind
            {
                lines.append("  (it is pending since \(since - test.start), for: \(hold))")
            }
        }
        for alert in extra {
            lines.append("+ " + notation(alert.labels))
            lines += alert.annotations.map { "+   \($0.name): \(goQuoted($0.value))" }
        }
        return lines
    }

    private func annotationLines(_ wanted: [RuleText], _ found: [RuleText]) -> [String] {
        let names = Set((wanted + found).map(\.name)).sorted()
        return names.flatMap { name -> [String] in
            let left = wanted.first { $0.name == name }?.value
            let right = found.first { $0.name == name }?.value
            if left == right { return left.map { ["    \(name): \(goQuoted($0))"] } ?? [] }
            return [
                left.map { "-   \(name): \(goQuoted($0))" },
                right.map { "+   \(name): \(goQuoted($0))" },
            ].compactMap { $0 }
        }
    }
}

private func notation(_ labels: [RuleText]) -> String {
    "{" + labels.map { "\(labelNotation($0.name))=\(goQuoted($0.value))" }.joined(separator: ", ")
        + "}"
}

extension ExpectedAlert: Equatable {
    /// The same labels and annotations.
    public static func == (left: Self, right: Self) -> Bool {
        left.labels == right.labels && left.annotations == right.annotations
    }

    init(_ alert: RuleAlert) {
        labels = alert.labels.pairs.map { RuleText(name: $0.name, value: $0.value) }
        annotations = alert.annotations.sorted { $0.key < $1.key }.map {
            RuleText(name: $0.key, value: $0.value)
        }
    }

    /// With the label that every alert has.
    fileprivate func named(_ name: String) -> ExpectedAlert {
        var copy = self
        copy.labels.removeAll { $0.name == "alertname" }
        copy.labels.append(RuleText(name: "alertname", value: name))
        copy.labels.sort { $0.name < $1.name }
        copy.annotations.sort { $0.name < $1.name }
        return copy
    }

    fileprivate func precedes(_ other: Self) -> Bool {
        let (a, b) = (labels + annotations, other.labels + other.annotations)
        return a.lexicographicallyPrecedes(b) { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}

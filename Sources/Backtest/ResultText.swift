import Model
import Text

// The result for a terminal and for a comment on a pull request. Both say the same; Markdown has
// no more rows than a comment takes.

extension BacktestResult {
    /// What a person reads in a terminal.
    public func text() -> String {
        var lines = [
            "\(from.rfc3339) to \(to.rfc3339), \(to - from): "
                + "\(samples) samples of \(series) series"
        ]
        for (mark, result) in sets {
            lines.append("")
            lines += text(result, mark)
        }
        if let against {
            lines.append("")
            if changes.isEmpty {
                lines.append("\(rules.name) and \(against.name) page and ticket alike")
            } else {
                lines.append("From A to B:")
                for change in changes { lines.append("  " + text(change)) }
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The rule sets with the letters they go by.
    private var sets: [(String, RuleSetResult)] {
        [("A", rules)] + (against.map { [("B", $0)] } ?? [])
    }

    private func text(_ result: RuleSetResult, _ mark: String) -> [String] {
        var lines = [
            "\(mark)  \(result.name): \(counted(result.sloCount, "SLO")), "
                + "\(counted(result.pages.count, "page")), "
                + "\(counted(result.tickets.count, "ticket"))"
        ]
        for alert in result.alerts {
            lines.append(
                "  \(padded(alert.severity, 6))  \(alert.firedAt.rfc3339)  \(duration(alert))  "
                    + "budget \(percent(alert.budgetRemaining))  \(alert.subject) \(alert.kind)")
        }
        for budget in result.budgets {
            let name = title(budget)
            lines.append(
                "  at the end  \(name): budget \(percent(budget.remaining)), "
                    + "\(decimal(budget.bad, 0)) bad of \(decimal(budget.good + budget.bad, 0)), "
                    + budget.evidence)
        }
        if result.alertsDropped > 0 {
            lines.append("  and \(result.alertsDropped) alerts more than are kept")
        }
        guard !incidents.isEmpty else { return lines }
        let score = IncidentScore(incidents, result)
        for entry in score.entries {
            lines.append(
                "  incident \(entry.incident.name): "
                    + (entry.delay.map { "paged after \($0)" }
                        ?? (entry.ticket == nil ? "not noticed" : "a ticket, no page")))
        }
        lines.append("  false pages: \(score.falsePages.count)")
        return lines
    }

    private func text(_ change: AlertChangeFound) -> String {
        guard let alert = change.alert else { return "" }
        let what = "\(padded(change.kind.rawValue, 7))  \(padded(alert.severity, 6))  "
        let times = [change.before, change.after].compactMap { $0 }
            .map { "\($0.firedAt.rfc3339) \(duration($0))" }.joined(separator: " -> ")
        return what + times + "  \(alert.subject) \(alert.kind)"
    }

    // MARK: Markdown

    /// The most rows of a table of changes.
    private static let rowsMax = 50

    /// A comment for a pull request.
    public func markdown() -> String {
        var lines = [
            "### Backtest: \(verdictLine)", "",
            "\(from.rfc3339) to \(to.rfc3339) (\(to - from)), \(samples) samples of "
                + "\(series) series.",
            "",
        ]
        lines += summaryTable
        lines += sloTable
        if against != nil && !changes.isEmpty { lines += changeTable }
        if against == nil && !rules.alerts.isEmpty { lines += alertTable }
        return lines.joined(separator: "\n")
    }

    private var verdictLine: String {
        guard against != nil else {
            return counted(rules.pages.count, "page") + ", "
                + counted(rules.tickets.count, "ticket")
        }
        if changes.isEmpty { return "pages and tickets are alike" }
        let parts = [AlertChangeFound.Kind.added, .removed, .moved].flatMap { kind in
            [true, false].compactMap { isPage -> String? in
                let count = changes.count { $0.kind == kind && $0.alert?.isPage == isPage }
                let noun = counted(count, isPage ? "page" : "ticket")
                return count == 0 ? nil : "\(noun) \(kind.rawValue)"
            }
        }
        return parts.joined(separator: ", ")
    }

    private var summaryTable: [String] {
        var rows: [(String, (RuleSetResult) -> String)] = [
            ("pages", { String($0.pages.count) }), ("tickets", { String($0.tickets.count) }),
        ]
        if !incidents.isEmpty {
            let incidents = incidents
            rows.append(
                (
                    "incidents that paged",
                    { "\(IncidentScore(incidents, $0).detected) of \(incidents.count)" }
                ))
            rows.append(
                (
                    "slowest page of an incident",
                    { IncidentScore(incidents, $0).delayMax?.description ?? "-" }
                ))
            rows.append(
                ("false pages", { String(IncidentScore(incidents, $0).falsePages.count) }))
        }
        var lines = [
            "| | " + sets.map { "\($0.0): `\($0.1.name)`" }.joined(separator: " | ") + " |"
        ]
        lines.append("|---" + String(repeating: "|--:", count: sets.count) + "|")
        for (name, figure) in rows {
            lines.append("| \(name) | " + sets.map { figure($0.1) }.joined(separator: " | ") + " |")
        }
        return lines + [""]
    }

    private var sloTable: [String] {
        let titles = Set(sets.flatMap { $0.1.budgets.map(title) }).sorted()
        var lines = [
            "| SLO | " + sets.map { "pages \($0.0)" }.joined(separator: " | ") + " | "
                + sets.map { "tickets \($0.0)" }.joined(separator: " | ") + " | "
                + sets.map { "budget left \($0.0)" }.joined(separator: " | ") + " |"
        ]
        lines.append("|---" + String(repeating: "|--:", count: 3 * sets.count) + "|")
        for name in titles.prefix(Self.rowsMax) {
            let counts = [true, false].flatMap { isPage in
                sets.map { set in
                    String(set.1.alerts.count { $0.isPage == isPage && $0.subject == name })
                }
            }
            let budgets = sets.map { set in
                set.1.budgets.first { title($0) == name }.map { percent($0.remaining) } ?? "-"
            }
            lines.append("| \(name) | " + (counts + budgets).joined(separator: " | ") + " |")
        }
        if titles.count > Self.rowsMax {
            lines.append("\n\(titles.count - Self.rowsMax) more SLOs.")
        }
        return lines + [""]
    }

    private var changeTable: [String] {
        var lines = ["| | | alert | A | B | budget then |", "|---|---|---|---|---|--:|"]
        for change in changes.prefix(Self.rowsMax) {
            guard let alert = change.alert else { continue }
            let cells = [
                change.kind.rawValue, alert.severity, "\(alert.subject) \(alert.kind)",
                change.before.map(cell) ?? "-", change.after.map(cell) ?? "-",
                percent((change.after ?? alert).budgetRemaining),
            ]
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        if changes.count > Self.rowsMax { lines.append("\n\(changes.count - Self.rowsMax) more.") }
        return lines
    }

    private var alertTable: [String] {
        var lines = ["| | alert | fired | budget then |", "|---|---|---|--:|"]
        for alert in rules.alerts.prefix(Self.rowsMax) {
            let cells = [
                alert.severity, "\(alert.subject) \(alert.kind)", cell(alert),
                percent(alert.budgetRemaining),
            ]
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        if rules.alerts.count > Self.rowsMax {
            lines.append("\n\(rules.alerts.count - Self.rowsMax) more.")
        }
        return lines
    }

    private func cell(_ alert: BacktestAlert) -> String {
        "\(alert.firedAt.rfc3339) \(duration(alert))"
    }

    // MARK: Words

    private func title(_ budget: BudgetResult) -> String {
        let group = budget.labels.pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        let name = budget.service + "/" + budget.slo
        return group.isEmpty ? name : name + "{" + group + "}"
    }

    private func duration(_ alert: BacktestAlert) -> String {
        alert.lasted.map { "for \($0)" } ?? "still firing"
    }

    private func percent(_ ratio: Double?) -> String {
        ratio == nil ? "unknown" : decimal(ratio.map { $0 * 100 }, 2) + " %"
    }
}

private func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

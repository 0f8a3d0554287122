import Alerting
import Ingest
import Model
import SLO
import Text

// An explanation as lines. What `pitot slo explain` prints.

extension AgentCore {
    func explanationLines(_ explanation: Explanation, _ recount: SeriesRecount?) -> [String] {
        let verdict = explanation.verdict
        let definition = verdict.definition
        var lines = [
            verdict.title,
            "  objective \(percent(definition.objective.ratio)) over \(definition.period), "
                + "defined at \(definition.position)",
        ]
        guard verdict.asOf != .distantPast, let period = verdict.period else {
            return lines + ["  nothing was seen of it yet"]
        }
        lines.append(
            "  as of \(verdict.asOf.rfc3339), evidence \(verdict.evidence.rawValue), period from "
                + "\(period.from.rfc3339) to \(period.to.rfc3339)")
        lines += eventLines(verdict, period)
        lines += ["", "Budget"]
        for step in explanation.budget {
            lines.append(
                "  \(padded(step.figure, 12))= \(step.formula) = \(step.filled) = "
                    + figure(step.value))
        }
        lines += ["", "Windows"]
        for window in verdict.windows.dropLast() {
            let step = explanation.burn(window)
            lines.append(
                "  \(padded(window.window.description, 8))burn = \(step.filled) = "
                    + "\(figure(step.value)), \(window.evidence.rawValue), "
                    + "from \(window.from.rfc3339)")
        }
        lines += ["", "Alerts"]
        for pair in verdict.pairs {
            let key = verdict.burnKey(pair.pair)
            let since = notifier.book[key]?.activeAt.map { " since " + $0.rfc3339 } ?? ""
            lines.append(
                "  \(pair.pair.severity.rawValue) \(pair.pair.long): "
                    + "\(notifier.book.state(of: key).name)\(since); \(explanation.reason(pair))")
            if let began = notifier.book[key]?.activeAt,
                let change = lastChange(before: began, of: key, definition)
            {
                lines.append("    changed last before: \(change)")
            }
        }
        return lines + lossLines(verdict) + (recount?.lines(of: definition) ?? [])
    }

    private func eventLines(_ verdict: Verdict, _ period: WindowFigures) -> [String] {
        var lines = [
            "  \(figure(period.counts.bad)) bad of \(figure(period.counts.total)) events"
        ]
        let classes = ledger.classes(of: verdict)
        let parts = IncrementClass.allCases.filter { classes[$0] != 0 }.map { kind in
            "\(kind.word) \(figure(classes[kind]))"
        }
        if !parts.isEmpty { lines.append("  counted by class: " + parts.joined(separator: ", ")) }
        for note in ledger.maintenance(of: verdict) {
            lines.append(
                "  maintenance \(note.name), \(note.from.rfc3339) to \(note.to.rfc3339), "
                    + "\(note.effect.rawValue): \(figure(note.counts.bad)) bad of "
                    + "\(figure(note.counts.total)) events left out (\(note.who): \(note.why))")
        }
        for change in ledger.adjustments(of: verdict) {
            lines.append(
                "  adjustment \(change.name) at \(change.at.rfc3339): good \(figure(change.good)), "
                    + "bad \(figure(change.bad)) (\(change.who): \(change.why))")
        }
        for past in ledger.pastPeriods(of: verdict).suffix(3) {
            lines.append(
                "  the \(verdict.definition.period) from \(past.from.rfc3339): "
                    + "\(figure(past.counts.bad)) bad of \(figure(past.counts.total)), "
                    + "\(percent(past.remaining)) of its budget left")
        }
        return lines
    }

    private func lossLines(_ verdict: Verdict) -> [String] {
        [verdict.totalLoss, verdict.partialLoss].compactMap { $0 }.map { loss in
            let names = loss.targets.map { intake.targets[Int($0)].identity.description }
            return "  not seen since \(loss.since.rfc3339): \(loss.lost) of \(loss.expected) "
                + "targets: \(names.joined(separator: ", "))"
        }
    }
}

/// Text with blanks after it.
func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
}

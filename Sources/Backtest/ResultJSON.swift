import Model
import Text

// The result as JSON; its schema is docs/formats/backtest.md. Keys never change their meaning; new
// ones may be added.

extension BacktestResult {
    /// The format's number.
    static let format = 1

    /// The result as one JSON object; the same result gives the same bytes.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("format", integer: Self.format)
            writer.member("from", from.rfc3339)
            writer.member("to", to.rfc3339)
            writer.member("series", integer: series)
            writer.member("samples", integer: samples)
            writer.key("rules")
            write(rules, &writer)
            writer.key("against")
            if let against { write(against, &writer) } else { writer.null() }
            writer.member("alike", bool: isAlike)
            writer.key("changes")
            writer.array { writer in for change in changes { write(change, &writer) } }
        }
        return writer.bytes
    }

    private func write(_ result: RuleSetResult, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", result.name)
            writer.member("slos", integer: result.sloCount)
            writer.member("seriesUsed", integer: result.seriesUsed)
            writer.member("samplesUsed", integer: result.samplesUsed)
            writer.member("pages", integer: result.pages.count)
            writer.member("tickets", integer: result.tickets.count)
            writer.member("alertsDropped", integer: result.alertsDropped)
            writer.key("alerts")
            writer.array { writer in for alert in result.alerts { write(alert, &writer) } }
            writer.key("budgets")
            writer.array { writer in for budget in result.budgets { write(budget, &writer) } }
            let score = IncidentScore(incidents, result)
            writer.key("incidents")
            writer.array { writer in for entry in score.entries { write(entry, &writer) } }
            writer.key("falsePages")
            if incidents.isEmpty {
                writer.null()
            } else {
                writer.array { writer in for page in score.falsePages { write(page, &writer) } }
            }
        }
    }

    private func write(_ alert: BacktestAlert, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("labels", pairs: alert.labels.pairs)
            writer.member("since", alert.since.rfc3339)
            writer.member("firedAt", alert.firedAt.rfc3339)
            writer.key("resolvedAt")
            if let time = alert.resolvedAt { writer.string(time.rfc3339) } else { writer.null() }
            writer.key("reason")
            if let reason = alert.reason { writer.string(reason) } else { writer.null() }
            writer.member("budgetRemaining", alert.budgetRemaining)
            writer.member("summary", alert.summary)
        }
    }

    private func write(_ budget: BudgetResult, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("service", budget.service)
            writer.member("slo", budget.slo)
            writer.member("labels", pairs: budget.labels.pairs)
            writer.member("objective", budget.objective)
            writer.member("evidence", budget.evidence)
            writer.member("good", budget.good)
            writer.member("bad", budget.bad)
            writer.member("remaining", budget.remaining)
        }
    }

    private func write(_ entry: IncidentScore.Entry, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", entry.incident.name)
            writer.member("start", entry.incident.start.rfc3339)
            writer.member("end", entry.incident.end.rfc3339)
            writer.key("pagedAt")
            if let page = entry.page { writer.string(page.firedAt.rfc3339) } else { writer.null() }
            writer.member("delaySeconds", entry.delay?.seconds)
            writer.key("ticketAt")
            if let ticket = entry.ticket {
                writer.string(ticket.firedAt.rfc3339)
            } else {
                writer.null()
            }
        }
    }

    private func write(_ change: AlertChangeFound, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("kind", change.kind.rawValue)
            writer.member("severity", change.alert?.severity ?? "")
            for (key, alert) in [("before", change.before), ("after", change.after)] {
                writer.key(key)
                if let alert { write(alert, &writer) } else { writer.null() }
            }
        }
    }
}

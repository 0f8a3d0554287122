import Ingest
import Model
import SLO
import Text

// A figure and where it comes from: the formula, the formula with its numbers, the result. The same
// steps are the JSON of `/explain` and the lines that `pitot slo explain` prints.

/// The arithmetic behind what a verdict says.
struct Explanation {
    /// One formula.
    struct Step {
        let figure: String
        let formula: String
        let filled: String
        let value: Double?
    }

    let verdict: Verdict
    private let definition: SLODefinition

    init(_ verdict: Verdict) {
        self.verdict = verdict
        definition = verdict.definition
    }

    // MARK: Budget

    /// How the budget was worked out; empty while nothing is known.
    var budget: [Step] {
        guard let period = verdict.period, period.evidence != .noData else { return [] }
        let ratio = definition.objective.budgetRatio
        let counts = period.counts
        let allowed = ratio * counts.total
        var steps = [
            Step(
                figure: "allowed", formula: "(1 - objective) x total",
                filled: "\(figure(ratio)) x \(figure(counts.total))", value: allowed),
            Step(
                figure: "remaining", formula: "1 - bad / allowed",
                filled: "1 - \(figure(counts.bad)) / \(figure(allowed))",
                value: verdict.budget.remaining),
        ]
        steps += bounds(counts, ratio)
        if let remaining = verdict.budget.remaining, remaining > 0,
            let burn = verdict.hourly.burnRate
        {
            steps.append(
                Step(
                    figure: "exhaustedIn", formula: "remaining x period / burn(1h)",
                    filled: "\(figure(remaining)) x \(figure(period.window.seconds)) s / "
                        + figure(burn),
                    value: verdict.budget.exhaustedIn))
        }
        return steps
    }

    private func bounds(_ counts: EventCounts, _ ratio: Double) -> [Step] {
        guard let unseen = verdict.budget.unseenEvents, unseen > 0 else { return [] }
        let total = "(\(figure(counts.total)) + \(figure(unseen)))"
        return [
            Step(
                figure: "U", formula: "mean observed rate x unseen seconds",
                filled: "unseen for \(figure(verdict.budget.unseenSeconds)) s", value: unseen),
            Step(
                figure: "best", formula: "1 - bad / ((1 - objective) x (total + U))",
                filled: "1 - \(figure(counts.bad)) / (\(figure(ratio)) x \(total))",
                value: verdict.budget.best),
            Step(
                figure: "worst", formula: "1 - (bad + U) / ((1 - objective) x (total + U))",
                filled: "1 - (\(figure(counts.bad)) + \(figure(unseen))) / "
                    + "(\(figure(ratio)) x \(total))",
                value: verdict.budget.worst),
        ]
    }

    // MARK: Windows and pairs

    /// How a window's burn rate was worked out.
    func burn(_ window: WindowFigures) -> Step {
        let ratio = definition.objective.budgetRatio
        return Step(
            figure: "burn", formula: "bad / total / (1 - objective)",
            filled: window.counts.total > 0
                ? "\(figure(window.counts.bad)) / \(figure(window.counts.total)) / \(figure(ratio))"
                : "no events",
            value: window.burnRate)
    }

    /// Why an alert fires, or does not.
    func reason(_ pair: PairVerdict) -> String {
        let burns =
            "\(figure(pair.long.burnRate)) over \(pair.long.window) and "
            + "\(figure(pair.short.burnRate)) over \(pair.short.window)"
        let limit = figure(pair.pair.factor)
        guard let long = pair.long.burnRate, let short = pair.short.burnRate else {
            return "a window has no events: neither fires nor resolves"
        }
        guard long > pair.pair.factor, short > pair.pair.factor else {
            let clear = "burn is \(burns): not both above \(limit)"
            if case .unknown = pair.finding {
                return clear + "; targets are not seen, so nothing resolves"
            }
            return clear
        }
        let burning = "burn is \(burns): both above \(limit)"
        guard let chance = pair.chance else { return burning + "; not tested against chance" }
        let test =
            "P(X >= \(figure(pair.long.counts.bad))) of \(figure(pair.long.counts.total)) events "
            + "= \(probability(chance))"
        if chance >= pair.pair.severity.significance {
            return burning + "; but \(test), which may be chance: not below "
                + figure(pair.pair.severity.significance)
        }
        if pair.long.counts.bad < definition.alerts.evidence.badMin {
            return burning + "; but fewer bad events than "
                + "\(figure(definition.alerts.evidence.badMin)) (evidence.minBad)"
        }
        return burning + "; \(test), below \(figure(pair.pair.severity.significance))"
    }
}

extension Finding {
    /// As the API says it.
    var word: String {
        switch self {
        case .breaching: "breaching"
        case .clear: "clear"
        case .unknown: "unknown"
        }
    }
}

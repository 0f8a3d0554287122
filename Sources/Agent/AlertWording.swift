import Alerting
import Model
import SLO
import Text

// From a verdict to alerts: their labels, which are their identity, and the words a person reads.

/// What one alert is about.
enum AlertSubject {
    case burn(PairVerdict)
    case loss(DataLoss?, Severity)
    case idle(IdleVerdict)

    var finding: Observation {
        switch self {
        case .loss(let loss, _): loss == nil ? .clear : .breaching
        case .burn(let pair): observation(pair.finding)
        case .idle(let idle): observation(idle.finding)
        }
    }

    private func observation(_ finding: Finding) -> Observation {
        switch finding {
        case .breaching: .breaching
        case .clear: .clear
        case .unknown: .unknown
        }
    }
}

extension Verdict {
    /// What its alerts are about, parallel to `GroupAlerts.keys`. A page when nothing of the group
    /// can be seen, a ticket when a part cannot.
    var subjects: [AlertSubject] {
        pairs.map { .burn($0) } + [.loss(totalLoss, .page), .loss(partialLoss, .ticket)]
            + (idle.map { [.idle($0)] } ?? [])
    }
}

/// What an alert says besides its verdict.
struct AlertContext {
    var externalURL = ""
    /// Where a person silences it: the first Alertmanager, or the agent itself.
    var silenceURL = ""
    var targetNames: [UInt32: String] = [:]
}

/// Words one verdict's alerts. Takes some hundred allocations an alert: only for those that fire.
struct AlertWording {
    private let verdict: Verdict
    private let context: AlertContext

    init(_ verdict: Verdict, _ context: AlertContext) {
        self.verdict = verdict
        self.context = context
    }

    /// What an alert says besides its labels. `since` is when it began, `lastChange` tells what had
    /// changed before.
    func details(
        of subject: AlertSubject, key: Labels, since: Timestamp,
        lastChange: (Timestamp) -> String? = { _ in nil }
    ) -> AlertDetails {
        let words: Words
        switch subject {
        case .burn(let pair): words = burn(pair)
        case .loss(let loss, let severity): words = loss.map { self.loss($0, severity) } ?? Words()
        case .idle(let idle): words = self.idle(idle)
        }
        var annotations = [("summary", words.summary), ("description", words.description)]
        annotations += words.more
        annotations.append(("since", since.rfc3339))
        if let change = lastChange(since) { annotations.append(("last_change", change)) }
        if let runbook = verdict.definition.alerts.runbook {
            annotations.append(("runbook_url", runbook))
        }
        annotations.append(("explain_url", context.externalURL + verdict.path + "/explain"))
        annotations.append(("silence_url", silenceLink(key)))
        let own = verdict.definition.alerts.tiers[words.severity]?.annotations ?? [:]
        annotations += own.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return AlertDetails(
            annotations: annotations,
            generatorURL: context.externalURL + "/api/v1/slos?service="
                + "\(verdict.definition.service)&name=\(verdict.definition.name)",
            value: words.value)
    }

    private struct Words {
        var summary = ""
        var description = ""
        var more: [(String, String)] = []
        var severity = Severity.page
        var value = 1.0
    }

    // MARK: Burn

    private func burn(_ pair: PairVerdict) -> Words {
        var words = Words(severity: pair.pair.severity, value: pair.long.burnRate ?? 1)
        words.summary =
            "\(verdict.title) burns its error budget \(decimal(pair.long.burnRate, 1)) "
            + "times too fast"
        let objective = decimal(verdict.definition.objective.ratio * 100, 3)
        words.description =
            "\(events(pair.long)), \(events(pair.short)); objective \(objective) %, "
            + "alerts above \(decimal(pair.pair.factor, 2)) in both windows. "
            + "\(budget). \(chance(pair))"
        if verdict.evidence != .complete {
            words.description += " Evidence is \(verdict.evidence.rawValue)."
        }
        words.more = [
            (
                "sli",
                "\(percent(pair.long.errorRatio.map { 1 - $0 })) over \(pair.long.window), "
                    + "objective \(objective) %"
            ),
            (
                "burn_rates",
                "\(pair.long.window): \(decimal(pair.long.burnRate, 2)), \(pair.short.window): "
                    + "\(decimal(pair.short.burnRate, 2)), alerts above "
                    + decimal(pair.pair.factor, 2)
            ),
            ("budget", budget), ("evidence", "\(verdict.evidence.rawValue). \(chance(pair))"),
        ]
        return words
    }

    private var budget: String {
        var text = "Budget left over \(verdict.definition.period): "
        text += percent(verdict.budget.remaining)
        if let best = verdict.budget.best, let worst = verdict.budget.worst, best != worst {
            text += " (\(percent(worst)) to \(percent(best)) by what was not seen)"
        }
        if let seconds = verdict.budget.exhaustedIn, seconds > 0, seconds < 1e9 {
            let whole = TimeSpan.minutes(Int64(seconds / 60))
            text += ", gone in \(whole) at the last hour's rate"
        } else if verdict.budget.exhaustedIn == 0 {
            text += ", spent"
        }
        return text
    }

    private func chance(_ pair: PairVerdict) -> String {
        guard let chance = pair.chance else { return "Not tested against chance." }
        return "Chance of this if the objective were just met: \(probability(chance))."
    }

    private func events(_ window: WindowFigures) -> String {
        "\(window.window): \(decimal(window.counts.bad, 0)) bad of "
            + "\(decimal(window.counts.total, 0)), burn \(decimal(window.burnRate, 2))"
    }

    // MARK: Nothing seen, nothing asked

    private func loss(_ loss: DataLoss, _ severity: Severity) -> Words {
        let names = loss.targets.map { context.targetNames[$0] ?? "" }.joined(separator: ", ")
        let more = loss.lost > loss.targets.count ? " and more" : ""
        let what =
            loss.isRetirement
            ? "its last target ended; if that is meant, set alerts.scaleToZero"
            : "\(loss.lost) of \(loss.expected) targets are not seen"
        return Words(
            summary: "\(verdict.title) cannot be judged: \(what)",
            description: "Not seen since \(loss.since.rfc3339): \(names)\(more). "
                + "What is not seen is counted neither good nor bad.",
            more: [("budget", budget)], severity: severity, value: Double(loss.lost))
    }

    private func idle(_ idle: IdleVerdict) -> Words {
        Words(
            summary: "\(verdict.title) has had no events for \(idle.figures.window)",
            description: "Its targets are seen and counted nothing from "
                + "\(idle.figures.from.rfc3339) to \(idle.figures.to.rfc3339). \(budget).",
            more: [("budget", budget)], severity: idle.severity,
            value: idle.figures.window.seconds)
    }

    // MARK: Links

    private func silenceLink(_ key: Labels) -> String {
        let matchers = key.pairs.map { "\($0.name)=\(quoted($0.value))" }.joined(separator: ",")
        return context.silenceURL + "/#/silences/new?filter=" + percentEncoded("{\(matchers)}")
    }
}

extension Verdict {
    /// "recommender/availability (namespace a, inference_service fraud)".
    var title: String {
        let groups = labels.pairs.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        let name = definition.service + "/" + definition.name
        return groups.isEmpty ? name : name + " (" + groups + ")"
    }

    /// Where the API tells of it.
    var path: String { "/api/v1/slos/\(definition.service)/\(definition.name)" }

    /// The labels of a burn-rate alert; Pitot's own win over the tier's and the group's.
    func burnKey(_ pair: AlertPair) -> Labels {
        key("SLOBurn", pair.severity, [("window", pair.long.description)])
    }

    /// The labels of a data-loss alert.
    func lossKey(_ severity: Severity) -> Labels { key("SLODataLoss", severity, []) }

    /// The labels of an alert on missing traffic.
    func idleKey(_ severity: Severity) -> Labels { key("SLONoTraffic", severity, []) }

    private func key(
        _ alertName: String, _ severity: Severity, _ more: [(String, String)]
    ) -> Labels {
        let own = Labels(
            [
                ("alertname", alertName), ("slo", definition.name),
                ("service", definition.service), ("severity", severity.rawValue),
            ] + more)
        let tier = definition.alerts.tiers[severity]?.labels ?? .empty
        return tier.merging(labels).merging(own)
    }
}

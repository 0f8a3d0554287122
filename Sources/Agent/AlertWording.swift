import Alerting
import Model
import SLO
import Text

// From a verdict to alerts: their labels, which are their identity, and the words a person reads.

/// What one alert is about.
enum AlertSubject {
    case burn(PairVerdict)
    case loss(DataLoss?, Severity)

    var finding: Observation {
        switch self {
        case .loss(let loss, _): loss == nil ? .clear : .breaching
        case .burn(let pair):
            switch pair.finding {
            case .breaching: .breaching
            case .clear: .clear
            case .unknown: .unknown
            }
        }
    }
}

extension Verdict {
    /// What its alerts are about, parallel to `GroupAlerts.keys`. A page when nothing of the group
    /// can be seen, a ticket when a part cannot.
    var subjects: [AlertSubject] {
        pairs.map { .burn($0) } + [.loss(totalLoss, .page), .loss(partialLoss, .ticket)]
    }
}

/// Words one verdict's alerts. Takes some hundred allocations an alert: only for those that fire.
struct AlertWording {
    private let verdict: Verdict
    private let externalURL: String
    private let targetNames: [UInt32: String]

    init(_ verdict: Verdict, externalURL: String, targetNames: [UInt32: String]) {
        self.verdict = verdict
        self.externalURL = externalURL
        self.targetNames = targetNames
    }

    /// What an alert says besides its labels.
    func details(of subject: AlertSubject) -> AlertDetails {
        switch subject {
        case .burn(let pair):
            details(
                summary: burnSummary(pair), description: burnDescription(pair),
                severity: pair.pair.severity, value: pair.long.burnRate ?? 1)
        case .loss(let loss, let severity):
            loss.map { lossDetails($0, severity) } ?? AlertDetails()
        }
    }

    // MARK: Burn

    private func burnSummary(_ pair: PairVerdict) -> String {
        "\(verdict.title) burns its error budget \(decimal(pair.long.burnRate, 1)) times too fast"
    }

    private func burnDescription(_ pair: PairVerdict) -> String {
        let objective = decimal(verdict.definition.objective.ratio * 100, 3)
        var text = "\(events(pair.long)), \(events(pair.short)); objective \(objective) %"
        text += ", alerts above \(decimal(pair.pair.factor, 2)) in both windows. "
        text += "Budget left over \(verdict.definition.period): "
        text += decimal(verdict.budget.remaining.map { $0 * 100 }, 2) + " %"
        if let seconds = verdict.budget.exhaustedIn, seconds > 0, seconds < 1e9 {
            let whole = TimeSpan.minutes(Int64(seconds / 60))
            text += ", gone in \(whole) at the last hour's rate"
        }
        text += ". "
        if let chance = pair.chance {
            text += "Chance of this if the objective were just met: \(probability(chance))."
        } else {
            text += "Not tested against chance."
        }
        if verdict.evidence != .complete { text += " Evidence is \(verdict.evidence.rawValue)." }
        return text
    }

    private func events(_ window: WindowFigures) -> String {
        "\(window.window): \(decimal(window.counts.bad, 0)) bad of "
            + "\(decimal(window.counts.total, 0)), burn \(decimal(window.burnRate, 2))"
    }

    private func probability(_ chance: Double) -> String {
        chance < 1e-6 ? "below one in a million" : decimal(chance, 6)
    }

    // MARK: Data loss

    private func lossDetails(_ loss: DataLoss, _ severity: Severity) -> AlertDetails {
        let names = loss.targets.map { targetNames[$0] ?? "" }.joined(separator: ", ")
        let more = loss.lost > loss.targets.count ? " and more" : ""
        let what =
            loss.isRetirement
            ? "its last target ended; if that is meant, set alerts.scaleToZero"
            : "\(loss.lost) of \(loss.expected) targets are not seen"
        return details(
            summary: "\(verdict.title) cannot be judged: \(what)",
            description: "Not seen since \(loss.since.rfc3339): \(names)\(more). "
                + "What is not seen is counted neither good nor bad.",
            severity: severity, value: Double(loss.lost))
    }

    private func details(
        summary: String, description: String, severity: Severity, value: Double
    ) -> AlertDetails {
        let own = verdict.definition.alerts.tiers[severity]?.annotations ?? [:]
        let standard = [("summary", summary), ("description", description)]
        return AlertDetails(
            annotations: standard + own.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
            generatorURL: externalURL + "/api/v1/slos?service=\(verdict.definition.service)"
                + "&name=\(verdict.definition.name)",
            value: value)
    }
}

extension Verdict {
    /// "recommender/availability (namespace a, inference_service fraud)".
    var title: String {
        let groups = labels.pairs.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
        let name = definition.service + "/" + definition.name
        return groups.isEmpty ? name : name + " (" + groups + ")"
    }

    /// The labels of a burn-rate alert; Pitot's own win over the tier's and the group's.
    func burnKey(_ pair: AlertPair) -> Labels {
        key("SLOBurn", pair.severity, [("window", pair.long.description)])
    }

    /// The labels of a data-loss alert.
    func lossKey(_ severity: Severity) -> Labels { key("SLODataLoss", severity, []) }

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

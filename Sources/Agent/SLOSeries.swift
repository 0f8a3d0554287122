import Alerting
import Ingest
import Model
import SLO
import Text

// The `pitot_slo_*` series: figures of SLOs as metrics, with stable names (docs/metrics.md). One
// that is not known has no sample: an alert on it is `absent`, never a comparison with 0. The same
// samples are shown on /metrics.

/// One metric of SLOs.
enum SLOMetric: CaseIterable {
    case objective, errorRatio, burnRate, remaining, best, worst, exhaustedIn, events, classes
    case evidence, firing

    var name: String {
        switch self {
        case .objective: "pitot_slo_objective_ratio"
        case .errorRatio: "pitot_slo_error_ratio"
        case .burnRate: "pitot_slo_burn_rate"
        case .remaining: "pitot_slo_budget_remaining_ratio"
        case .best: "pitot_slo_budget_best_ratio"
        case .worst: "pitot_slo_budget_worst_ratio"
        case .exhaustedIn: "pitot_slo_budget_exhausted_in_seconds"
        case .events: "pitot_slo_period_events"
        case .classes: "pitot_slo_period_class_events"
        case .evidence: "pitot_slo_evidence"
        case .firing: "pitot_slo_alert_firing"
        }
    }

    var help: String {
        switch self {
        case .objective: "Objective as a ratio."
        case .errorRatio: "Bad events over all, by window."
        case .burnRate: "Error ratio over the budget ratio, by window."
        case .remaining: "Share of the period's budget that is left; negative when overspent."
        case .best: "The same, had all unseen events been good."
        case .worst: "The same, had all unseen events been bad."
        case .exhaustedIn: "Seconds until the budget is gone at the last hour's rate."
        case .events: "Events of the period, good and bad."
        case .classes: "Events of the period by the class of their increments."
        case .evidence: "1 for what is known of the period, 0 for the other states."
        case .firing: "Whether a burn-rate alert fires, by severity and long window."
        }
    }
}

/// A sample of an SLO's metric.
struct SLOSample {
    let metric: SLOMetric
    let labels: [(name: String, value: String)]
    let value: Double
}

extension AgentCore {
    /// The most groups whose figures are exported; further ones are in the API only.
    static let groupsExportedMax = 1000

    /// The samples of one verdict.
    func samples(of verdict: Verdict) -> [SLOSample] {
        let base = Self.labels(of: verdict)
        var found: [SLOSample] = []
        forEachFigure(of: verdict) { metric, value, more in
            guard let value else { return }
            found.append(SLOSample(metric: metric, labels: base + more, value: value))
        }
        return found
    }

    /// The labels that all figures of a group have. A group's label with the name of one of ours is
    /// called `exported_...`.
    static func labels(of verdict: Verdict) -> [(name: String, value: String)] {
        let own = ["window", "evidence", "class", "result"]
        let group = verdict.labels.pairs.map { pair in
            (name: own.contains(pair.name) ? "exported_" + pair.name : pair.name, value: pair.value)
        }
        return [
            (name: "service", value: verdict.definition.service),
            (name: "slo", value: verdict.definition.name),
        ] + group
    }

    /// Every figure in an order that depends on the definition only, nil where it is not known,
    /// with the labels that it has beside the group's.
    func forEachFigure(
        of verdict: Verdict,
        _ body: (SLOMetric, Double?, [(name: String, value: String)]) -> Void
    ) {
        func add(_ metric: SLOMetric, _ value: Double?, _ more: (String, String)...) {
            let known = value.flatMap { $0.isFinite ? $0 : nil }
            body(metric, known, more.map { (name: $0.0, value: $0.1) })
        }
        add(.objective, verdict.definition.objective.ratio)
        for (index, window) in verdict.windows.enumerated() {
            let isPeriod = index + 1 == verdict.windows.count
            let name =
                isPeriod ? verdict.definition.period.description : window.window.description
            let isKnown = window.evidence != .noData
            add(.errorRatio, isKnown ? window.errorRatio : nil, ("window", name))
            add(.burnRate, isKnown ? window.burnRate : nil, ("window", name))
        }
        add(.remaining, verdict.budget.remaining)
        add(.best, verdict.budget.best)
        add(.worst, verdict.budget.worst)
        add(.exhaustedIn, verdict.budget.exhaustedIn)
        let isSeen = verdict.asOf != .distantPast
        let counts = isSeen ? verdict.period?.counts : nil
        add(.events, counts?.good, ("result", "good"))
        add(.events, counts?.bad, ("result", "bad"))
        let classes = ledger.classes(of: verdict)
        for kind in IncrementClass.allCases {
            add(.classes, isSeen ? classes[kind] : nil, ("class", kind.word))
        }
        for state in [Evidence.complete, .partial, .noData, .noTraffic] {
            add(.evidence, state == verdict.evidence ? 1 : 0, ("evidence", state.rawValue))
        }
        for pair in verdict.pairs {
            let isFiring = notifier.book.state(of: verdict.burnKey(pair.pair)).isFiring
            add(
                .firing, isFiring ? 1 : 0, ("severity", pair.pair.severity.rawValue),
                ("window", pair.pair.long.description))
        }
    }

    /// Appends the figures of the first groups in Prometheus' text format.
    func writeSLOFigures(into out: inout ExpositionWriter) {
        let verdicts = ledger.groupsInForce(Self.groupsExportedMax).map {
            ledger.verdict(ofGroup: $0, now: now)
        }
        var samples: [SLOMetric: [SLOSample]] = [:]
        for verdict in verdicts {
            for sample in self.samples(of: verdict) {
                samples[sample.metric, default: []].append(sample)
            }
        }
        for metric in SLOMetric.allCases {
            guard let own = samples[metric] else { continue }
            out.metric(metric.name, .gauge, metric.help)
            for sample in own { out.sample(metric.name, sample.labels, sample.value) }
        }
        out.single(
            "pitot_slo_groups_exported", .gauge, "Groups whose pitot_slo_* figures are shown.",
            Double(verdicts.count))
    }
}

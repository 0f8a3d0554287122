import Model
public import Text

// What only a running agent knows of an SLO's series. The shell asks it, `findings` judges: so a
// misspelt metric, label, value or bound is seen before the rules are merged.

/// What an agent was asked about the series that SLOs look at.
public struct SLOSurvey: Sendable {
    /// Of one selector.
    public struct Seen: Sendable {
        /// Whether any series matches.
        public var hasSeries: Bool
        /// Label names of those.
        public var labels: [String] = []
        /// Of the selector's metric, whatever its labels: values of each label that the selector
        /// names.
        public var values: [String: [String]] = [:]
        /// `le` of its buckets.
        public var bounds: [String] = []

        /// What was seen of a selector, nothing but whether it matches.
        public init(hasSeries: Bool) { self.hasSeries = hasSeries }
    }

    /// All names of metrics.
    public var metrics: Set<String>
    /// By the selector's text.
    public var selectors: [String: Seen] = [:]

    /// A survey of an agent that knows these metrics.
    public init(metrics: Set<String>) { self.metrics = metrics }
}

/// A finding with its code.
public struct SurveyFinding: Sendable {
    /// `slo-unknown-metric` and the like: docs/check-rules.md.
    public let code: String
    public let diagnostic: Diagnostic
}

extension SLODefinition {
    /// A selector to ask an agent about, and what it is for.
    public struct Asked: Sendable {
        /// `bad`, `total`, `histogram`: its key.
        public let key: String
        public let selector: Selector
        /// Whether an agent without a single series of it is still well.
        let mayBeEmpty: Bool
    }

    /// What to ask an agent about.
    public var asked: [Asked] {
        switch sli {
        case .events(let events):
            [
                Asked(key: "total", selector: events.total, mayBeEmpty: false),
                Asked(
                    key: events.counted == .bad ? "bad" : "good", selector: events.selector,
                    mayBeEmpty: events.counted == .bad),
            ]
        case .latency(let latency):
            [Asked(key: "histogram", selector: latency.goodBuckets, mayBeEmpty: false)]
        case .freshness(let freshness):
            [Asked(key: "timestamp", selector: freshness.timestamp, mayBeEmpty: false)]
        case .threshold(let threshold):
            [Asked(key: "metric", selector: threshold.metric, mayBeEmpty: false)]
        case .composite, .query, .probe, .runs, .spans: []
        }
    }
}

extension SLOSurvey {
    /// What does not fit the agent's series.
    public func findings(_ definition: SLODefinition) -> [SurveyFinding] {
        // A native histogram has no buckets to ask about.
        if case .latency(let latency) = definition.sli,
            metrics.contains(latency.name), !metrics.contains(latency.name + "_bucket")
        {
            return []
        }
        var found: [SurveyFinding] = []
        for asked in definition.asked {
            let faults = faults(of: asked, definition)
            found += faults.map { code, what, hint in
                SurveyFinding(
                    code: code,
                    diagnostic: .warning(at: definition.position, what, hint: hint))
            }
        }
        return found
    }

    private typealias Fault = (code: String, what: String, hint: String?)

    private func faults(
        of asked: SLODefinition.Asked, _ definition: SLODefinition
    ) -> [Fault] {
        let text = asked.selector.text
        if let name = asked.selector.metricName, !metrics.contains(name) {
            let meant = suggestion(for: name, among: metrics.sorted())
            return [
                (
                    "slo-unknown-metric", "\"\(asked.key)\": the agent has no metric \(name)",
                    meant.map { "did you mean \($0)?" } ?? "nothing is counted until it comes"
                )
            ]
        }
        guard let seen = selectors[text] else { return [] }
        guard seen.hasSeries else { return [emptyFault(asked, seen)] }
        var found: [Fault] = []
        for label in definition.by where !seen.labels.contains(label) {
            let meant = suggestion(for: label, among: seen.labels)
            let others = seen.labels.filter { $0 != Labels.metricName }.joined(separator: ", ")
            found.append(
                (
                    "slo-unknown-label",
                    "\"by\" has \"\(label)\", which no series of \"\(asked.key)\" has",
                    meant.map { "did you mean \"\($0)\"?" }
                        ?? "they have \(others)"
                ))
        }
        if case .latency(let latency) = definition.sli { found += boundFault(latency, seen) }
        return found
    }

    /// Why a selector of a metric that is there matches nothing.
    private func emptyFault(_ asked: SLODefinition.Asked, _ seen: Seen) -> Fault {
        for matcher in asked.selector.matchers where matcher.name != Labels.metricName {
            let values = seen.values[matcher.name] ?? []
            guard let one = try? Selector([matcher]) else { continue }
            if values.contains(where: { one.matches(Labels([(matcher.name, $0)])) }) { continue }
            if one.matches(.empty) { continue }
            if values.isEmpty {
                return (
                    "slo-unknown-label",
                    "\"\(asked.key)\" wants \(matcher), and no series of its metric has that label",
                    nil
                )
            }
            let shown = values.prefix(8).joined(separator: ", ")
            if asked.mayBeEmpty {
                return (
                    "slo-no-series",
                    "\"\(asked.key)\" matches nothing yet: no \(matcher.name) of its metric is "
                        + "\(matcher.op.rawValue)\(quoted(matcher.value))",
                    "right if nothing has failed so far, and misspelt if something has: there is "
                        + shown
                )
            }
            return (
                "slo-no-series",
                "\"\(asked.key)\" matches nothing: no \(matcher.name) of its metric is "
                    + "\(matcher.op.rawValue)\(quoted(matcher.value))", "there is \(shown)"
            )
        }
        return (
            "slo-no-series", "\"\(asked.key)\" matches nothing: no series has all its labels",
            "try its matchers one by one with `pitot query`"
        )
    }

    private func boundFault(_ sli: LatencySLI, _ seen: Seen) -> [Fault] {
        var bounds = SeenSeries()
        for bound in seen.bounds {
            if let number = bound == "+Inf" ? Double.infinity : Double(bound) {
                bounds.note(number)
            }
        }
        return bounds.fault(of: sli).map { [("slo-unknown-bound", $0, nil)] } ?? []
    }
}

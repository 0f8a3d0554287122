import Model
import SLO
import Text

// The PromQL of one SLO. Everything is a ratio of counts over one window, never a mean of ratios:
//
//     slo:bad:increase1h{service, slo} / slo:total:increase1h{service, slo} > 14.4 * 0.001
//
// Windows up to six hours are increases of the counters; longer ones are sums of the recorded
// increases of five minutes, each counted once: `sum_over_time(slo:bad:increase5m[30d:5m])`.

/// What is recorded and compared for one SLO.
struct RuleExpressions {
    /// Windows above it are sums of recorded increases.
    static let directMax = TimeSpan.hours(6)
    /// What longer windows are sums of.
    static let step = TimeSpan.minutes(5)

    /// How bad and total events are counted over a window.
    enum Counts {
        /// PromQL with `$window` for the window.
        case increases(bad: String, total: String)
        /// PromQL that is 1 in a bad minute and 0 in a good one.
        case minutes(bad: String)
    }

    let definition: SLODefinition
    let counts: Counts
    /// What must be there for the SLO to be seen at all.
    let presence: String

    /// Throws why rules cannot express an SLO.
    init(_ definition: SLODefinition) throws(RuleRefusal) {
        self.definition = definition
        let by = definition.by
        if case .events(let events) = definition.sli {
            presence = events.total.text
            counts = Self.events(events, by)
        } else if case .latency(let latency) = definition.sli {
            let total = CounterSelector(latency.total)
            presence = total.named(suffix: "_count")
            counts = Self.latency(latency, by)
        } else if case .threshold(let threshold) = definition.sli {
            presence = threshold.metric.text
            let opposite: [ThresholdSLI.Comparison: String] = [
                .below: ">=", .atMost: ">", .above: "<=", .atLeast: "<",
            ]
            let isBad =
                "\(opposite[threshold.comparison] ?? "<") bool "
                + plainNumber(threshold.value)
            counts = .minutes(
                bad: "\(Self.worst(threshold.rule, by)) (\(threshold.metric.text) \(isBad))")
        } else if case .freshness(let freshness) = definition.sli {
            presence = freshness.timestamp.text
            let scale = freshness.unitsPerSecond
            let seconds = freshness.timestamp.text + (scale == 1 ? "" : " / \(plainNumber(scale))")
            let limit = plainNumber(freshness.within.seconds)
            counts = .minutes(
                bad: "\(Self.worst(freshness.rule, by)) (time() - \(seconds) > bool \(limit))")
        } else {
            throw RuleRefusal("what it counts is in no series of Prometheus")
        }
    }

    private static func events(_ events: EventSLI, _ by: [String]) -> Counts {
        let total = increase(events.total.text, by)
        // Series that do not exist yet are none, as long as there is a total.
        let known = "\(increase(events.selector.text, by))\nor\n\(total) * 0"
        return switch events.counted {
        case .bad: .increases(bad: known, total: total)
        case .good: .increases(bad: "clamp_min(\(total)\n- (\(known)), 0)", total: total)
        }
    }

    /// Of classic buckets, else of a native histogram, whichever a group has.
    private static func latency(_ latency: LatencySLI, _ by: [String]) -> Counts {
        var bucket = CounterSelector(latency.histogram)
        bucket.metric = latency.name + "_bucket"
        bucket.add(Matcher("le", .equal, plainNumber(latency.bound)))
        let good = increase(bucket.notation, by)
        let classic = increase(CounterSelector(latency.total).named(suffix: "_count"), by)
        let all = increase(latency.total.text, by)
        let some = increase(latency.histogram.text, by)
        let native = "histogram_count(\(all))"
        let share = "histogram_fraction(0, \(plainNumber(latency.bound)), \(some))"
        let bad = """
            clamp_min(\(classic)
            - (\(good)
            or
            \(classic) * 0), 0)
            or
            \(native)
            - histogram_count(\(some)) * \(share)
            """
        return .increases(bad: bad, total: "\(classic)\nor\n\(native)")
    }

    private static func increase(_ selector: String, _ by: [String]) -> String {
        "\(aggregate("sum", by)) (increase(\(selector)[$window]))"
    }

    /// One bad series makes a minute bad, or all of them must be.
    private static func worst(_ rule: SliceRule, _ by: [String]) -> String {
        aggregate(rule == .worst ? "max" : "min", by)
    }

    private static func aggregate(_ function: String, _ by: [String]) -> String {
        by.isEmpty
            ? function : "\(function) by (" + by.map(labelName).joined(separator: ", ") + ")"
    }

    private static func labelName(_ name: String) -> String {
        isPlainName(name) ? name : quoted(name)
    }

    // MARK: Recordings

    /// The name under which a count over a window is recorded.
    static func record(_ what: String, _ window: TimeSpan) -> String {
        "slo:\(what):increase\(window)"
    }

    /// A recorded count of this SLO.
    func recorded(_ what: String, _ window: TimeSpan) -> String {
        Self.record(what, window) + identity
    }

    private var identity: String {
        "{service=\(quoted(definition.service)), slo=\(quoted(definition.name))}"
    }

    /// The windows of the alert pairs and the step, shortest first, each once.
    var windows: [TimeSpan] {
        let pairs = definition.alerts.pairs
        return Set(pairs.map(\.long) + pairs.map(\.short) + [Self.step]).sorted()
    }

    /// The rolling period; nil for a calendar's.
    var period: TimeSpan? {
        switch definition.period {
        case .rolling(let span): span
        case .calendar: nil
        }
    }

    /// Records both counts over a window.
    func recordings(over window: TimeSpan) -> [GeneratedRule] {
        ["bad", "total"].map { what in
            GeneratedRule.record(Self.record(what, window), expression(what, window), labels)
        }
    }

    private func expression(_ what: String, _ window: TimeSpan) -> String {
        switch counts {
        case .minutes:
            let function = what == "bad" ? "sum_over_time" : "count_over_time"
            return "\(function)(slo:minute_bad:bool\(identity)[\(window)])"
        case .increases(let bad, let total):
            if window > Self.directMax {
                let step = recorded(what, Self.step)
                return "sum_over_time(\(step)[\(window):\(Self.step)])"
            }
            return (what == "bad" ? bad : total).replacing("$window", with: "\(window)")
        }
    }

    /// What the counts over windows are made of, when that is recorded itself.
    var minuteRecordings: [GeneratedRule] {
        switch counts {
        case .increases: []
        case .minutes(let bad): [.record("slo:minute_bad:bool", bad, labels)]
        }
    }

    var labels: [TextPair] {
        [
            TextPair(name: "service", value: definition.service),
            TextPair(name: "slo", value: definition.name),
        ]
    }

    /// The budget of the period: its counts and what is left.
    var budgetRecordings: [GeneratedRule] {
        let objective = GeneratedRule.record(
            "slo:objective:ratio", "vector(\(definition.objective.ratio))", labels)
        guard let period else { return [objective] }
        let bad = recorded("bad", period)
        let total = recorded("total", period)
        let left = "1 - \(bad)\n/\n(\(total) * \(definition.objective.budgetRatio))"
        // An alert's window may be the whole period: recorded once.
        let counts = windows.contains(period) ? [] : recordings(over: period)
        return counts + [objective, .record("slo:error_budget:remaining_ratio", left, labels)]
    }

    // MARK: Alerts

    /// One alert a pair, and one for the loss of everything.
    var alerts: [GeneratedRule] {
        let burns = definition.alerts.pairs.compactMap(burn)
        return definition.alerts.scaleToZero ? burns : burns + [loss]
    }

    private func burn(_ pair: AlertPair) -> GeneratedRule? {
        guard let tier = definition.alerts.tiers[pair.severity] else { return nil }
        let limit = "\(plainNumber(pair.factor)) * \(definition.objective.budgetRatio)"
        var conditions = [pair.long, pair.short].map { window in
            "(\(recorded("bad", window)) / \(recorded("total", window))) > (\(limit))"
        }
        let evidence = definition.alerts.evidence
        if evidence.isTested, evidence.badMin > 0, case .increases = counts {
            conditions.append("\(recorded("bad", pair.long)) >= \(plainNumber(evidence.badMin))")
        }
        let name = "{{ $labels.service }}/{{ $labels.slo }}"
        let objective = shortDecimal(definition.objective.ratio * 100)
        var annotations = [
            TextPair(
                name: "description",
                value: "{{ $value | humanizePercentage }} of the events of \(pair.long) were bad; "
                    + "objective \(objective) %, alerts above \(shortDecimal(pair.factor)) times "
                    + "its budget over \(pair.long) and \(pair.short)."),
            TextPair(name: "summary", value: "\(name) burns its error budget too fast"),
        ]
        if let runbook = definition.alerts.runbook {
            annotations.append(TextPair(name: "runbook_url", value: runbook))
        }
        annotations = annotations.merging(
            tier.annotations.map { TextPair(name: $0.key, value: $0.value) })
        let own = tier.labels.pairs.map { TextPair(name: $0.name, value: $0.value) }
        return .alert(
            "SLOBurn", conditions.joined(separator: "\nand\n"), hold: .zero,
            // With the SLO's own: promtool takes equal labels of two SLOs for a repeated rule.
            labels: own.merging(labels).merging([
                TextPair(name: "severity", value: pair.severity.rawValue),
                TextPair(name: "window", value: "\(pair.long)"),
            ]), annotations: annotations)
    }

    private var loss: GeneratedRule {
        .alert(
            "SLODataLoss", "absent(\(presence))", hold: definition.alerts.dataLossAfter,
            labels: labels.merging([TextPair(name: "severity", value: "page")]),
            annotations: [
                TextPair(
                    name: "summary",
                    value: "\(definition.service)/\(definition.name) cannot be seen: its series "
                        + "are gone")
            ])
    }
}

/// Why no rules are generated for an SLO.
struct RuleRefusal: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

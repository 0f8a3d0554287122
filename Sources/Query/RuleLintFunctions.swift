internal import Model
internal import Text

// Functions over windows: whether there can be two samples in them, and whether the samples are of
// the kind that the function is for.

extension RuleLook {
    mutating func checkFunctions() {
        var calls: [Call] = []
        rule.query.expression.walk { expression, _ in
            if case .call(let node) = expression { calls.append(node) }
        }
        for call in calls {
            for argument in call.arguments {
                switch argument.unwrapped {
                case .matrix(let node): check(call, node)
                case .subquery(let node): check(call, node)
                default: continue
                }
            }
        }
    }

    private mutating func check(_ call: Call, _ node: MatrixSelector) {
        let name = node.vector.selector.metricName
        if call.function.needsTwoSamples {
            let makers = name.flatMap { lint.recorded[$0] } ?? []
            let intervals = makers.compactMap {
                $0.group.interval ?? lint.settings.evaluationInterval
            }
            // What is recorded comes at the pace of its group, if that is known.
            let interval =
                makers.isEmpty ? lint.settings.scrapeInterval : intervals.min() ?? .zero
            if node.window.span < interval * 2 {
                let source = makers.isEmpty ? "scrape interval" : "interval of the rule"
                add(
                    .shortWindow, node.range,
                    "\(call.function.rawValue) over \(node.window) needs two samples, and at a "
                        + "\(source) of \(interval) there may be one",
                    "take at least \(interval * 2), better \(interval * 4)"
                        + (makers.isEmpty ? ", or tell --scrape-interval" : ""))
            }
        }
        guard let name else { return }
        if call.function.isForCounters, let reason = gaugeReason(name) {
            add(
                .rateOnGauge, node.range,
                "\(call.function.rawValue) is for counters, and \(name) is none: \(reason)",
                "use delta or deriv, or avg_over_time for its level")
        }
        if call.function == .delta || call.function == .idelta, isCounter(name) {
            add(
                .deltaOnCounter, node.range,
                "\(call.function.rawValue) of the counter \(name) is wrong at each reset",
                "use \(call.function == .delta ? "increase" : "irate")")
        }
    }

    private mutating func check(_ call: Call, _ node: Subquery) {
        if call.function.needsTwoSamples, let step = node.step?.span, node.window.span < step * 2 {
            add(
                .shortWindow, node.range,
                "\(call.function.rawValue) over [\(node.window):\(step)] needs two values and has "
                    + "one", "take a window of at least twice the step")
        }
        guard call.function.isForCounters, case .aggregate(let inner) = node.expression.unwrapped,
            inner.op == .sum || inner.op == .avg,
            case .vector(let vector) = inner.expression.unwrapped
        else { return }
        add(
            .rateOfSum, node.range,
            "\(call.function.rawValue) of a \(inner.op.rawValue) takes the reset or the end of one "
                + "series of \(vector.selector.metricName ?? "many") for one of all",
            "take \(inner.op.rawValue)(\(call.function.rawValue)(...)) instead")
    }

    // MARK: Counters and gauges

    /// Why a metric is no counter; nil when it is one or nothing is known.
    private func gaugeReason(_ name: String) -> String? {
        if let makers = lint.recorded[name] {
            let shapes = makers.map { $0.rule.query.expression }
            return shapes.allSatisfy { $0.isLevel }
                ? "it is recorded as \(oneLine(makers[0].rule.text))" : nil
        }
        if let type = lint.settings.catalog?.types[name] {
            return type == "gauge" ? "the agent knows it as a gauge" : nil
        }
        guard let suffix = Self.gaugeSuffixes.first(where: { name.hasSuffix($0) }) else {
            return nil
        }
        return "names in \(suffix) are gauges"
    }

    private func isCounter(_ name: String) -> Bool {
        if lint.recorded[name] != nil { return false }
        if let type = lint.settings.catalog?.types[name] { return type == "counter" }
        return name.hasSuffix("_total") && !name.contains(":")
    }

    /// Of names that no counter and no histogram has.
    private static let gaugeSuffixes = [
        "_timestamp_seconds", "_start_time_seconds", "_celsius", "_ratio", "_info", "_percent",
        "_usage_bytes", "_free_bytes", "_avail_bytes", "_available_bytes", "_limit_bytes",
        "_resident_memory_bytes", "_working_set_bytes", "_queue_length", "_temperature",
    ]
}

extension Expression {
    /// Whether its values are levels and rates, which a rate of makes no sense.
    fileprivate var isLevel: Bool {
        switch unwrapped {
        case .call(let node):
            if node.function.isForCounters { return true }
            switch node.function {
            case .histogramQuantile, .histogramFraction, .histogramAvg, .avgOverTime,
                .quantileOverTime, .delta, .deriv, .predictLinear, .absent:
                return true
            default: return false
            }
        case .aggregate(let node):
            return node.op == .count || node.op == .quantile || node.expression.isLevel
        case .binary(let node):
            if node.op == .div { return true }
            return !node.op.isComparison && !node.op.isSetOperator && node.left.isLevel
        default: return false
        }
    }
}

extension Function {
    /// Gives nothing for a window of one sample.
    fileprivate var needsTwoSamples: Bool {
        switch self {
        case .rate, .increase, .irate, .delta, .idelta, .deriv, .predictLinear,
            .doubleExponentialSmoothing:
            true
        default: false
        }
    }

    /// Takes a decrease for a reset.
    var isForCounters: Bool { self == .rate || self == .increase || self == .irate }
}

internal import Alerting
public import Model
internal import Text

/// A sample that a rule made.
public struct RuleSample: Sendable {
    public var labels: Labels
    public var time: Timestamp
    /// The stale marker where the series ended.
    public var value: Double
    public var histogram: Histogram?

    public init(labels: Labels, time: Timestamp, value: Double, histogram: Histogram? = nil) {
        self.labels = labels
        self.time = time
        self.value = value
        self.histogram = histogram
    }
}

/// What rules are evaluated under.
public struct RuleContext: Sendable {
    public var externalLabels = Labels.empty
    public var externalURL = ""
    /// Asked now and then while a rule is evaluated; true ends it with an error.
    public var shouldStop: (@Sendable () -> Bool)?

    /// Without external labels or URL.
    public init() {}
}

extension Rule {
    /// The most alerts of a rule, whatever its group allows.
    public static let alertsMax = 100_000

    /// Evaluates at a time. On an error the memory keeps its alerts and says why: what cannot be
    /// evaluated resolves nothing. Too many alerts are such an error, where Prometheus forgets all
    /// of them.
    public func evaluate(
        at time: Timestamp, offset: TimeSpan = .zero, limit: Int = 0, on source: any SampleSource,
        in context: RuleContext, _ memory: inout RuleMemory
    ) -> [RuleSample] {
        do throws(QueryError) {
            let vector = try instant(query, at: time - offset, source, context)
            let samples: [RuleSample]
            switch kind {
            case .record(let name):
                samples = try recorded(vector, name, time - offset, limit)
            case .alert(let name, let hold, let keep):
                var alerts = memory.alerts
                let found = try expanded(vector, name, time, source, context)
                let terms = AlertTerms(hold: hold, keepFiring: keep)
                advance(&alerts, found, time, terms)
                let active = alerts.filter { $0.state.isActive }.count
                let most = limit > 0 ? min(limit, Self.alertsMax) : Self.alertsMax
                if active > most {
                    throw .execution("exceeded limit of \(most) with \(active) alerts")
                }
                memory.alerts = alerts
                samples = series(of: alerts, name, time - offset)
            }
            let present = samples.map(\.labels).sorted { precedes($0, $1) }
            let known = Set(present)
            let ended = memory.series.filter { !known.contains($0) }.map {
                RuleSample(labels: $0, time: time - offset, value: absent)
            }
            memory.series = present
            memory.lastError = nil
            return samples + ended
        } catch {
            memory.lastError = "\(error)"
            return []
        }
    }

    private func instant(
        _ query: Query, at time: Timestamp, _ source: any SampleSource, _ context: RuleContext
    ) throws(QueryError) -> [InstantSample] {
        var query = query
        if let shouldStop = context.shouldStop { query.options.limits.shouldStop = shouldStop }
        switch try query.evaluate(at: time, on: source).value {
        case .vector(let list): return list
        case .scalar(let value): return [InstantSample(labels: .empty, value: value)]
        case .string, .matrix: throw .execution("rule result is not a vector or scalar")
        }
    }

    private func recorded(
        _ vector: [InstantSample], _ name: String, _ time: Timestamp, _ limit: Int
    ) throws(QueryError) -> [RuleSample] {
        if limit > 0 && vector.count > limit {
            throw .execution("exceeded limit of \(limit) with \(vector.count) series")
        }
        var seen: Set<Labels> = []
        var list: [RuleSample] = []
        for sample in vector {
            var made = sample.labels.setting(Labels.metricName, name)
            for label in labels { made = made.setting(label.name, label.value) }
            guard seen.insert(made).inserted else {
                throw .execution(
                    "vector contains metrics with the same labelset after applying rule labels")
            }
            list.append(
                RuleSample(
                    labels: made, time: time, value: sample.value, histogram: sample.histogram))
        }
        return list
    }

    /// The alerts that the expression asks for now, with labels and annotations expanded.
    private func expanded(
        _ vector: [InstantSample], _ name: String, _ time: Timestamp, _ source: any SampleSource,
        _ context: RuleContext
    ) throws(QueryError) -> [RuleAlert] {
        if vector.isEmpty { return [] }
        let functions = self.functions(time, source, context)
        let external = texts(context.externalLabels)
        var seen: Set<Labels> = []
        var list: [RuleAlert] = []
        for sample in vector {
            let dot = TemplateValue.map([
                "Labels": texts(sample.labels), "ExternalLabels": external,
                "ExternalURL": .string(context.externalURL), "Value": .float(sample.value),
            ])
            var made = sample.labels.withoutName
            for (label, template) in zip(labels, labelTemplates) {
                made = made.setting(label.name, template.expand(on: dot, functions))
            }
            made = made.setting("alertname", name)
            guard seen.insert(made).inserted else {
                throw .execution(
                    "vector contains metrics with the same labelset after applying alert labels")
            }
            let notes = zip(annotations, annotationTemplates).map {
                ($0.name, $1.expand(on: dot, functions))
            }
            list.append(
                RuleAlert(
                    state: .inactive, labels: made, annotations: Dictionary(notes) { $1 },
                    value: sample.value))
        }
        return list
    }

    private func texts(_ labels: Labels) -> TemplateValue {
        .texts(Dictionary(labels.pairs.map { ($0.name, $0.value) }) { $1 })
    }

    private func functions(
        _ time: Timestamp, _ source: any SampleSource, _ context: RuleContext
    ) -> TemplateFunctions {
        var around = TemplateSurroundings()
        around.externalURL = context.externalURL
        let options = query.options
        around.query = { arguments throws(TemplateFault) in
            guard case .string(let text)? = arguments.first else {
                throw TemplateFault("wrong number of args for query: want 1 got 0")
            }
            do throws(QueryError) {
                let list = try self.instant(
                    Query(parsing: text, options: options), at: time, source, context)
                return .list(list.map { TemplateSurroundings.sample($0.labels, $0.value) })
            } catch {
                throw TemplateFault("\(error)")
            }
        }
        var functions = TemplateFunctions()
        functions.addPrometheus(around)
        return functions
    }

    /// Leads each alert a step on in its life; what was found breaches, everything else is clear.
    private func advance(
        _ alerts: inout [RuleAlert], _ found: [RuleAlert], _ time: Timestamp, _ terms: AlertTerms
    ) {
        if alerts.isEmpty && found.isEmpty { return }
        var byLabels: [Labels: RuleAlert] = [:]
        for alert in alerts {
            if let resolved = alert.state.resolvedAt,
                time - resolved > AlertState.resolvedRetention
            {
                continue
            }
            byLabels[alert.labels] = alert
        }
        let breaching = Set(found.map(\.labels))
        for alert in alerts where !breaching.contains(alert.labels) {
            _ = byLabels[alert.labels]?.state.observe(.clear, terms, at: time)
        }
        for var alert in found {
            alert.state = byLabels[alert.labels]?.state ?? .inactive
            _ = alert.state.observe(.breaching, terms, at: time)
            byLabels[alert.labels] = alert
        }
        alerts = byLabels.values.filter { $0.state != .inactive }
            .sorted { precedes($0.labels, $1.labels) }
    }

    private func series(
        of alerts: [RuleAlert], _ name: String, _ time: Timestamp
    ) -> [RuleSample] {
        alerts.filter { $0.state.isActive }.flatMap { alert in
            let base = alert.labels.setting("alertname", name)
            return [
                RuleSample(
                    labels: base.setting(Labels.metricName, "ALERTS")
                        .setting("alertstate", alert.state.name), time: time, value: 1),
                RuleSample(
                    labels: base.setting(Labels.metricName, "ALERTS_FOR_STATE"), time: time,
                    value: Double((alert.state.activeAt ?? time).millis / 1000)),
            ]
        }
    }
}

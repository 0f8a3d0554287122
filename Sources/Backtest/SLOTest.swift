public import Agent
import Alerting
public import Model
public import Query
import Text

// A test's input series are played to an agent, as a back-test plays a history: whole scrapes, each
// at its time. At each `eval_time` its word on the SLOs, and the alerts that fire, are compared
// with what is expected. Series of one `job` and `instance` are one target, as in Prometheus; one
// without `instance` is a target of its own.

/// A test's expectations about SLOs, and the files that define those.
public struct SLOTest: Sendable {
    /// Numbers that are written by hand may be rounded.
    static let tolerance = 1e-6

    private let files: ConfigurationFiles

    /// A test of the SLOs in these files.
    public init(_ files: ConfigurationFiles) { self.files = files }

    /// Runs a test. An outcome for each expectation, in the order of the file.
    public func outcomes(_ test: RuleTest, step: TimeSpan) -> [RuleTestOutcome] {
        let read = SLOExpectation.read(test)
        let count = max(1, read.expectations.count)
        if let fault = read.diagnostics.first {
            return [failed(test, fault.description, count)]
        }
        guard !read.expectations.isEmpty else { return [] }
        let input = test.inputSeries(round: step)
        if let fault = input.fault {
            return [
                RuleTestOutcome(
                    at: fault.position, test.title, "run", fault: fault.what, count: count)
            ]
        }
        do throws(BacktestFault) {
            let run = try BacktestRun(
                name: test.title, files: files, from: test.start - .milliseconds(1))
            return check(read.expectations, of: test, input.series, run)
        } catch {
            switch error {
            case .rules(let diagnostics):
                let fault = diagnostics.first { $0.severity == .error }
                return [failed(test, fault?.description ?? "the rules do not read", count)]
            }
        }
    }

    private func failed(_ test: RuleTest, _ fault: String, _ count: Int) -> RuleTestOutcome {
        RuleTestOutcome(at: test.position, test.title, "run", fault: fault, count: count)
    }

    private func check(
        _ expectations: [SLOExpectation], of test: RuleTest, _ series: [SeriesNotation],
        _ begun: BacktestRun
    ) -> [RuleTestOutcome] {
        var run = begun
        run.add(series.map(\.labels))
        var played = 0
        var outcomes: [Int: RuleTestOutcome] = [:]
        let order = expectations.indices.sorted {
            (expectations[$0].time.millis, $0) < (expectations[$1].time.millis, $1)
        }
        for place in order {
            let wanted = expectations[place]
            let last = Int(wanted.time.millis / max(1, test.interval.millis))
            if last >= played {
                run.take(columns(series, played...last, test))
                played = last + 1
            }
            run.advance(to: test.start + wanted.time)
            outcomes[place] = wanted.outcome(test, run.agent)
        }
        return expectations.indices.compactMap { outcomes[$0] }
    }

    /// The values of these places, as columns.
    private func columns(
        _ series: [SeriesNotation], _ places: ClosedRange<Int>, _ test: RuleTest
    ) -> [HistoryColumn] {
        series.enumerated().map { number, one in
            var column = HistoryColumn(number: UInt32(number))
            for place in places where place < one.values.count {
                let time = test.start + test.interval * Int64(place)
                switch one.values[place] {
                case .omitted: break
                case .float(let value):
                    column.times.append(time)
                    column.values.append(value)
                case .histogram(let histogram, _): column.histograms.append((time, histogram))
                }
            }
            return column
        }
    }
}

extension SLOExpectation {
    func outcome(_ test: RuleTest, _ agent: AgentCore) -> RuleTestOutcome {
        let now = test.start + time
        switch kind {
        case .figures(let groups):
            let what = "SLO \(slo ?? "") at \(time)"
            let difference = groups.flatMap { differences($0, agent, now) }
            return RuleTestOutcome(
                at: position, test.title, what,
                fault: difference.isEmpty ? nil : "it says otherwise", difference: difference)
        case .alerts(let name, let wanted):
            let what = "alerts of \(slo ?? "SLOs") at \(time)"
            return outcome(test, what, name, wanted, agent)
        }
    }

    // MARK: Figures

    private func differences(
        _ group: YAMLNode, _ agent: AgentCore, _ now: Timestamp
    ) -> [String] {
        let parts = (slo ?? "/").split(separator: "/", omittingEmptySubsequences: false)
        let bytes = agent.slosJSON(
            service: String(parts[0]), name: String(parts[parts.count - 1]), now: now)
        let all = (try? JSONValue.parse(bytes))?["data"]?["slos"]?.elements ?? []
        guard !all.isEmpty else { return ["- \(slo ?? "")", "  (no rule file defines it)"] }
        let labels = group["labels"].map(Self.labels) ?? .empty
        guard let found = all.first(where: { Self.labels($0["labels"]) == labels }) else {
            let known = all.map { "+ " + Self.labels($0["labels"]).description }
            return ["- \(labels)"] + known
        }
        guard case .mapping(let pairs) = group.content else { return [] }
        let rest = pairs.filter { $0.key.keyText != "labels" }
        let prefix = labels == .empty ? "" : "\(labels) "
        return rest.flatMap { Self.compare($0.value, found, path: [$0.key.keyText ?? ""], prefix) }
    }

    private static func labels(_ node: YAMLNode) -> Labels {
        guard case .mapping(let pairs) = node.content else { return .empty }
        return Labels(
            pairs.map { ($0.key.keyText ?? "", $0.value.asText) })
    }

    private static func labels(_ object: JSONValue?) -> Labels {
        Labels((object?.members ?? []).map { ($0.key, $0.value.asString ?? "") })
    }

    /// What differs at a path below an object. Lists of objects that have a `window`, `name` or
    /// `severity` are asked by that.
    private static func compare(
        _ wanted: YAMLNode, _ object: JSONValue, path: [String], _ prefix: String
    ) -> [String] {
        let key = path[path.count - 1]
        let name = prefix + path.joined(separator: ".")
        guard let found = object[key] ?? object.elements.first(where: { $0.isNamed(key) }) else {
            return ["- \(name): \(wanted.summaryText)", "  (the API has no such figure)"]
        }
        if case .mapping(let pairs) = wanted.content {
            return pairs.flatMap { pair in
                compare(pair.value, found, path: path + [pair.key.keyText ?? ""], prefix)
            }
        }
        if isEqual(wanted, found) { return [] }
        return ["- \(name): \(wanted.summaryText)", "+ \(name): \(found.text)"]
    }

    private static func isEqual(_ wanted: YAMLNode, _ found: JSONValue) -> Bool {
        if wanted.isNull { return found.isNull }
        if let number = found.asDouble {
            guard let other = wanted.asDouble else { return false }
            return (number - other).magnitude
                <= SLOTest.tolerance * max(1, number.magnitude, other.magnitude)
        }
        return !found.isNull && found.asString == wanted.asText
    }

    // MARK: Alerts

    private func outcome(
        _ test: RuleTest, _ what: String, _ name: String?, _ wanted: [ExpectedSLOAlert],
        _ agent: AgentCore
    ) -> RuleTestOutcome {
        var firing = agent.notifier.alerts.filter { alert in
            alert.isFiring && alert.labels["slo"] != nil
                && (name == nil || alert.labels["alertname"] == name)
                && (slo == nil || slo == alert.slo)
        }.map { (labels: bare($0.labels, name), alert: $0) }
        let count = firing.count
        var lines: [String] = []
        for one in wanted {
            guard let place = firing.firstIndex(where: { $0.labels == one.labels }) else {
                lines.append("- \(one.labels)")
                continue
            }
            let alert = firing.remove(at: place).alert
            for (key, text) in one.annotations {
                let found = alert.details.annotations.first { $0.name == key }?.value
                if found == text { continue }
                lines.append("  \(one.labels)")
                lines.append("-   \(key): \(quoted(text))")
                lines.append("+   \(key): \(found.map(quoted) ?? "(none)")")
            }
        }
        lines += firing.map { "+ \($0.labels)" }.sorted()
        guard !lines.isEmpty else { return RuleTestOutcome(at: position, test.title, what) }
        return RuleTestOutcome(
            at: position, test.title, what,
            fault: "\(wanted.count) expected to fire, \(count) \(count == 1 ? "fires" : "fire")",
            difference: lines)
    }

    /// Without what the expectation names.
    private func bare(_ labels: Labels, _ name: String?) -> Labels {
        let given = (name == nil ? [] : ["alertname"]) + (slo == nil ? [] : ["service", "slo"])
        return Labels(
            labels.pairs.filter { !given.contains($0.name) }.map { ($0.name, $0.value) })
    }
}

extension Alert {
    fileprivate var slo: String { "\(labels["service"] ?? "")/\(labels["slo"] ?? "")" }
}

extension YAMLNode {
    /// A key as it is written.
    fileprivate var keyText: String? {
        if case .scalar(let text, _) = content { return text }
        return nil
    }

    /// A scalar as it is written.
    fileprivate var asText: String {
        if case .scalar(let text, _) = content { return text }
        return ""
    }

    fileprivate var summaryText: String { isNull ? "null" : asText }
}

extension JSONValue {
    /// Whether an element of a list is the one of this name: a window, a severity and window.
    fileprivate func isNamed(_ name: String) -> Bool {
        if let severity = self["severity"]?.asString, let window = self["window"]?.asString {
            return "\(severity) \(window)" == name
        }
        return self["window"]?.asString == name || self["name"]?.asString == name
    }

    fileprivate var text: String {
        if isNull { return "null" }
        return asString ?? asDouble.map { "\($0)" } ?? "a list or an object"
    }
}

import Drift
import Model
import Server
import Text

// `pitot drift merge`: an evaluator for several agents. Each tells the counters of its closed
// windows; they are added, and the detectors run once over the sums. The same rows give the same
// lines however they were split over agents.

enum DriftMergeCommand {
    static func run(_ arguments: [String], usage: String) -> Int32 {
        let options = Options(arguments, valued: ["--baseline", "-o"])
        let format = options.last("-o") ?? "text"
        if let fault = options.fault { return refuse(fault, usage) }
        guard !options.operands.isEmpty, !options.all("--baseline").isEmpty,
            ["text", "json"].contains(format)
        else { return refuse("merge takes --baseline, -o text or json, and counters", usage) }
        var merges = DriftMerges()
        for path in options.all("--baseline") {
            guard let bytes = readFile(path), let baseline = Baseline(bytes: bytes) else {
                return fail("\(path): no baseline; expected a file of \"pitot drift baseline\"")
            }
            merges.know(baseline)
        }
        for source in options.operands {
            guard let bytes = read(source), let root = try? JSONValue.parse(bytes),
                let models = root["data"]?["models"]
            else { return fail("\(source): no counters; expected /api/v1/drift/counters") }
            for model in models.elements {
                if let fault = merges.add(model) { return fail("\(source): \(fault)") }
            }
        }
        guard let outcomes = merges.run() else {
            return fail("an interval of over \(DriftMonitor.intervalRowsMax) rows; expected fewer")
        }
        printLine(format == "json" ? DriftMerges.json(outcomes) : DriftMerges.text(outcomes))
        for id in merges.unknown {
            printError("counters of the baseline \(id.prefix(12)): none given")
        }
        return outcomes.contains { $0.hasAlarm } ? ExitCode.findings : ExitCode.ok
    }

    private static func refuse(_ what: String, _ usage: String) -> Int32 {
        printError("pitot drift: \(what)\n\n\(usage)")
        return ExitCode.usage
    }

    private static func fail(_ what: String) -> Int32 {
        printError(what)
        return ExitCode.failed
    }

    private static func read(_ source: String) -> [UInt8]? {
        guard source.hasPrefix("http://") || source.hasPrefix("https://") else {
            return readFile(source)
        }
        let answer = HTTPClient().get(source + "/api/v1/drift/counters")
        return answer.status == 200 ? answer.body : nil
    }
}

/// Counters of several agents, by model version and baseline.
struct DriftMerges {
    /// What one model version showed.
    struct Outcome {
        let name: String
        let agents: Int
        let steps: [IntervalMerge.Step]
        /// The agents' own evidence together, which is what is compared without an evaluator.
        let summed: Double
        let limit: Double

        var hasAlarm: Bool { steps.contains { !$0.alarms.isEmpty } }
    }

    private struct Entry {
        var merge: IntervalMerge
        var settings: MonitorSettings
        var agents = 0
        var summed = 0.0
    }

    private var baselines: [String: Baseline] = [:]
    private var entries: [String: Entry] = [:]
    /// Baselines that counters name and nobody has given.
    private(set) var unknown: [String] = []

    mutating func know(_ baseline: Baseline) { baselines[baseline.id] = baseline }

    /// Adds what an agent tells of one model version; what is wrong with it.
    mutating func add(_ model: JSONValue) -> String? {
        guard let id = model["baseline"]?.asString, let settings = Self.settings(model) else {
            return "a model without a baseline or settings; expected those of this version"
        }
        guard let baseline = baselines[id] else {
            if !unknown.contains(id) { unknown.append(id) }
            return nil
        }
        let name = Self.name(model)
        let key = name + "\u{0}" + id
        var entry = entries[key] ?? Entry(merge: IntervalMerge(baseline), settings: settings)
        guard entry.settings == settings else {
            return "\(name): other settings than another agent's; expected the same rules"
        }
        entry.agents += 1
        entry.summed += model["evidence"]?.asDouble ?? 0
        for interval in model["intervals"]?.elements ?? [] {
            guard let (counts, end) = Self.interval(interval, baseline),
                entry.merge.add(counts, end: end)
            else { return "\(name): an interval that does not fit its baseline" }
        }
        entries[key] = entry
        return nil
    }

    private static func name(_ model: JSONValue) -> String {
        let parts = ["namespace", "endpoint", "version"].compactMap { key -> String? in
            guard let value = model[key]?.asString, !value.isEmpty else { return nil }
            return "\(key) \(value)"
        }
        let isOutputs = model["stream"]?.asString == "outputs"
        let name = (model["model"]?.asString ?? "") + (isOutputs ? " outputs" : "")
        return parts.isEmpty ? name : name + " (" + parts.joined(separator: ", ") + ")"
    }

    private static func settings(_ model: JSONValue) -> MonitorSettings? {
        guard let seed = model["seed"]?.asString.flatMap({ UInt64($0) }),
            let alpha = model["alpha"]?.asDouble,
            let windowRows = model["windowRowsMin"]?.asInteger,
            let usedRows = model["usedRowsMin"]?.asInteger, windowRows >= 0, usedRows >= 0
        else { return nil }
        var settings = MonitorSettings(seed: seed)
        if let rows = model["budgetRows"]?.asDouble {
            settings.budget = .rows(rows)
        } else if let seconds = model["budgetSeconds"]?.asDouble, abs(seconds) < 1e11 {
            settings.budget = .time(.milliseconds(Int64(seconds * 1000)))
        } else {
            return nil
        }
        settings.alpha = alpha
        settings.windowRowsMin = UInt64(windowRows)
        settings.usedRowsMin = UInt64(usedRows)
        settings.effectMin = model["effectMin"]?.asDouble
        return settings
    }

    private static func interval(
        _ interval: JSONValue, _ baseline: Baseline
    ) -> (IntervalCounts, Timestamp)? {
        guard let end = interval["end"]?.asDouble, abs(end) < 1e11,
            let rows = interval["rows"]?.asInteger, rows >= 0
        else { return nil }
        var filled: [FilledCell] = []
        for cell in interval["cells"]?.elements ?? [] {
            let parts = cell.elements.compactMap(\.asInteger)
            guard parts.count == 4, let count = UInt32(exactly: parts[3]) else { return nil }
            filled.append(
                FilledCell(feature: parts[0], slot: parts[1], cell: parts[2], rows: count))
        }
        guard let counts = IntervalCounts(of: baseline, rows: UInt64(rows), filled: filled) else {
            return nil
        }
        return (counts, Timestamp(millis: Int64((end * 1000).rounded())))
    }

    /// Runs the detectors, model by model; nil when an interval is too large.
    func run() -> [Outcome]? {
        var outcomes: [Outcome] = []
        for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard let steps = entry.merge.run(entry.settings) else { return nil }
            let limit = DriftMonitor(entry.merge.baseline, entry.settings).limit
            outcomes.append(
                Outcome(
                    name: String(key.prefix { $0 != "\u{0}" }), agents: entry.agents, steps: steps,
                    summed: entry.summed, limit: limit))
        }
        return outcomes
    }

    // MARK: Out

    static func text(_ outcomes: [Outcome]) -> String {
        if outcomes.isEmpty { return "no counters of these baselines" }
        return outcomes.map { outcome in
            var lines = [
                "\(outcome.name): \(outcome.agents) agents, \(outcome.steps.count) intervals"
            ]
            for step in outcome.steps {
                let state = step.report.isClean.map { $0 ? "clean" : "drifted" } ?? "few rows"
                lines.append(
                    "  to \(step.end.rfc3339): \(step.report.rows) rows, \(state), evidence "
                        + "\(decimal(step.evidence, 1)) of \(decimal(outcome.limit, 0))")
                for alarm in step.alarms {
                    let named = alarm.streams.prefix(3).filter { $0.share >= 0.05 }.map {
                        "\($0.feature) (\(decimal($0.share * 100, 1)) %)"
                    }
                    lines.append(
                        "  alarm at row \(alarm.row): " + named.joined(separator: ", ")
                            + "; \(alarm.guarantee)")
                }
            }
            lines.append(
                "  agents' own evidence together: \(decimal(outcome.summed, 1)) of "
                    + decimal(outcome.limit, 0))
            return lines.joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    static func json(_ outcomes: [Outcome]) -> String {
        var json = JSONWriter()
        json.array { json in
            for outcome in outcomes {
                json.object { json in
                    json.member("model", outcome.name)
                    json.member("agents", integer: outcome.agents)
                    json.member("budget", outcome.limit)
                    json.member("summedEvidence", outcome.summed)
                    json.key("intervals")
                    json.array { json in for step in outcome.steps { write(step, into: &json) } }
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func write(_ step: IntervalMerge.Step, into json: inout JSONWriter) {
        json.object { json in
            json.member("end", step.end.seconds)
            json.member("rows", integer: Int(clamping: step.report.rows))
            json.member("pValue", step.report.pValue)
            json.member("evidence", step.evidence)
            json.member("isLatched", bool: step.isLatched)
            json.key("alarms")
            json.array { json in
                for alarm in step.alarms {
                    json.object { json in
                        json.member("row", integer: Int(clamping: alarm.row))
                        json.member("evidence", alarm.evidence)
                        json.key("features")
                        json.array { json in
                            for stream in alarm.streams { json.string(stream.feature) }
                        }
                    }
                }
            }
        }
    }
}

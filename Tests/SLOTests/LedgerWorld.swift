import Model
import Testing
import Text

@testable import Ingest
@testable import SLO

// A ledger fed with increments, without the samples they come from. Seconds count from midnight.

func at(_ seconds: Double) -> Timestamp {
    Timestamp(millis: 1_795_392_000_000 + Int64((seconds * 1000).rounded()))
}

/// Those of zones.json.
let allZones: TimeZones = {
    var zones = TimeZones()
    for golden in ZoneGolden.all { _ = zones.add(name: golden.name, tzif: golden.file) }
    return zones
}()

func reading(_ yaml: String, file: String = "slo.yaml") -> DefinitionFile {
    do throws(Diagnostic) {
        guard let document = try YAML.parse(Array(yaml.utf8), file: file).first else {
            return DefinitionFile()
        }
        return DefinitionReader.read(document, zones: allZones)
    } catch {
        var file = DefinitionFile()
        file.diagnostics = [error]
        return file
    }
}

/// A file with one SLO; `more` stands beside `objective`, `bad` says which events count.
func sloFile(
    objective: String = "99.9", counted: String = "bad: errors_total", more: [String] = [],
    name: String = "availability"
) -> String {
    var lines = [
        "apiVersion: pitot/v1", "kind: SLOs", "service: recommender", "slos:",
        "  - name: \(name)", "    objective: \(objective)", "    sli:", "      events:",
        "        \(counted)", "        total: requests_total",
    ]
    for line in more { lines.append("    " + line) }
    return lines.joined(separator: "\n") + "\n"
}

func definition(
    objective: String = "99.9", counted: String = "bad: errors_total", more: [String] = [],
    name: String = "availability"
) throws -> SLODefinition {
    let text = sloFile(objective: objective, counted: counted, more: more, name: name)
    return try #require(reading(text).definitions.first)
}

/// One ledger and the series `requests_total` and `errors_total` of target 1.
struct LedgerWorld {
    var ledger = Ledger()
    var labels: [(String, String)] = []
    var target: UInt32 = 1

    init(_ definitions: SLODefinition..., at seconds: Double = 0) {
        ledger.configure(definitions, now: SLOTests.at(seconds))
    }

    mutating func slots(_ metric: String) -> [UInt32] {
        let labels = Labels(labels + [("__name__", metric)])
        return ledger.routes(for: labels, target: target).map(\.slot)
    }

    /// Counts at a time; `bad` of `errors_total`, `total` of `requests_total`.
    mutating func count(
        _ seconds: Double, total: Double, bad: Double, kind: IncrementClass = .normal,
        span: TimeSpan = .zero
    ) {
        let totals = slots("requests_total").map { slot in
            increment(slot, kind, seconds, total, span)
        }
        let bads = slots("errors_total").map { increment($0, kind, seconds, bad, span) }
        ledger.add(totals + bads)
    }

    private func increment(
        _ slot: UInt32, _ kind: IncrementClass, _ seconds: Double, _ value: Double,
        _ span: TimeSpan
    ) -> Increment {
        Increment(
            slot: slot, kind: kind, time: at(seconds), value: value, span: span, target: target)
    }

    mutating func note(_ condition: TargetCondition, of target: UInt32 = 1) {
        ledger.note([ConditionChange(target: target, condition: condition)])
    }

    func verdict(_ seconds: Double) throws -> Verdict {
        try #require(ledger.evaluateAll(now: at(seconds)).first)
    }
}

extension Verdict {
    func finding(_ window: TimeSpan) -> Finding? {
        pairs.first { $0.pair.long == window }?.finding
    }

    func figures(_ window: TimeSpan) -> WindowFigures? {
        windows.first { $0.window == window }
    }
}

/// SplitMix64: seeded, so that a failing walk can be walked again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension EventHistory {
    /// The events of (from, newest], as a window of an alert or the period shows them.
    func events(from: Timestamp, window: TimeSpan, allGaps: Bool) -> EventCounts {
        let fine = allGaps || window > Self.quarterSpan ? nil : window
        let base = base(at: from, finerThan: fine, isPeriod: allGaps)
        return events(since: base, from: from, finerThan: fine)
    }
}

import Agent
import Glibc
import Model
import Query
import Storage
import Text
import Wire

// The rules that Sloth generates, 17 for each SLO in three groups: eight SLI records (seven from
// raw counters over 5 minutes to 3 days, the month as a mean of the 5-minute record), seven of
// metadata, two alerts. Each SLO has 20 counters, scraped each 30 s for three days, and a month of
// the 5-minute record. A round is one evaluation of all groups, by the agent, its log included.

enum RuleBench {
    /// A tenth of what field-notes/ingest.md §3 measured of Prometheus (12.3 CPU-seconds a round of
    /// 3,400 rules); `pitot-bench sloth` takes all of it, and minutes.
    static func run() -> [Measurement] { round("rules.340xSloth", slos: 20) }
    static func full() -> [Measurement] { round("sloth.3400", slos: 200) }

    private static func round(_ name: String, slos: Int) -> [Measurement] {
        var world = RuleBenchWorld(slos: slos)
        world.fill()
        // The first round makes the series.
        world.advance()
        let measurement = Measurement.take(
            name, unit: "rule", operations: slos * 17, rounds: 2, allocationsMax: nil
        ) { world.advance() }
        precondition(world.failures == 0, "the bench's rules evaluate")
        return [measurement]
    }
}

/// An agent with the counters of some SLOs and Sloth's rules for them.
private struct RuleBenchWorld {
    static let interval = TimeSpan.seconds(30)
    let slos: Int
    var failures = 0
    private var agent = AgentCore()
    private var now = BenchWorld.start
    private var scrape = 0
    private var requests: UInt64 = 0
    private let decoder = RemoteWriteDecoder(seed: HashSeed(low: 1, high: 2), limits: .standard)

    init(slos: Int) {
        self.slos = slos
        configure(rules: [])
    }

    private mutating func configure(rules: [SourceFile]) {
        let text = "retention: {time: 32d, size: 16GiB}\nevaluation: {interval: 30s}\n"
        let config = SourceFile(path: "pitot.yaml", bytes: Array(text.utf8))
        handle(.configured(ConfigurationFiles(config: config, rules: rules)))
    }

    /// A month of the record, the last three days of it with counters; then the rules.
    mutating func fill() {
        let start = now
        let rawFrom = start + .days(27)
        while now < start + .days(30) {
            now = now + Self.interval
            var series = (0..<slos).map { record(of: $0) }
            if now > rawFrom { series += counters() }
            write(series)
        }
        let file = SourceFile(path: "sloth.yaml", bytes: Array(SlothRules.file(slos).utf8))
        configure(rules: [file])
    }

    /// A scrape, and one interval in which each group has a round.
    mutating func advance() {
        now = now + .milliseconds(1)
        write(counters())
        let end = now + Self.interval - .milliseconds(1)
        while let due = agent.nextDeadline, due <= end {
            now = max(now, due)
            handle(.tick)
        }
        now = end
    }

    private mutating func counters() -> [OutgoingSeries] {
        scrape += 1
        return (0..<slos * 20).map { index in
            let isError = index % 4 == 3
            let labels = Labels([
                ("__name__", "http_requests_total"), ("job", "svc-\(index / 20)"),
                ("instance", "10.0.\(index / 20).\(index % 20 / 4):80"), ("namespace", "shop"),
                ("code", ["200", "201", "404", "500"][index % 4]), ("method", "GET"),
            ])
            let value = Double(scrape * (isError ? 1 : 40 + index % 7))
            return OutgoingSeries(labels: labels, samples: [(now, value)])
        }
    }

    private func record(of slo: Int) -> OutgoingSeries {
        let labels = Labels(
            [("__name__", "slo:sli_error:ratio_rate5m"), ("sloth_window", "5m")]
                + SlothRules.identity(slo))
        return OutgoingSeries(labels: labels, samples: [(now, 0.0005)])
    }

    private mutating func write(_ series: [OutgoingSeries]) {
        guard let batch = try? decoder.decode(RemoteWriteEncoder.encode(series)) else {
            preconditionFailure("the bench's own bodies decode")
        }
        requests += 1
        handle(.write(batch, RequestID(requests)))
    }

    private mutating func handle(_ event: Event) {
        var effects: [PlannedEffect] = []
        agent.handle(event, at: now, into: &effects)
        _ = agent.takeLog()
        for planned in effects {
            switch planned.effect {
            case .writeSegment(let draft):
                let region = Region(draft.encode())
                guard let segment = try? Segment(region, number: draft.number) else {
                    preconditionFailure("the bench's own segments are whole")
                }
                _ = agent.attach(segment)
            case .evaluate(let round):
                let outcome = round.evaluate(
                    on: agent.queryView(), startedAt: now, nanoseconds: { 0 },
                    shouldStop: { false })
                failures += outcome.results.count { $0.memory.lastError != nil }
                handle(.evaluated(outcome))
            case .report(let report):
                precondition(report.isTaken, "the bench's rules are sound")
            case .announce, .reply, .send, .removeSegments, .featuresTaken, .pipelineTaken, .ask,
                .alertmanagerDone, .spansTaken:
                break
            }
        }
    }
}

/// What Sloth writes for `prometheus/v1` SLOs with an objective of 99.9 %.
private enum SlothRules {
    static func identity(_ slo: Int) -> [(String, String)] {
        [
            ("sloth_id", "svc-\(slo)-availability"), ("sloth_service", "svc-\(slo)"),
            ("sloth_slo", "availability"),
        ]
    }

    static func file(_ slos: Int) -> String {
        "groups:\n" + (0..<slos).map { records($0) + metadata($0) + alerts($0) }.joined()
    }

    private static func selector(_ slo: Int, _ more: String = "") -> String {
        let list = identity(slo).map { "\($0.0)=\"\($0.1)\"" } + (more.isEmpty ? [] : [more])
        return "{" + list.joined(separator: ", ") + "}"
    }

    private static func labels(_ slo: Int, _ more: String = "") -> String {
        let list = identity(slo).map { "\($0.0): \($0.1)" } + (more.isEmpty ? [] : [more])
        return "{" + list.joined(separator: ", ") + "}"
    }

    private static func rule(_ record: String, _ text: String, _ labels: String) -> String {
        "      - record: \(record)\n        expr: |\n          \(text)\n        labels: \(labels)\n"
    }

    private static func records(_ slo: Int) -> String {
        let total = "http_requests_total{job=\"svc-\(slo)\"}"
        let errors = "http_requests_total{job=\"svc-\(slo)\",code=~\"(5..|429)\"}"
        var text = "  - name: sloth-slo-sli-recordings-\(slo)\n    rules:\n"
        for window in ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] {
            text += rule(
                "slo:sli_error:ratio_rate\(window)",
                "(sum(rate(\(errors)[\(window)]))) / (sum(rate(\(total)[\(window)])))",
                labels(slo, "sloth_window: \(window)"))
        }
        let month = "slo:sli_error:ratio_rate5m" + selector(slo) + "[30d]"
        return text
            + rule(
                "slo:sli_error:ratio_rate30d",
                "sum_over_time(\(month)) / ignoring (sloth_window) count_over_time(\(month))",
                labels(slo, "sloth_window: 30d"))
    }

    private static func metadata(_ slo: Int) -> String {
        let on = "on(sloth_id, sloth_slo, sloth_service) group_left"
        let own = selector(slo)
        let rules = [
            ("slo:objective:ratio", "vector(0.999)"),
            ("slo:error_budget:ratio", "vector(1-0.999)"),
            ("slo:time_period:days", "vector(30)"),
            (
                "slo:current_burn_rate:ratio",
                "slo:sli_error:ratio_rate5m\(own) / \(on) slo:error_budget:ratio\(own)"
            ),
            (
                "slo:period_burn_rate:ratio",
                "slo:sli_error:ratio_rate30d\(own) / \(on) slo:error_budget:ratio\(own)"
            ),
            (
                "slo:period_error_budget_remaining:ratio",
                "1 - slo:period_burn_rate:ratio\(own)"
            ),
            ("sloth_slo_info", "vector(1)"),
        ]
        return "  - name: sloth-slo-meta-recordings-\(slo)\n    rules:\n"
            + rules.map { rule($0.0, $0.1, labels(slo)) }.joined()
    }

    private static func alerts(_ slo: Int) -> String {
        func both(_ short: String, _ long: String, _ factor: String) -> String {
            [short, long].map { window in
                "max(slo:sli_error:ratio_rate\(window)\(selector(slo)) > (\(factor) * 0.001)) "
                    + "without (sloth_window)"
            }.joined(separator: " and ")
        }
        let page = "(\(both("5m", "1h", "14.4"))) or (\(both("30m", "6h", "6")))"
        let ticket = "(\(both("2h", "1d", "3"))) or (\(both("6h", "3d", "1")))"
        var text = "  - name: sloth-slo-alerts-\(slo)\n    rules:\n"
        for (severity, expression) in [("page", page), ("ticket", ticket)] {
            text +=
                "      - alert: HighErrorRate\n        expr: |\n          \(expression)\n"
                + "        labels: {sloth_severity: \(severity), slo: svc-\(slo)}\n"
                + "        annotations: {summary: \"{{$labels.sloth_service}} burns\"}\n"
        }
        return text
    }
}

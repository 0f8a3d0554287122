import Foundation
import Model
import Testing
import Text

@testable import Query

private func findings(
    _ rules: String, _ settings: RuleLintSettings = RuleLintSettings()
) throws -> [RuleFinding] {
    let text = "groups:\n- name: g\n  rules:\n" + rules + "\n"
    let read = RuleFile.read(Array(text.utf8), file: "r.yml")
    #expect(read.diagnostics.isEmpty, "\(read.diagnostics)")
    let file = LintedFile(path: "r.yml", bytes: Array(text.utf8), groups: read.groups)
    return RuleLint([file], settings: settings).findings()
}

private func codes(_ expression: String, isAlert: Bool = true) throws -> [String] {
    let kind = isAlert ? "alert" : "record"
    return try findings("  - \(kind): R\n    expr: |\n      \(expression)\n").map(\.code.rawValue)
}

@Suite struct RuleLintTests {
    @Test(arguments: [
        "absent(x) > 1", "absent(x) == 0", "x > 5 and x < 3", "x > 5 and x <= 5",
        "(x > 5) < 3", "count(x) < 1", "count(up) == 0", "rate(x_total[5m]) < 0",
        "sum(rate(x_total{code=~\"5..\"}[5m])) / sum(rate(x_total[5m])) > 1",
        "sum by (a, b) (rate(x_total{c=\"d\"}[5m])) / on (a) group_left "
            + "sum by (a) (rate(x_total[5m])) > 1.2",
        "(sum(rate(x_total{code=\"5\"}[5m])) or vector(0)) / sum(rate(x_total[5m])) > 14.4 * 0.1",
        "1 - sum(rate(l_bucket{le=\"0.5\"}[5m])) / sum(rate(l_count[5m])) > 1",
        "vector(1) > 2", "x > Inf", "x == NaN", "up > 1", "hour() > 24", "sum(x > 3 and x < 2) > 0",
        "changes(x[5m]) < 0", "3 < absent(x)", "x == 1 and x == 2", "avg_over_time(up[5m]) > 1",
        "(x > 5 and x < 3) or (y > 5 and y < 3)",
        "x unless y > 1 and x > 5 and x < 3 and absent(x) > 1",
        "absent(x) > 1 unless y", "vector(1) != 1", "day_of_week() >= 7", "x < 3 and y and x > 4",
        "-absent(x) > 0", "group(x) != 1", "stddev(x) < 0", "histogram_fraction(0, 1, x) > 1",
    ])
    func anAlertThatCannotFireIsFound(expression: String) throws {
        #expect(try codes(expression) == ["never-fires"])
    }

    @Test(arguments: [
        "x > 5", "x > 5 and x < 30", "x > 5 and y < 3", "x > 5 and on (job) x < 3", "absent(x)",
        "absent(x) == 1", "absent(x) > 0", "count(x) < 2", "x", "vector(1)", "x != x",
        "sum(rate(x_total{code=~\"5..\"}[5m])) / sum(rate(x_total[5m])) > 0.99",
        "sum(rate(x_total{code=~\"5..\"}[5m])) / sum(rate(x_total{code!=\"\"}[5m])) > 1",
        "sum(rate(x_total{code=~\"5..\"}[5m])) / sum(rate(x_total[10m])) > 1",
        "sum(rate(x_total[5m])) / sum(rate(x_total[5m] offset 1h)) > 1",
        "sum(rate(x_total[5m])) / sum(rate(y_total[5m])) > 1",
        "sum by (a) (rate(x_total{c=\"d\"}[5m])) / sum by (a, b) (rate(x_total[5m])) > 1",
        "max(rate(x_total{c=\"d\"}[5m])) / sum(rate(x_total[5m])) > 1",
        "x > 5 or x < 3", "up == 0", "avg_over_time(up[5m]) < 0.9", "sum(up) > 5",
        "x > y and x < y",
        "time() - x > 3600", "rate(x_total[5m]) == 0", "hour() == 23", "x > bool 5 == 1",
        "vector(5) > x", "5 < x", "changes(x[5m]) > 2", "x > -Inf", "absent(absent(x) > 1)",
        "x > 5 unless x > 3", "vector(scalar(absent(x) > 1)) > 5", "predict_linear(x[1h], 60) < 0",
        "histogram_quantile(0.9, sum by (le) (rate(l_bucket[5m]))) > 1e9", "x == 3 and y == 4",
        "1 - avg by (i) (rate(cpu_total{mode=\"idle\"}[5m])) > 0.9", "x > 1e308",
        "quantile(2, x) > 5",
        "clamp_max(x, 1) > 0.5", "-x > 5", "x - y < 0", "x * 0 == 0", "x / 2 > 5",
        "label_replace(up, \"a\", \"b\", \"c\", \"d\") == 0",
    ])
    func anAlertThatMayFireIsLeftAlone(expression: String) throws {
        #expect(try codes(expression) == [])
    }

    @Test func aRecordedRatioIsKnownToBeOne() throws {
        let rules = """
              - record: s:error:ratio
                expr: sum(rate(x_total{code="500"}[5m])) / sum(rate(x_total[5m]))
              - alert: A
                expr: s:error:ratio > (14.4 * 0.1)
              - alert: B
                expr: s:error:ratio > (14.4 * 0.01)
            """
        let found = try findings(rules)
        #expect(found.map(\.rule) == ["A"])
        let reason = "s:error:ratio is within 0 and 1, never > 1.4400000000000002"
        #expect(found.first?.what == "this alert never fires: " + reason)
    }

    @Test(arguments: [
        ("rate(x_ratio[5m])", "rate-on-gauge"),
        ("increase(process_start_time_seconds[5m])", "rate-on-gauge"),
        ("delta(x_total[5m])", "delta-on-counter"), ("idelta(x_total[5m])", "delta-on-counter"),
        ("rate(x_total[15s])", "short-window"), ("increase(x_total[29s])", "short-window"),
        ("deriv(x[20s])", "short-window"), ("rate(x_total[10m:8m])", "short-window"),
        ("rate(sum(x_total)[5m:])", "rate-of-sum"),
        ("increase(sum by (a) (x_total)[1h:1m])", "rate-of-sum"),
        ("histogram_quantile(0.9, sum by (job) (rate(l_bucket[5m])))", "missing-le"),
        ("histogram_quantile(0.9, sum(rate(l_bucket[5m])))", "missing-le"),
        ("histogram_quantile(0.9, sum without (le) (rate(l_bucket[5m])))", "missing-le"),
        ("histogram_quantile(0.9, avg by (a) (sum by (a, le) (rate(l_bucket[5m]))))", "missing-le"),
        ("sum by (job) (rate(l_bucket[5m])) * 2", "sum-of-buckets"),
        ("avg(l_bucket)", "sum-of-buckets"),
    ])
    func aFaultIsFound(expression: String, code: String) throws {
        #expect(try codes(expression, isAlert: false) == [code])
    }

    @Test(arguments: [
        "rate(x_total[30s])", "rate(x[5m])", "rate(x_bytes[5m])", "delta(x[5m])",
        "deriv(x_total[5m])", "count_over_time(x[5s])", "avg_over_time(x[5s])",
        "histogram_quantile(0.9, sum by (le) (rate(l_bucket[5m])))",
        "histogram_quantile(0.9, sum without (pod) (rate(l_bucket[5m])))",
        "histogram_quantile(0.9, rate(l_bucket[5m]))",
        "histogram_quantile(0.9, sum(rate(native[5m])))",
        "histogram_quantile(0.9, label_replace(sum by (x) (rate(l_bucket[5m])), "
            + "\"le\", \"$1\", \"x\", \"(.*)\"))",
        "sum(rate(l_bucket{le=\"0.5\"}[5m]))", "sum(rate(l_bucket{le=~\"1(.0)?\"}[5m]))",
        "sum by (le) (rate(l_bucket[5m]))", "count(l_bucket)", "max(l_bucket)",
        "topk(3, rate(l_bucket[5m]))", "max_over_time(sum(x)[5m:])", "rate(max(x)[5m:])",
        "sum(rate(a:l_bucket:rate[5m]))", "rate(http_request_size_bytes[5m])",
    ])
    func whatIsRightIsLeftAlone(expression: String) throws {
        #expect(try codes(expression, isAlert: false) == [])
    }

    @Test func recordedSeriesAreKnownByTheirRules() throws {
        let rules = """
              - {record: job:x:rate5m, expr: "sum by (job) (rate(x_total[5m]))"}
              - {record: bad, expr: "rate(job:x:rate5m[5m])"}
              # pitot:ignore sum-of-buckets
              - {record: job:l:buckets, expr: "sum by (job) (rate(l_bucket[5m]))"}
              - {record: q, expr: "histogram_quantile(0.9, job:l:buckets or l_bucket)"}
            """
        #expect(try findings(rules).map(\.code) == [.rateOnGauge])
        let quantile = """
              # pitot:ignore sum-of-buckets
              - {record: job:l_bucket:rate, expr: "sum by (job) (rate(l_bucket[5m]))"}
              - {record: q, expr: "histogram_quantile(0.9, job:l_bucket:rate)"}
            """
        #expect(try findings(quantile).map(\.code) == [.missingLe])
    }

    @Test func whatIsRecordedComesAtItsGroupsPace() throws {
        let text = """
            groups:
              - {name: slow, interval: 2m, rules: [{record: x_total, expr: y}]}
              - name: fast
                rules:
                  - {record: z, expr: "rate(x_total[3m])"}
                  - {record: w, expr: "rate(x_total[4m])"}
            """
        let groups = RuleFile.read(Array(text.utf8), file: "r").groups
        let file = LintedFile(path: "r", bytes: Array(text.utf8), groups: groups)
        let found = RuleLint([file]).findings()
        #expect(found.map(\.rule) == ["z"] && found.first?.code == .shortWindow)
    }

    @Test func theScrapeIntervalIsASetting() throws {
        var settings = RuleLintSettings()
        settings.scrapeInterval = .minutes(1)
        let found = try findings("  - {record: r, expr: 'rate(x_total[1m])'}", settings)
        #expect(found.first?.what.contains("scrape interval of 1m") == true)
        #expect(found.first?.advice.hasPrefix("take at least 2m, better 4m") == true)
    }

    @Test func aHoldBelowTheIntervalIsFound() throws {
        var settings = RuleLintSettings()
        let rule = "  - {alert: A, expr: x > 1, for: 10s}"
        #expect(try findings(rule).isEmpty)
        settings.evaluationInterval = .seconds(15)
        #expect(try findings(rule, settings).map(\.code) == [.shortHold])
        #expect(try findings(rule.replacing("10s", with: "15s"), settings).isEmpty)
    }

    @Test func duplicatesAreFound() throws {
        let rules = """
              - {record: r, expr: x, labels: {a: b}}
              - {record: r, expr: y, labels: {a: c}}
              - {record: r, expr: y, labels: {a: b}}
              - {alert: A, expr: x > 1}
              - {alert: A, expr: x > 2}
              - {alert: A, expr: x > 1.0}
            """
        let found = try findings(rules)
        #expect(found.map(\.position.line) == [6, 9])
        #expect(found.allSatisfy { $0.code == .duplicateRule })
    }

    @Test func aLabelThatIsGoneIsFoundInTemplates() throws {
        func rule(_ expression: String, _ text: String) throws -> [String] {
            try findings(
                "  - {alert: A, expr: '\(expression)', annotations: {s: '\(text)'}}"
            ).map(\.code.rawValue)
        }
        let text = "{{ $labels.pod }}"
        #expect(try rule("sum by (job) (x) > 1", text) == ["missing-label"])
        #expect(try rule("sum(x) > 1 and sum by (pod) (y)", text) == ["missing-label"])
        #expect(try rule("sum by (pod) (x) > 1", text) == [])
        #expect(try rule("x > 1", text) == [])
        #expect(try rule("sum without (pod) (x) > 1", text) == ["missing-label"])
        #expect(try rule("a * on (job) group_left (pod) b", text) == [])
        #expect(try rule("sum(x) or y", text) == [])
        #expect(try rule("sum(x) > 1", "{{ $labels.alertname }} $labels.pod") == [])
    }

    private var catalog: RuleLintSettings {
        var settings = RuleLintSettings()
        settings.catalog = RuleCatalog(
            names: ["requests_total", "queue", "l_bucket", "l_count"],
            types: ["queue": "gauge", "requests_total": "counter"],
            bounds: ["l_bucket": ["0.1", "0.5", "1.0", "+Inf"]])
        return settings
    }

    @Test func anAgentKnowsMetricsTypesAndBounds() throws {
        func found(_ expression: String) throws -> [RuleFinding] {
            try findings("  - {record: r, expr: '\(expression)'}", catalog)
        }
        #expect(try found("rate(requests_total[5m])").isEmpty)
        let typo = try found("rate(request_total[5m])")
        #expect(typo.map(\.code) == [.unknownMetric])
        #expect(typo.first?.advice == "did you mean requests_total?")
        #expect(try found("absent(nothing) or absent_over_time(nothing[5m])").isEmpty)
        #expect(try found("rate(queue[5m])").map(\.code) == [.rateOnGauge])
        #expect(try found("delta(requests_total[5m])").map(\.code) == [.deltaOnCounter])
        #expect(try found("l_bucket{le=\"0.5\"}").isEmpty)
        let bound = try found("l_bucket{le=\"0.3\"}")
        #expect(bound.map(\.code) == [.unknownBound])
        #expect(bound.first?.advice == "its neighbours are 0.1 and 0.5")
        #expect(try found("l_bucket{le=\"1\"}").first?.advice == "write le=\"1.0\"")
        #expect(try found("ALERTS + ALERTS_FOR_STATE + r").isEmpty)
    }

    @Test func commentsTakeFindingsAway() throws {
        let rules = """
              - record: a
                expr: rate(x_total[5s]) # pitot:ignore short-window scraped each second
              # pitot:ignore short-window, rate-on-gauge
              - record: b
                expr: rate(x_ratio[5s])
              - record: c # pitot:ignore
                expr: rate(x_total[5s])
              - record: d # pitot:ignore missing-le
                expr: rate(x_total[5s])
              - record: e
                expr: |
                  # pitot:ignore short-window
                  rate(x_total[5s])
            """
        #expect(try findings(rules).map(\.rule) == ["c", "d"])
    }

    @Test func findingsStandWhereTheirPartOfTheExpressionStands() throws {
        for rule in [
            "  - {record: r, expr: 'sum(y) + rate(x_total[5s])'}",
            "  - record: r\n    expr: |\n      sum(y) +\n        rate(x_total[5s])",
            "  - record: r\n    expr: >-\n      sum(y)\n      + rate(x_total[5s])",
            "  - record: r\n    expr: sum(y)\n      + rate(x_total[5s])",
            "  - record: r\n    expr: \"sum(y{a=\\\"b\\\"}) + rate(x_total[5s])\"",
            "  - record: r\n    expr: 'sum(y{a=''b''}) + rate(x_total[5s])'",
            "  - record: é\n    expr: sum(y{a=\"é\"}) + rate(x_total[5s])",
        ] {
            let found = try findings(rule)
            let lines = rule.split(separator: "\n")
            let line = try #require(lines.firstIndex { $0.contains("x_total") })
            let before = try #require(lines[line].firstRange(of: "x_total")).lowerBound
            let column = lines[line][..<before].count + 1
            #expect(
                found.first?.position
                    == SourcePosition(file: "r.yml", line: line + 4, column: column), "\(rule)")
        }
    }

    /// The rule files of the field, read in place.
    @Test func theRulesOfTheFieldStayClean() throws {
        let shared = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../..").appendingPathComponent("shared/conformance/slo")
            .standardized
        guard let paths = FileManager.default.enumerator(atPath: shared.path) else {
            print("not run: no \(shared.path)")
            return
        }
        var files: [LintedFile] = []
        for case let name as String in paths where name.hasSuffix("ml") {
            let data = try Data(contentsOf: shared.appendingPathComponent(name))
            let plain = RuleFile.read(Array(data), file: name)
            let resources = RuleFile.readResources(Array(data), file: name)
            for read in [plain, resources] where !read.groups.isEmpty {
                files.append(LintedFile(path: name, bytes: Array(data), groups: read.groups))
            }
        }
        guard !files.isEmpty else { return print("not run: no rules in \(shared.path)") }
        #expect(files.count >= 10)
        for file in files {
            #expect(RuleLint([file]).findings() == [], "\(file.path)")
        }
    }

    @Test func rulesThatReadEachOtherEndInTime() throws {
        var rules = "  - {record: r0, expr: 'r400 + r400'}\n"
        for place in 1...400 {
            rules += "  - {record: r\(place), expr: 'r\(place - 1) + r\(place - 1)'}\n"
            rules += "  - {record: l\(place % 9), expr: 'l\((place + 1) % 9)'}\n"
        }
        rules += "  - {alert: A, expr: r399 > 1, annotations: {a: '{{ $labels.x }}'}}\n"
        rules += "  - {alert: B, expr: l3 > 1, annotations: {a: '{{ $labels.x }}'}}"
        #expect(try findings(rules).allSatisfy { $0.code == .duplicateRule })
    }

    @Test func ruleFilesOfAnyShapeAreLinted() {
        var random = SystemRandomNumberGenerator()
        let text = Array(
            """
            groups:
            - name: g
              interval: 1m
              rules:
              - record: a:b
                expr: sum(rate(x_bucket{le="0.5"}[15s])) / a:b # pitot:ignore short-window
              - {alert: A, expr: "a:b > 2 and a:b < 1", for: 10s, labels: {x: '{{ $labels.y }}'}}
            """.utf8)
        for index in text.indices {
            var bytes = text
            bytes[index] = UInt8.random(in: 1...127, using: &random)
            let read = RuleFile.read(bytes, file: "r")
            let found = RuleLint([LintedFile(path: "r", bytes: bytes, groups: read.groups)])
                .findings()
            let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
            #expect(found.allSatisfy { $0.position.line >= 1 && $0.position.line <= lines })
        }
    }
}

import Model
import Testing
import Text

@testable import Query

private let rules = """
    groups:
      - name: g
        rules:
          - record: twice
            expr: x * 2
          - alert: High
            expr: twice > 4
            for: 1m
            labels: {severity: page}
            annotations: {value: "{{ $value }}"}
    """

private func outcomes(_ test: String, rules: String = rules) throws -> [RuleTestOutcome] {
    let read = RuleTestFile.read(Array(test.utf8), file: "t.yml", extraKeys: ["slo_test"])
    #expect(read.diagnostics.isEmpty, "\(read.diagnostics)")
    let file = try #require(read.file)
    let groups = RuleFile.read(Array(rules.utf8), file: "r.yml").groups
    return file.tests.flatMap { $0.outcomes(file.ordered(groups), in: file) }
}

private func head(_ input: String) -> String {
    "tests:\n- name: n\n  input_series: [{series: x, values: '\(input)'}]\n"
}

@Suite struct RuleTestTests {
    @Test func eachExpectationIsOneOutcomeWithItsPlace() throws {
        let found = try outcomes(
            head("1 2 3 4") + """
                  promql_expr_test:
                  - {expr: twice, eval_time: 1m, exp_samples: [{labels: twice, value: 4}]}
                  - {expr: twice, eval_time: 2m, exp_samples: [{labels: twice, value: 5}]}
                """)
        #expect(found.map(\.hasPassed) == [true, false])
        #expect(found[1].position == SourcePosition(file: "t.yml", line: 6, column: 5))
        #expect(found[1].what == "expr twice at 2m" && found[1].test == "n")
        #expect(found[1].difference == ["- twice 5", "+ twice 6"])
    }

    @Test func aWrongAnnotationIsOneWrongLine() throws {
        let found = try outcomes(
            head("3x5") + """
                  alert_rule_test:
                  - eval_time: 1m
                    alertname: High
                    exp_alerts: [{exp_labels: {severity: page}, exp_annotations: {value: 7}}]
                """)
        #expect(
            found.first?.difference == [
                "  {alertname=\"High\", severity=\"page\"}", "-   value: \"7\"",
                "+   value: \"6\"",
            ])
    }

    @Test func aPendingAlertSaysSinceWhen() throws {
        let found = try outcomes(
            head("1 3x5") + """
                  alert_rule_test:
                  - eval_time: 1m30s
                    alertname: High
                    exp_alerts: [{exp_labels: {severity: page}}]
                """)
        #expect(
            found.first?.difference == [
                "- {alertname=\"High\", severity=\"page\"}", "  (it is pending since 1m, for: 1m)",
            ])
    }

    @Test func anAlertOfNoRuleIsPointedOut() throws {
        let found = try outcomes(
            head("1") + "  alert_rule_test: [{eval_time: 0, alertname: Hihg, exp_alerts: [{}]}]\n")
        #expect(found.first?.difference.last == "note: no rule has an alert of this name")
    }

    @Test func outcomesComeInTheFilesOrderWhateverTheirTimes() throws {
        let found = try outcomes(
            head("3x5") + """
                  alert_rule_test:
                  - {eval_time: 4m, alertname: High, exp_alerts: []}
                  - {eval_time: 0, alertname: High, exp_alerts: []}
                """)
        #expect(found.map(\.what) == ["alert High at 4m", "alert High at 0s"])
        #expect(found.map(\.hasPassed) == [false, true])
    }

    @Test func whatARuleErrorKeepsFromBeingCheckedCountsAsFailed() throws {
        let failing = try outcomes(
            "tests:\n- input_series: [{series: 'x{a=\"1\"}', values: '_ 1'}, "
                + "{series: 'x{a=\"2\"}', values: '_ 1'}]\n" + """
                      alert_rule_test:
                      - {eval_time: 0, alertname: A, exp_alerts: []}
                      - {eval_time: 3m, alertname: A, exp_alerts: []}
                      promql_expr_test:
                      - {expr: 'vector(1)', eval_time: 1m, exp_samples: [{value: 1}]}
                    """,
            rules: "groups: [{name: g, rules: [{record: r, expr: 'vector(1) * on () x'}]}]")
        #expect(failing.map(\.hasPassed) == [true, false])
        #expect(failing.map(\.count) == [1, 2])
        #expect(failing[1].fault?.hasPrefix("rule r fails at 1m: ") == true)
    }

    @Test func timesCountFromTheStart() throws {
        for start in ["1000", "1970-01-01T00:16:40Z"] {
            let found = try outcomes(
                "tests:\n- start_timestamp: \(start)\n"
                    + "  input_series: [{series: x, values: '3x9'}]\n" + """
                          promql_expr_test:
                          - {expr: 'timestamp(x)', eval_time: 1m, exp_samples: [{value: 1060}]}
                          alert_rule_test:
                          - eval_time: 1m
                            alertname: High
                            exp_alerts:
                            - {exp_labels: {severity: page}, exp_annotations: {value: 6}}
                        """)
            #expect(found.filter { !$0.hasPassed }.isEmpty, "\(found)")
        }
    }

    @Test func keysOfOtherModulesAreHandedOn() throws {
        let text = "tests: [{slo_test: [{at: 1m}]}, {}]"
        let file = RuleTestFile.read(Array(text.utf8), file: "t.yml", extraKeys: ["slo_test"]).file
        #expect(file?.tests.first?.extras.map(\.key) == ["slo_test"])
        #expect(file?.tests.last?.extras.isEmpty == true)
        #expect(RuleTestFile.read(Array(text.utf8), file: "t.yml").file == nil)
        #expect(
            RuleTestFile.read(Array(text.utf8), file: "t.yml", allowsUnknown: true).file != nil)
    }

    @Test(arguments: [
        ("test: []", "1:1", "unknown key \"test\""),
        ("tests: {}", "1:8", "\"tests\" is a mapping"),
        ("evaluation_interval: 5", "1:22", "the number 5"),
        ("group_eval_order: [a, b, a]", "1:26", "group name repeated in evaluation order: a"),
        ("tests: [{start_timestamp: soon}]", "1:27", "the text \"soon\""),
        ("tests: [{promql_expr_test: [{exp_samples: [{value: x}]}]}]", "1:52", "the text \"x\""),
        ("tests: [{alert_rule_test: [{exp_alerts: [{exp_labels: [a]}]}]}]", "1:55", "a sequence"),
        ("tests: [{alert_rule_test: [{exp_alerts: [{exp_labels: {a: [b]}}]}]}]", "1:59", "\"a\""),
        ("fuzzy_compare: maybe", "1:16", "the text \"maybe\""), ("tests: [", "2:1", "not YAML"),
    ])
    func aWrongFileIsRefusedWithItsPlace(text: String, place: String, what: String) {
        let read = RuleTestFile.read(Array(text.utf8), file: "t.yml")
        #expect(read.file == nil)
        let first = read.diagnostics.first.map(\.description) ?? ""
        #expect(first.hasPrefix("t.yml:\(place): ") && first.contains(what), "\(first)")
    }

    @Test func everyTruncationIsReadOrRefused() throws {
        let text = Array(
            (head("1 {{schema:1 count:2 buckets:[2]}}+{{count:1}}x3 stale") + """
                  external_labels: {a: b}
                  promql_expr_test:
                  - {expr: 'x', eval_time: 1m, exp_samples: [{labels: x, histogram: '{{}}'}]}
                  alert_rule_test: [{eval_time: 1m, alertname: High, exp_alerts: [{}]}]
                """).utf8)
        let groups = RuleFile.read(Array(rules.utf8), file: "r.yml").groups
        for end in text.indices {
            for flip in [UInt8(0), 1] {
                var bytes = flip == 0 ? Array(text[..<end]) : text
                if flip == 1 { bytes[end] ^= 0x21 }
                let read = RuleTestFile.read(bytes, file: "t.yml")
                #expect((read.file == nil) == read.diagnostics.contains { $0.severity == .error })
                for test in read.file?.tests ?? [] {
                    _ = read.file.map { test.outcomes(groups, in: $0) }
                }
            }
        }
    }

    @Test func tooManyRoundsAreRefused() throws {
        let found = try outcomes(
            "evaluation_interval: 1ms\ntests: [{promql_expr_test: [{expr: x, eval_time: 3y}]}]")
        #expect(found.first?.fault == "more than \(RuleTest.roundsMax) evaluations")
    }

    @Test func tooManyValuesAreRefused() throws {
        let line = "{series: 'x{a=\"A\"}', values: '1x999998'}"
        let lines = (0..<21).map { line.replacing("A", with: "\($0)") }.joined(separator: ", ")
        let found = try outcomes("tests: [{input_series: [\(lines)]}]")
        #expect(found.first?.fault?.hasPrefix("more than \(RuleTestInput.samplesMax)") == true)
    }
}

@Suite struct ScriptStoreTests {
    private func sample(_ time: Int64, _ value: Double) -> RuleSample {
        RuleSample(
            labels: Labels([("__name__", "x")]), time: Timestamp(millis: time), value: value)
    }

    @Test func samplesAreRefusedOnceLaterOnesAreSeen() throws {
        var store = ScriptStore()
        #expect(store.append(sample(10, 1)) == nil)
        #expect(store.append(sample(10, 1)) == nil)
        #expect(store.append(sample(10, 2)) == .duplicate)
        #expect(store.append(sample(9, 1)) == .outOfOrder)
        store.load(try SeriesNotation(parsing: "x _ 7"), step: .milliseconds(20))
        store.horizon = Timestamp(millis: 15)
        #expect(store.append(sample(12, 3)) == nil)
        #expect(values(store) == [1, 3])
        store.horizon = .distantFuture
        #expect(values(store) == [1, 3, 7])
    }

    private func values(_ store: ScriptStore) -> [Double] {
        var found: [Double] = []
        let everything = try? Selector([Matcher("__name__", .matches, ".+")])
        guard let everything else { return [] }
        store.forEachSeries(
            matching: everything, from: Timestamp(millis: 0), to: Timestamp(millis: 1000)
        ) { _, samples in
            found += samples.values
            return true
        }
        return found
    }

    @Test func seriesComeSortedHoweverTheyWereLoaded() throws {
        var store = ScriptStore()
        var all: [Labels] = []
        for place in 0..<500 {
            let number = (place * 7919) % 500
            let labels = Labels([
                ("__name__", number % 3 == 0 ? "a" : "b"), ("n", "\(number)"), ("z", "x"),
            ])
            all.append(labels)
            store.append(RuleSample(labels: labels, time: Timestamp(millis: 1), value: 1))
        }
        for (selector, wanted) in [
            ("{z=\"x\"}", all), ("a", all.filter { $0["__name__"] == "a" }), ("c", []),
        ] {
            var found: [Labels] = []
            let parsed = try Selector.parse(
                selector, at: SourcePosition(file: "", line: 1, column: 1))
            store.forEachSeries(
                matching: parsed, from: Timestamp(millis: 0), to: Timestamp(millis: 1)
            ) { labels, _ in
                found.append(labels)
                return true
            }
            #expect(found == wanted.sorted { precedes($0, $1) })
        }
    }
}

import Agent
import Model
import Testing
import Text

@testable import Backtest

private func alert(
    _ window: String, _ from: Double, _ to: Double?, severity: String = "page",
    team: String = "a"
) -> BacktestAlert {
    let labels = Labels([
        ("alertname", "SLOBurn"), ("service", "shop"), ("slo", "availability"),
        ("severity", severity), ("window", window), ("team", team),
    ])
    return BacktestAlert(
        labels: labels,
        identity: labels.keeping(["alertname", "service", "slo", "severity", "window"]),
        since: at(from), firedAt: at(from), resolvedAt: to.map(at), budgetRemaining: 0.9,
        summary: "")
}

private func words(_ changes: [AlertChangeFound]) -> [String] {
    changes.map { change in
        let before = change.before.map { "\($0.firedAt - at(0))" } ?? "-"
        let after = change.after.map { "\($0.firedAt - at(0))" } ?? "-"
        return "\(change.kind.rawValue) \(before) \(after)"
    }
}

@Suite struct ComparisonTests {
    @Test func equalListsAreAlikeWhateverTheirTeam() {
        let before = [alert("1h", 60, 600), alert("1h", 6000, nil)]
        let after = [alert("1h", 60, 600, team: "b"), alert("1h", 6000, nil, team: "b")]
        #expect(compare(before, after).isEmpty)
    }

    @Test func whatFindsNoPartnerWasAddedOrRemoved() {
        let found = compare([alert("1h", 60, 600)], [alert("1h", 86_400, 90_000)])
        #expect(words(found) == ["removed 1m -", "added - 1d"])
    }

    @Test func anAlertThatTouchesAnotherMoved() {
        #expect(words(compare([alert("1h", 60, 600)], [alert("1h", 240, 600)])) == ["moved 1m 4m"])
        #expect(words(compare([alert("1h", 60, 600)], [alert("1h", 60, 900)])) == ["moved 1m 1m"])
    }

    @Test func anotherWindowOfTheSameSLOMovesAnAlert() {
        let found = compare([alert("1h", 60, 600)], [alert("25m", 120, 500)])
        #expect(words(found) == ["moved 1m 2m"])
    }

    @Test func anExactPartnerWinsOverANearerOne() {
        let before = [alert("1h", 60, 120), alert("1h", 240, 300)]
        let after = [alert("1h", 240, 300)]
        #expect(words(compare(before, after)) == ["removed 1m -"])
    }

    @Test func severitiesAreNeverPaired() {
        let found = compare([alert("1h", 60, 600)], [alert("1h", 60, 600, severity: "ticket")])
        #expect(found.count == 2)
    }
}

@Suite struct IncidentTests {
    private func result(_ alerts: [BacktestAlert]) -> RuleSetResult {
        RuleSetResult(
            name: "A", sloCount: 1, seriesUsed: 1, samplesUsed: 1, alertsDropped: 0,
            alerts: alerts, budgets: [])
    }

    private func incident(_ from: Double, _ to: Double, _ labels: Labels = .empty) -> Incident {
        Incident(name: "i", start: at(from), end: at(to), labels: labels)
    }

    @Test func delayRunsFromTheStartToTheFirstPage() {
        let score = IncidentScore([incident(100, 1000)], result([alert("1h", 160, 500)]))
        #expect(score.entries.map(\.delay) == [.seconds(60)])
        #expect(score.falsePages.isEmpty)
    }

    @Test func aPageThatFiredAlreadyIsNoDelay() {
        let score = IncidentScore([incident(100, 1000)], result([alert("1h", 50, 500)]))
        #expect(score.entries.map(\.delay) == [.zero])
    }

    @Test func aPageOfNoIncidentIsFalse() {
        let pages = [alert("1h", 160, 500), alert("1h", 9000, 9100)]
        let score = IncidentScore([incident(100, 1000)], result(pages))
        #expect(score.falsePages.map(\.firedAt) == [at(9000)])
    }

    @Test func aTicketDoesNotDetect() {
        let score = IncidentScore(
            [incident(100, 1000)], result([alert("1d", 160, 500, severity: "ticket")]))
        #expect(score.detected == 0)
        #expect(score.entries[0].ticket != nil)
    }

    @Test func labelsOfTheIncidentMustBeOnThePage() {
        let other = incident(100, 1000, Labels([("slo", "latency")]))
        let score = IncidentScore([other], result([alert("1h", 160, 500)]))
        #expect(score.detected == 0)
        #expect(score.falsePages.count == 1)
    }

    @Test func theFileIsReadStrictly() {
        let good = """
            incidents:
              - {name: b, start: 2026-11-02T10:00:00Z, end: 2026-11-02T10:00:00+01:00, slo: x}
              - {name: a, start: 2026-11-01T10:00:00Z, end: 2026-11-01T11:00:00Z}
            """
        let file = IncidentFile(Array(good.utf8), file: "i.yaml")
        #expect(file.incidents.count == 2)
        #expect(file.diagnostics.map(\.what) == ["the incident ends before it starts"])
        let bad = IncidentFile(
            Array("incidents: [{start: noon, end: 2026-11-01T11:00:00Z, team: a}]".utf8), file: "i")
        #expect(bad.incidents.isEmpty)
        #expect(bad.diagnostics.count == 2)
    }
}

@Suite struct NotationTests {
    /// Two hours of 10 requests a second, then nothing but errors.
    private static let outage = """
        interval: 1m
        start: 2026-01-01T00:00:00Z
        input_series:
          - series: requests_total{job="shop", instance="a", code="200", zone="a"}
            values: 0+600x120 72000x120
          - series: requests_total{job="shop", instance="a", code="500", zone="a"}
            values: 0x120 600+600x119
        """

    private func run(_ objective: String) throws -> RuleSetResult {
        let history = NotationHistory(Array(Self.outage.utf8), file: "h.yaml")
        #expect(history.diagnostics.isEmpty)
        let span = try #require(history.span)
        var run = try BacktestRun(
            name: objective, files: sloRules(objective), from: span.first - .milliseconds(1))
        run.add(history.labels)
        run.take(history.columns)
        return run.finish(from: span.first, to: span.last)
    }

    @Test func aTotalOutagePagesAtTheFirstScrapeThatBreaksBothWindows() throws {
        let begun = try #require(Timestamp(rfc3339: "2026-01-01T02:00:00Z"))
        // 600 of 36,000 events in the hour are 1.67 %: above 14.4 times 0.1 % after one minute.
        let page = try #require(try run("99.9").pages.first { $0.labels["window"] == "1h" })
        #expect(page.firedAt - begun == .minutes(1))
        // 14.4 % of 36,000 are 5,184: nine minutes are 5,400.
        let later = try #require(try run("99").pages.first { $0.labels["window"] == "1h" })
        #expect(later.firedAt - begun == .minutes(9))
        #expect(later.resolvedAt == nil)
        // Nine minutes of 600 are bad of 77,400: 1 - 5400 / 774 of the budget.
        let left = try #require(later.budgetRemaining)
        #expect(abs(left - (1 - 5400.0 / 774)) < 1e-9)
    }

    @Test func aStricterObjectiveMovesThePageAndSaysSo() throws {
        let result = BacktestResult(
            from: at(0), to: at(1), series: 2, samples: 482, rules: try run("99"),
            against: try run("99.9"))
        let moved = result.changes.first { $0.before?.labels["window"] == "1h" }
        #expect(moved?.kind == .moved)
        #expect(!result.isAlike)
        #expect(result.markdown().contains("| moved | page | shop/availability{zone=a} burn 1h |"))
        let json = try JSONValue.parse(result.json())
        #expect(json["alike"]?.asBool == false)
        #expect(json["changes"]?.elements.count == result.changes.count)
    }

    @Test func whatIsWrongIsToldWithItsPlace() {
        let bad = """
            interval: 1m
            input_series:
              - {series: 'a{', values: 1}
              - {series: b, valus: 1}
            """
        let history = NotationHistory(Array(bad.utf8), file: "h.yaml")
        #expect(history.diagnostics.allSatisfy { $0.position.file == "h.yaml" })
        #expect(history.diagnostics.contains { $0.position.line == 3 })
        #expect(history.diagnostics.contains { $0.what.contains("valus") })
    }
}

@Suite struct MatrixTests {
    private static let answer = """
        {"status":"success","data":{"resultType":"matrix","result":[
         {"metric":{"__name__":"a","x":"q\\"\\u00e9\\ud83d\\ude00"},
          "values":[[1700000000.123,"42"],[1700000015,"0.5"],[1.7000000305e+09,"+Inf"],
          [1700000045.1,"NaN"]]},
         {"metric":{},"histograms":[[1,{"count":"3","buckets":[[0,"1","2","3"]]}]],"values":[]}]},
         "warnings":["x]}"],"infos":null}
        """

    @Test func readsTimesValuesAndLabels() throws {
        let series = try MatrixReader.read(Array(Self.answer.utf8))
        #expect(series.count == 2)
        #expect(series[0].labels["x"] == "q\"é😀")
        #expect(
            series[0].times.map(\.millis) == [
                1_700_000_000_123, 1_700_000_015_000, 1_700_000_030_500, 1_700_000_045_100,
            ])
        #expect(series[0].values[..<3] == [42, 0.5, .infinity])
        #expect(series[0].values[3].isNaN)
        #expect(series[1].times.isEmpty)
    }

    @Test func everyTruncationIsAFault() {
        let bytes = Array(Self.answer.utf8)
        for length in 0..<bytes.count {
            #expect(throws: MatrixFault.self) { try MatrixReader.read(Array(bytes[..<length])) }
        }
    }

    @Test func everyFlippedByteEndsInSomething() {
        let bytes = Array(Self.answer.utf8)
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 0x11
            _ = try? MatrixReader.read(damaged)
        }
    }

    @Test func aFailureIsToldInPrometheusWords() {
        let text = #"{"status":"error","errorType":"bad_data","error":"parse error"}"#
        #expect(throws: MatrixFault.failed("parse error")) {
            try MatrixReader.read(Array(text.utf8))
        }
    }

    @Test func deepNestingIsRefused() {
        let text = #"{"a":"# + String(repeating: "[", count: 10_000)
        #expect(throws: MatrixFault.tooDeep) { try MatrixReader.read(Array(text.utf8)) }
    }
}

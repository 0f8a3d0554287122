import Alerting
import Model
import Query
import Testing
import Text

private func at(_ minutes: Double) -> Timestamp {
    Timestamp(millis: Int64((minutes * 60_000).rounded()))
}

private func group(_ text: String) throws -> RuleGroup {
    let read = RuleFile.read(Array(text.utf8), file: "r.yml")
    #expect(read.diagnostics.isEmpty, "\(read.diagnostics)")
    return try #require(read.groups.first)
}

private func store(_ series: String...) throws -> ScriptStore {
    var store = ScriptStore()
    for text in series { store.load(try SeriesNotation(parsing: text), step: .minutes(1)) }
    return store
}

@Suite struct RuleGroupTests {
    private let chain = """
        groups:
          - name: chain
            rules:
              - {record: "a:sum", expr: "sum by (job) (a)"}
              - {record: "a:double", expr: "a:sum * 2"}
              - {alert: High, expr: "a:double > 5", labels: {severity: page}}
              - {record: "firing", expr: 'count by (alertname) (ALERTS{alertstate="firing"})'}
        """

    @Test func laterRulesSeeWhatEarlierOnesMade() throws {
        let group = try group(chain)
        let source = try store(#"a{job="x"} 1 2 3 0"#)
        var memories: [RuleMemory] = []
        var seen: [[Double]] = []
        for minute in 0..<4 {
            let results = group.evaluate(
                at: at(Double(minute)), on: source, in: RuleContext(), memories)
            memories = results.map(\.memory)
            seen.append(results.map { $0.samples.first?.value ?? -1 })
        }
        #expect(seen[0] == [1, 2, -1, -1])
        #expect(seen[2] == [3, 6, 1, 1])
        // The alert is over: its series end, and the count of firing ones sees that at once.
        #expect(seen[3][..<2] == [0, 0])
        #expect(seen[3][2...].allSatisfy { isStaleMarker($0) })
    }

    @Test func theQueryOffsetMovesSamplesButNotAlertTimes() throws {
        let group = try group(
            """
            groups:
              - name: late
                query_offset: 1m
                rules:
                  - {record: r, expr: a}
                  - {alert: A, expr: "a > 1"}
            """)
        let source = try store("a 1 2 3")
        let results = group.evaluate(at: at(2), on: source, in: RuleContext(), [])
        #expect(results[0].samples.map(\.value) == [2])
        #expect(results[0].samples.map(\.time) == [at(1)])
        #expect(results[1].samples.map(\.time) == [at(1), at(1)])
        #expect(results[1].memory.alerts.first?.state == .firing(since: at(2), firedAt: at(2)))
    }

    @Test func tooManyResultsAreAnErrorThatEndsNothing() throws {
        let group = try group(
            """
            groups:
              - name: limited
                limit: 1
                rules:
                  - {record: r, expr: a}
                  - {alert: A, expr: "a > 0"}
            """)
        let one = try store(#"a{x="1"} 1 1 1"#)
        let two = try store(#"a{x="1"} 1 1 1"#, #"a{x="2"} 1 1 1"#)
        let first = group.evaluate(at: at(0), on: one, in: RuleContext(), [])
        #expect(first.allSatisfy { $0.memory.lastError == nil })
        let second = group.evaluate(
            at: at(1), on: two, in: RuleContext(), first.map(\.memory))
        #expect(
            second.map(\.memory.lastError) == [
                "exceeded limit of 1 with 2 series", "exceeded limit of 1 with 2 alerts",
            ])
        #expect(second.allSatisfy { $0.samples.isEmpty })
        #expect(second[1].memory.alerts == first[1].memory.alerts)
        #expect(second[0].memory.series == first[0].memory.series)
    }

    @Test func keepFiringForHoldsAnAlertThatIsClear() throws {
        let group = try group(
            """
            groups:
              - name: kept
                rules:
                  - {alert: A, expr: "a > 1", for: 1m, keep_firing_for: 2m}
            """)
        let source = try store("a 2 2 2 0 0 0 0")
        var memories: [RuleMemory] = []
        var states: [String] = []
        for minute in 0..<7 {
            let results = group.evaluate(
                at: at(Double(minute)), on: source, in: RuleContext(), memories)
            memories = results.map(\.memory)
            states.append(memories[0].alerts.first?.state.name ?? "-")
        }
        #expect(
            states == [
                "pending", "firing", "firing", "firing", "firing", "resolved", "resolved",
            ])
    }

    @Test func aStoppedRoundIsAnErrorOfEachRule() throws {
        var context = RuleContext()
        context.shouldStop = { true }
        let many = (0..<4000).map { #"a{x="\#($0)"} 1"# }
        var source = ScriptStore()
        for text in many { source.load(try SeriesNotation(parsing: text), step: .minutes(1)) }
        let results = try group(chain).evaluate(at: at(0), on: source, in: context, [])
        #expect(results[0].memory.lastError != nil)
        #expect(results[0].samples.isEmpty)
    }
}

@Suite struct SharedSelectorTests {
    @Test func selectorsThatStandTwiceAreNamedOnce() throws {
        let group = try group(
            """
            groups:
              - name: g
                rules:
                  - {record: "a", expr: "sum(rate(x{job='a'}[5m])) / sum(rate(y[5m]))"}
                  - {record: "b", expr: "sum(rate(x{job='a'}[1h])) / sum(rate(y[1h] offset 5m))"}
                  - {record: "c", expr: "max_over_time((x{job='b'} + z)[5m:1m]) or y"}
            """)
        #expect(
            group.sharedSelectors.map(\.matchers) == [
                [Matcher("job", .equal, "a"), Matcher("__name__", .equal, "x")],
                [Matcher("__name__", .equal, "y")],
            ])
    }
}

@Suite struct RuleOverlayTests {
    private func read(
        _ source: some SampleSource, _ selector: String, _ from: Double, _ to: Double
    ) throws -> [String] {
        let selector = try Selector.parse(
            selector, at: SourcePosition(file: "", line: 1, column: 1))
        var found: [String] = []
        source.forEachSeries(matching: selector, from: at(from), to: at(to)) { labels, columns in
            let points = zip(columns.times, columns.values).map { "\($0 / 60_000)=\($1)" }
            found.append("\(labels) " + points.joined(separator: " "))
            return true
        }
        return found
    }

    @Test func mergesWhatWasMadeInTheOrderOfTime() throws {
        var overlay = RuleOverlay(on: try store(#"a{x="1"} 1 2 _ 4"#, #"b 7 7 7 7"#))
        overlay.add([
            RuleSample(labels: Labels([("__name__", "a"), ("x", "1")]), time: at(2), value: 30),
            RuleSample(labels: Labels([("__name__", "a"), ("x", "1")]), time: at(3), value: 40),
            RuleSample(labels: Labels([("__name__", "a"), ("x", "2")]), time: at(2), value: 50),
            RuleSample(labels: Labels([("__name__", "c")]), time: at(2), value: 60),
        ])
        #expect(
            try read(overlay, "a", 0, 3) == [
                #"a{x="1"} 0=1.0 1=2.0 2=30.0 3=4.0"#, #"a{x="2"} 2=50.0"#,
            ])
        #expect(try read(overlay, "a", 0, 1) == [#"a{x="1"} 0=1.0 1=2.0"#])
        #expect(try read(overlay, #"{__name__=~"b|c"}"#, 2, 2) == ["b 2=7.0", "c 2=60.0"])
        #expect(try read(overlay, #"a{x="1"}"#, 2, 2) == [#"a{x="1"} 2=30.0"#])
    }
}

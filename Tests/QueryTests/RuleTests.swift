import Alerting
import Model
import Query
import Testing
import Text

private let file = """
    groups:
      - name: g
        rules:
          - record: job:up:sum
            expr: sum by (job) (up)
          - alert: Down
            expr: up == 0
            for: 2m
            labels: {severity: page}
            annotations: {summary: "{{ $labels.job }} is {{ $value }}"}
    """

private func at(_ minutes: Int64) -> Timestamp { Timestamp(millis: minutes * 60_000) }

@Test func anAlertIsPendingThenFiringThenResolved() throws {
    let read = RuleFile.read(Array(file.utf8), file: "r.yml")
    #expect(read.diagnostics.isEmpty)
    let rule = try #require(read.groups.first?.rules.last)
    var store = ScriptStore()
    store.load(try SeriesNotation(parsing: "up{job=\"a\"} 0 0 0 0 1 1"), step: .minutes(1))
    var memory = RuleMemory()
    var states: [String?] = []
    for minute in Int64(0)...4 {
        _ = rule.evaluate(at: at(minute), on: store, in: RuleContext(), &memory)
        states.append(memory.alerts.first?.state.name)
        var copy = Archive()
        copy.field(&memory)
        var back = Archive(reading: copy.bytes)
        memory = RuleMemory()
        back.field(&memory)
        #expect(back.isComplete)
    }
    #expect(states == ["pending", "pending", "firing", "firing", "resolved"])
    #expect(memory.alerts.first?.annotations == ["summary": "a is 0"])
}

@Test func aRecordedSeriesThatEndsGetsAStaleMarker() throws {
    let rule = try #require(
        RuleFile.read(Array(file.utf8), file: "r.yml").groups.first?.rules.first)
    var store = ScriptStore()
    store.load(try SeriesNotation(parsing: "up{job=\"a\"} 1 stale"), step: .minutes(1))
    var memory = RuleMemory()
    let first = rule.evaluate(at: at(0), on: store, in: RuleContext(), &memory)
    let second = rule.evaluate(at: at(1), on: store, in: RuleContext(), &memory)
    #expect(first.map(\.value) == [1])
    #expect(second.count == 1 && second[0].value.isNaN)
    #expect(second.first?.labels["__name__"] == "job:up:sum")
}

@Test(arguments: [
    ("- {alert: A, expr: 'up ==='}", "could not parse expression"),
    ("- {record: r, expr: up, for: 1m}", "invalid field 'for' in recording rule"),
    ("- {expr: up}", "one of 'record' or 'alert' must be set"),
    ("- {alert: A, expr: up, annotations: {a: '{{ nope }}'}}", "function \"nope\" not defined"),
    ("- {alert: A, expr: up, labels: {a: '{{ tmpl }}'}}", "function \"tmpl\" not defined"),
])
func aWrongRuleIsRefusedWithItsPlace(rule: String, expected: String) {
    let text = "groups:\n  - name: g\n    rules:\n      \(rule)\n"
    let read = RuleFile.read(Array(text.utf8), file: "r.yml")
    #expect(read.groups.isEmpty)
    #expect(read.diagnostics.first?.what.contains(expected) == true)
    #expect(read.diagnostics.first?.position.line == 4)
}

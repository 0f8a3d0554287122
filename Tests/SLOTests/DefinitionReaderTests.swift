import Model
import SLO
import Testing
import Text

/// What people get wrong in an SLO file, and what they are told.
@Suite struct DefinitionReaderTests {
    private func messages(_ yaml: String) -> [String] {
        reading(yaml).diagnostics.map(\.description)
    }

    /// The one SLO of a file with `sli` lines under `sli:` and `more` beside it.
    private func file(_ lines: String...) -> String {
        (["apiVersion: pitot/v1", "kind: SLOs", "service: recommender", "slos:"] + lines)
            .joined(separator: "\n") + "\n"
    }

    @Test func theWholeOfAnSLOIsRead() throws {
        let file = reading(
            file(
                "  - name: availability", "    objective: 99.9", "    period: 7d",
                "    by: [namespace, model]", "    sli:", "      events:",
                "        bad: requests_total{code=~\"5..\"}", "        total: requests_total",
                "    alerts:",
                "      page: {labels: {team: ml}, annotations: {runbook: http://r}}",
                "      ticket: {enabled: false}", "      evidence: {test: true, minBad: 5}",
                "      dataLoss: {after: 20m}", "      scaleToZero: true"))
        #expect(file.diagnostics == [])
        let slo = try #require(file.definitions.first)
        #expect(slo.service == "recommender" && slo.name == "availability")
        #expect(slo.objective.ratio == 0.999 && slo.period == .rolling(.days(7)))
        #expect(slo.by == ["namespace", "model"])
        #expect(slo.alerts.tiers[.page]?.labels["team"] == "ml")
        #expect(slo.alerts.tiers[.page]?.annotations["runbook"] == "http://r")
        #expect(slo.alerts.tiers[.ticket] == nil)
        #expect(slo.alerts.pairs.allSatisfy { $0.severity == .page })
        #expect(slo.alerts.evidence.badMin == 5 && slo.alerts.scaleToZero)
        #expect(slo.alerts.dataLossAfter == .minutes(20))
        #expect(slo.position.line == 5)
    }

    @Test(arguments: mistakes)
    func aMistakeIsNamedWhereItStands(mistake: Mistake) {
        #expect(messages(mistake.yaml) == mistake.told)
        let isRefused = mistake.told.contains { !$0.contains("warning") }
        #expect(reading(mistake.yaml).hasErrors == isRefused)
    }
}

struct Mistake: CustomTestStringConvertible, Sendable {
    let name: String
    let yaml: String
    let told: [String]

    init(_ name: String, _ yaml: String, _ told: String) {
        self.name = name
        self.yaml = yaml
        self.told = told.split(separator: "\n").map(String.init)
    }

    var testDescription: String { name }
}

private let mistakes = [
    Mistake(
        "an unknown key", sloFile(more: ["peroid: 7d"]),
        """
        slo.yaml:11:5: unknown key "peroid" in this SLO (did you mean "period"?)
        """),
    Mistake(
        "an unknown key of the file", "apiVersion: pitot/v1\nkind: SLOs\nservices: x\nslos: []\n",
        """
        slo.yaml:1:1: "service" is missing from this SLO file; expected text
        slo.yaml:3:1: unknown key "services" in this SLO file (did you mean "service"?)
        slo.yaml:4:1: no SLO in the file; expected a list under "slos"
        """),
    Mistake(
        "no total", without("        total: requests_total"),
        """
        slo.yaml:9:9: events without "total"; expected the selector of all events, good and \
        bad
        """),
    Mistake(
        "bad and good", sloFile(more: ["    good: ok_total"]),
        """
        slo.yaml:9:9: both "bad" and "good"; expected exactly one of "bad" and "good", beside \
        "total"
        """),
    Mistake(
        "neither bad nor good", without("        bad: errors_total"),
        """
        slo.yaml:9:9: events without "bad" or "good"; expected exactly one of "bad" and \
        "good", beside "total"
        """),
    Mistake(
        "an objective of 100", sloFile(objective: "100"),
        """
        slo.yaml:6:5: objective 100 is out of range; expected a percentage above 0 and below \
        100, at most ten decimals (an objective of 100 leaves no budget and can only be \
        missed)
        """),
    Mistake(
        "an objective as a ratio", sloFile(objective: "0.999"),
        """
        slo.yaml:6:5: warning: objective 0.999 is below one percent (it is a percentage: for \
        three nines write 99.9)
        """),
    Mistake(
        "an objective in words", sloFile(objective: "three nines"),
        """
        slo.yaml:6:5: objective three nines is out of range; expected a percentage above 0 and\
         below 100, at most ten decimals (for three nines write 99.9)
        """),
    Mistake(
        "a reserved label in by", sloFile(more: ["by: [namespace, service]"]),
        """
        slo.yaml:11:21: "service" cannot be a group label; expected a label other than \
        alertname, service, severity, slo, window (Pitot sets it on its alerts; relabel the \
        series to another name)
        """),
    Mistake(
        "a label twice in by", sloFile(more: ["by: [namespace, namespace]"]),
        """
        slo.yaml:11:21: "namespace" stands twice in "by"
        """),
    Mistake(
        "by as text", sloFile(more: ["by: namespace"]),
        """
        slo.yaml:11:9: "by" is the text "namespace"; expected a sequence of texts
        """),
    Mistake(
        "a reserved label on an alert", sloFile(more: ["alerts: {page: {labels: {slo: x}}}"]),
        """
        slo.yaml:11:21: the label "slo" is set by Pitot; expected another label
        """),
    Mistake(
        "a rate in a selector", sloFile(counted: "bad: rate(errors_total[5m])"),
        """
        slo.yaml:9:14: rate() is a function or an aggregation; expected a plain selector such \
        as http_requests_total{code=~"5.."} (Pitot counts increases itself; remove rate() and \
        [5m])
        """),
    Mistake(
        "a range in a selector", sloFile(counted: "bad: errors_total[5m]"),
        """
        slo.yaml:9:26: a range after the selector; expected a plain selector such as \
        http_requests_total{code=~"5.."} (Pitot counts increases itself; remove rate() and \
        [5m])
        """),
    Mistake(
        "a broken regex", sloFile(counted: #"bad: 'errors_total{code=~"5("}'"#),
        """
        slo.yaml:9:34: bad regular expression: missing ): 5(; expected RE2 syntax
        """),
    Mistake(
        "the same selector twice", sloFile(counted: "bad: requests_total"),
        """
        slo.yaml:9:9: the same selector as "total"; expected a part of all events
        """),
    Mistake(
        "a calendar year", sloFile(more: ["period: {calendar: year}"]),
        """
        slo.yaml:11:14: no calendar period "year"; expected week, month or quarter
        """),
    Mistake(
        "a period of half an hour", sloFile(more: ["period: 30m"]),
        """
        slo.yaml:11:13: period 30m is out of range; expected whole minutes between 1h and 366d
        """),
    Mistake(
        "a period in words", sloFile(more: ["period: monthly"]),
        """
        slo.yaml:11:13: "period" is the text "monthly"; expected a duration such as 30s, 5m or\
         1h30m
        """),
    Mistake(
        "a period that drops a pair", sloFile(more: ["period: 1d"]),
        """
        slo.yaml:11:5: warning: no page alert over 15m above 4.8: another with the same \
        windows fires first for a period of 1d
        """),
    Mistake(
        "an unknown kind", without("      events:", with: "      event:"),
        """
        slo.yaml:8:7: the sli has no kind; expected one of events, latency, freshness, \
        threshold, composite, query, probe, drift, runs, spans
        slo.yaml:8:7: unknown key "event" in this sli (did you mean "events"?)
        """),
    Mistake(
        "a file without SLOs", "apiVersion: pitot/v1\nkind: SLOs\nservice: x\n",
        """
        slo.yaml:1:1: no SLO in the file; expected a list under "slos"
        """),
    Mistake(
        "another version", without("apiVersion: pitot/v1", with: "apiVersion: pitot/v2"),
        """
        slo.yaml:1:1: unknown apiVersion "pitot/v2"; expected "pitot/v1"
        """),
    Mistake(
        "a name with a slash", sloFile(name: "a/b"),
        """
        slo.yaml:5:5: "a/b" cannot be a name; expected 1 to 100 letters, digits, '-', '_' or \
        '.', not beginning with a sign
        """),
    Mistake(
        "minBad below zero", sloFile(more: ["alerts: {evidence: {minBad: -1}}"]),
        """
        slo.yaml:11:25: minBad is negative; expected a number of events, 0 or more
        """),
    Mistake(
        "data loss at once", sloFile(more: ["alerts: {dataLoss: {after: 0s}}"]),
        """
        slo.yaml:11:25: dataLoss.after is not positive; expected several scrape intervals, such \
        as 10m
        """),
]

/// The usual file with one line gone or another in its place.
private func without(_ line: String, with other: String? = nil) -> String {
    sloFile().split(separator: "\n").compactMap { $0 == line ? other : String($0) }
        .joined(separator: "\n") + "\n"
}

import Agent
import Model
import Query
import Testing
import Text

@testable import Backtest

/// Expectations about SLOs in test files.
@Suite struct SLOExpectationTests {
    /// Ten requests a second for an hour, then five minutes in which half of them fail.
    private static let input = """
        evaluation_interval: 1m
        tests:
          - name: half fails
            input_series:
              - series: requests_total{job="shop", instance="a", zone="a", code="200"}
                values: 0+600x60 36300+300x10
              - series: requests_total{job="shop", instance="a", zone="a", code="500"}
                values: 0x60 300+300x10

        """

    private func outcomes(_ more: String, objective: String = "99.9") throws -> [RuleTestOutcome] {
        let read = RuleTestFile.read(
            Array((Self.input + more).utf8), file: "t.yml", extraKeys: SLOExpectation.keys)
        let file = try #require(read.file, "\(read.diagnostics)")
        let test = try #require(file.tests.first)
        return SLOTest(sloRules(objective)).outcomes(test, step: file.evaluationInterval)
    }

    @Test func figuresAreThoseOfTheAPI() throws {
        let found = try outcomes(
            """
                slo_test:
                  - slo: shop/availability
                    eval_time: 1h
                    exp_slos:
                      - labels: {zone: a}
                        evidence: partial
                        objective: 0.999
                        events: {good: 36000, bad: 0, total: 36000, classes: {normal: 36000}}
                        budget: {remaining: 1, exhaustedIn: null}
                        windows: {5m: {burnRate: 0}, 30d: {total: 36000}}
                        alerts: {page 1h: {state: inactive}}
                  - slo: shop/availability
                    eval_time: 1h5m
                    exp_slos:
                      - labels: {zone: a}
                        events: {bad: 1500}
                        windows: {1h: {bad: 1500, total: 36000, burnRate: 41.6666667}}
                        alerts: {page 1h: {state: firing}}
            """)
        #expect(found.map(\.fault) == [nil, nil], "\(found)")
        #expect(
            found.map(\.what) == ["SLO shop/availability at 1h", "SLO shop/availability at 1h5m"])
    }

    @Test func whatDiffersIsShownWithItsName() throws {
        let found = try outcomes(
            """
                slo_test:
                  - slo: shop/availability
                    eval_time: 1h
                    exp_slos:
                      - labels: {zone: a}
                        evidence: complete
                        events: {bad: 3, wrong: 1}
                  - {slo: shop/availability, eval_time: 1h, exp_slos: [{events: {bad: 0}}]}
                  - {slo: shop/other, eval_time: 1h, exp_slos: [{evidence: partial}]}
            """)
        #expect(
            found.map(\.difference) == [
                [
                    #"- {zone="a"} evidence: complete"#, #"+ {zone="a"} evidence: partial"#,
                    #"- {zone="a"} events.bad: 3"#, #"+ {zone="a"} events.bad: 0.0"#,
                    #"- {zone="a"} events.wrong: 1"#, "  (the API has no such figure)",
                ],
                ["- {}", #"+ {zone="a"}"#],
                ["- shop/other", "  (no rule file defines it)"],
            ])
        #expect(found.allSatisfy { !$0.hasPassed })
    }

    @Test func alertsAreComparedWithoutWhatTheTestNames() throws {
        let found = try outcomes(
            """
                slo_alert_test:
                  - {eval_time: 1h, exp_alerts: []}
                  - eval_time: 1h5m
                    slo: shop/availability
                    alertname: SLOBurn
                    exp_alerts:
                      - exp_labels: {severity: page, window: 1h, zone: a}
                      - exp_labels: {severity: page, window: 6h, zone: a}
                      - exp_labels: {severity: ticket, window: 1d, zone: a}
                      - exp_labels: {severity: ticket, window: 3d, zone: a}
                  - eval_time: 1h5m
                    alertname: SLODataLoss
                    exp_alerts: []
                  - eval_time: 1h5m
                    slo: shop/availability
                    alertname: SLOBurn
                    exp_alerts:
                      - exp_labels: {severity: page, window: 1h, zone: a}
                        exp_annotations: {since: never}
                      - exp_labels: {severity: page, window: 2h, zone: a}
            """)
        #expect(found.map(\.hasPassed) == [true, true, true, false], "\(found)")
        #expect(found[3].fault == "2 expected to fire, 4 fire")
        #expect(found[3].difference.contains(#"-   since: "never""#))
        #expect(found[3].difference.contains(#"- {severity="page", window="2h", zone="a"}"#))
        #expect(found[3].difference.contains(#"+ {severity="ticket", window="3d", zone="a"}"#))
    }

    @Test func expectationsMayStandInAnyOrder() throws {
        let found = try outcomes(
            """
                slo_test:
                  - slo: shop/availability
                    eval_time: 1h5m
                    exp_slos: [{labels: {zone: a}, events: {bad: 1500}}]
                  - slo: shop/availability
                    eval_time: 10m30s
                    exp_slos: [{labels: {zone: a}, events: {total: 6000}}]
                  - slo: shop/availability
                    eval_time: 0m
                    exp_slos: [{labels: {zone: a}, events: {total: 0}}]
            """)
        #expect(found.map(\.hasPassed) == [true, true, true], "\(found)")
    }

    @Test func whatDoesNotReadSaysWhere() throws {
        func fault(_ more: String) throws -> String {
            let found = try outcomes(more)
            #expect(found.count == 1)
            return found.first?.fault ?? ""
        }
        #expect(
            try fault("    slo_test: [{slo: shop, eval_time: 1m, exp_slos: []}]")
                == "t.yml:9:17: \"shop\" names no SLO; expected service/name")
        #expect(
            try fault("    slo_test: [{slo: a/b, eval_tim: 1m}]").contains(
                "unknown key \"eval_tim\" in this SLO test"))
        #expect(
            try fault("    slo_alert_test: {}").contains("expected a list of at most 10000"))
        #expect(
            try fault("    slo_alert_test: [{exp_alerts: [{exp_label: {}}]}]").contains(
                "did you mean \"exp_labels\"?"))
        let read = RuleTestFile.read(
            Array((Self.input + "    slo_test: [{slo: a/b, exp_slos: []}]").utf8), file: "t.yml",
            extraKeys: SLOExpectation.keys)
        let test = try #require(read.file?.tests.first)
        let broken = SLOTest(sloRules("101")).outcomes(test, step: .minutes(1))
        #expect(broken.first?.fault?.contains("objective") == true)
    }
}

import Foundation
import Testing

@testable import pitot

/// SLOs in test files, and folders in which several tools' files stand, as a person runs them.
@Suite struct SLOTestCommandTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private static let test = """
        rule_files: [slo.yaml, rules.yml]
        tests:
          - name: half fails
            input_series:
              - series: requests_total{job="shop", instance="a", code="200"}
                values: 0+600x60 36300+300x10
              - series: requests_total{job="shop", instance="a", code="500"}
                values: 0x60 300+300x10
            promql_expr_test:
              - expr: twice
                eval_time: 1m
                exp_samples: [{labels: twice, value: 2}]
            slo_test:
              - slo: shop/availability
                eval_time: 1h5m
                exp_slos:
                  - events: {bad: 1500}
                    windows: {1h: {total: 36000}}
            slo_alert_test:
              - eval_time: 1h5m
                slo: shop/availability
                alertname: SLOBurn
                exp_alerts:
                  - exp_labels: {severity: page, window: 6h}
                  - exp_labels: {severity: ticket, window: 1d}
                  - exp_labels: {severity: ticket, window: 3d}

        """

    @Test func slosAndRulesAreTestedInOneFile() throws {
        try folder.write(
            "slo.yaml", goodRules.replacing("objective: 99\n", with: "objective: 99.5\n"))
        try folder.write(
            "rules.yml", "groups: [{name: g, rules: [{record: twice, expr: vector(2)}]}]")
        let path = try folder.write("test.yml", Self.test)
        let ended = try Pitot.run("test", path)
        #expect(ended.out == "3 passed, 0 failed\n" && ended.code == 0, "\(ended)")
        let wrong = try folder.write("wrong.yml", Self.test.replacing("bad: 1500", with: "bad: 3"))
        let failed = try Pitot.run("test", wrong)
        #expect(failed.code == 1)
        #expect(
            failed.out == """
                \(wrong):14:9: test "half fails": SLO shop/availability at 1h5m: it says otherwise
                    - events.bad: 3
                    + events.bad: 1500.0
                2 passed, 1 failed

                """)
    }

    @Test func checkReadsSuchAFile() throws {
        let path = try folder.write("test.yml", Self.test)
        let ended = try Pitot.run("check", path)
        #expect(ended.code == 0, "\(ended.out)")
        let wrong = try folder.write("w.yml", Self.test.replacing("exp_slos", with: "exp_slo"))
        let refused = try Pitot.run("check", wrong)
        #expect(refused.code == 1)
        #expect(refused.out.contains("did you mean \"exp_slos\"?"), "\(refused.out)")
    }

    @Test func anotherToolsFileIsNamedWithWhereItsSLOsStand() throws {
        let sloth = """
            version: prometheus/v1
            service: shop
            slos:
              - name: availability
                objective: 99
                sli:
                  events:
                    error_query: sum(rate(requests_total{code="500"}[{{.window}}]))
                    total_query: sum(rate(requests_total[{{.window}}]))
                alerting: {name: A, page_alert: {}, ticket_alert: {}}

            """
        let original = try folder.write("sloth.yml", sloth)
        let alone = try Pitot.run("check", original)
        #expect(alone.code == 1)
        #expect(
            alone.out.hasPrefix(
                "\(original):1:1: these are SLOs of Sloth, which the agent does not read; expected "
                    + "SLOs in Pitot's own form (write them with `pitot convert -o DIR "))
        let native = try folder.write("native.yaml", goodRules)
        let both = try Pitot.run("check", original, native)
        #expect(
            both.out.contains(
                "all of its 1 SLOs are converted, shop/availability at \(native):5:5: keep the "
                    + "original in another folder"))
        #expect(both.out.hasSuffix("2 files, 1 SLOs: 1 errors, 0 warnings\n"))
    }
}

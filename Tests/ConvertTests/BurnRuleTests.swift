import Model
import Testing
import Text

@testable import Convert

@Suite struct BurnRuleTests {
    /// Rules over `ratio5m` and the rest, as a generator prints them.
    private func rules(
        record: String = "shop:errors:ratio_rate", labels: String = "{job: shop}",
        threshold: (Double) -> String = { "(\($0) * (1-0.99900))" }
    ) -> String {
        var text = "groups:\n- name: shop-slo\n  rules:\n"
        for window in ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] {
            text += """
                  - record: \(record)\(window)
                    expr: |
                      sum(rate(shop_total{code=~"5..", job="shop"}[\(window)]))
                      / sum(rate(shop_total{job="shop"}[\(window)]))
                    labels: \(labels)

                """
        }
        for (long, short, factor, severity, hold) in [
            ("1h", "5m", 14.4, "critical", "2m"), ("6h", "30m", 6, "critical", "15m"),
            ("1d", "2h", 3, "warning", "1h"), ("3d", "6h", 1, "warning", "3h"),
        ] {
            text += """
                  - alert: ShopBurns
                    expr: |
                      sum(\(record)\(long){job="shop"}) > \(threshold(factor))
                      and sum(\(record)\(short){job="shop"}) > \(threshold(factor))
                    for: \(hold)
                    labels: {severity: \(severity)}
                    annotations: {message: "burning {{ $value }}"}

                """
        }
        return text
    }

    @Test func objectiveSelectorsAndPairsAreReadBack() throws {
        let result = try imported(rules())
        #expect(result.refusals == [])
        let slo = try #require(result.slos.first)
        #expect(result.slos.count == 1)
        #expect(slo.service == "shop" && slo.name == "shop-errors" && slo.objective == "99.9")
        #expect(
            slo.sli
                == .events(
                    counted: "bad", selector: #"shop_total{code=~"5..", job="shop"}"#,
                    total: #"shop_total{job="shop"}"#))
        // The workbook's own: nothing to write, but they no longer wait.
        #expect(slo.tiers.allSatisfy { $0.isEnabled && $0.pairs == [] })
        let pairs = slo.differences.filter { $0.topic == .pairs }.map(\.text)
        #expect(pairs.count == 2)
        #expect(pairs[0].contains("1h/5m above 14.4 for 2m"))
        #expect(pairs[0].hasSuffix("here the same at once"))
    }

    @Test(arguments: [
        ("0.00100", "99.9"), ("(1 - 0.9995)", "99.95"), ("0.0009999999999999432", "99.9"),
        ("(1-0.98000)", "98"), ("0.00001", "99.999"),
    ])
    func theObjectiveComesFromTheBudget(budget: String, objective: String) throws {
        let text = rules(threshold: { "(\($0) * \(budget))" })
        #expect(try imported(text).slos.first?.objective == objective)
    }

    @Test func aBudgetThatWasRoundedAwayIsRefused() throws {
        let found = try converted(rules(threshold: { "(\($0) * 0.00000)" }))
        #expect(found.refusals.first?.hint?.contains("rounded") == true)
    }

    @Test func resourcesAndOrAlertsAreReadToo() throws {
        let recordings = ["5m", "1h", "30m", "6h"].map { window in
            "    - {record: \"r:burnrate\(window)\", expr: '1 - sum(rate(a{ok=\"1\"}[\(window)]))"
                + " / sum(rate(a[\(window)]))'}"
        }.joined(separator: "\n")
        let resource = """
            apiVersion: monitoring.coreos.com/v1
            kind: PrometheusRule
            metadata: {name: shop}
            spec:
              groups:
              - name: g
                rules:
            \(recordings)
                - alert: Burns
                  expr: |
                    (max(r:burnrate5m > (20 * 0.01)) without (w)
                    and max(r:burnrate1h > (20 * 0.01)) without (w))
                    or
                    (r:burnrate30m > (8 * 0.01) and r:burnrate6h > (8 * 0.01))
                  labels: {severity: page}
            """
        let slo = try #require(try imported(resource).slos.first)
        #expect(slo.sli == .events(counted: "good", selector: #"a{ok="1"}"#, total: "a"))
        #expect(slo.objective == "99" && slo.service == "g" && slo.name == "r")
        #expect(slo.tiers[0].pairs.map(\.factor) == [20, 8])
        // No alert of the other severity: it stays off.
        #expect(!slo.tiers[1].isEnabled)
    }

    @Test func aSumOfRatiosIsNoSLO() throws {
        let read = rules(labels: "{verb: read}").replacing("{job=\"shop\"}) >", with: ") >")
        let write = rules(labels: "{verb: write}").split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .dropFirst(3).prefix { !$0.contains("alert:") }.joined(separator: "\n")
        let result = try imported(read + write + "\n")
        #expect(result.slos.isEmpty)
        #expect(result.refusals.first?.what.contains("adds 2 error ratios") == true)
    }

    @Test func rulesWithoutABurnAlertAreRefused() throws {
        let plain = """
            groups:
            - name: g
              rules:
              - {alert: A, expr: "sum(rate(e[5m])) / sum(rate(t[5m])) > 0.05", for: 5m}
            """
        let found = try converted(plain)
        #expect(found.refusals.first?.what == "no burn-rate alert in these rules")
        #expect(found.peer == .rules)
    }

    @Test func slothsOwnRulesSayTheirServiceAndPeriod() throws {
        let labels = "{sloth_id: shop-pay, sloth_service: shop, sloth_slo: pay, team: web}"
        var text = rules(record: "slo:sli_error:ratio_rate", labels: labels)
        for (name, value) in [("objective:ratio", "0.995"), ("time_period:days", "28")] {
            text += """
                  - record: slo:\(name)
                    expr: vector(\(value))
                    labels: \(labels)

                """
        }
        let slo = try #require(try imported(text).slos.first)
        #expect(slo.service == "shop" && slo.name == "pay" && slo.objective == "99.5")
        #expect(slo.period == .rolling(.days(28)))
        #expect(slo.tiers[0].labels.contains(TextPair(name: "team", value: "web")))
        #expect(topics(slo).contains("noTraffic"))
    }
}

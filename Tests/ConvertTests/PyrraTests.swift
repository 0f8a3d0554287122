import Model
import Testing
import Text

@testable import Convert

@Suite struct PyrraTests {
    private func resource(_ indicator: String, window: String = "4w") -> String {
        """
        apiVersion: pyrra.dev/v1alpha1
        kind: ServiceLevelObjective
        metadata:
          name: api
          namespace: shop
          labels: {pyrra.dev/team: web, role: alert-rules}
        spec:
          target: "99.0"
          window: \(window)
          indicator:
        \(indicator)
        """
    }

    private let ratio = """
            ratio:
              errors: {metric: 'req_total{code=~"5..",job="api"}'}
              total: {metric: 'req_total{job="api"}'}
              grouping: [route]
        """

    @Test func aRatioKeepsItsGroupsLabelsAndPairs() throws {
        let slo = try #require(try imported(resource(ratio)).slos.first)
        #expect(slo.service == "shop" && slo.name == "api" && slo.objective == "99")
        #expect(slo.period == .rolling(.days(28)) && slo.by == ["route"])
        #expect(
            slo.sli
                == .events(
                    counted: "bad", selector: #"req_total{code=~"5..", job="api"}"#,
                    total: #"req_total{job="api"}"#))
        #expect(slo.tiers[0].pairs.map(\.factor) == [14, 7])
        #expect(slo.tiers[0].pairs.map(\.short) == [.minutes(5), .minutes(30)])
        #expect(slo.tiers[1].pairs.map(\.long) == [.days(1), .days(4)])
        #expect(
            slo.tiers[0].labels == [
                TextPair(name: "former_alertname", value: "ErrorBudgetBurn"),
                TextPair(name: "former_severity", value: "critical"),
                TextPair(name: "team", value: "web"),
            ])
        let pairs = slo.differences.filter { $0.topic == .pairs }.map(\.text)
        #expect(pairs[0].contains("1h/5m above 14 for 2m, 6h/30m above 7 for 15m"))
        #expect(pairs[1].contains("1d/2h above 2 for 1h, 4d/6h above 1 for 3h"))
        // Pyrra's own: 14 x 1 % x 1h + 2m.
        #expect(slo.differences.contains { $0.text.contains("SLOMetricAbsent fires 10m after") })
    }

    @Test func windowsTooShortForAScrapeAreOurs() throws {
        let slo = try #require(try imported(resource(ratio, window: "7d")).slos.first)
        #expect(slo.tiers[0].pairs == [])
        #expect(slo.tiers[1].pairs.map(\.factor) == [2, 1])
        #expect(slo.differences.contains { $0.text.contains("1m window never holds two samples") })
        let day = try #require(try imported(resource(ratio, window: "1d")).slos.first)
        #expect(day.differences.contains { $0.text.contains("rounds to 0m") })
    }

    @Test func otherIndicatorsFindTheirKind() throws {
        let latency = """
                latency:
                  success: {metric: 'd_seconds_bucket{job="api",le="0.25"}'}
                  total: {metric: 'd_seconds_count{job="api"}'}
            """
        #expect(
            try sli(resource(latency))
                == .latency(histogram: #"d_seconds{job="api"}"#, total: nil, below: "250ms"))
        let native = """
                latencyNative: {latency: 200ms, total: {metric: d_seconds}}
            """
        #expect(
            try sli(resource(native))
                == .latency(histogram: "d_seconds", total: nil, below: "200ms"))
        let gauge = """
                bool_gauge: {metric: 'probe_success{job="x"}', grouping: [target]}
            """
        #expect(
            try sli(resource(gauge))
                == .threshold(metric: #"probe_success{job="x"}"#, op: "atLeast", value: "1"))
    }

    @Test func aSuccessThatSelectsMoreThanItsBucketWarns() throws {
        let bait = """
                latency:
                  success: {metric: 'd_seconds_bucket{status=~"5..",le="1"}'}
                  total: {metric: d_seconds_count}
            """
        let result = try imported(resource(bait))
        #expect(result.warnings.count == 1)
        #expect(
            result.slos.first?.sli
                == .latency(
                    histogram: #"d_seconds{status=~"5.."}"#, total: "d_seconds_count", below: "1s"))
    }

    @Test(arguments: [
        ("target: \"99.0\"", "target: \"100\"", "no percentage"),
        ("window: 4w", "window: soon", "no duration"),
        ("    ratio:", "    ration:", "no known kind"), ("errors:", "error:", "has no errors"),
        ("grouping: [route]", "grouping: [service]", "cannot be a group label"),
        ("req_total{job=\"api\"}", "rate(req_total[5m])", "function"),
    ])
    func whatCannotBeConvertedSaysWhy(old: String, new: String, what: String) throws {
        let found = try converted(resource(ratio).replacing(old, with: new))
        #expect(found.text == nil)
        let refusal = try #require(found.refusals.first)
        #expect(refusal.description.contains(what), "\(refusal)")
        #expect(refusal.expected != nil)
    }

    @Test func burnAlertsThatAreOffStayOff() throws {
        let text = resource(ratio) + "\n  alerting: {burnrates: false, absent: false}"
        let slo = try #require(try imported(text).slos.first)
        #expect(slo.tiers.allSatisfy { !$0.isEnabled })
    }
}

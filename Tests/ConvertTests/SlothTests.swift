import Model
import Testing
import Text

@testable import Convert

@Suite struct SlothTests {
    private let full = """
        version: "prometheus/v1"
        service: shop
        labels: {team: checkout}
        slos:
          - name: payments
            objective: 99.50
            description: Payments that a card was charged for.
            labels: {kind: availability}
            sli:
              events:
                error_query: sum(rate(payments_total{result="failed"}[{{.window}}]))
                total_query: sum(rate(payments_total[{{.window}}]))
            alerting:
              name: PaymentsFail
              labels: {area: money}
              annotations: {runbook: "https://runbooks.example/payments"}
              page_alert:
                labels: {severity: critical}
              ticket_alert:
                disable: true
        """

    @Test func aFileBecomesThisFile() throws {
        let found = try converted(full, path: "slo/shop.yml")
        #expect(found.refusals == [] && found.warnings == [])
        #expect(
            found.text == """
                # Converted by `pitot convert` from slo/shop.yml.
                apiVersion: pitot/v1
                kind: SLOs
                service: shop
                slos:
                  # Payments that a card was charged for.
                  # budget: Sloth's budget is the mean of 5m ratios: five wholly failing minutes
                  #   cost 2.31 % of it whatever their traffic; here each bad event costs the same
                  # noTraffic: 5m without traffic are 0/0 there and make the budget NaN for 30d;
                  #   here the evidence says noTraffic and the budget stays
                  # births: a counter that appears at 50 counts 0 there and 50 here; while none
                  #   of the failing series exists Sloth has no data, here 0 failed
                  # evidence: one bad event can page in Sloth; here it needs two, and that so
                  #   many are improbable while the objective is met: two page only among at most
                  #   9 events
                  # dataLoss: a target that vanishes raises nothing in Sloth; here SLODataLoss
                  #   after 10m
                  # labels: alertname and severity are Pitot's own; the old values are in
                  #   former_alertname (PaymentsFail), former_severity (critical): change routes
                  #   that match them
                  - name: payments
                    objective: 99.5
                    period: 30d
                    sli:
                      events:
                        bad: payments_total{result="failed"}
                        total: payments_total
                    alerts:
                      page:
                        labels:
                          area: money
                          former_alertname: PaymentsFail
                          former_severity: critical
                          kind: availability
                          team: checkout
                        annotations:
                          runbook: https://runbooks.example/payments
                      ticket:
                        enabled: false

                """)
    }

    /// 5 min / (30 d x 0.5 %) = 2.3148 %; P(X >= 2 of 9) = 0.00088 and of 10 0.0011 at 0.5 %.
    @Test func figuresFollowFromTheObjective() throws {
        let slo = try #require(try imported(full).slos.first)
        #expect(slo.differences.contains { $0.text.contains("2.31 %") })
        #expect(slo.differences.contains { $0.text.contains("at most 9 events") })
    }

    @Test func theSameInputGivesTheSameBytes() throws {
        #expect(try converted(full).text == converted(full).text)
    }

    @Test func aResourceIsReadAsAFile() throws {
        let resource = """
            apiVersion: sloth.slok.dev/v1
            kind: PrometheusServiceLevel
            metadata: {name: shop, namespace: m}
            spec:
              service: shop
              slos:
                - name: payments
                  objective: 99.5
                  sli:
                    raw:
                      errorRatioQuery: |
                        sum(rate(payments_total{result="failed"}[{{.window}}]))
                        / sum(rate(payments_total[{{.window}}]))
                  alerting: {pageAlert: {disable: true}, ticketAlert: {disable: true}}
            """
        let slo = try #require(try imported(resource).slos.first)
        #expect(
            slo.sli
                == .events(
                    counted: "bad", selector: #"payments_total{result="failed"}"#,
                    total: "payments_total"))
        #expect(slo.tiers.allSatisfy { !$0.isEnabled })
        #expect(!topics(slo).contains("evidence") && !topics(slo).contains("pairs"))
    }

    @Test func keysThatSlothWouldIgnoreAreTakenWithAWarning() throws {
        let found = try converted(full.replacing("page_alert", with: "pageAlert"))
        #expect(found.warnings.count == 1)
        #expect(found.warnings.first?.what.contains("ignores \"pageAlert\"") == true)
        #expect(found.text?.contains("former_severity: critical") == true)
    }

    @Test func alertWindowsOfThePeriodBecomePairs() throws {
        let windows = """
            apiVersion: sloth.slok.dev/v1
            kind: AlertWindows
            spec:
              sloPeriod: 30d
              page:
                quick: {errorBudgetPercent: 4, shortWindow: 10m, longWindow: 2h}
                slow: {errorBudgetPercent: 5, shortWindow: 30m, longWindow: 6h}
              ticket:
                quick: {errorBudgetPercent: 10, shortWindow: 2h, longWindow: 1d}
                slow: {errorBudgetPercent: 10, shortWindow: 6h, longWindow: 3d}
            ---

            """
        let slo = try #require(try imported(windows + full).slos.first)
        #expect(slo.tiers[0].pairs.map(\.factor) == [14.4, 6])
        #expect(slo.tiers[0].pairs.map(\.long) == [.hours(2), .hours(6)])
        #expect(slo.tiers[1].pairs == [])
        let text = slo.differences.first { $0.topic == .pairs }?.text
        #expect(text?.contains("2h/10m above 14.4, 6h/30m above 6; here the same") == true)
    }

    @Test(arguments: [
        ("objective: 99.50", "objective: 100", "leaves no budget"),
        ("objective: 99.50", "objective: x", "leaves no budget"),
        ("service: shop", "service: \"\"", "no service"),
        ("  - name: payments", "  - title: payments", "no name"),
        ("events:", "event:", "no kind"),
        ("error_query:", "errorquery:", "without both queries"),
        ("[{{.window}}]", "[5m]", "no window"),
        ("prometheus/v1", "prometheus/v7", "not known"),
        ("service: shop", "service: shöp", "cannot be a service"),
        ("events:", "plugin: {id: a/b}\n      was:", "Go code"),
    ])
    func whatCannotBeConvertedSaysWhy(old: String, new: String, what: String) throws {
        let found = try converted(full.replacing(old, with: new))
        #expect(found.text == nil)
        let refusal = try #require(found.refusals.first)
        #expect(refusal.what.contains(what), "\(refusal)")
        #expect(refusal.expected != nil && refusal.position.line > 0)
    }

    @Test func thePluginsOfTheCommonCollectionAreWrittenOut() throws {
        func sli(_ plugin: String) throws -> NativeSLI? {
            let text = """
                version: prometheus/v1
                service: shop
                slos:
                  - name: a
                    objective: 99
                    sli: {plugin: \(plugin)}
                    alerting: {name: A}
                """
            let document = try YAML.parse(Array(text.utf8), file: "s.yml")[0]
            let windows = SlothWindows(period: .days(30), among: [])
            let found = SlothImporter.read(document, isResource: false, windows: windows)
            #expect(found.slos.isEmpty == !found.refusals.isEmpty)
            return found.slos.first?.sli
        }
        #expect(
            try sli(
                "{id: sloth-common/istio/v1/availability, options: {service: cart, namespace: s, "
                    + #"filter: '{cluster="eu"}'}}"#)
                == .events(
                    counted: "bad",
                    selector:
                        #"istio_requests_total{cluster="eu", destination_service_name="cart", "#
                        + #"destination_service_namespace="s", response_code=~"(5..|429)"}"#,
                    total: #"istio_requests_total{cluster="eu", destination_service_name="cart", "#
                        + #"destination_service_namespace="s"}"#))
        #expect(
            try sli("{id: sloth-common/coredns/availability}")
                == .events(
                    counted: "bad", selector: #"coredns_dns_responses_total{rcode=~"SERVFAIL"}"#,
                    total: "coredns_dns_responses_total"))
        #expect(try sli("{id: sloth-common/traefik/v2/availability}") == nil)
        #expect(try sli("{id: sloth-common/istio/v1/latency}") == nil)
    }

    @Test func oneBadSLOLeavesTheOthers() throws {
        let two =
            full + """

                  - name: refunds
                    objective: 101
                    sli: {}
                """
        let found = try converted(two)
        #expect(found.slos.map(\.name) == ["payments"])
        #expect(found.refusals.count == 1)
    }
}

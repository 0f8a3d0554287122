import Model
import Testing
import Text

@testable import Convert

@Suite struct OpenSLOTests {
    private let slo = """
        apiVersion: openslo/v1
        kind: SLO
        metadata:
          name: search
          labels: {env: [prod, eu], team: find}
        spec:
          service: shop
          indicatorRef: search-ok
          timeWindow:
            - {duration: 4w, isRolling: true}
          budgetingMethod: Occurrences
          objectives:
            - {displayName: Promised, target: 0.99}
            - {displayName: Hoped for, target: 0.9995}
          alertPolicies:
            - alertPolicyRef: wake
        ---
        apiVersion: openslo/v1
        kind: AlertPolicy
        metadata: {name: wake}
        spec:
          conditions: [{conditionRef: burning}]
          notificationTargets: [{targetRef: phone}]
        ---
        apiVersion: openslo/v1
        kind: AlertCondition
        metadata: {name: burning}
        spec:
          severity: page
          condition: {kind: burnrate, op: gt, threshold: 10, lookbackWindow: 2h, alertAfter: 5m}
        ---
        apiVersion: openslo/v1
        kind: DataSource
        metadata: {name: main}
        spec: {type: Prometheus}
        """
    private let sli = """
        apiVersion: openslo/v1
        kind: SLI
        metadata: {name: search-ok}
        spec:
          ratioMetric:
            counter: true
            good:
              metricSource: {metricSourceRef: main, spec: {query: 'sum(find_total{code="200"})'}}
            total:
              metricSource: {metricSourceRef: main, spec: {query: 'find_total{}'}}
        """

    @Test func eachObjectiveBecomesAnSLO() throws {
        let result = try imported(slo + "\n---\n" + sli)
        #expect(result.refusals == [])
        #expect(result.slos.map(\.name) == ["search-promised", "search-hoped-for"])
        #expect(result.slos.map(\.objective) == ["99", "99.95"])
        let first = try #require(result.slos.first)
        #expect(
            first.sli
                == .events(
                    counted: "good", selector: #"find_total{code="200"}"#, total: "find_total"))
        #expect(first.period == .rolling(.days(28)))
        // One condition, for pages: tickets are off.
        #expect(first.tiers.map(\.isEnabled) == [true, false])
        #expect(first.tiers[0].pairs.map(\.factor) == [10])
        #expect(first.tiers[0].pairs.map(\.short) == [.minutes(10)])
        #expect(first.tiers[0].labels.map(\.value) == ["prod,eu", "find"])
        // The notification target is defined nowhere: said, not refused.
        #expect(
            result.warnings.map(\.what) == ["there is no AlertNotificationTarget named \"phone\""])
    }

    @Test func referencesAreFoundInOtherFiles() throws {
        let files = [("a.yaml", slo), ("b.yaml", sli)].map {
            PeerFile(path: $0.0, bytes: Array($0.1.utf8))
        }
        let both = Conversion(files)
        #expect(both.files[1].part?.contains("1 SLI") == true)
        #expect(both.files[1].part?.contains("SLOs of other files refer to it") == true)
        #expect(!both.files[0].refusals.contains { $0.what.contains("search-ok") })
        let alone = Conversion([files[0]])
        let refusal = try #require(alone.files[0].refusals.first)
        #expect(refusal.what == "there is no SLI named \"search-ok\"")
        #expect(refusal.position.line == 8)
        let twice = Conversion(files + [PeerFile(path: "c.yaml", bytes: files[1].bytes)])
        #expect(twice.files[0].refusals.first?.what == "2 files have a SLI named \"search-ok\"")
    }

    @Test func calendarsThresholdsAndSlicesAreTold() throws {
        let text = """
            - apiVersion: openslo/v1
              kind: SLO
              metadata: {name: lag}
              spec:
                service: queue
                indicator:
                  spec:
                    thresholdMetric:
                      metricSource: {type: Prometheus, spec: {query: 'queue_lag{q="in"}'}}
                timeWindow:
                  - duration: 1M
                    isRolling: false
                    calendar: {startTime: 2026-01-05 12:00:00, timeZone: Europe/Berlin}
                budgetingMethod: Timeslices
                objectives:
                  - {op: lte, value: 100, target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 5}
            """
        let documents = text.replacing("\n  ", with: "\n").replacing(
            "- apiVersion", with: "apiVersion")
        let found = try #require(try imported(documents).slos.first)
        #expect(found.period == .calendar("month", timeZone: "Europe/Berlin"))
        #expect(found.sli == .threshold(metric: #"queue_lag{q="in"}"#, op: "atMost", value: "100"))
        let budget = found.differences.filter { $0.topic == .budget }.map(\.text)
        #expect(budget[0].contains("2026-01-05 12:00:00"))
        #expect(budget[1].contains("slices of 5m with at least 90 % of the samples good"))
    }

    @Test func theAlphaNotationIsRead() throws {
        let text = """
            apiVersion: openslo/v1alpha
            kind: SLO
            metadata: {name: search}
            spec:
              service: shop
              timeWindows: [{count: 30, unit: Day}]
              objectives:
                - target: 0.999
                  ratioMetrics:
                    good: {source: prometheus, query: 'sum(rate(f{ok="1"}[{{.window}}]))'}
                    total: {source: prometheus, query: 'sum(rate(f[{{.window}}]))'}
            """
        let found = try #require(try imported(text).slos.first)
        #expect(found.sli == .events(counted: "good", selector: #"f{ok="1"}"#, total: "f"))
        #expect(found.name == "search" && found.objective == "99.9")
    }

    @Test func theObjectivesOfACompositeAreSLOsOfTheirOwn() throws {
        let text = """
            apiVersion: openslo/v1
            kind: SLO
            metadata: {name: journey}
            spec:
              service: shop
              budgetingMethod: Occurrences
              timeWindow: [{duration: 4w, isRolling: true}]
              objectives:
                - displayName: cart
                  target: 0.99
                  compositeWeight: 3
                  indicator:
                    metadata: {name: cart}
                    spec:
                      ratioMetric:
                        counter: true
                        bad: {metricSource: {type: Prometheus, spec: {query: 'cart{code="500"}'}}}
                        total: {metricSource: {type: Prometheus, spec: {query: cart}}}
                - displayName: pay
                  target: 0.999
                  indicatorRef: pay
            ---
            apiVersion: openslo/v1
            kind: SLI
            metadata: {name: pay}
            spec:
              ratioMetric:
                counter: true
                bad: {metricSource: {type: Prometheus, spec: {query: 'pay{code="500"}'}}}
                total: {metricSource: {type: Prometheus, spec: {query: pay}}}
            """
        let found = try converted(text)
        #expect(found.refusals == [])
        let names = found.slos.map { "\($0.service)/\($0.name) \($0.objective) \($0.kind)" }
        #expect(names == ["shop/journey-cart 99 events", "shop/journey-pay 99.9 events"])
        let hint = found.warnings.first?.hint ?? ""
        #expect(
            hint.contains(
                "of: [{slo: shop/journey-cart, weight: 3}, {slo: shop/journey-pay}]"
            ))
    }

    @Test func aFixedRangeIsDroppedAndTold() throws {
        let text = (slo + "\n---\n" + sli)
            .replacing(
                "sum(find_total{code=\"200\"})", with: "sum(rate(find_total{code=\"200\"}[5m]))"
            )
            .replacing("find_total{}", with: "sum(rate(find_total[5m]))")
        let found = try #require(try imported(text).slos.first)
        #expect(found.sli.kind == "events")
        #expect(found.differences.contains { $0.text.contains("the range [5m]") })
    }

    @Test(arguments: [
        ("type: Prometheus", "type: Datadog", "the metric source is Datadog"),
        ("target: 0.99}", "target: 1}", "leaves no budget"),
        ("target: 0.99}", "target: ninety}", "has no target"),
        ("service: shop", "service: \"\"", "has no service"),
        ("duration: 4w", "duration: 4m", "a period of 4 minutes"),
        ("isRolling: true", "isRolling: false, calendar: {}", "no calendar period of 4w"),
        ("counter: true", "counter: false", "counter is false"),
        ("alertPolicyRef: wake", "alertPolicyRef: sleep", "no AlertPolicy named"),
        ("conditionRef: burning", "conditionRef: cold", "no AlertCondition named"),
        ("threshold: 10", "threshold: none", "no burn rate"),
        ("find_total{}", "sum:find{*}.as_count()", "not PromQL"),
        ("Promised, target: 0.99}", "x, target: 0.99, indicatorRef: a}", "no SLI named \"a\""),
    ])
    func whatCannotBeConvertedSaysWhy(old: String, new: String, what: String) throws {
        let found = try converted((slo + "\n---\n" + sli).replacing(old, with: new))
        let refusal = found.refusals.first { $0.description.contains(what) }
        #expect(refusal?.expected != nil || refusal?.hint != nil, "\(found.refusals)")
    }
}

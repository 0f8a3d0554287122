import Foundation
import Model
import SLO
import Testing
import Text

@testable import Convert

/// Debian's promtool, where `make test-e2e` has unpacked it or it is installed.
let promtool: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    let peers = [
        "build/peers-sid/promtool/usr/bin/promtool", "build/peers/prometheus/usr/bin/promtool",
    ]
    let main = root.deletingLastPathComponent().appending(path: "main")
    let places =
        [root, main].flatMap { folder in peers.map { folder.appending(path: $0).path } }
        + ["/usr/bin/promtool", "/usr/local/bin/promtool"]
    return places.first { FileManager.default.isExecutableFile(atPath: $0) }
}()

@Suite struct RuleGenerationTests {
    private let shop = """
        apiVersion: pitot/v1
        kind: SLOs
        service: shop
        slos:
          - name: payments
            objective: 99.9
            by: [tenant]
            sli: {events: {bad: 'pay_total{code="500"}', total: pay_total}}
            alerts:
              page: {labels: {team: money}, annotations: {runbook: "https://r.example/{{ x }}"}}
          - name: search
            objective: 95
            period: 7d
            sli: {events: {good: 'find_total{ok="1"}', total: 'find_total{job="api"}'}}
            alerts: {ticket: {enabled: false}, scaleToZero: true, evidence: {test: false}}
        """

    private func definitions(_ text: String) throws -> [SLODefinition] {
        try YAML.parse(Array(text.utf8), file: "s.yaml").flatMap { document in
            let read = DefinitionReader.read(document)
            try #require(!read.hasErrors, "\(read.diagnostics)")
            return read.definitions
        }
    }

    private func generated(_ format: RuleFormat = .prometheus) throws -> RuleGeneration {
        let text = shop.replacing("https://r.example/{{ x }}", with: "https://r.example/pay")
        return RuleGeneration(try definitions(text), format: format)
    }

    private func rules(_ text: String) throws -> [YAMLNode] {
        let document = try #require(try YAML.parse(Array(text.utf8), file: "r").first)
        let groups = (document["spec"] ?? document)["groups"]?.elements ?? []
        return groups.flatMap { $0["rules"]?.elements ?? [] }
    }

    @Test func ratiosAreSumsOverSums() throws {
        let file = try #require(try generated().files.first)
        #expect(file.name == "slo-shop.yaml" && file.slos == 2)
        let all = try rules(file.text)
        #expect(all.count == file.rules)
        let expressions = all.compactMap { $0["expr"]?.asString }
        // No mean of ratios anywhere: nothing divides but the alerts and the budget.
        for (rule, expression) in zip(all, expressions) where rule["record"] != nil {
            let isBudget = rule["record"]?.asString == "slo:error_budget:remaining_ratio"
            #expect(expression.contains("/") == isBudget, "\(expression)")
            #expect(!expression.contains("avg"))
        }
        let page = all.first {
            $0["labels"]?["window"]?.asString == "1h"
                && $0["labels"]?["slo"]?.asString == "payments"
        }
        #expect(
            page?["expr"]?.asString == """
                (slo:bad:increase1h{service="shop", slo="payments"} \
                / slo:total:increase1h{service="shop", slo="payments"}) > (14.4 * 0.001)
                and
                (slo:bad:increase5m{service="shop", slo="payments"} \
                / slo:total:increase5m{service="shop", slo="payments"}) > (14.4 * 0.001)
                and
                slo:bad:increase1h{service="shop", slo="payments"} >= 2
                """)
        #expect(page?["labels"]?["team"]?.asString == "money")
        #expect(page?["labels"]?["severity"]?.asString == "page")
    }

    @Test func policiesAreKept() throws {
        let all = try rules(try #require(try generated().files.first).text)
        let search = all.filter { $0["labels"]?["slo"]?.asString == "search" }
        let alerts = search.compactMap { $0["alert"]?.asString }
        // Tickets off, no data loss when it may scale to zero, no least number without the test.
        #expect(alerts == ["SLOBurn", "SLOBurn"])
        #expect(!search.contains { $0["expr"]?.asString?.contains(">= 2") == true })
        // 7 days: the pairs are scaled, the short windows at least five minutes.
        let windows = search.compactMap { $0["labels"]?["window"]?.asString }
        #expect(windows == ["15m", "1h24m"])
        #expect(search.contains { $0["record"]?.asString == "slo:bad:increase7d" })
    }

    @Test func theHeaderSaysWhatRulesCannotDo() throws {
        for format in RuleFormat.allCases {
            let text = try #require(try generated(format).files.first).text
            for word in ["birth", "evidence test", "data loss", "Do not edit"] {
                #expect(text.contains(word))
            }
        }
    }

    @Test func aResourceHoldsTheSameGroups() throws {
        let plain = try #require(try generated().files.first)
        let resource = try #require(try generated(.crd).files.first)
        let document = try #require(try YAML.parse(Array(resource.text.utf8), file: "r").first)
        #expect(document["kind"]?.asString == "PrometheusRule")
        #expect(document["metadata"]?["name"]?.asString == "slo-shop")
        #expect(try rules(resource.text).count == rules(plain.text).count)
        // Mimir refuses groups of more than 20 rules.
        for group in document["spec"]?["groups"]?.elements ?? [] {
            #expect((group["rules"]?.elements.count ?? 0) <= 20)
        }
    }
}

/// With the real promtool.
@Suite(.enabled(if: promtool != nil, "no promtool: `make test-e2e` unpacks one"))
struct PromtoolTests {
    private let folder =
        FileManager.default.temporaryDirectory.path + "/pitot-rules-"
        + UUID().uuidString

    private func run(_ arguments: String...) throws -> (code: Int32, out: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(promtool))
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }

    private func write(_ name: String, _ text: String) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
    }

    private func generate(_ slos: String, _ format: RuleFormat) throws -> RuleGeneration {
        let documents = try YAML.parse(Array(slos.utf8), file: "s.yaml")
        return RuleGeneration(
            documents.flatMap { DefinitionReader.read($0).definitions }, format: format)
    }

    private func slos(by: String) -> String {
        """
        apiVersion: pitot/v1
        kind: SLOs
        service: shop
        slos:
          - name: payments
            objective: 99.9
            by: [\(by)]
            sli: {events: {bad: 'pay_total{code="500"}', total: pay_total}}
          - name: search
            objective: 95
            period: 7d
            sli: {events: {good: 'find_total{ok="1"}', total: find_total}}
        """
    }

    @Test(arguments: [RuleFormat.prometheus, .mimir, .thanos])
    func generatedRulesPassCheck(format: RuleFormat) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try #require(try generate(slos(by: "tenant"), format).files.first)
        try write("rules.yaml", file.text)
        let ended = try run("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
        #expect(ended.code == 0, "\(ended.out)")
        #expect(ended.out.contains("\(file.rules) rules found"))
    }

    /// A total outage pages in minutes, for the tenant that has it and no other; one failure out of
    /// sixty requests does not; before it nothing fires, though no failing series exists.
    @Test func aPageFiresWhenItShould() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let told = slos(by: "tenant").replacing(
            "total: pay_total}}",
            with: """
                total: pay_total}}
                    alerts:
                      page: {annotations: {summary: s, description: d}}
                      ticket: {annotations: {summary: s, description: d}}
                """)
        let file = try #require(try generate(told, .prometheus).files.first)
        try write("rules.yaml", file.text)
        let pages = alert("1h", "page") + ", " + alert("6h", "page")
        let all = pages + ", " + alert("1d", "ticket") + ", " + alert("3d", "ticket")
        // True over (70m, 130m]: 6000 bad of 49 x 600 good and them, 16.9 %.
        try write(
            "test.yaml",
            """
            rule_files: [rules.yaml]
            evaluation_interval: 1m
            tests:
              - interval: 1m
                input_series:
                  - {series: 'pay_total{code="200", tenant="a"}', values: '0+600x119 71400x60'}
                  - {series: 'pay_total{code="500", tenant="a"}', values: '_x120 0+600x60'}
                  - {series: 'pay_total{code="200", tenant="b"}', values: '0+1x180'}
                  - {series: 'pay_total{code="500", tenant="b"}', values: '0x119 1x60'}
                  - {series: 'find_total{ok="1"}', values: '0+10x180'}
                alert_rule_test:
                  - {eval_time: 119m, alertname: SLOBurn, exp_alerts: []}
                  - {eval_time: 122m, alertname: SLOBurn, exp_alerts: [\(pages)]}
                  - {eval_time: 130m, alertname: SLOBurn, exp_alerts: [\(all)]}
                  - {eval_time: 130m, alertname: SLODataLoss, exp_alerts: []}
                promql_expr_test:
                  - expr: round(slo:bad:increase1h{tenant="a"} / slo:total:increase1h, 0.005)
                    eval_time: 130m
                    exp_samples:
                      - {labels: '{service="shop", slo="payments", tenant="a"}', value: 0.17}

            """)
        let ended = try run("test", "rules", "test.yaml")
        #expect(ended.code == 0, "\(ended.out)")
    }

    private func alert(_ window: String, _ severity: String) -> String {
        """
        {exp_labels: {severity: \(severity), window: \(window), service: shop, slo: payments, \
        tenant: a}, exp_annotations: {summary: s, description: d}}
        """
    }

    /// A vanished target is a data loss after ten minutes, and scaling to zero is not.
    @Test func whatVanishesIsADataLoss() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let quiet = slos(by: "tenant").replacing(
            "total: find_total}}", with: "total: find_total}}\n    alerts: {scaleToZero: true}")
        let file = try #require(try generate(quiet, .prometheus).files.first)
        try write("rules.yaml", file.text)
        try write(
            "test.yaml",
            """
            rule_files: [rules.yaml]
            evaluation_interval: 1m
            tests:
              - interval: 1m
                input_series:
                  - {series: 'pay_total{code="200", tenant="a"}', values: '0+1x20 stale'}
                  - {series: 'find_total{ok="1"}', values: '0+1x20 stale'}
                alert_rule_test:
                  - {eval_time: 30m, alertname: SLODataLoss, exp_alerts: []}
                  - eval_time: 32m
                    alertname: SLODataLoss
                    exp_alerts:
                      - exp_labels: {severity: page, service: shop, slo: payments}
                        exp_annotations:
                          summary: "shop/payments cannot be seen: its series are gone"

            """)
        let ended = try run("test", "rules", "test.yaml")
        #expect(ended.code == 0, "\(ended.out)")
    }

    /// Buckets, native histograms and gauges: the numbers that a person counts on paper.
    @Test func otherKindsAreCountedToo() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try #require(
            try generate(
                """
                apiVersion: pitot/v1
                kind: SLOs
                service: shop
                slos:
                  - name: fast
                    objective: 90
                    by: [pod]
                    sli: {latency: {histogram: d_seconds, below: 500ms}}
                  - name: up
                    objective: 99
                    sli: {threshold: {metric: 'up{job="x"}', op: atLeast, value: 1}}
                  - name: fresh
                    objective: 99
                    sli: {freshness: {timestamp: at_seconds, within: 10m}}
                """, .prometheus
            ).files.first)
        try write("rules.yaml", file.text)
        #expect(try run("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml").code == 0)
        // All in (0.25, 0.5].
        let native = "{{schema:0 count:8 buckets:[8] offset:-1}}"
        let sum = { (slo: String, rest: String) in "'{service=\"shop\", slo=\"\(slo)\"\(rest)}'" }
        try write(
            "test.yaml",
            """
            rule_files: [rules.yaml]
            evaluation_interval: 1m
            tests:
              - interval: 1m
                input_series:
                  - {series: 'd_seconds_bucket{le="0.5", pod="a"}', values: '0+30x60'}
                  - {series: 'd_seconds_bucket{le="+Inf", pod="a"}', values: '0+40x60'}
                  - {series: 'd_seconds_count{pod="a"}', values: '0+40x60'}
                  - {series: 'd_seconds{pod="b"}', values: '\(native)+\(native)x60'}
                  - {series: 'up{job="x", pod="a"}', values: '1x49 0x5 1x10'}
                  - {series: 'up{job="x", pod="b"}', values: '1x64'}
                  - {series: 'at_seconds', values: '0x64'}
                promql_expr_test:
                  - expr: round(slo:bad:increase30m / slo:total:increase30m, 0.01)
                    eval_time: 60m
                    exp_samples:
                      - {labels: \(sum("fast", ", pod=\"a\"")), value: 0.25}
                      - {labels: \(sum("fast", ", pod=\"b\"")), value: 0}
                      - {labels: \(sum("up", "")), value: 0.2}
                      - {labels: \(sum("fresh", "")), value: 1}

            """)
        let ended = try run("test", "rules", "test.yaml")
        #expect(ended.code == 0, "\(ended.out)")
    }

    /// What Sloth gets wrong: uneven traffic. 60 of 660,060 events are 90.9 in
    /// a million; the mean of ratios is 8.3 %.
    @Test func theBudgetIsWeighedByEvents() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write(
            "rules.yaml",
            try #require(try generate(slos(by: "tenant"), .prometheus).files.first).text)
        // 11 hours of 1000 good a minute, then one of 1 a minute, all bad.
        try write(
            "test.yaml",
            """
            rule_files: [rules.yaml]
            evaluation_interval: 1m
            tests:
              - interval: 1m
                input_series:
                  - {series: 'pay_total{code="200", tenant="a"}', values: '0+1000x660 660000x65'}
                  - {series: 'pay_total{code="500", tenant="a"}', values: '0x660 1+1x65'}
                promql_expr_test:
                  - expr: floor(slo:bad:increase30d / slo:total:increase30d * 1000000)
                    eval_time: 720m
                    exp_samples:
                      - labels: '{service="shop", slo="payments", tenant="a"}'
                        value: 90

            """)
        let ended = try run("test", "rules", "test.yaml")
        #expect(ended.code == 0, "\(ended.out)")
    }
}

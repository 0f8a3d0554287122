import Agent
import Model
import Testing
import Text
import Wire

/// Alerts that explain themselves, and the arithmetic behind every figure.
@Suite struct ExplainTests {
    /// Two pods; the second restarts and fails.
    private func paging() throws -> AgentWorld {
        var world = AgentWorld(
            rules(
                "by: [model]",
                "alerts: {runbook: \"https://runbooks.example/a\", page: {annotations: {team: ml}}}"
            ))
        var good = Service(labels: [("model", "fraud")], instance: "pod-1")
        var bad = Service(labels: [("model", "fraud")], instance: "pod-2")
        for step in 0...240 {
            let time = Double(step) * 15
            world.scrape(&good, time, requests: step == 0 ? 0 : 100)
            if step == 200 {
                bad.requests = 0
                bad.errors = 0
            }
            world.scrape(&bad, time + 1, requests: step == 0 ? 0 : 100, errors: step > 200 ? 50 : 0)
        }
        world.advance(to: 3610)
        return world
    }

    private func explained(_ world: AgentWorld) throws -> JSONValue {
        let bytes = try #require(
            world.agent.explainJSON(
                service: "recommender", name: "availability", now: world.agent.now))
        let slos = try JSONValue.parse(bytes)["data"]?["slos"]
        return try #require(slos?.elements.first)
    }

    /// The value of "1 - 5 / (0.001 x 3)": numbers, the four operations, brackets.
    private func value(_ text: String) -> Double? {
        var words = text.replacing(" s", with: "").replacing("(", with: "( ")
            .replacing(")", with: " )").split(separator: " ").map(String.init)[...]
        func factor() -> Double? {
            guard let word = words.popFirst() else { return nil }
            guard word == "(" else { return Double(word) }
            let inner = sum()
            words = words.dropFirst()
            return inner
        }
        func product() -> Double? {
            guard var left = factor() else { return nil }
            while let word = words.first, word == "x" || word == "/" {
                words = words.dropFirst()
                guard let right = factor() else { return nil }
                left = word == "x" ? left * right : left / right
            }
            return left
        }
        func sum() -> Double? {
            guard var left = product() else { return nil }
            while let word = words.first, word == "+" || word == "-" {
                words = words.dropFirst()
                guard let right = product() else { return nil }
                left = word == "+" ? left + right : left - right
            }
            return left
        }
        return sum()
    }

    @Test func everyFormulaGivesItsValueWithTheNumbersFilledIn() throws {
        let slo = try explained(paging())
        let explanation = try #require(slo["explanation"])
        let steps =
            (explanation["budget"]?.elements ?? []) + (explanation["windows"]?.elements ?? [])
        #expect(steps.count >= 8)
        for step in steps {
            let expected = try #require(step.number("value"), "\(step)")
            guard let filled = step.text("filled"), !filled.hasPrefix("unseen") else { continue }
            let found = try #require(value(filled), "\(filled)")
            #expect(abs(found - expected) <= 2e-3 * max(1, abs(expected)), "\(filled)")
        }
        #expect(steps.first?.text("figure") == "allowed")
        let remaining = steps.first { $0.text("figure") == "remaining" }
        #expect(remaining?.number("value") == slo.number("budget", "remaining"))
    }

    @Test func theSeriesOfAWindowAddUpToWhatTheLedgerCounted() throws {
        let slo = try explained(paging())
        let series = try #require(slo["explanation"]?["series"])
        let window = try #require(slo.window("30d"))
        #expect(series.text("window") == "30d")
        // It is younger than the period, and all of it is kept.
        #expect(series["limitedBy"] == nil)
        #expect(series["addsUp"] == .bool(true))
        #expect(series.number("ledger", "total") == window.number("total"))
        #expect(series.number("total") == window.number("total"))
        var sums: [String: Double] = [:]
        for one in series["top"]?.elements ?? [] {
            sums[one.text("role") ?? "", default: 0] += one.number("increase") ?? 0
        }
        #expect(sums["total"] == window.number("total") && sums["bad"] == window.number("bad"))
        let restarted = series["top"]?.elements.filter { $0.number("resets") == 1 } ?? []
        #expect(restarted.count == 1)
        #expect(restarted.first?.text("series")?.contains("pod-2") == true)
        #expect(restarted.first?.number("reset") == 100)
        let reset = series["increments"]?.elements.first { $0.text("class") == "reset" }
        #expect(reset?.number("value") == 100 && reset?.number("time") == at(3001).seconds)
        let text = (slo["explanation"]?["text"]?.elements ?? []).compactMap(\.asString)
        #expect(text.first == "recommender/availability (model fraud)")
        #expect(text.contains { $0.contains("page 1h: firing since 2026-11-23T") })
        #expect(text.contains { $0.contains("reset 100 (1)") })
        #expect(text.contains { $0.contains("they add up to what the ledger counted") })
    }

    @Test func anAlertSaysWhatIsKnownAndWhereToGo() throws {
        let world = try paging()
        let alerts =
            try JSONValue.parse(world.agent.alertsJSON())["data"]?["alerts"]?.elements ?? []
        let page = try #require(
            alerts.first {
                $0["labels"]?.text("severity") == "page" && $0["labels"]?.text("window") == "1h"
            })
        let said = try #require(page["annotations"])
        #expect(said.text("summary")?.contains("(model fraud)") == true)
        #expect(said.text("sli")?.contains("over 1h, objective 99.900 %") == true)
        #expect(said.text("burn_rates")?.contains("alerts above 14.40") == true)
        #expect(said.text("budget")?.contains("Budget left over 30d: -") == true)
        #expect(said.text("evidence")?.contains("Chance of this") == true)
        #expect(said.text("runbook_url") == "https://runbooks.example/a")
        #expect(
            said.text("explain_url")
                == "http://pitot.example/api/v1/slos/recommender/availability/explain")
        let silence = try #require(said.text("silence_url"))
        #expect(silence.hasPrefix("http://pitot.example/#/silences/new?filter=%7Balertname%3D%22"))
        #expect(said.text("team") == "ml")
        #expect(said.text("since") == page.text("activeAt")?.replacing(".000", with: ""))
        #expect(said.text("last_change") == nil)
    }

    @Test func anSLOThatIsNotThereHasNoPage() throws {
        let world = try paging()
        #expect(world.agent.sloJSON(service: "recommender", name: "latency", now: at(0)) == nil)
        let bytes = try #require(
            world.agent.sloJSON(service: "recommender", name: "availability", now: at(3610)))
        let data = try #require(JSONValue.parse(bytes)["data"])
        #expect(data["definition"]?["sli"]?.text("bad") == "errors_total")
        let listed = try #require(try world.slos(now: at(3610)).first)
        #expect(data["slos"]?.elements == [listed])
    }

    @Test func figuresAreMetricsAndWhatIsNotKnownIsAbsent() throws {
        var world = AgentWorld(rules("by: [class]"))
        #expect(!world.metrics().contains("pitot_slo_burn_rate"))
        var service = Service(labels: [("class", "north")])
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: 600) { _ in (0, 0) }
        let quiet = world.metrics()
        let base = "{service=\"recommender\",slo=\"availability\",exported_class=\"north\""
        #expect(quiet.contains("pitot_slo_objective_ratio\(base)} 0.999\n"))
        #expect(!quiet.contains("pitot_slo_budget_remaining_ratio{"))
        #expect(quiet.contains("pitot_slo_evidence\(base),evidence=\"partial\"} 1\n"))
        #expect(quiet.contains("pitot_slo_evidence\(base),evidence=\"noData\"} 0\n"))
        world.run(&service, from: 600, to: 1200) { _ in (100, 50) }
        let busy = world.metrics()
        #expect(busy.contains("pitot_slo_burn_rate\(base),window=\"5m\"} 500\n"))
        #expect(busy.contains("pitot_slo_error_ratio\(base),window=\"30d\"} 0.5\n"))
        #expect(busy.contains("pitot_slo_budget_remaining_ratio\(base)} -499\n"))
        #expect(busy.contains("pitot_slo_period_events\(base),result=\"bad\"} 2000\n"))
        #expect(busy.contains("pitot_slo_period_class_events\(base),class=\"normal\"} 4000\n"))
        #expect(
            busy.contains("pitot_slo_alert_firing\(base),severity=\"page\",window=\"1h\"} 1\n"))
        #expect(busy.contains("pitot_slo_groups_exported 1\n"))
    }
}

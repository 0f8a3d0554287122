import Agent
import Alerting
import Model
import Query
import Storage
import Testing
import Text
import Wire

@Suite struct AgentRuleTests {
    private let file = """
        groups:
          - name: g
            rules:
              - {record: "load:double", expr: "load * 2", labels: {kind: made}}
              - alert: High
                expr: load:double > 10
                for: 30s
                labels: {severity: page}
                annotations: {summary: "load is {{ $value }}", description: "of {{ $labels.job }}"}
        """

    private let high: (Double) -> Double? = { $0 >= 100 && $0 < 200 ? 8 : 1 }

    @Test func aRecordedValueIsStoredAndQueryable() throws {
        var world = AgentWorld(file, config: ruleConfig)
        world.run("load", { _ in 3 }, from: 5, to: 60)
        #expect(
            try world.query("load:double", at: 60)
                == [#"load:double{instance="i", job="j", kind="made"} 6.0"#])
        #expect(try world.query("count_over_time(load:double[30s])", at: 60).count == 1)
        // Counted by nobody, of no target: only load's target is there.
        #expect(world.metrics().contains("pitot_targets 1\n"))
        #expect(
            world.metrics().contains(
                #"pitot_rule_group_iterations_total{rule_group="rules/0.yaml;g"} 6"#))
    }

    @Test func anAlertHoldsThenFiresThenResolvesAtItsReceiver() throws {
        var world = AgentWorld(file, config: ruleConfig)
        world.run("load", high, from: 5, to: 115)
        #expect(try world.alertStates() == ["High pending"])
        #expect(
            try world.query(#"ALERTS"#, at: 115).first?.contains(#"alertstate="pending""#) == true)
        world.run("load", high, from: 120, to: 150)
        #expect(try world.alertStates() == ["High firing"])
        #expect(try world.query(#"ALERTS{alertstate="pending"}"#, at: 150) == [])
        world.run("load", high, from: 155, to: 260)
        #expect(try world.alertStates() == [])
        #expect(try world.query("ALERTS", at: 260) == [])

        let bodies = try world.sent.filter { $0.url.shown.hasPrefix("http://am:9093") }
            .flatMap { try JSONValue.parse($0.body).elements }
        let first = try #require(bodies.first)
        #expect(first["labels"]?["alertname"]?.asString == "High")
        #expect(first["labels"]?["cluster"]?.asString == "eu1")
        #expect(first["annotations"]?["summary"]?.asString == "load is 16")
        #expect(
            first["generatorURL"]?.asString
                == "http://pitot.example/graph?g0.expr=load%3Adouble+%3E+10&g0.tab=1")
        let last = try #require(bodies.last)
        let startsAt = try #require(last["startsAt"]?.asString.flatMap { timeOfDay($0) })
        let endsAt = try #require(last["endsAt"]?.asString.flatMap { timeOfDay($0) })
        #expect(startsAt >= at(130) && startsAt <= at(145))
        #expect(endsAt >= at(200) && endsAt <= at(215))
    }

    @Test func anIntervalOfZeroIsNone() throws {
        let world = AgentWorld(
            "groups: [{name: g, interval: 0s, rules: [{record: r, expr: vector(1)}]}]",
            config: ruleConfig)
        #expect(try world.ruleGroups().first?["interval"]?.asDouble == 10)
    }

    @Test func groupsOfOneIntervalAreSpreadOverIt() throws {
        let text = (0..<40).map {
            "  - {name: g\($0), rules: [{record: r\($0), expr: vector(1)}]}"
        }.joined(separator: "\n")
        var world = AgentWorld("groups:\n" + text, config: ruleConfig)
        world.advance(to: 25)
        let times = try world.ruleGroups().compactMap { $0["lastEvaluation"]?.asString }
        #expect(times.count == 40)
        #expect(Set(times).count > 30)
        // A group keeps its phase: the next round is one interval later.
        world.advance(to: 35)
        let later = try world.ruleGroups().compactMap { $0["lastEvaluation"]?.asString }
        for (before, after) in zip(times, later) {
            let span =
                timeOfDay(after) - timeOfDay(before)
            #expect(span == .seconds(10))
        }
    }

    @Test func aRoundThatTakesTooLongMissesIterations() throws {
        var world = AgentWorld(
            "groups: [{name: g, rules: [{record: r, expr: vector(1)}]}]", config: ruleConfig)
        world.advance(to: 15)
        world.isEvaluating = false
        _ = world.takePlanned()
        let before = try #require(world.metric("pitot_rule_group_iterations_total"))
        world.advance(to: 25)
        let round = try #require(
            world.takePlanned().compactMap { planned in
                if case .evaluate(let round) = planned.effect { round } else { nil }
            }.first)
        // 45 s later: one due round waits, three were missed.
        world.advance(to: round.time.secondsFromMidnight + 45)
        #expect(
            world.takePlanned().allSatisfy { if case .evaluate = $0.effect { false } else { true } }
        )
        #expect(world.metric("pitot_rule_group_iterations_missed_total") == 3)
        world.isEvaluating = true
        let outcome = round.evaluate(
            on: world.agent.queryView(), startedAt: round.time, nanoseconds: { 0 },
            shouldStop: { false })
        world.handle(.evaluated(outcome), at: round.time + .seconds(45))
        // The one that waited was for the last time that has passed.
        #expect(world.metric("pitot_rule_group_iterations_total") == before + 2)
        #expect(
            try world.query("timestamp(r)", at: 200) == [
                "{} \((round.time + .seconds(40)).seconds)"
            ])
        world.handle(.evaluated(outcome), at: round.time + .seconds(46))
        #expect(world.metric("pitot_rule_group_iterations_total") == before + 2)
    }

    private func loads(at seconds: Double) -> [OutgoingSeries] {
        [gauge("load", [], 9, at(seconds))]
            + ["a", "b"].map { gauge("other", [("x", $0)], 1, at(seconds)) }
    }

    @Test func anErrorResolvesNothingAndIsShown() throws {
        let text = """
            groups:
              - name: g
                rules:
                  - {alert: A, expr: "load > 5"}
                  - {record: twice, expr: "load * on() group_left() other"}
            """
        var world = AgentWorld(text, config: ruleConfig)
        for seconds in stride(from: 5.0, to: 30, by: 5) {
            world.write(loads(at: seconds), at: at(seconds))
        }
        #expect(try world.alertStates() == ["A firing"])
        let broken = text.replacing(#"load > 5"#, with: "load > on() other")
        world.configure([broken], config: ruleConfig, at: 31)
        for seconds in stride(from: 35.0, to: 80, by: 5) {
            world.write(loads(at: seconds), at: at(seconds))
        }
        #expect(try world.alertStates() == ["A firing"])
        let rules = try world.ruleGroups().first?["rules"]?.elements ?? []
        #expect(rules.map { $0["health"]?.asString } == ["err", "err"])
        #expect(rules[0]["lastError"]?.asString?.contains("many") == true)
        #expect(rules[0]["state"]?.asString == "firing")
        #expect(world.metric("pitot_rule_evaluation_failures_total") ?? 0 >= 8)
    }

    @Test func twoRulesThatFireTheSameAlertEndItTogether() throws {
        let text = """
            groups:
              - name: g
                rules:
                  - {alert: A, expr: "load > 5"}
                  - {alert: A, expr: "load > 7"}
            """
        var world = AgentWorld(text, config: ruleConfig)
        world.run("load", { $0 < 60 ? 9 : $0 < 100 ? 6 : 1 }, from: 5, to: 90)
        #expect(world.agent.notifier.alerts.map(\.isFiring) == [true])
        world.run("load", { $0 < 60 ? 9 : $0 < 100 ? 6 : 1 }, from: 95, to: 130)
        #expect(world.agent.notifier.alerts.map(\.isFiring) == [false])
    }

    @Test func aLimitShedsNewSeriesAndSaysSo() throws {
        let text = """
            groups: [{name: g, rules: [{record: r, expr: "load + 0"}]}]
            """
        var world = AgentWorld(text, config: ruleConfig + "\nlimits: {series: 3}\n")
        for seconds in stride(from: 5.0, to: 60, by: 5) {
            world.write(
                ["a", "b"].map { gauge("load", [("x", $0)], 1, at(seconds)) }, at: at(seconds))
        }
        #expect(try world.query("r", at: 60).count == 1)
        let rule = try world.ruleGroups().first?["rules"]?.elements.first
        #expect(rule?["health"]?.asString == "err")
        #expect(rule?["lastError"]?.asString?.contains("limits.series") == true)
        #expect(
            world.metric(#"pitot_rule_samples_refused_total{reason="series_limit"}"#) ?? 0 > 3)
    }

    @Test func aLongIntervalOutlivesTheSweep() throws {
        let text = """
            groups: [{name: g, interval: 1h, rules: [{record: r, expr: "vector(time())"}]}]
            """
        var world = AgentWorld(text, config: ruleConfig)
        for hour in 0..<4 {
            for minute in 0..<60 {
                let seconds = Double(hour * 3600 + minute * 60 + 30)
                world.write([gauge("load", [], 1, at(seconds))], at: at(seconds))
            }
        }
        #expect(try world.query("count_over_time(r[4h])", at: 4 * 3600) == ["{} 4.0"])
        #expect(world.agent.seriesCount == 2)
    }
}

extension AgentWorld {
    /// The first sample of a metric, or of a metric with its labels.
    func metric(_ name: String) -> Double? {
        let lines = metrics().split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
        return line?.split(separator: " ").last.flatMap { Double($0) }
    }
}

/// The time of "2026-11-23T00:02:05.5Z" on the tests' day.
func timeOfDay(_ text: String) -> Timestamp {
    let parts = text.dropFirst(11).dropLast().split(separator: ":").compactMap { Double($0) }
    return at(parts.reduce(0) { $0 * 60 + $1 })
}

extension Timestamp {
    var secondsFromMidnight: Double { (self - at(0)).seconds }
}

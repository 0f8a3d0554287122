import Agent
import Alerting
import Model
import Query
import Storage
import Testing
import Text
import Wire

/// A new configuration, a restart, a checkpoint: what rules remember goes on, what is gone ends.
@Suite struct RuleReloadTests {
    private let file = """
        groups:
          - name: g
            rules:
              - {record: double, expr: "load * 2"}
              - {alert: High, expr: "load > 5", for: 60s}
              - {alert: Any, expr: "load > 0"}
        """

    private func steady(_ text: String, to end: Double) -> AgentWorld {
        var world = AgentWorld(text, config: ruleConfig)
        world.run("load", { _ in 8 }, from: 5, to: end)
        return world
    }

    @Test func theSameFileChangesNothing() throws {
        var world = steady(file, to: 50)
        let before = try world.ruleGroups()
        world.configure([file + "\n# a comment\n"], config: ruleConfig, at: 51)
        #expect("\(try world.ruleGroups())" == "\(before)")
        world.run("load", { _ in 8 }, from: 55, to: 90)
        #expect(try world.alertStates() == ["Any firing", "High firing"])
    }

    @Test func aChangedRuleKeepsItsAlertsAndARemovedOneEndsThem() throws {
        var world = steady(file, to: 50)
        #expect(try world.alertStates() == ["Any firing", "High pending"])
        let changed = file.replacing("load > 5", with: "load > 6")
            .replacing("      - {alert: Any, expr: \"load > 0\"}\n", with: "")
            .replacing("- {alert: Any, expr: \"load > 0\"}", with: "")
        world.configure([changed], config: ruleConfig, at: 51)
        #expect(try world.alertStates() == ["High pending"])
        let resolved = world.agent.notifier.alerts.filter(\.isResolved)
        #expect(resolved.map { $0.labels["alertname"] } == ["Any"])
        #expect(
            resolved.first?.details.annotations.map(\.value).contains("rule removed") == true)
        world.run("load", { _ in 8 }, from: 55, to: 90)
        // Pending since the old rule said so.
        #expect(try world.alertStates() == ["High firing"])
        #expect(try world.query(#"ALERTS{alertname="Any"}"#, at: 90) == [])
    }

    @Test func aRemovedGroupEndsItsSeriesUnlessAnotherGivesThem() throws {
        var world = steady(file, to: 50)
        world.configure(["groups: []"], config: ruleConfig, at: 51)
        #expect(try world.alertStates() == [])
        world.run("load", { _ in 8 }, from: 55, to: 65)
        #expect(try world.query("double", at: 65).count == 1)
        world.run("load", { _ in 8 }, from: 70, to: 85)
        #expect(try world.query("double", at: 85) == [])

        var renamed = steady(file, to: 50)
        renamed.configure(
            [file.replacing("name: g", with: "name: other")], config: ruleConfig, at: 51)
        renamed.run("load", { _ in 8 }, from: 55, to: 90)
        #expect(try renamed.query("double", at: 90).count == 1)
        #expect(
            try renamed.query("count_over_time(double[80s])", at: 90).first?.hasSuffix("8.0")
                == true)
    }

    @Test func aRestartGoesOnWithTheHoldButNotThroughTheNight() throws {
        var world = steady(file, to: 50)
        let log = world.takeLog()
        let position = world.agent.position
        for (gap, expected) in [(5.0, "High firing"), (3600.0, "High pending")] {
            var restarted = AgentWorld(continuing: try replayed(log))
            #expect(restarted.agent.position == position)
            restarted.handle(.started, at: at(50 + gap))
            restarted.run("load", { _ in 8 }, from: 55 + gap, to: 90 + gap)
            #expect(try restarted.alertStates() == ["Any firing", expected])
        }
    }

    @Test func aCheckpointHoldsAnAlertInTheMiddleOfItsHold() throws {
        var world = steady(file, to: 50)
        // A round is under way.
        world.isEvaluating = false
        world.run("load", { _ in 8 }, from: 55, to: 65)
        var snapshot = world.agent.snapshot()
        var restorer = AgentRestorer()
        while let record = snapshot.next() {
            let isTaken = restorer.take(record)
            #expect(isTaken)
        }
        var restored = AgentWorld(continuing: try #require(restorer.finish()))
        restored.isEvaluating = false
        #expect("\(try restored.ruleGroups())" == "\(try world.ruleGroups())")
        #expect(restored.agent.alertsJSON() == world.agent.alertsJSON())
        #expect(restored.agent.nextDeadline == world.agent.nextDeadline)
        // The outcome of the round reaches both alike.
        let rounds = world.takePlanned().compactMap { planned in
            if case .evaluate(let round) = planned.effect { round } else { nil }
        }
        let round = try #require(rounds.last)
        let outcome = round.evaluate(
            on: world.agent.queryView(), startedAt: at(65), nanoseconds: { 7 },
            shouldStop: { false })
        _ = world.takeLog()
        world.handle(.evaluated(outcome), at: at(66))
        restored.handle(.evaluated(outcome), at: at(66))
        #expect(world.takeLog() == restored.takeLog())
        #expect(restored.metrics() == world.metrics())
        #expect("\(try restored.ruleGroups())" == "\(try world.ruleGroups())")
    }

    @Test func replayGivesTheSameBytes() throws {
        var world = AgentWorld(file, config: ruleConfig)
        var random = SeededGenerator(state: 4)
        for step in 1..<120 {
            let seconds = Double(step * 5)
            var series: [OutgoingSeries] = []
            for name in ["a", "b", "c"] where Int.random(in: 0..<6, using: &random) > 0 {
                let value = Double(Int.random(in: 0...8, using: &random))
                series.append(gauge("load", [("x", name)], value, at(seconds)))
            }
            world.write(series, at: at(seconds))
            if step % 40 == 20 {
                world.configure(
                    [file.replacing("60s", with: "\(step)s"), rules()], config: ruleConfig,
                    at: seconds + 1)
            }
            if step % 50 == 49 { world.handle(.started, at: at(seconds + 2)) }
        }
        let agent = try replayed(world.takeLog())
        #expect(agent.alertsJSON() == world.agent.alertsJSON())
        #expect(agent.rulesJSON(RuleFilter()) == world.agent.rulesJSON(RuleFilter()))
        let replayed = AgentWorld(continuing: agent)
        #expect(replayed.metrics() == world.metrics())
        for query in ["double", "ALERTS", "ALERTS_FOR_STATE", "count_over_time(double[1h])"] {
            let found = try world.query(query, at: 595)
            #expect(try replayed.query(query, at: 595) == found)
            if query != "ALERTS" { #expect(!found.isEmpty) }
        }
    }
}

private func replayed(_ log: [UInt8]) throws -> AgentCore {
    var agent = AgentCore()
    var reader = LogReader(log, from: LogPosition(1))
    var effects: [PlannedEffect] = []
    while let record = reader.next() {
        let isKnown = agent.replay(record, into: &effects)
        #expect(isKnown)
    }
    #expect(reader.end == .clean)
    return agent
}

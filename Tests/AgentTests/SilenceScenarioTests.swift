import Agent
import Alerting
import Model
import Storage
import Testing
import Text

/// Silences, maintenance, posted alerts and the watchdog in a whole agent.
@Suite struct SilenceScenarioTests {
    private static let config = """
        externalURL: http://pitot.example
        route: {receiver: all, group_wait: 0s, group_interval: 10s, group_by: ["..."]}
        receivers: [{name: all, webhook_configs: [{url: "http://hook/"}]}]
        inhibit_rules: []
        """

    private func draft(
        _ matchers: [Matcher], from: Double = 0, to: Double = 9000
    ) -> SilenceDraft {
        SilenceDraft(
            replaces: nil, matchers: matchers, startsAt: at(from), endsAt: at(to),
            createdBy: "ann", comment: "moving")
    }

    private func ask(
        _ world: inout AgentWorld, _ change: AlertmanagerChange, _ seconds: Double
    ) -> AlertmanagerReply? {
        world.handle(.alertmanager(change, refused: nil, RequestID(77)), at: at(seconds))
        return world.answers.last
    }

    /// What the webhook heard: "SLOBurn 1h firing", in order.
    private func told(_ world: AgentWorld, _ name: String) throws -> [String] {
        var heard: [String] = []
        for alert in try alerts(of: world)
        where alert["labels"]?["alertname"]?.asString == name {
            let window = alert["labels"]?["window"]?.asString ?? "-"
            heard.append(window + " " + (alert["status"]?.asString ?? ""))
        }
        return heard
    }

    /// The alerts of all that was sent, in order.
    private func alerts(of world: AgentWorld) throws -> [JSONValue] {
        var all: [JSONValue] = []
        for delivery in world.sent {
            all += try JSONValue.parse(delivery.body)["alerts"]?.elements ?? []
        }
        return all
    }

    /// A service that fails from the beginning.
    private func burn(_ world: inout AgentWorld, to end: Double) {
        var pod = Service(instance: "pod", hasErrors: true)
        var seconds = 0.0
        while seconds <= end {
            pod.requests += 100
            pod.errors += seconds > 60 ? 50 : 0
            world.write(pod.scrape(at(seconds)), at: at(seconds))
            seconds += 15
        }
    }

    @Test func aSilenceIsAnsweredAndKeepsAlertsFromTheirReceivers() throws {
        var world = AgentWorld(rules(), config: Self.config)
        let reply = try #require(
            ask(&world, .silence(draft([Matcher("service", .equal, "recommender")]), id: "1"), 1))
        #expect(try reply.outcome.get() == "1")
        burn(&world, to: 600)
        #expect(try world.alertStates().contains("SLOBurn firing"))
        #expect(try told(world, "SLOBurn") == [])
        _ = ask(&world, .endSilence(id: "1"), 601)
        world.advance(to: 620)
        #expect(try told(world, "SLOBurn").contains("1h firing"))
        let again = try #require(ask(&world, .endSilence(id: "1"), 621))
        #expect(throws: SilenceFault.expired(id: "1")) { try again.outcome.get() }
    }

    @Test func theLogGivesTheSameSilencesAlertsAndFlaps() throws {
        var world = AgentWorld(rules(), config: Self.config + "\nnoise: {resolveHold: 1m}\n")
        _ = ask(&world, .silence(draft([Matcher("a", .notMatches, "é|b")], to: 500), id: "1"), 1)
        _ = ask(&world, .silence(draft([]), id: "2"), 2)
        _ = ask(
            &world,
            .post([
                PostedAlert(
                    labels: Labels([("alertname", "Out")]),
                    details: AlertDetails(annotations: [("a", "b")], generatorURL: "g"),
                    startsAt: nil, endsAt: at(300))
            ]), 3)
        burn(&world, to: 400)
        _ = ask(&world, .endSilence(id: "1"), 401)
        world.advance(to: 900)
        let replayed = try world.replayed()
        #expect(replayed.notifier.alerts == world.agent.notifier.alerts)
        #expect(
            replayed.silencesJSON([], now: at(900)) == world.agent.silencesJSON([], now: at(900)))
        #expect(replayed.notifier.flapFigures == world.agent.notifier.flapFigures)
        #expect(replayed.notifierBytes == world.agent.notifierBytes)
        #expect(try told(world, "Out") == ["- firing", "- resolved"])
    }

    // MARK: Maintenance

    private func maintenance(_ more: String = "") -> String {
        """
        apiVersion: pitot/v1
        kind: Maintenance
        maintenance:
          - name: postgres-17
            who: jana@example.com
            why: database upgrade
            events: counted
            \(more)
            slos: [{service: recommender, name: availability}]
            from: \(at(0).rfc3339)
            to: \(at(900).rfc3339)
        """
    }

    @Test func aMaintenanceWindowSilencesTheAlertsOfItsSLOsAndSaysWhy() throws {
        var world = AgentWorld(rules(), maintenance(), config: Self.config)
        burn(&world, to: 800)
        #expect(try told(world, "SLOBurn") == [])
        let silences = try JSONValue.parse(world.agent.silencesJSON([], now: at(800)))
        #expect(silences[0]?["comment"]?.asString == "maintenance postgres-17: database upgrade")
        #expect(silences[0]?["createdBy"]?.asString == "jana@example.com")
        #expect(silences[0]?["status"]?["state"]?.asString == "active")
        let id = try #require(silences[0]?["id"]?.asString)
        let alerts = try JSONValue.parse(
            world.agent.alertStandingsJSON(AlertFilter(), now: at(800))
        ).elements
        #expect(!alerts.isEmpty)
        #expect(alerts.allSatisfy { $0["status"]?["silencedBy"]?[0]?.asString == id })
        let reply = try #require(ask(&world, .endSilence(id: id), 801))
        #expect(throws: SilenceFault.planned(id: id)) { try reply.outcome.get() }
        // What still fires when the window ends is told then.
        world.advance(to: 930)
        #expect(try told(world, "SLOBurn").contains("1h firing"))
        #expect(
            try JSONValue.parse(world.agent.silencesJSON([], now: at(930)))[0]?["status"]?["state"]?
                .asString == "expired")
    }

    @Test func aMaintenanceWindowMayLeaveAlertsAlone() throws {
        var world = AgentWorld(rules(), maintenance("alerts: told"), config: Self.config)
        burn(&world, to: 600)
        #expect(try told(world, "SLOBurn").contains("1h firing"))
        #expect(world.agent.silencesJSON([], now: at(600)) == Array("[]".utf8))
    }

    @Test func anotherSLOsAlertsAreToldDuringMaintenance() throws {
        var world = AgentWorld(
            rules(), rules(name: "other"), maintenance(), config: Self.config)
        burn(&world, to: 600)
        let slos = try alerts(of: world).compactMap { $0["labels"]?["slo"]?.asString }
        #expect(Set(slos) == ["other"])
    }

    // MARK: Watchdog and errors

    @Test func theWatchdogGoesWithItsSetting() throws {
        let config = Self.config + "\nwatchdog: {receiver: all, interval: 30s}\n"
        var world = AgentWorld(rules(), config: config)
        world.advance(to: 95)
        #expect(try told(world, "Watchdog") == Array(repeating: "- firing", count: 4))
        world.configure([rules()], config: Self.config, at: 100)
        world.advance(to: 300)
        #expect(try told(world, "Watchdog").count { $0 == "- firing" } == 4)
        #expect(try world.alertStates() == [])
    }

    @Test func anEvaluationThatFailsResolvesNothing() throws {
        let rule = """
            groups:
              - name: g
                interval: 10s
                rules:
                  - alert: High
                    expr: load > 5
                    labels: {severity: page}
                  - alert: Torn
                    expr: left * on (a) right > 0
            """
        var world = AgentWorld(rule, config: Self.config)
        func write(_ seconds: Double, isTorn: Bool) {
            var series = [
                gauge("left", [("a", "1")], 1, at(seconds)),
                gauge("right", [("a", "1"), ("b", "1")], 1, at(seconds)),
            ]
            if isTorn { series.append(gauge("right", [("a", "1"), ("b", "2")], 1, at(seconds))) }
            world.write(series, at: at(seconds))
        }
        var seconds = 0.0
        while seconds <= 60 {
            write(seconds, isTorn: false)
            seconds += 5
        }
        #expect(try world.alertStates() == ["Torn firing"])
        // From here on the expression fails: one to many.
        while seconds <= 600 {
            write(seconds, isTorn: true)
            seconds += 5
        }
        let health = try world.ruleGroups()[0]["rules"]?.elements.map { $0["health"]?.asString }
        #expect(health == ["ok", "err"])
        #expect(try world.alertStates() == ["Torn firing"])
        #expect(try told(world, "Torn") == ["- firing"])
    }
}

extension AgentWorld {
    /// The agent that its log gives.
    func replayed() throws -> AgentCore {
        var copy = self
        var agent = AgentCore()
        var effects: [PlannedEffect] = []
        var reader = LogReader(copy.takeLog(), from: LogPosition(1))
        while let record = reader.next() {
            let isKnown = agent.replay(record, into: &effects)
            #expect(isKnown)
        }
        return agent
    }
}

extension AgentCore {
    /// The notifier's part of a checkpoint.
    fileprivate var notifierBytes: [[UInt8]] {
        var sections = notifier.sections()
        var all: [[UInt8]] = []
        while let section = sections.next() { all.append(section) }
        return all
    }
}

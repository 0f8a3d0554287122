import Agent
import Ingest
import Model
import Storage
import Testing
import Text
import Wire

/// Series that limits shed, and traffic that is missing, through bodies and the JSON users read.
@Suite struct EvidenceScenarioTests {
    private static let config = webhookConfig + "\nlimits: {series: 6}\n"

    /// Series without a target's other ones.
    private func more(_ count: Int, _ metric: String, _ time: Double) -> [OutgoingSeries] {
        (0..<count).map { number in
            OutgoingSeries(
                labels: Labels([
                    ("__name__", metric), ("job", "other"), ("instance", "x"), ("n", "\(number)"),
                ]), samples: [(at(time), 1)])
        }
    }

    /// Scrapes each 15 seconds; each brings new series that the limit sheds.
    private func live(
        _ world: inout AgentWorld, _ service: inout Service, from: Double, to: Double,
        shedding metric: String?
    ) {
        for step in 1...Int((to - from) / 15) {
            let time = from + Double(step) * 15
            world.scrape(&service, time, requests: 10)
            if let metric { world.write(more(8, metric, time), at: at(time + 1)) }
        }
        world.advance(to: to + 3)
    }

    @Test func seriesThatALimitShedMakeTheirSLOPartialForAWindow() throws {
        var world = AgentWorld(rules("period: 1d"), config: Self.config)
        var service = Service()
        world.write(service.scrape(at(0)), at: at(0))
        world.scrape(&service, 15, requests: 0)
        // Until windows are older than the ledger they are partial anyway.
        live(&world, &service, from: 15, to: 4500, shedding: "unrelated_total")
        #expect(try world.slo().window("48m")?.text("evidence") == "complete")
        live(&world, &service, from: 4500, to: 4800, shedding: "requests_total")
        #expect(world.replies.contains { $0.tally.shedTotal > 0 })
        #expect(try world.slo().window("5m")?.text("evidence") == "partial")
        #expect(try world.slo().window("48m")?.text("evidence") == "partial")
        live(&world, &service, from: 4800, to: 5400, shedding: nil)
        #expect(try world.slo().window("5m")?.text("evidence") == "complete")
        #expect(try world.slo().window("48m")?.text("evidence") == "partial")
        live(&world, &service, from: 5400, to: 8100, shedding: nil)
        #expect(try world.slo().window("48m")?.text("evidence") == "complete")
        // What was shed is in the log.
        var other = AgentCore()
        var reader = LogReader(world.takeLog(), from: LogPosition(1))
        while let record = reader.next() {
            var effects: [PlannedEffect] = []
            let isKnown = other.replay(record, into: &effects)
            #expect(isKnown)
        }
        #expect(
            other.slosJSON(service: nil, name: nil, now: world.agent.now)
                == world.agent.slosJSON(service: nil, name: nil, now: world.agent.now))
    }

    @Test func aGroupThatWasNeverSeenMakesTheWholeSLOPartial() throws {
        var world = AgentWorld(rules("period: 1d", "by: [model]"), config: Self.config)
        var service = Service(labels: [("model", "fraud")])
        world.write(service.scrape(at(0)), at: at(0))
        live(&world, &service, from: 15, to: 1200, shedding: nil)
        #expect(try world.slo().window("5m")?.text("evidence") == "complete")
        let time = at(1215)
        let series = (0..<8).map { number in
            OutgoingSeries(
                labels: Labels([
                    ("__name__", "requests_total"), ("job", "m"), ("instance", "x"),
                    ("model", "new-\(number)"),
                ]), samples: [(time, 1)])
        }
        world.write(series, at: time)
        live(&world, &service, from: 1215, to: 1300, shedding: nil)
        let slos = try world.slos()
        #expect(slos.count < 9 && slos.count > 1)
        #expect(slos.first?.window("5m")?.text("evidence") == "partial")
    }

    private func quiet(_ policy: String) throws -> (AgentWorld, Service) {
        var world = AgentWorld(rules("alerts: {\(policy)}"))
        var service = Service()
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: 7200) { _ in (150, 0) }
        world.run(&service, from: 7200, to: 7500) { _ in (150, 100) }
        return (world, service)
    }

    @Test func withoutTrafficAnAlertStaysUnlessThePolicySaysGood() throws {
        for (policy, isFiring) in [("noTraffic: ignore", true), ("noTraffic: good", false)] {
            var (world, service) = try quiet(policy)
            #expect(try world.firing().contains("SLOBurn page 1h"))
            world.run(&service, from: 7500, to: 8400) { _ in (0, 0) }
            #expect(try world.firing().contains("SLOBurn page 1h") == isFiring)
            let five = try #require(try world.slo().window("5m"))
            #expect(five.text("evidence") == "noTraffic")
            #expect(five.number("burnRate") == (isFiring ? nil : 0))
        }
    }

    @Test func aPeriodWithoutAnyTrafficHasItsBudgetWhenThePolicySaysGood() throws {
        for (policy, remaining) in [("ignore", Double?.none), ("good", 1)] {
            var world = AgentWorld(rules("period: 1h", "alerts: {noTraffic: \(policy)}"))
            var service = Service()
            world.write(service.scrape(at(0)), at: at(0))
            world.run(&service, from: 0, to: 7200) { _ in (0, 0) }
            #expect(try world.slo().text("evidence") == "noTraffic")
            #expect(try world.slo().number("budget", "remaining") == remaining)
        }
    }

    @Test func missingTrafficCanBeAnAlertOfItsOwn() throws {
        var (world, service) = try quiet("noTraffic: {alert: 30m, severity: page}")
        let firing = { (world: AgentWorld) in
            try world.firing().contains("SLONoTraffic page")
        }
        world.run(&service, from: 7500, to: 9000) { _ in (0, 0) }
        #expect(try !firing(world))
        world.run(&service, from: 9000, to: 9600) { _ in (0, 0) }
        #expect(try firing(world))
        #expect(world.bodies.contains { $0.contains("has had no events for 30m") })
        world.run(&service, from: 9600, to: 9660) { _ in (1, 0) }
        #expect(try !firing(world))
    }

    @Test func aMaintenanceFileTakesAnOutageOutOfTheBudgetAndSaysWho() throws {
        let maintenance = """
            apiVersion: pitot/v1
            kind: Maintenance
            maintenance:
              - name: upgrade
                who: jana@example.com
                why: PostgreSQL 17
                from: \(at(7200).rfc3339)
                to: \(at(7500).rfc3339)
                slos: [{service: recommender}]
            """
        let adjustment = """
            apiVersion: pitot/v1
            kind: Adjustment
            adjustments:
              - name: test-load
                who: omar@example.com
                why: a load test
                at: \(at(3600).rfc3339)
                good: -1000
                slo: {service: recommender}
            """
        var world = AgentWorld(rules(), maintenance, adjustment)
        var service = Service()
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: 7200) { _ in (150, 0) }
        world.run(&service, from: 7200, to: 7500) { _ in (150, 150) }
        #expect(try world.firing() == [])
        let slo = try world.slo()
        #expect(slo.number("events", "total") == 71_000 && slo.number("events", "bad") == 0)
        #expect(slo.number("budget", "remaining") == 1)
        let told = try #require(slo["maintenance"]?.elements.first)
        #expect(told.text("who") == "jana@example.com" && told.text("why") == "PostgreSQL 17")
        #expect(told.number("bad") == 3000 && told.text("effect") == "excluded")
        let change = try #require(slo["adjustments"]?.elements.first)
        #expect(change.text("who") == "omar@example.com" && change.number("good") == -1000)
        // The files go, and it all counts.
        world.configure([rules()], at: 7600)
        #expect(try world.slo().number("events", "total") == 75_000)
        #expect(try world.slo().number("events", "bad") == 3000)
        world.advance(to: 7601)
        #expect(try world.firing().contains("SLOBurn page 1h"))
    }
}

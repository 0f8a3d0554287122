import Agent
import Model
import Testing
import Text

/// Which alerts fire, when, and what ends them.
@Suite struct AlertScenarioTests {
    /// A service at 10 requests a second, scraped each 15 s, for `hours`.
    private func healthy(
        hours: Double, _ rules: String = rules(), start: Timestamp? = nil
    ) -> (AgentWorld, Service) {
        var world = AgentWorld(rules)
        var service = Service(start: start)
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: hours * 3600) { _ in (150, 0) }
        return (world, service)
    }

    /// The same, then a total outage until the first page.
    private func paging() throws -> (AgentWorld, Service, Double) {
        var (world, service) = healthy(hours: 1.5)
        for step in 1...60 {
            let seconds = 5400 + Double(step) * 15
            world.scrape(&service, seconds, requests: 150, errors: 150)
            if try world.firing().contains("SLOBurn page 1h") { return (world, service, seconds) }
        }
        Issue.record("an outage of 15 minutes did not page")
        return (world, service, 0)
    }

    @Test(arguments: [0, 1, 4, 7.5, 11, 14.9])
    func aTotalOutagePagesAtTheFirstEvaluationAboveTheFactor(phase: Double) throws {
        var (world, service) = healthy(hours: 1.5)
        var scrapes = (1...360).map { (time: Double($0) * 15, total: 150.0, bad: 0.0) }
        /// The rule by hand, over whole minutes rounded outward.
        func ratio(_ minutes: Double, _ to: Double) -> Double {
            let from = ((to - minutes * 60) / 60).rounded(.down) * 60
            let inside = scrapes.filter { $0.time > from && $0.time <= to }
            return inside.reduce(0) { $0 + $1.bad } / inside.reduce(0) { $0 + $1.total }
        }
        var hasPaged = false
        for step in 1...60 where !hasPaged {
            let seconds = 5400 + Double(step) * 15
            let bad = step == 1 ? (150 * (15 - phase) / 15).rounded(.down) : 150
            scrapes.append((seconds, 150, bad))
            world.scrape(&service, seconds, requests: 150, errors: bad)
            let isDue = ratio(60, seconds) > 0.0144 && ratio(5, seconds) > 0.0144
            hasPaged = try world.firing().contains("SLOBurn page 1h")
            #expect(hasPaged == isDue, "\(seconds - 5400) s into the outage")
        }
        #expect(hasPaged)
        // And it is told at once: group_wait is 0.
        #expect(world.bodies.last?.contains(#""alertname":"SLOBurn""#) == true)
        #expect(world.bodies.last?.contains(#""window":"1h""#) == true)
    }

    @Test func aPageResolvesWhenItsShortWindowIsGoodAgain() throws {
        var (world, service, start) = try paging()
        var isOver = false
        for step in 1...40 where !isOver {
            let seconds = start + Double(step) * 15
            world.scrape(&service, seconds, requests: 150)
            isOver = try !world.firing().contains("SLOBurn page 1h")
            if isOver { #expect(seconds - start > 285 && seconds - start <= 375) }
        }
        #expect(isOver)
        #expect(try world.slo().alert("page", "1h") == "resolved")
        world.advance(to: start + 1000)
        #expect(
            world.bodies.contains {
                $0.contains(#""status":"resolved""#) && $0.contains(#""window":"1h""#)
            })
    }

    @Test func oneFailureOfAQuietServiceAlertsNobody() throws {
        var world = AgentWorld(rules())
        world.isTicking = false
        var service = Service(interval: 60)
        world.write(service.scrape(at(0)), at: at(0))
        let failure = 86_400.0
        for hour in 0..<72 {
            let start = Double(hour) * 3600
            world.run(&service, from: start, to: start + 3600, every: 600) { seconds in
                let isRequest = seconds.truncatingRemainder(dividingBy: 600) == 0
                return (isRequest ? 1 : 0, seconds == failure ? 1 : 0)
            }
        }
        #expect(try world.slo().number("events", "bad") == 1)
        #expect(world.bodies == [])
    }

    @Test func aTargetThatVanishesIsLostAndItsPageDoesNotResolve() throws {
        var (world, _, last) = try paging()
        world.advance(to: last + 599)
        #expect(try !world.firing().contains { $0.hasPrefix("SLODataLoss") })
        world.advance(to: last + 621)
        #expect(try world.firing().contains("SLODataLoss page"))
        world.advance(to: last + 7200)
        #expect(try world.firing().contains("SLOBurn page 1h"))
        let slo = try world.slo()
        #expect(slo.text("evidence") == "partial")
        #expect(slo.window("1h")?.text("evidence") == "noData")
        for figure in ["good", "bad", "total", "errorRatio", "burnRate"] {
            #expect(slo.window("1h")?[figure]?.isNull == true, "\(figure)")
        }
        let remaining = try #require(slo.number("budget", "remaining"))
        let best = try #require(slo.number("budget", "best"))
        let worst = try #require(slo.number("budget", "worst"))
        #expect(best > remaining && worst < remaining)
        // U = mean observed rate x unobserved seconds.
        let total = try #require(slo.number("events", "total"))
        let bad = try #require(slo.number("events", "bad"))
        let unseen = total / last * 7200
        #expect(abs(best - (1 - bad / (0.001 * (total + unseen)))) < 1e-9)
        #expect(abs(worst - (1 - (bad + unseen) / (0.001 * (total + unseen)))) < 1e-6)
    }

    @Test func aTargetBackFromDataLossEndsIt() throws {
        var (world, service, last) = try paging()
        world.advance(to: last + 1200)
        #expect(try world.firing().contains("SLODataLoss page"))
        for step in 0...30 {
            world.scrape(&service, last + 1200 + Double(step) * 15, requests: 150)
        }
        world.advance(to: last + 1653)
        #expect(try world.firing().filter { $0.hasPrefix("SLODataLoss") } == [])
        #expect(try !world.firing().contains("SLOBurn page 1h"))
        #expect(try world.slo().number("events", "classes", "gap") == 150)
    }

    @Test func aGroupThatEndsInGoodOrderEndsItsAlerts() throws {
        var (world, service, last) = try paging()
        world.write(service.retirement(at(last + 15)), at: at(last + 15))
        world.advance(to: last + 15 + 599)
        #expect(try world.firing().contains("SLOBurn page 1h"))
        world.advance(to: last + 15 + 621)
        // It was the SLO's last target: that is data loss, and the burn has ended.
        #expect(try world.firing() == ["SLODataLoss page"])
        world.advance(to: last + 1000)
        #expect(world.bodies.contains { $0.contains(#""resolved_reason":"group ended""#) })
    }

    @Test func scaleToZeroIsNoDataLoss() throws {
        var (world, service) = healthy(hours: 0.5, rules("alerts: {scaleToZero: true}"))
        world.write(service.retirement(at(1815)), at: at(1815))
        world.advance(to: 6000)
        #expect(try world.firing() == [])
        service.requests = 0
        for step in 0...4 { world.scrape(&service, 6000 + Double(step) * 15, requests: 1) }
        #expect(try world.firing() == [])
    }

    @Test func upZeroIsDataLossAndNoSuccess() throws {
        var (world, service) = healthy(hours: 0.5)
        for step in 0...80 {
            let seconds = 1815 + Double(step) * 15
            world.write(service.failure(at(seconds), isFirst: step == 0), at: at(seconds))
        }
        #expect(try world.firing() == ["SLODataLoss page"])
        #expect(try world.slo().text("evidence") == "partial")
        service.requests += 10
        world.scrape(&service, 1815 + 81 * 15, requests: 0)
        world.advance(to: 1815 + 81 * 15 + 3)
        #expect(try world.firing() == [])
    }

    @Test func aSevenDaySLOAtOneMinuteScrapesPages() throws {
        var world = AgentWorld(rules("period: 7d"))
        var service = Service(interval: 60)
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: 7200) { _ in (600, 0) }
        world.run(&service, from: 7200, to: 7800, every: 60) { _ in (600, 600) }
        #expect(try world.firing().contains("SLOBurn page 15m"))
        #expect(try world.slo()["alerts"]?.elements.count == 4)
    }

    @Test func aRemovedSLOEndsItsAlertsAndComesBackWithItsCounts() throws {
        var (world, service, last) = try paging()
        let before = try #require(try world.slo().number("events", "bad"))
        world.configure([], at: last + 1)
        #expect(try world.firing() == [])
        #expect(try world.slos().isEmpty)
        world.advance(to: last + 400)
        #expect(world.bodies.last?.contains(#""resolved_reason":"rule removed""#) == true)
        world.scrape(&service, last + 15, requests: 150, errors: 150)
        world.configure([rules(objective: "99")], at: last + 420)
        #expect(try world.slo().number("events", "bad") == before + 150)
        #expect(try world.slo().number("objective") == 0.99)
    }

    @Test func aBrokenReloadChangesNothing() throws {
        var (world, _, last) = try paging()
        let before = world.agent.slosJSON(service: nil, name: nil, now: at(last))
        let report = world.configure([rules("perod: 7d")], at: last + 1)
        #expect(report?.isTaken == false)
        #expect(world.agent.slosJSON(service: nil, name: nil, now: at(last)) == before)
        #expect(world.metrics().contains("pitot_config_last_reload_successful 0"))
        #expect(try world.firing().contains("SLOBurn page 1h"))
    }
}

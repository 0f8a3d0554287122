import Agent
import Model
import Testing
import Text
import Wire

/// Scenarios whose figures must be exact (99.9 %, 30 days, one-minute samples).
@Suite struct BudgetScenarioTests {
    private static let day = 86_400.0

    /// Thirty days of a service.
    private func month(
        interval: Double, _ rate: (_ seconds: Double) -> (requests: Double, errors: Double)
    ) throws -> JSONValue {
        var world = AgentWorld(rules())
        world.isTicking = false
        var service = Service(interval: interval)
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: 30 * Self.day, rate)
        return try world.slo()
    }

    private func isDay(_ seconds: Double) -> Bool {
        (seconds - 1).truncatingRemainder(dividingBy: Self.day) < Self.day / 2
    }

    @Test func oneFailingNightHourCostsAQuarterOfAPercent() throws {
        let night = 10 * Self.day + 15 * 3600
        let slo = try month(interval: 60) { seconds in
            if isDay(seconds) { return (6000, 0) }
            return (6, seconds > night && seconds <= night + 3600 ? 6 : 0)
        }
        #expect(slo.number("events", "total") == 129_729_600)
        #expect(slo.number("events", "bad") == 360 && slo.number("events", "good") == 129_729_240)
        let remaining = try #require(slo.number("budget", "remaining"))
        #expect(abs(remaining - (1 - 360 / 129_729.6)) < 1e-9)
        #expect(abs((1 - remaining) * 100 - 0.2775) < 1e-5)
        #expect(slo.number("events", "classes", "normal") == 129_729_600)
        #expect(slo.text("evidence") == "complete")
    }

    @Test func twoPercentOfABusyHourADayOverspendsTheBudget() throws {
        let slo = try month(interval: 300) { seconds in
            guard isDay(seconds) else { return (300, 0) }
            let hour = (seconds - 1).truncatingRemainder(dividingBy: Self.day) / 3600
            return (30_000, hour >= 3 && hour < 4 ? 600 : 0)
        }
        let remaining = try #require(slo.number("budget", "remaining"))
        #expect(abs((1 - remaining) * 100 - 165.0165) < 1e-4)
        #expect(abs(remaining - (1 - 216_000 / 130_896.0)) < 1e-9)
        #expect(slo.number("budget", "exhaustedIn") == 0)
    }

    @Test func errorsFirstSeenTwoHoursBeforeTheEndAreRightAndTheBudgetBeforeToo() throws {
        var world = AgentWorld(rules())
        world.isTicking = false
        var service = Service(hasErrors: false, interval: 300)
        world.write(service.scrape(at(0)), at: at(0))
        let birth = 30 * Self.day - 7200
        world.run(&service, from: 0, to: birth) { _ in (3000, 0) }
        let before = try world.slo()
        #expect(before.number("budget", "remaining") == 1 && before.number("events", "bad") == 0)
        service.hasErrors = true
        world.run(&service, from: birth, to: 30 * Self.day) { _ in (3000, 15) }
        let after = try world.slo()
        #expect(after.number("events", "bad") == 360)
        let total = 30 * 1440 * 600.0
        #expect(after.number("events", "total") == total)
        let remaining = try #require(after.number("budget", "remaining"))
        #expect(abs(remaining - (1 - 360 / (0.001 * total))) < 1e-9)
        let hour = try #require(after.window("1h"))
        #expect(hour.number("bad") == 180 && hour.number("total") == 36_000)
        #expect(abs((hour.number("burnRate") ?? 0) - 5) < 1e-9)
    }

    @Test func aTrafficPauseIsNoFailure() throws {
        var world = AgentWorld(rules())
        var service = Service()
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: 7200) { _ in (150, 0) }
        world.run(&service, from: 7200, to: 7800) { _ in (0, 0) }
        let paused = try world.slo()
        #expect(paused.number("budget", "remaining") == 1)
        #expect(paused.number("events", "total") == 72_000)
        let five = try #require(paused.window("5m"))
        #expect(five.number("total") == 0 && five.number("errorRatio") == nil)
        #expect(five.text("evidence") == "noTraffic")
        world.run(&service, from: 7800, to: 9000) { _ in (150, 0) }
        #expect(try world.slo().number("budget", "remaining") == 1)
        #expect(try world.firing() == [])
        let text = String(
            decoding: world.agent.slosJSON(service: nil, name: nil, now: at(9003)), as: UTF8.self)
        #expect(!text.contains(":nan") && !text.contains("\"NaN") && !text.contains("inf\""))
    }

    @Test func anErrorCounterBornAtFiftyCountsFifty() throws {
        var world = AgentWorld(rules())
        var service = Service(hasErrors: false)
        for step in 0...20 {
            if step == 10 {
                service.hasErrors = true
                service.errors = 50
            }
            world.scrape(&service, Double(step) * 15, requests: 100)
        }
        world.advance(to: 310)
        #expect(try world.slo().number("events", "bad") == 50)
        #expect(try world.slo().number("events", "total") == 2000)
    }

    @Test func twoResetsAnHourOnTwentyPodsHideOnlyWhatNobodyCouldSee() throws {
        var world = AgentWorld(rules())
        var pods = (0..<20).map { Service(instance: "pod-\($0)", interval: 60) }
        var happened = 0.0
        var hidden = 0.0
        var sinceReset = 0.0
        for minute in 0...60 {
            for index in pods.indices {
                if minute > 0 { pods[index].requests += 60 }
                if minute > 0 { happened += 60 }
                // Each pod restarts twice, half way between two scrapes.
                if minute % 30 == index + 5 {
                    pods[index].requests = 30
                    hidden += 30
                    sinceReset += 30
                }
                let time = Double(minute) * 60 + Double(index)
                world.scrape(&pods[index], time, requests: 0)
            }
        }
        world.advance(to: 3690)
        let slo = try world.slo()
        #expect(hidden == 2 * 20 * 30 && happened == 20 * 3600)
        #expect(slo.number("events", "total") == happened - hidden)
        #expect(slo.number("events", "classes", "reset") == sinceReset)
        #expect(slo.number("events", "classes", "normal") == happened - hidden - sinceReset)
        #expect(slo.number("budget", "remaining") == 1)
    }

    @Test func aPodOfABillionInANewShardAddsNothing() throws {
        var world = AgentWorld(rules())
        var old = Service(labels: [("prometheus", "shard-0")], requests: 1e9, errors: 1e6)
        var moved = Service(labels: [("prometheus", "shard-1")], requests: 1e9, errors: 1e6)
        for step in 0...10 { world.scrape(&old, Double(step) * 15, requests: 10) }
        world.write(old.retirement(at(165)), at: at(165))
        for step in 0...10 { world.scrape(&moved, 172 + Double(step) * 15, requests: 10) }
        world.advance(to: 330)
        let slo = try world.slo()
        #expect(slo.number("events", "total") == 200 && slo.number("events", "bad") == 0)
        #expect(slo.number("events", "classes", "baseline") == 2e9 + 20)
    }

    @Test func aRelabellingMakesNoEvents() throws {
        var world = AgentWorld(rules())
        var service = Service(labels: [("version", "1")], start: at(-50))
        for step in 0...10 { world.scrape(&service, Double(step) * 15, requests: 10, errors: 1) }
        var renamed = service
        renamed.labels = [("version", "2")]
        let ended = service.retirement(at(165)).filter { $0.labels["__name__"] != "up" }
        world.write(ended + renamed.scrape(at(165)), at: at(165))
        world.advance(to: 170)
        #expect(try world.slo().number("events", "total") == 100)
        #expect(try world.slo().number("events", "bad") == 10)
    }
}

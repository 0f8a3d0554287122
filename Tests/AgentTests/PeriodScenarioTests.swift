import Agent
import Foundation
import Model
import Storage
import Testing
import Text

/// Calendar periods and scaled pairs, through bodies and the JSON that users read.
@Suite struct PeriodScenarioTests {
    private static let day = 86_400.0

    /// A zone's file, of those that Python was asked about.
    private static func zone(_ name: String) throws -> SourceFile {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../SLOTests/zones.json")
        let json = try JSONValue.parse([UInt8](Data(contentsOf: path)))
        let entry = try #require(json.elements.first { $0.text("name") == name })
        let hex = Array(try #require(entry.text("file")).utf8)
        return SourceFile(
            path: name,
            bytes: stride(from: 0, to: hex.count, by: 2).compactMap {
                UInt8(String(decoding: hex[$0..<$0 + 2], as: UTF8.self), radix: 16)
            })
    }

    /// Scenario (m). In Berlin March 2027 has 743 hours. Python: `datetime(2027, 3, 1,
    /// tzinfo=ZoneInfo("Europe/Berlin")).timestamp()` is 1803855600, of April 1806530400.
    @Test func aMonthInWhichClocksChangeHasItsOwnHours() throws {
        let start = 1_803_855_600.0 - at(0).seconds
        let end = 1_806_530_400.0 - at(0).seconds
        #expect(end - start == 743 * 3600)
        let file = rules("period: {calendar: month, timeZone: Europe/Berlin}")
        var world = AgentWorld(file, at: start - Self.day, zones: [try Self.zone("Europe/Berlin")])
        world.isTicking = false
        var service = Service(interval: 300)
        world.write(service.scrape(at(start - Self.day)), at: at(start - Self.day))
        // The last five minutes of February fail, and the first of April: not March's.
        func rate(_ seconds: Double) -> (requests: Double, errors: Double) {
            (3000, seconds <= start || seconds > end ? 30 : seconds == end ? 1 : 0)
        }
        world.run(&service, from: start - Self.day, to: start + 600, rate)
        let marches = 743 * 12 * 3000.0
        let young = try world.slo()
        #expect(young.number("events", "total") == 6000 && young.number("events", "bad") == 0)
        #expect(young.number("budget", "remaining") == 1)
        #expect(young.text("period") == "month" && young.text("evidence") == "complete")
        world.run(&service, from: start + 600, to: end, rate)
        let full = try world.slo()
        let window = try #require(full.window("month"))
        #expect(window.number("from") == start + at(0).seconds)
        #expect(window.number("to") == end + at(0).seconds)
        #expect(full.number("events", "total") == marches)
        #expect(full.number("events", "bad") == 1)
        let remaining = try #require(full.number("budget", "remaining"))
        #expect(abs(remaining - (1 - 1 / (0.001 * marches))) < 1e-9)
        #expect(full["calendar"]?.text("timeZone") == "Europe/Berlin")
        #expect(full.number("calendar", "end") == end + at(0).seconds)
        world.run(&service, from: end, to: end + 300, rate)
        let april = try world.slo()
        #expect(april.number("events", "total") == 3000 && april.number("events", "bad") == 30)
        let past = try #require(april["calendar"]?["past"]?.elements.last)
        #expect(past.number("total") == marches && past.number("bad") == 1)
        // The same in another process, from the log alone.
        var other = AgentCore()
        var reader = LogReader(world.takeLog(), from: LogPosition(1))
        while let record = reader.next() {
            var effects: [PlannedEffect] = []
            let isKnown = other.replay(record, into: &effects)
            #expect(isKnown)
        }
        let now = world.agent.now
        #expect(
            other.slosJSON(service: nil, name: nil, now: now)
                == world.agent.slosJSON(service: nil, name: nil, now: now))
    }

    @Test func aZoneWhoseFileIsMissingIsAnError() {
        var world = AgentWorld(rules())
        let bad = rules("period: {calendar: month, timeZone: Europe/Berlin}")
        let report = world.configure([bad], at: 1)
        #expect(report?.isTaken == false)
        #expect(report?.diagnostics.first?.description.contains("no time zone") == true)
    }

    /// Scenario (k): a 7-day SLO at 60 s scrape.
    @Test func aTotalOutageFiresASevenDaySLOAtAMinutesScrape() throws {
        var world = AgentWorld(rules("period: 7d"))
        var service = Service(interval: 60)
        world.write(service.scrape(at(0)), at: at(0))
        world.run(&service, from: 0, to: Self.day) { _ in (600, 0) }
        #expect(try world.firing() == [])
        var fired: [String: Double] = [:]
        for minute in 1...60 {
            let time = Self.day + Double(minute) * 60
            world.run(&service, from: time - 60, to: time, every: 60) { _ in (600, 600) }
            for alert in try world.firing() where fired[alert] == nil {
                fired[alert] = Double(minute)
            }
        }
        // 13.44, 6, 3 and 1 times 0.1 % of 15, 84, 336 and 1008 minutes: less than a minute's
        // failures of each.
        #expect(
            fired.keys.sorted() == [
                "SLOBurn page 15m", "SLOBurn page 1h24m", "SLOBurn ticket 16h48m",
                "SLOBurn ticket 5h36m",
            ])
        #expect(fired["SLOBurn page 15m"] == 1)
        #expect(fired.values.max() ?? 99 <= 2)
    }
}

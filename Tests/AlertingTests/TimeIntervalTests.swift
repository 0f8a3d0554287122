import Foundation
import Model
import Testing
import Text

@testable import Alerting

@Suite struct TimeIntervalTests {
    /// What Python's datetime and zoneinfo say; intervals.py beside this file asks them.
    private struct Golden {
        let times: [Int64]
        let cases: [(interval: Alerting.TimeInterval, isIn: [Bool])]

        init() throws {
            let path = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "intervals.json")
            let json = try JSONValue.parse([UInt8](try Data(contentsOf: path)))
            times = (json["times"]?.elements ?? []).map { Int64($0.asDouble ?? 0) }
            var zones = ["UTC": TimeZoneRules.utc]
            for (name, file) in json["zones"]?.members ?? [] {
                let hex = Array((file.asString ?? "").utf8)
                let bytes = stride(from: 0, to: hex.count, by: 2).map { index in
                    UInt8(String(decoding: hex[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
                }
                zones[name] = TimeZoneRules(name: name, tzif: bytes)
            }
            cases = try (json["cases"]?.elements ?? []).map { entry in
                var one = TimeInterval(
                    zone: try #require(zones[entry["zone"]?.asString ?? ""]))
                func pairs(_ key: String) -> [(Int, Int)] {
                    (entry[key]?.elements ?? []).map {
                        ($0[0]?.asInteger ?? 0, $0[1]?.asInteger ?? 0)
                    }
                }
                one.times = pairs("times").map { $0.0..<$0.1 }
                one.weekdays = pairs("weekdays").map { $0.0...$0.1 }
                one.daysOfMonth = pairs("days").map {
                    TimeInterval.DayRange(first: $0.0, last: $0.1)
                }
                one.months = pairs("months").map { $0.0...$0.1 }
                one.years = pairs("years").map { $0.0...$0.1 }
                return (one, (entry["in"]?.asString ?? "").map { $0 == "1" })
            }
        }

        private typealias TimeInterval = Alerting.TimeInterval
    }

    @Test func intervalsAreWhatPythonSays() throws {
        let golden = try Golden()
        #expect(golden.cases.count == 80 && golden.times.count == 426)
        for (number, one) in golden.cases.enumerated() {
            let found = golden.times.map { one.interval.contains(Timestamp(millis: $0 * 1000)) }
            let differing = zip(found, one.isIn).enumerated().first { $1.0 != $1.1 }
            #expect(differing == nil, "case \(number), time \(differing?.offset ?? 0)")
        }
    }

    /// Each minute of a month, against a calendar that only counts.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func aMonthIsWhatCountingItsMinutesGives(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var one = Alerting.TimeInterval()
        let from = Int.random(in: 0..<1400, using: &random)
        one.times = [from..<Int.random(in: from + 1...1440, using: &random)]
        let day = Int.random(in: 0...6, using: &random)
        one.weekdays = [day...Int.random(in: day...6, using: &random)]
        let first = Int.random(in: -31...28, using: &random)
        one.daysOfMonth = [
            first < 1
                ? Alerting.TimeInterval.DayRange(first: min(first, -1), last: -1)
                : Alerting.TimeInterval.DayRange(first: first, last: 28)
        ]
        // February 2024 began on a Thursday and had 29 days.
        let start = CivilDate(year: 2024, month: 2, day: 1).days * 86_400_000
        var isGood = true
        for minute in stride(from: 0, to: 29 * 1440, by: 7) {
            let dayOfMonth = minute / 1440 + 1
            let weekday = (4 + dayOfMonth - 1) % 7
            let isDay =
                first < 1
                ? 29 - dayOfMonth < -min(first, -1) : (first...28).contains(dayOfMonth)
            let expected =
                one.times[0].contains(minute % 1440) && one.weekdays[0].contains(weekday)
                && isDay
            let time = Timestamp(millis: start + Int64(minute) * 60_000 + 59_999)
            if one.contains(time) != expected { isGood = false }
        }
        #expect(isGood)
    }

    @Test func anIntervalWithoutPartsIsAllOfTimeAndANameWithoutIntervalsIsNone() {
        #expect(Alerting.TimeInterval().contains(at(0)))
        #expect(!NamedTimeInterval(name: "never", parts: []).contains(at(0)))
    }

    @Test func muteIntervalsComeBeforeActiveOnes() {
        let always = NamedTimeInterval(name: "always", parts: [Alerting.TimeInterval()])
        let never = NamedTimeInterval(name: "never", parts: [])
        var route = RouteSettings(receiver: "a")
        #expect(route.muted(by: [always, never], at: at(0)) == [])
        route.activeTimeIntervals = ["always"]
        #expect(route.muted(by: [always, never], at: at(0)) == [])
        route.muteTimeIntervals = ["never", "always"]
        #expect(route.muted(by: [always, never], at: at(0)) == ["always"])
        route.muteTimeIntervals = []
        route.activeTimeIntervals = ["never"]
        #expect(route.muted(by: [always, never], at: at(0)) == ["not never"])
    }
}

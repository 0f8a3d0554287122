import Model
import Testing

@testable import Runs

@Suite struct ScheduleTests {
    private func at(_ text: String) throws -> Timestamp {
        try #require(Timestamp(rfc3339: text))
    }

    private func next(_ line: String, _ from: String) throws -> String? {
        let schedule = try #require(RunSchedule(cron: line, zone: .utc))
        return schedule.next(after: try at(from))?.rfc3339
    }

    @Test func theNextTimeIsTheFirstOneAfter() throws {
        #expect(try next("0 3 * * *", "2026-11-24T02:59:59Z") == "2026-11-24T03:00:00Z")
        #expect(try next("0 3 * * *", "2026-11-24T03:00:00Z") == "2026-11-25T03:00:00Z")
        #expect(try next("*/15 9-10 * * mon-fri", "2026-11-28T00:00:00Z") == "2026-11-30T09:00:00Z")
        #expect(try next("30 1 29 2 *", "2026-01-01T00:00:00Z") == "2028-02-29T01:30:00Z")
        #expect(try next("@monthly", "2026-11-24T00:00:00Z") == "2026-12-01T00:00:00Z")
        #expect(try next("5/20 * * * *", "2026-11-24T00:30:00Z") == "2026-11-24T00:45:00Z")
        #expect(try next("0 0 * * 7", "2026-11-24T00:00:00Z") == "2026-11-29T00:00:00Z")
    }

    @Test func aDayOfTheMonthOrOfTheWeekIsEnoughWhenBothAreNamed() throws {
        // Vixie cron: the 13th, or a Friday.
        #expect(try next("0 0 13 * fri", "2026-11-24T00:00:00Z") == "2026-11-27T00:00:00Z")
        #expect(try next("0 0 13 * *", "2026-11-24T00:00:00Z") == "2026-12-13T00:00:00Z")
    }

    @Test func whatIsNoCronLineIsNone() {
        for line in [
            "", "0 3 * *", "60 * * * *", "* 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8",
            "a b c d e", "1-0 * * * *", "*/0 * * * *", "0 0 31 2 *", "0,, * * * *", "-1 * * * *",
            String(repeating: "0,", count: 200) + "0 * * * *",
        ] {
            #expect(RunSchedule(cron: line, zone: .utc) == nil, "\(line)")
        }
        #expect(RunSchedule(every: .seconds(59)) == nil)
        #expect(RunSchedule(every: .days(32)) == nil)
    }

    @Test func theLastTimeBeforeAndTheNextAfterAreNeighbours() throws {
        let lines = ["0 3 * * *", "*/7 1,5 * * *", "15 12 1 * mon", "@weekly"]
        for line in lines {
            let schedule = try #require(RunSchedule(cron: line, zone: .utc))
            var time = try at("2026-01-01T00:00:00Z")
            for _ in 0..<50 {
                let next = try #require(schedule.next(after: time))
                #expect(schedule.last(notAfter: next) == next)
                #expect(schedule.last(notAfter: next - .milliseconds(1)) ?? time <= time)
                time = next
            }
        }
    }

    @Test func aPeriodCountsFromTheEpoch() throws {
        let schedule = try #require(RunSchedule(every: .hours(6)))
        #expect(
            schedule.next(after: try at("2026-11-24T06:00:00Z"))?.rfc3339
                == "2026-11-24T12:00:00Z")
        #expect(
            schedule.last(notAfter: try at("2026-11-24T06:00:00Z"))?.rfc3339
                == "2026-11-24T06:00:00Z")
    }
}

import Foundation
import Model
import SLO
import Testing
import Text

/// What Python's zoneinfo says; zones.py beside this file asks it.
struct ZoneGolden: Sendable {
    let name: String
    let file: [UInt8]
    let json: JSONValue

    var zone: TimeZoneRules? { TimeZoneRules(name: name, tzif: file) }

    static let all: [ZoneGolden] = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "zones.json")
        guard let data = try? Data(contentsOf: path), let json = try? JSONValue.parse([UInt8](data))
        else { return [] }
        return json.elements.map { entry in
            let hex = Array((entry["file"]?.asString ?? "").utf8)
            let file = stride(from: 0, to: hex.count, by: 2).map { index in
                UInt8(String(decoding: hex[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
            }
            return ZoneGolden(name: entry["name"]?.asString ?? "", file: file, json: entry)
        }
    }()

    func rows(_ path: String...) -> [[Int64]] {
        let node = path.reduce(Optional(json)) { $0?[$1] }
        return (node?.elements ?? []).map { row in
            row.elements.isEmpty
                ? [Int64(row.asDouble ?? 0)] : row.elements.map { Int64($0.asDouble ?? 0) }
        }
    }
}

@Suite struct ZoneTests {
    @Test func offsetsAreWhatPythonSays() throws {
        #expect(ZoneGolden.all.count == 17)
        for golden in ZoneGolden.all {
            let zone = try #require(golden.zone, "\(golden.name)")
            for row in golden.rows("offsets") {
                let found = zone.offsetSeconds(at: Timestamp(millis: row[0] * 1000 + 999))
                #expect(found == row[1], "\(golden.name) at \(row[0])")
            }
        }
    }

    @Test func aLocalTimeIsTheFirstMinuteThatShowsItOrMore() throws {
        for golden in ZoneGolden.all {
            let zone = try #require(golden.zone)
            for row in golden.rows("first") {
                let found = zone.firstTime(of: CivilDate(days: row[0]), second: row[1])
                #expect(found.millis == row[2] * 1000, "\(golden.name) day \(row[0]) + \(row[1])")
            }
        }
    }

    @Test(arguments: CalendarUnit.allCases)
    func unitsBeginWherePythonSaysTheirDaysBegin(unit: CalendarUnit) throws {
        for golden in ZoneGolden.all {
            let calendar = CalendarPeriod(unit: unit, zone: try #require(golden.zone))
            let edges = golden.rows("edges", unit.rawValue).map { Timestamp(millis: $0[0] * 1000) }
            #expect(edges.count > 20)
            for edge in edges {
                let what: Comment = "\(golden.name) \(edge.rfc3339)"
                // The edge belongs to the unit that ends there.
                #expect(calendar.start(of: edge + .milliseconds(1)) == edge, what)
                #expect(calendar.start(of: edge) < edge, what)
                #expect(calendar.end(from: calendar.start(of: edge)) == edge, what)
                let end = calendar.end(from: edge)
                #expect(calendar.start(of: end) == edge, what)
                #expect(end - edge <= Period.calendar(calendar).spanMax, what)
                let inside = edge + .milliseconds((end - edge).millis / 2)
                #expect(calendar.start(of: inside) == edge, what)
            }
        }
    }

    @Test func utcNeedsNoFile() {
        let calendar = CalendarPeriod(unit: .month, zone: .utc)
        #expect(calendar.start(of: at(0)).rfc3339 == "2026-11-01T00:00:00Z")
        #expect(calendar.end(from: calendar.start(of: at(0))).rfc3339 == "2026-12-01T00:00:00Z")
        let quarter = CalendarPeriod(unit: .quarter, zone: .utc)
        #expect(quarter.start(of: at(0)).rfc3339 == "2026-10-01T00:00:00Z")
        // A Monday.
        let week = CalendarPeriod(unit: .week, zone: .utc)
        #expect(week.start(of: at(0)).rfc3339 == "2026-11-16T00:00:00Z")
        #expect(week.start(of: at(0.001)) == at(0))
    }

    @Test func aDamagedFileIsRefusedOrHarmless() throws {
        let file = try #require(ZoneGolden.all.first { $0.name == "Europe/Berlin" }).file
        var random = SeededGenerator(state: 5)
        for length in 0..<file.count {
            #expect(TimeZoneRules(name: "X", tzif: Array(file[..<length])) == nil, "\(length)")
        }
        for place in file.indices {
            var bytes = file
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            guard let zone = TimeZoneRules(name: "X", tzif: bytes) else { continue }
            for unit in CalendarUnit.allCases {
                let calendar = CalendarPeriod(unit: unit, zone: zone)
                let start = calendar.start(of: at(0))
                #expect(start < at(0) && calendar.end(from: start) > start)
            }
            _ = zone.offsetSeconds(at: .distantFuture) + zone.offsetSeconds(at: .distantPast)
        }
    }

    @Test(arguments: [
        ("Europe/Berlin", true), ("UTC", true), ("Etc/GMT+12", true),
        ("America/Port-au-Prince", true),
        ("../etc/passwd", false), ("/etc/passwd", false), ("", false), ("Europe//Berlin", false),
        ("Europe/Berlin/", false), ("a b", false), (String(repeating: "a", count: 65), false),
        ("Zürich", false), (".", false),
    ])
    func aNameCannotLeaveTheFolderOfZones(text: String, isName: Bool) {
        #expect(TimeZoneRules.isName(text) == isName)
    }

    @Test(arguments: [
        ("2026-11-23T00:00:00Z", 1_795_392_000_000),
        ("2026-11-23T01:00:00.25+01:00", 1_795_392_000_250),
        ("2026-11-22t18:59:00.1239-05:01", 1_795_392_000_123),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
    ])
    func rfc3339IsRead(text: String, millis: Int64) {
        #expect(Timestamp(rfc3339: text)?.millis == millis)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-23 00:00:00Z", "2026-11-23T00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T00:00:00", "2026-11-23T00:00:00.Z",
        "2026-11-23T00:00:00+1:00", "2026-11-23T00:00:00Zx", "2026-00-10T00:00:00Z", "",
        "2026-04-31T00:00:00Z", "-026-04-30T00:00:00Z",
    ])
    func whatIsNoRFC3339IsRefused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }
}

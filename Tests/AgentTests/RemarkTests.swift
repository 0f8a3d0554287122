import Agent
import Model
import Testing
import Text

/// Lints that only series show: the remarks of `/api/v1/slos`.
@Suite struct RemarkTests {
    private func remarks(
        _ rules: String, errors: Double = 0, hasErrors: Bool = true
    ) throws -> [String] {
        var world = AgentWorld(rules)
        var service = Service(hasErrors: hasErrors)
        for step in 0...6 {
            let bad = step == 0 ? 0 : errors
            world.scrape(&service, Double(step) * 15, requests: step == 0 ? 0 : 10, errors: bad)
        }
        world.advance(to: 100)
        return (try world.slo()["remarks"]?.elements ?? []).compactMap(\.asString)
    }

    @Test func aSoundServiceHasNone() throws {
        #expect(try remarks(rules(), errors: 1) == [])
    }

    @Test func badEventsThatWereNeverSeenAreNamed() throws {
        #expect(
            try remarks(rules(), hasErrors: false)
                == ["no series of \"bad\" was ever seen: what is misspelt never alerts"])
    }

    @Test func goodEventsThatWereNeverSeenAreNamed() throws {
        let good = rules().replacing("bad: errors_total", with: "good: served_total")
        #expect(
            try remarks(good)
                == ["no series of \"good\" was ever seen: every event counts as bad"])
    }

    @Test func aTotalThatWasNeverSeenIsNamed() throws {
        let other = rules().replacing("total: requests_total", with: "total: calls_total")
        #expect(
            try remarks(other)
                == ["no series of \"total\" was ever seen: nothing can be judged"])
    }

    @Test func moreBadEventsThanEventsAreNamed() throws {
        #expect(
            try remarks(rules(), errors: 25)
                == ["more \"bad\" events than events in all: is \"bad\" a part of \"total\"?"])
    }

    @Test func aGroupLabelThatSeriesLackIsNamed() throws {
        #expect(
            try remarks(rules("by: [namespace]"), errors: 1)
                == ["series of this group lack namespace of \"by\""])
    }

    @Test func aWindowOfLessThanTwoScrapesIsNamed() throws {
        var world = AgentWorld(rules())
        var service = Service(interval: 180)
        for step in 0...9 { world.scrape(&service, Double(step) * 180, requests: 10) }
        world.advance(to: 1700)
        let found = try world.slo()["remarks"]?.elements.compactMap(\.asString) ?? []
        #expect(
            found.contains(
                "the page alert over 1h looks at 5m, which is less than two intervals of 3m: it "
                    + "may find no event there"))
    }
}

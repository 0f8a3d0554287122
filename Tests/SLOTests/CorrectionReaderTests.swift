import Model
import Testing
import Text

@testable import SLO

/// What a person is told who writes one wrongly.
@Suite struct CorrectionReaderTests {
    private func messages(_ yaml: String) -> String {
        corrections(yaml).diagnostics.map { "\($0.position.line): \($0.what)" }
            .joined(separator: "; ")
    }

    @Test(arguments: [
        (["from: 2026-11-23T00:00:00Z"], "\"to\" is missing"),
        (["from: 2026-11-23T00:00:00Z", "to: 2026-11-23T00:00:00Z"], "it ends before"),
        (["from: 2026-11-23T00:00:30Z", "to: 2026-11-24T00:00:00Z"], "\"from\" is"),
        (["from: monday", "to: 2026-11-24T00:00:00Z"], "\"from\" is \"monday\""),
        (["weekly: {days: [sun], from: \"02:00\", to: \"4:00\"}"], "\"to\" is \"4:00\""),
        (["weekly: {days: [sunday], from: \"02:00\", to: \"04:00\"}"], "days of a weekly"),
        (["weekly: {days: [], from: \"02:00\", to: \"04:00\"}"], "days of a weekly"),
        (["weekly: {days: [sun], from: \"02:00\", to: \"24:00\"}"], "\"to\" is \"24:00\""),
        (
            ["weekly: {days: [sun], from: \"02:00\", to: \"04:00\", timeZone: Berlin}"],
            "no time zone \"Berlin\""
        ),
        (["weekly: {days: [sun], from: \"02:00\", to: \"04:00\", tz: UTC}"], "unknown key \"tz\""),
        (
            [
                "weekly: {days: [sun], from: \"02:00\", to: \"04:00\"}",
                "from: 2026-11-23T00:00:00Z",
            ], "beside \"weekly\""
        ),
    ])
    func timesThatAreNoneAreSaid(times: [String], what: String) {
        let text = maintenance(times)
        #expect(messages(text).contains(what), "\(messages(text))")
        #expect(corrections(text).corrections.maintenance.isEmpty)
    }

    @Test func whoAndWhyMustBeSaid() {
        let good = maintenance(0, 60)
        #expect(messages(good) == "")
        for key in ["name", "who", "why", "slos"] {
            let lines = good.split(separator: "\n").map { line in
                line.replacing(" \(key): ", with: " xx: ")
            }
            let found = messages(lines.joined(separator: "\n"))
            #expect(found.contains("not which SLOs") || found.contains("\"\(key)\" is missing"))
            #expect(found.contains("unknown key \"xx\""))
        }
        #expect(messages(maintenance(0, 60, events: "ignored")).contains("events \"ignored\""))
        #expect(messages(maintenance(0, 60, slo: "name: x")).contains("\"service\" is missing"))
        #expect(messages(adjustment(60)).contains("it changes nothing"))
        #expect(messages(adjustment(61, bad: 1)).contains("\"at\" is"))
        #expect(messages(adjustment(60, bad: 1, slo: "svc: a")).contains("unknown key \"svc\""))
        #expect(messages("apiVersion: pitot/v2\nkind: Adjustment\n").contains("unknown apiVersion"))
        #expect(messages("kind: Adjustment\nadjustments: []\n").contains("nothing in the file"))
    }

    @Test func theFilesTogetherAreReviewed() throws {
        let definition = try definition()
        let twice = all(maintenance(0, 60), maintenance(60, 120))
        #expect(
            twice.review([definition]).map(\.what) == ["the maintenance \"upgrade\" stands twice"])
        let alone = all(maintenance(0, 60, slo: "service: ranker"), adjustment(60, bad: 1))
        #expect(
            alone.review([definition]).map(\.what) == ["the maintenance \"upgrade\" has no SLO"])
        let daily = maintenance([
            "weekly: {days: [mon, tue, wed, thu, fri, sat, sun], from: \"02:00\", to: \"04:00\"}"
        ])
        #expect(all(daily).review([definition]).isEmpty)
        let year = try SLOTests.definition(more: ["period: 366d"])
        #expect(all(daily).review([year]).first?.what.contains("up to 371 maintenance") == true)
    }
}

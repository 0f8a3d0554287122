import Model
import Runs
import Testing
import Text

@testable import SLO

/// The kind `runs`: what people write, and what they are told.
@Suite struct RunsReaderTests {
    private func read(_ sli: String) -> DefinitionFile {
        reading(
            "apiVersion: pitot/v1\nkind: SLOs\nservice: s\nslos:\n"
                + "  - {name: a, objective: 99, sli: \(sli)}\n")
    }

    private func rule(_ text: String) throws -> RunRule {
        let file = read("{runs: {\(text)}}")
        #expect(file.diagnostics == [])
        guard case .runs(let rule)? = file.definitions.first?.sli else { throw NoRule() }
        return rule
    }

    private struct NoRule: Error {}

    private let selected = "select: '{namespace=\"a\", job=~\"train-.*\"}'"

    @Test func allThatCanBeSaidIsRead() throws {
        let success = try rule("\(selected), good: success, deadline: 6h, level: all")
        #expect(success.measure == .success && success.level == .all)
        #expect(success.deadline == .hours(6))
        #expect(try rule("\(selected), good: duration, within: 90m").within == .minutes(90))
        let late = try rule(
            "\(selected), good: lateness, within: 1h, schedule: '0 3 * * *', timeZone: UTC")
        #expect(late.schedule?.isCron == true && late.schedule?.zoneName == "UTC")
        #expect(try rule("\(selected), good: lateness, within: 1h, every: 6h").schedule != nil)
        #expect(try rule("\(selected), good: lateness, within: 1h").schedule == nil)
        let metadata = try rule("\(selected), good: metadata, facets: [version, parent]")
        #expect(metadata.facets == ["version", "parent"])
    }

    @Test(arguments: [
        ("good: success", "\"select\""),
        ("select: '{a=\"b\"}'", "\"good\""),
        ("select: 'x{a=\"b\"}', good: success", "names a metric"),
        ("select: '{a=\"b\"}', good: sucess", "no measure of runs"),
        ("select: '{a=\"b\"}', good: duration", "\"duration\" without \"within\""),
        ("select: '{a=\"b\"}', good: success, within: 1h", "no meaning for \"success\""),
        ("select: '{a=\"b\"}', good: metadata", "\"metadata\" without \"facets\""),
        ("select: '{a=\"b\"}', good: success, facets: [x]", "\"facets\" has no meaning"),
        ("select: '{a=\"b\"}', good: success, every: 1h", "a schedule has no meaning"),
        ("select: '{a=\"b\"}', good: lateness, within: 1h, schedule: '0 3'", "is no schedule"),
        ("select: '{a=\"b\"}', good: lateness, within: 1h, deadline: 1h", "\"deadline\" has no"),
        ("select: '{a=\"b\"}', good: success, level: some", "no level of runs"),
        ("select: '{a=\"b\"}', good: success, deadline: 40d", "out of range"),
        ("select: '{a=\"b\"}', good: success, dedline: 4d", "dedline"),
    ])
    func whatIsWrongIsSaid(text: String, message: String) {
        let found = read("{runs: {\(text)}}").diagnostics
        #expect(found.contains { $0.description.contains(message) }, "\(found)")
    }

    @Test func aCheckpointKnowsTheRuleAgain() throws {
        for text in [
            "good: success, deadline: 6h", "good: completion, level: steps",
            "good: duration, within: 90m", "good: metadata, facets: [a, b]",
            "good: lateness, within: 1h, every: 6h",
            "good: lateness, within: 1h, schedule: '0 3 * * mon'",
        ] {
            let rule = try rule("\(selected), \(text)")
            #expect(SLIFields(.runs(rule)).sli == .runs(rule))
        }
        for count in 0..<5 {
            let rule = try rule("\(selected), good: success")
            #expect(
                RunRule(rule.selector, rule.texts, Array(rule.numbers.prefix(count))) == nil)
        }
    }

    @Test func aDatasetIsASeriesOfOurs() throws {
        let file = read("{freshness: {dataset: {namespace: 's3://x', name: fraud}, within: 1h}}")
        #expect(file.diagnostics == [])
        guard case .freshness(let sli)? = file.definitions.first?.sli else { throw NoRule() }
        let series = Labels([
            ("__name__", "pitot_dataset_updated_timestamp_seconds"), ("dataset", "fraud"),
            ("dataset_namespace", "s3://x"), ("job", "pitot"),
        ])
        #expect(sli.timestamp.matches(series))
        #expect(
            !read("{freshness: {dataset: {name: x}, timestamp: y, within: 1h}}").diagnostics
                .isEmpty)
        #expect(!read("{freshness: {dataset: {}, within: 1h}}").diagnostics.isEmpty)
    }
}

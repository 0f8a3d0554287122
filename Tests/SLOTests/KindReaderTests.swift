import Model
import SLO
import Testing
import Text

/// What people get wrong under `sli`, and what they are told.
@Suite struct KindReaderTests {
    private func read(_ sli: String) -> DefinitionFile {
        reading(
            "apiVersion: pitot/v1\nkind: SLOs\nservice: s\nslos:\n"
                + "  - {name: a, objective: 99, sli: \(sli)}\n")
    }

    private func sli(_ text: String) throws -> SLI {
        let file = read(text)
        #expect(file.diagnostics == [])
        return try #require(file.definitions.first?.sli)
    }

    @Test(arguments: [
        ("x_seconds, below: 250ms", 0.25), ("x_seconds, below: 100ms", 0.1),
        ("x_seconds, below: 1m", 60), ("x_milliseconds, below: 250ms", 250),
        ("x_ms, below: 1s", 1000), ("x_microseconds, below: 3ms", 3000),
        ("x_nanoseconds, below: 3ms", 3e6), ("x, below: 250ms, unit: seconds", 0.25),
        ("x_seconds, below: 250ms, unit: ms", 250), ("x, below: 0.3", 0.3),
        ("x_bytes, below: 1048576", 1_048_576), ("x_seconds, below: 7ms", 0.007),
    ])
    func theLimitIsInTheHistogramsUnit(text: String, bound: Double) throws {
        guard case .latency(let latency) = try sli("{latency: {histogram: \(text)}}") else {
            Issue.record("no latency")
            return
        }
        #expect(latency.bound == bound)
    }

    @Test func aTotalIsOfTheSameHistogram() throws {
        for total in ["x_seconds", "x_seconds_count", #"'x_seconds_bucket{le="+Inf"}'"#] {
            let text = "{latency: {histogram: 'x_seconds{a=\"b\"}', below: 1s, total: \(total)}}"
            guard case .latency(let latency) = try sli(text) else { continue }
            #expect(latency.total.matchers == [Matcher("__name__", .equal, "x_seconds")])
        }
    }

    @Test func theOtherKindsAreRead() throws {
        guard
            case .freshness(let fresh) = try sli("{freshness: {timestamp: t_seconds, within: 1h}}")
        else {
            Issue.record("no freshness")
            return
        }
        #expect(fresh.within == .hours(1) && fresh.unitsPerSecond == 1 && fresh.rule == .worst)
        for (word, comparison) in [
            ("below", ThresholdSLI.Comparison.below), ("lte", .atMost), ("above", .above),
            ("gte", .atLeast),
        ] {
            guard
                case .threshold(let one) = try sli(
                    "{threshold: {metric: m, op: \(word), value: -1.5}}")
            else { continue }
            #expect(one.comparison == comparison && one.value == -1.5)
        }
        guard
            case .composite(let whole) = try sli(
                "{composite: {mode: weighted, of: [{slo: s/b, weight: 2}, {slo: t/c}]}}")
        else {
            Issue.record("no composite")
            return
        }
        #expect(whole.mode == .weighted && whole.members.map(\.key) == ["s/b", "t/c"])
        #expect(whole.members.map(\.weight) == [2, 1])
    }

    @Test(arguments: [
        ("{}", "the sli has no kind"), ("{latancy: {}}", #"unknown key "latancy""#),
        ("{latency: {below: 1s}}", #""histogram" is missing"#),
        ("{latency: {histogram: x_seconds}}", #""below" is missing"#),
        ("{latency: {histogram: x, below: 1s}}", "the unit of x is not in its name"),
        ("{latency: {histogram: x, below: 1s, unit: secnods}}", #"did you mean "seconds"?"#),
        ("{latency: {histogram: x_seconds, below: soon}}", #""soon" is no limit"#),
        ("{latency: {histogram: x_seconds, below: 0s}}", #""0s" is no limit"#),
        (
            "{latency: {histogram: x_seconds_bucket, below: 1s}}",
            #"the histogram's name, "x_seconds""#
        ),
        (#"{latency: {histogram: 'x_seconds{le="1"}', below: 1s}}"#, #"a matcher for "le""#),
        (#"{latency: {histogram: '{a="b"}', below: 1s}}"#, "names no metric"),
        ("{latency: {histogram: x_seconds, below: 1s, total: y}}", "is not all of x_seconds"),
        (
            "{latency: {histogram: x_seconds, below: 1s, total: x_seconds_bucket}}",
            "is not all of x_seconds"
        ), ("{latency: {histogram: x_seconds, belwo: 1s}}", #"did you mean "below"?"#),
        ("{freshness: {timestamp: t}}", #""within" is missing"#),
        ("{freshness: {timestamp: t, within: 0s}}", #""within" is not positive"#),
        ("{freshness: {timestamp: t, within: 1h, unit: days}}", #"unknown unit "days""#),
        ("{threshold: {metric: m, op: over, value: 1}}", #"unknown op "over""#),
        ("{threshold: {metric: m, op: atmost, value: 1}}", #"did you mean "atMost"?"#),
        ("{threshold: {metric: m, op: below}}", #""value" is missing"#),
        (
            "{threshold: {metric: m, op: below, value: 1, aggregate: sum}}",
            #"unknown aggregate "sum""#
        ), ("{composite: {of: []}}", "0 members"),
        ("{composite: {of: [{slo: b}]}}", #""b" names no SLO"#),
        ("{composite: {of: [{slo: s/b, weight: 2}]}}", "a weight in a joint composite"),
        (
            "{composite: {mode: weighted, of: [{slo: s/b, weight: 0}]}}",
            "weight 0.000 is out of range"
        ), ("{composite: {mode: all, of: [{slo: s/b}]}}", #"unknown mode "all""#),
        ("{composite: {of: [{slo: s/b}, {slo: s/b}]}}", "stands twice"),
        (
            "{events: {bad: b, total: t}, threshold: {metric: m, op: below, value: 1}}",
            #"a second kind, "threshold", beside "events""#
        ),
    ])
    func aMistakeIsNamed(text: String, told: String) {
        let file = read(text)
        #expect(file.hasErrors)
        #expect(
            file.diagnostics.contains { $0.description.contains(told) },
            "\(file.diagnostics.map(\.description))")
    }
}

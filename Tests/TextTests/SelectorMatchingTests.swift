import Model
import Testing
import Text

private func selector(_ text: String) throws -> Selector {
    try Selector.parse(text, at: SourcePosition(file: "f.yaml", line: 1, column: 1))
}

@Suite struct SelectorMatchingTests {
    private let labels = Labels([
        ("__name__", "http_requests_total"), ("code", "503"), ("path", "/a\nb"), ("zone", "é"),
    ])

    @Test(arguments: [
        "http_requests_total", #"{code="503"}"#, #"{code=~"5.."}"#, #"{code!~"4..", zone="é"}"#,
        #"{path=~"/a.b"}"#, #"http_requests_total{absent=""}"#,
        #"http_requests_total{absent!="x"}"#,
        #"http_requests_total{absent=~"|x"}"#, #"{zone=~"."}"#, #"{zone="é", code="503"}"#,
        #"{code!="", code=~"5.*", code!="500"}"#, #"{__name__=~"http_.+"}"#,
    ])
    func matchingSelectorsMatch(text: String) throws {
        #expect(try selector(text).matches(labels))
    }

    @Test(arguments: [
        "http_requests", "http_requests_total_x", #"{code="50"}"#, #"{code=~"5"}"#,
        #"{code=~"0.|3"}"#,
        #"http_requests_total{code!="503"}"#, #"http_requests_total{code!~"5.."}"#,
        #"{absent="x"}"#,
        #"{absent!=""}"#, #"{absent=~".+"}"#, #"{code="503", code="500"}"#, #"{cod="503"}"#,
        #"{zz=~".+"}"#, #"{aa=~".+"}"#, #"{Code="503"}"#,
    ])
    func otherSelectorsDoNot(text: String) throws {
        #expect(try !selector(text).matches(labels))
    }

    @Test func noLabelsMatchOnlyEmptyConditions() throws {
        #expect(try !selector("m").matches(.empty))
        #expect(try Selector([Matcher("a", .equal, "")]).matches(.empty))
        #expect(try Selector([Matcher("a", .matches, ".*")]).matches(.empty))
        #expect(try !Selector([Matcher("a", .notEqual, "")]).matches(.empty))
    }

    @Test func matchingAgreesWithAnOracle() throws {
        var random = SplitMix64(11)
        let names = ["a", "ab", "b", "ba", "__name__"]
        let values = ["", "x", "xy", "y"]
        let ops: [Matcher.Operator] = [.equal, .notEqual, .matches, .notMatches]
        var matched = 0
        for _ in 0..<3000 {
            var pairs: [(String, String)] = []
            for name in names where Bool.random(using: &random) {
                pairs.append((name, values.randomElement(using: &random) ?? ""))
            }
            let labels = Labels(pairs)
            let matchers = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                Matcher(
                    names.randomElement(using: &random) ?? "",
                    ops.randomElement(using: &random) ?? .equal,
                    values.randomElement(using: &random) ?? "")
            }
            // The values hold no operators: a regular expression is then an equality.
            let expected = matchers.allSatisfy { matcher in
                let isEqual = (labels[matcher.name] ?? "") == matcher.value
                return isEqual == (matcher.op == .equal || matcher.op == .matches)
            }
            if expected { matched += 1 }
            #expect(try Selector(matchers).matches(labels) == expected, "\(matchers) \(labels)")
        }
        #expect(matched > 100)
    }

    @Test func metricNamesComeFromEqualityOnly() throws {
        #expect(try selector("m{a=\"b\"}").metricName == "m")
        #expect(try selector(#"{__name__="m"}"#).metricName == "m")
        #expect(try selector(#"{__name__=~"m"}"#).metricName == nil)
        #expect(try selector(#"{a="b"}"#).metricName == nil)
    }

    @Test func matchersPrintAsASelectorThatReadsBack() throws {
        let matchers = [
            Matcher("__name__", .equal, "m"), Matcher("a.b", .notMatches, "x\"\\\n"),
            Matcher("c", .notEqual, "é"),
        ]
        let text = try Selector(matchers).text
        #expect(text == #"{__name__="m", "a.b"!~"x\"\\\n", c!="é"}"#)
        #expect(try selector(text) == Selector(matchers))
    }
}

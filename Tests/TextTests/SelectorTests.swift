import Model
import Testing
import Text

private let start = SourcePosition(file: "f.yaml", line: 3, column: 10)

private func selector(_ text: String) throws -> Selector { try Selector.parse(text, at: start) }

private func failure(_ text: String) -> String {
    do throws(Diagnostic) {
        return "parsed: \(try Selector.parse(text, at: start).matchers)"
    } catch {
        return error.description
    }
}

@Suite struct SelectorTests {
    private static let name = Labels.metricName

    @Test(arguments: [
        ("up", [Matcher(name, .equal, "up")]),
        ("job:rate:5m{}", [Matcher(name, .equal, "job:rate:5m")]),
        (" up { } # note", [Matcher(name, .equal, "up")]),
        (
            "m{a=\"b\",c!=\"d\"}",
            [Matcher(name, .equal, "m"), Matcher("a", .equal, "b"), Matcher("c", .notEqual, "d")]
        ),
        (
            "m{a=~'b.*', c!~`d\\d`,}",
            [
                Matcher(name, .equal, "m"), Matcher("a", .matches, "b.*"),
                Matcher("c", .notMatches, #"d\d"#),
            ]
        ),
        (
            #"{"http.requests", "service.name"="x"}"#,
            [Matcher(name, .equal, "http.requests"), Matcher("service.name", .equal, "x")]
        ),
        (#"{a="b", "m"}"#, [Matcher("a", .equal, "b"), Matcher(name, .equal, "m")]),
        (#"{__name__=~"a|b"}"#, [Matcher(name, .matches, "a|b")]),
        (
            #"m{a="\"\\\n\t\x41\101\u00e9\U0001F600", b='\''}"#,
            [
                Matcher(name, .equal, "m"), Matcher("a", .equal, "\"\\\n\tAA\u{e9}\u{1F600}"),
                Matcher("b", .equal, "'"),
            ]
        ),
        (#"m{a="\xc3\xa9"}"#, [Matcher(name, .equal, "m"), Matcher("a", .equal, "é")]),
        (
            "m{\n  a = \"b\" , # why\n  le=\"\"\n}",
            [Matcher(name, .equal, "m"), Matcher("a", .equal, "b"), Matcher("le", .equal, "")]
        ),
        ("sum", [Matcher(name, .equal, "sum")]),
        (#"{a!=""}"#, [Matcher("a", .notEqual, "")]),
    ])
    func selectorsGiveTheirMatchers(text: String, expected: [Matcher]) throws {
        let parsed = try selector(text)
        #expect(parsed.matchers == expected)
        #expect(parsed.text == text)
    }

    @Test(arguments: [
        ("", "f.yaml:3:10: the selector ends here; expected a plain selector"),
        ("5", "f.yaml:3:10: found \"5\"; expected a plain selector"),
        ("(up)", "f.yaml:3:10: found \"(\"; expected a plain selector"),
        ("m{a}", "f.yaml:3:13: found \"}\"; expected =, !=, =~ or !~"),
        ("m{a==\"b\"}", "f.yaml:3:14: found \"=\"; expected a value in quotes"),
        ("m{a=b}", "f.yaml:3:14: found \"b\"; expected a value in quotes"),
        ("m{a=\"b\" c=\"d\"}", "f.yaml:3:18: found \"c\"; expected \",\" or \"}\""),
        ("m{a=\"b\"", "f.yaml:3:17: the selector ends here; expected \",\" or \"}\""),
        ("m{,}", "f.yaml:3:12: found \",\"; expected a label name or \"}\""),
        ("m{é=\"b\"}", "f.yaml:3:12: found \"é\"; expected a label name"),
        ("m{é", "f.yaml:3:12: found \"é\""),
        ("m{\"\"=\"b\"}", "f.yaml:3:12: found \"\"\"; expected a label name"),
        ("m{a=\"b}", "f.yaml:3:14: the quote is not closed; expected \""),
        ("m{a='b\n'}", "f.yaml:3:14: the quote is not closed; expected '"),
        ("m{a=\"\\u+0e9\"}", "f.yaml:3:15: this escape is not known"),
        ("m{a:b=\"c\"}", "f.yaml:3:13: found \":\"; expected =, !=, =~ or !~"),
        ("{\"\"}", "f.yaml:3:11: found \"\"\"; expected a label name"),
        ("m{a=\"\\d\"}", "f.yaml:3:15: this escape is not known"),
        ("m{a=\"\\xff\"}", "f.yaml:3:14: the escapes make no UTF-8"),
        ("m{a=\"\\ud800\"}", "f.yaml:3:15: this escape is not known"),
        ("m{a=\"\\400\"}", "f.yaml:3:15: this escape is not known"),
        ("m{a=\"\\", "f.yaml:3:14: the quote is not closed"),
        ("m{b=\"é\", a=~\"(\"}", "f.yaml:3:22: bad regular expression: missing )"),
        ("m{\n  a=\"b\",\n  c\n}", "f.yaml:6:10: found \"}\"; expected =, !=, =~ or !~"),
        ("m n", "f.yaml:3:12: \"n\" after the selector"),
        ("m / n", "f.yaml:3:12: found \"/\" after the selector"),
    ])
    func badSelectorsAreRefusedAtTheCharacter(text: String, message: String) {
        let found = failure(text)
        #expect(found.hasPrefix(message), "\(found)")
    }

    @Test(arguments: [
        ("m[5m]", "f.yaml:3:11: a range after the selector"),
        ("m{} [5m]", "f.yaml:3:14: a range after the selector"),
        ("m offset 5m", "f.yaml:3:12: offset after the selector"),
        ("m @ 17", "f.yaml:3:12: @ after the selector"),
        ("rate(m[5m])", "f.yaml:3:10: rate() is a function or an aggregation"),
        ("sum (m)", "f.yaml:3:10: sum() is a function or an aggregation"),
    ])
    func ratesAndRangesAreExplained(text: String, message: String) {
        let found = failure(text)
        #expect(found.hasPrefix(message), "\(found)")
        #expect(found.contains("expected a plain selector such as"))
        #expect(found.hasSuffix("(Pitot counts increases itself; remove rate() and [5m])"))
    }

    @Test(arguments: ["{}", #"{a=""}"#, #"{a=~".*"}"#, #"{a!="b"}"#, #"{a!~"b", c=""}"#])
    func selectorsThatMatchEverythingAreRefused(text: String) {
        let message =
            "f.yaml:3:10: the selector matches every series; expected at least one matcher"
        #expect(failure(text).hasPrefix(message))
    }

    @Test(arguments: [
        (#"m{__name__="n"}"#, 12), (#"m{__name__=~"n"}"#, 12), (#"m{"n"}"#, 12),
        (#"{"m", "n"}"#, 16), (#"{__name__="m", "n"}"#, 25), (#"{"m", __name__="n"}"#, 16),
    ])
    func metricNamesAreSetOnce(text: String, column: Int) {
        let message = "f.yaml:3:\(column): the metric name is set twice, first to \"m\""
        #expect(failure(text).hasPrefix(message), "\(failure(text))")
    }

    @Test func lengthAndMatchersAreLimited() throws {
        func many(_ count: Int) -> String {
            "{" + (0..<count).map { "l\($0)=\"x\"" }.joined(separator: ",") + "}"
        }
        #expect(try selector(many(Selector.matchersMax)).matchers.count == Selector.matchersMax)
        #expect(failure(many(Selector.matchersMax + 1)).contains("too many matchers"))
        let name = String(repeating: "m", count: Selector.bytesMax)
        #expect(try selector(name).metricName == name)
        #expect(failure(name + "m").contains("the selector has 65537 bytes"))
    }

    @Test func everyTruncationIsHandled() {
        let text = Array(#"m{a="\u00e9\x41", 'b'!~`c`, "d e"=~"(f|g)"} "#.utf8)
        var refused = 0
        for end in 0..<text.count {
            let found = failure(String(decoding: text[..<end], as: UTF8.self))
            if !found.hasPrefix("parsed") { refused += 1 }
        }
        // All but `m` and the whole.
        #expect(refused == text.count - 2)
    }
}

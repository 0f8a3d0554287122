import Alerting
import Model
import Testing

@Suite struct AlertMatchersTests {
    private func read(_ text: String) -> String {
        do throws(MatcherFault) {
            return try AlertMatchers.parse(text).map(\.description).joined(separator: " ")
        } catch {
            return "! " + error.what
        }
    }

    @Test(arguments: [
        (#"severity="page""#, #"severity="page""#),
        ("severity=page", #"severity="page""#),
        ("  team =~ ml|data  ", #"team=~"ml|data""#),
        (#"{a="b", c!="d",}"#, #"a="b" c!="d""#),
        ("{}", ""),
        (#"a="b",c="d""#, #"a="b" c="d""#),
        (#""service.name"!~"x.*""#, #"service.name!~"x.*""#),
        (#"a="say \"hi\"\n\\""#, #"a="say \"hi\"\n\\""#),
        (#"a=~"\d+""#, #"a=~"\\d+""#),
        ("a=", #"a="""#),
        ("a=b,c", #"a="b,c""#),
        ("a=b=c", #"a="b=c""#),
        ("größe=klein", #"größe="klein""#),
    ]) func whatAlertmanagerTakesIsRead(text: String, expected: String) {
        #expect(read(text) == expected)
    }

    @Test(arguments: [
        ("", "! nothing"),
        ("page", #"! no =, !=, =~ or !~ after "page""#),
        ("=page", #"! "=page" without a name"#),
        (#"a="b"#, "! a quote that is not closed"),
        ("{a=b", "! a brace that is not closed"),
        ("{a=b} c", #"! "c" after the closing brace"#),
        (#"a="b" c"#, #"! "c" after a matcher"#),
        (#"a=b"c"#, "! a quote inside a value that is not quoted"),
    ]) func whatIsNoMatcherSaysWhy(text: String, expected: String) {
        #expect(read(text) == expected)
    }

    @Test func noPrefixOfAListCrashes() {
        let text = Array(#"{a="b\"c", "d e"=~"f|g", h!~i}"#.utf8)
        var refused = 0
        for count in 0..<text.count
        where read(String(decoding: text[..<count], as: UTF8.self))
            .hasPrefix("!")
        { refused += 1 }
        #expect(refused == text.count)
    }
}

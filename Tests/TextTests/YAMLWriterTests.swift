import Testing
import Text

@Suite struct YAMLWriterTests {
    private func written(_ body: (inout YAMLWriter) -> Void) -> String {
        var writer = YAMLWriter()
        body(&writer)
        return writer.text
    }

    @Test func nestedCollectionsAreBlocksOfTwoSpaces() {
        let text = written { yaml in
            yaml.comment("first\nsecond")
            yaml.member("kind", "SLOs")
            yaml.sequence("slos") { yaml in
                yaml.item { yaml in
                    yaml.member("name", "a")
                    yaml.member("objective", plain: "99.9")
                    yaml.member("by", flow: ["namespace", "yes"])
                    yaml.mapping("sli") {
                        $0.mapping("events") { $0.member("total", "x{a=\"b\"}") }
                    }
                }
                yaml.item { _ in }
                yaml.item("plain")
            }
            yaml.mapping("empty") { _ in }
            yaml.sequence("none") { _ in }
        }
        #expect(
            text == """
                # first
                # second
                kind: SLOs
                slos:
                  - name: a
                    objective: 99.9
                    by: [namespace, "yes"]
                    sli:
                      events:
                        total: x{a="b"}
                  - {}
                  - plain
                empty: {}
                none: []

                """)
    }

    @Test(arguments: [
        ("plain words", "plain words"), ("", "\"\""), ("true", "\"true\""), ("No", "\"No\""),
        ("12", "\"12\""), ("1e3", "\"1e3\""), ("2022-01-01", "\"2022-01-01\""),
        ("30d", "\"30d\""), ("5m", "5m"), ("a: b", "\"a: b\""), ("a #b", "\"a #b\""),
        ("-x", "\"-x\""), ("it's", "it's"), ("'x'", "\"'x'\""), ("\"q\"", "'\"q\"'"),
        ("\"it's\"", "'\"it''s\"'"), ("a\tb", "\"a\\tb\""), ("sum(x) / y", "sum(x) / y"),
        ("{a=\"b\"}", "'{a=\"b\"}'"), ("é", "\"é\""), ("two\nlines", "|-\n    two\n    lines"),
        ("two\nlines\n", "|\n    two\n    lines"), (" two\nlines", "\" two\\nlines\""),
    ])
    func aTextIsQuotedOnlyWhereItMustBe(value: String, shown: String) {
        let text = written { $0.mapping("a") { $0.member("b", value) } }
        #expect(text == "a:\n  b: \(shown)\n")
    }

    /// Whatever is written, the reader gives back: values, keys, items, in any nesting.
    @Test func whatIsWrittenReadsBackEqual() throws {
        var random = SplitMix(seed: 20_261_124)
        for _ in 0..<4000 {
            let keys = (0..<3).map { String($0) + random.text() }
            let values = (0..<6).map { _ in random.text() }
            let text = written { yaml in
                yaml.comment(values[0])
                yaml.member(keys[0], values[0])
                yaml.mapping(keys[1]) { yaml in
                    yaml.member("m", values[1])
                    yaml.sequence("s") { yaml in
                        yaml.item(values[2])
                        yaml.comment(values[3])
                        yaml.item { yaml in
                            yaml.member("x", values[3])
                            yaml.member("y", flow: [values[4], values[5]])
                        }
                    }
                }
                yaml.member(keys[2], values[5])
            }
            let documents = try YAML.parse(Array(text.utf8), file: "f")
            let node = try #require(documents.first)
            #expect(documents.count == 1)
            let inner = try #require(node[keys[1]])
            let items = inner["s"]?.elements ?? []
            let read = [
                node[keys[0]], inner["m"], items.first, items.last?["x"],
                items.last?["y"]?.elements.first, items.last?["y"]?.elements.last, node[keys[2]],
            ]
            let expected = Array(values[0...4]) + [values[5], values[5]]
            let found = read.map { node -> [UInt8]? in
                guard case .scalar(let text, _)? = node?.content, node?.isNull == false else {
                    return nil
                }
                return Array(text.utf8)
            }
            #expect(found == expected.map { Array($0.utf8) }, "\(text)")
        }
    }

    @Test func documentsAreSeparated() throws {
        let text = written { yaml in
            for name in ["a", "b"] {
                yaml.document()
                yaml.member("k", name)
            }
        }
        #expect(text == "k: a\n---\nk: b\n")
        #expect(try YAML.parse(Array(text.utf8), file: "f").count == 2)
    }
}

/// Seeded, so that a failure comes back.
private struct SplitMix {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    /// Made of what YAML reads as something else.
    mutating func text() -> String {
        let parts = [
            "a", "b", "7", ".", "-", ":", ": ", " #", "#", " ", "  ", "\n", "\n\n", "\t", "'", "\"",
            "\\", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "?", "~", "=",
            "true", "null", "0x1f", "1e5", "---", "...", "<<", "é", "e\u{301}", "'\u{301}",
            "\u{1f600}", "\u{feff}", "\u{2028}", "\u{85}", "\u{0}", "\u{7f}", "\r", "\r\n", "{{",
        ]
        return (0..<next(below: 6)).map { _ in parts[next(below: parts.count)] }.joined()
    }
}

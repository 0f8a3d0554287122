import Testing
import Text

func yaml(_ text: String) throws -> [YAMLNode] {
    try YAML.parse(Array(text.utf8), file: "f.yaml")
}

/// A tree on one line: `{key@line:column: "text", ...}`; plain scalars without quotes.
private func shape(_ node: YAMLNode) -> String {
    let place = "@\(node.position.line):\(node.position.column)"
    switch node.content {
    case .scalar(let text, let isPlain): return (isPlain ? text : "\"\(text)\"") + place
    case .sequence(let elements): return "[" + elements.map(shape).joined(separator: ", ") + "]"
    case .mapping(let pairs):
        let list = pairs.map { "\(shape($0.key)): \(shape($0.value))" }
        return "{" + list.joined(separator: ", ") + "}"
    }
}

/// The message of the error that `text` gives, or what it parsed to.
private func failure(_ text: String) -> String {
    do throws(Diagnostic) {
        let documents = try YAML.parse(Array(text.utf8), file: "f.yaml")
        return "parsed: " + documents.map(shape).joined()
    } catch {
        return error.description
    }
}

@Suite struct YAMLTests {
    @Test(arguments: [
        ("a: 1\nb:\n  - x\n  - 'y'\n", #"{a@1:1: 1@1:4, b@2:1: [x@3:5, "y"@4:5]}"#),
        ("{a: [1, {b: c}], \"d\": ~}", #"{a@1:2: [1@1:6, {b@1:10: c@1:13}], "d"@1:18: ~@1:23}"#),
        ("é: ü\n", "{é@1:1: ü@1:4}"),
        ("- |\n  x\n  y\n- >-\n  p\n  q\n", "[\"x\ny\n\"@1:3, \"p q\"@4:3]"),
        ("a: &x {k: 1}\nb: *x\n", "{a@1:1: {k@1:8: 1@1:11}, b@2:1: {k@1:8: 1@1:11}}"),
        (
            "a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n",
            "{a@1:1: {k@1:8: 1@1:11, l@1:14: 2@1:17}, b@2:1: {k@2:13: 3@2:16, l@1:14: 2@1:17}}"
        ),
        ("k: !!str 5\n", #"{k@1:1: "5"@1:4}"#),
        ("# nothing\n", ""),
        ("", ""),
    ])
    func treesKeepOrderAndPlaces(text: String, expected: String) throws {
        #expect(try yaml(text).map(shape).joined() == expected)
    }

    @Test func aStreamHasSeveralDocuments() throws {
        let documents = try yaml("---\na: 1\n---\nb: 2\n...\n")
        #expect(documents.map(shape) == ["{a@2:1: 1@2:4}", "{b@4:1: 2@4:4}"])
    }

    @Test func anchorsEndWithTheirDocument() {
        #expect(
            failure("a: &x 1\n---\nb: *x\n").hasPrefix("f.yaml:3:4: the alias *x has no anchor"))
    }

    @Test func jsonIsReadTheSameWay() throws {
        let text = "{\n\t\"a\": [1, true, null, \"\\u00e9\\/\"],\"b\":{\"c\":-1.5e3}\n}"
        let node = try #require(try yaml(text).first)
        let list = try #require(node["a"]?.elements)
        #expect(list.count == 4)
        #expect(list[0].asInteger == 1)
        #expect(list[1].asBool == true)
        #expect(list[2].isNull)
        #expect(list[3].asString == "é/")
        #expect(node["b"]?["c"]?.asDouble == -1500)
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key \"a\" of line 1 is written again on line 3"),
        ("{a: 1, \"a\": 2}", "f.yaml:1:8: the key \"a\" of line 1 is written again on line 1"),
        ("? [x]\n: 1\n", "f.yaml:1:3: this key is a sequence; expected text as a key"),
        ("{{a: b}: c}", "f.yaml:1:2: this key is a mapping; expected text as a key"),
        ("a: [1, 2\nb: 3\n", "f.yaml:2:2: not YAML: did not find expected ',' or ']'"),
        ("a: b: c\n", "f.yaml:1:5: not YAML: mapping values are not allowed in this context"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: not YAML: found character that cannot start any token"),
        ("a: *b\n", "f.yaml:1:4: the alias *b has no anchor before it"),
        ("&a [*a]\n", "f.yaml:1:5: the alias *a has no anchor before it"),
        ("- &a x\n- &a [*a]\n", "f.yaml:2:7: the alias *a has no anchor before it"),
        ("a: !secret x\n", "f.yaml:1:4: the tag !secret is not known"),
        ("a: !!binary x\n", "f.yaml:1:4: the tag tag:yaml.org,2002:binary is not known"),
        ("<<: 5\n", "f.yaml:1:5: << merges the number 5; expected a mapping"),
    ])
    func badYAMLIsRefusedWithItsPlace(text: String, message: String) {
        let found = failure(text)
        #expect(found.hasPrefix(message), "\(found)")
    }

    @Test func invalidUTF8IsRefusedWithItsPlace() {
        #expect {
            try YAML.parse(Array("a: 1\nb: é".utf8) + [0xff, 0x20], file: "f.yaml")
        } throws: { error in
            "\(error)".hasPrefix("f.yaml:2:5: not YAML:")
                && "\(error)".hasSuffix("expected printable UTF-8")
        }
    }

    @Test func everyTruncationOfASampleIsHandled() {
        let sample = Array(
            """
            # é
            service: &s "rec\\u00e9\\n"
            list: [1, {a: 'it''s', <<: {z: 1}}, *s]
            block: |
              one
                two
            folded: >-
              x
            ? key
            : !!str value
            ---
            {"j": [true, null, -1.5e3]}

            """.utf8)
        var parsed = 0
        for end in 0...sample.count {
            for tail in [[], [UInt8(ascii: "\t")], [0xff], [0]] as [[UInt8]] {
                do throws(Diagnostic) {
                    _ = try YAML.parse(Array(sample[..<end]) + tail, file: "f")
                    parsed += 1
                } catch {
                    #expect(error.position.line >= 1 && error.position.line <= 13)
                    #expect(error.position.column >= 1)
                }
            }
        }
        #expect(parsed > 10)
        #expect(throws: Never.self) { try YAML.parse(sample, file: "f") }
    }
}

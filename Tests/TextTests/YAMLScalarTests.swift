import Testing
import Text

@Suite struct YAMLScalarTests {
    private func scalar(_ text: String) throws -> YAMLNode {
        try #require(try yaml("- " + text).first?.elements.first)
    }

    @Test(
        arguments: [
            ("5", 5), ("-5", -5), ("+5", 5), ("0x1f", 31), ("0o17", 15), ("1.5", 1.5), (".5", 0.5),
            ("-1.5e3", -1500), ("1e-3", 0.001), (".inf", .infinity), ("-.INF", -.infinity),
            ("99999999999999999999", 1e20),
        ] as [(String, Double)])
    func plainNumbersAreNumbers(text: String, value: Double) throws {
        #expect(try scalar(text).asDouble == value)
    }

    @Test(arguments: [
        "nan", "inf", "0x1p3", "1_000", "5m", "'5'", "-0x1f", "0x-1", "1e", "-", "[5]",
    ])
    func otherTextsAreNot(text: String) throws {
        #expect(try scalar(text).asDouble == nil)
    }

    @Test func notANumberIsANumber() throws {
        #expect(try scalar(".nan").asDouble?.isNaN == true)
        #expect(try scalar("99999999999999999999").asInteger == nil)
        #expect(try scalar("5.0").asInteger == nil)
    }

    @Test func onlyPlainTrueAndFalseAreBooleans() throws {
        #expect(try scalar("true").asBool == true)
        #expect(try scalar("False").asBool == false)
        for text in ["'true'", "yes", "on", "tRUE", "1"] { #expect(try scalar(text).asBool == nil) }
    }

    @Test func onlyPlainNullsAreNull() throws {
        for text in ["null", "~", "", "NULL"] {
            #expect(try scalar(text).isNull)
            #expect(try scalar(text).asString == nil)
        }
        for text in ["'null'", "''", "nil", "[]"] { #expect(try !scalar(text).isNull) }
        #expect(try scalar("''").asString == "")
        #expect(try scalar("12").asString == "12")
    }

    @Test func textPositionsPointAtTheFirstCharacter() throws {
        let node = try #require(try yaml("a: x\nb: \"x\"\nc: |\n    x\n").first)
        #expect(node["a"]?.textPosition == SourcePosition(file: "f.yaml", line: 1, column: 4))
        #expect(node["b"]?.textPosition == SourcePosition(file: "f.yaml", line: 2, column: 5))
        #expect(node["c"]?.textPosition == SourcePosition(file: "f.yaml", line: 4, column: 5))
        let blocks = try yaml("- |\n  x\n- >-\n     y\n- a\n- |\n z\n").first?.elements ?? []
        #expect(blocks.map(\.textPosition.line) == [2, 4, 5, 7])
        #expect(blocks.map(\.textPosition.column) == [3, 6, 3, 2])
        #expect(node["c"]?.position == SourcePosition(file: "f.yaml", line: 3, column: 4))
    }
}

import Testing
import Text

private func failure(_ text: String) -> String {
    do throws(JSONError) {
        return "parsed: \(try JSONValue.parse(Array(text.utf8)))"
    } catch {
        return error.description
    }
}

private func json(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

@Suite struct JSONTests {
    @Test(
        arguments: [
            ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .number(0)),
            ("-0.5e+2", .number(-50)), ("1E2", .number(100)), (#""""#, .string("")),
            ("[]", .array([])),
            ("{}", .object([])), ("1e-400", .number(0)),
            (#"[1,"a",[null]]"#, .array([.number(1), .string("a"), .array([.null])])),
            ("{\"b\":1,\r\n\t\"a\": {}}", .object([("b", .number(1)), ("a", .object([]))])),
            (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{c}\n\r\t")),
            (#""\u00E9\u0000\ud83d\uDE00""#, .string("\u{e9}\u{0}\u{1F600}")),
            ("\"\u{1F600}é\u{7f}\"", .string("\u{1F600}é\u{7f}")),
        ] as [(String, JSONValue)])
    func validTextsGiveTheirValues(text: String, value: JSONValue) throws {
        #expect(try json(text) == value)
    }

    @Test(arguments: [
        ("", "1:1: the JSON ends here; expected a value"),
        ("nul", "1:4: the JSON ends here; expected null"),
        ("True", "1:1: found 'T'; expected a value"),
        ("[1,]", "1:4: found ']'; expected a value"),
        ("[1 2]", "1:4: found '2'; expected ',' or ']'"),
        ("{\"a\":1,}", "1:8: found '}'; expected a key in double quotes"),
        ("{a:1}", "1:2: found 'a'; expected a key in double quotes"),
        ("{\"a\" 1}", "1:6: found '1'; expected ':'"),
        ("{\n  \"é\": x}", "2:8: found 'x'; expected a value"),
        ("1 2", "1:3: found '2'; expected the end"),
        ("01", "1:2: found '1'; expected the end"),
        ("1.", "1:3: the JSON ends here; expected a digit"),
        (".5", "1:1: found '.'; expected a value"),
        ("+1", "1:1: found '+'; expected a value"),
        ("-", "1:2: the JSON ends here; expected a digit"),
        ("1e", "1:3: the JSON ends here; expected a digit"),
        ("NaN", "1:1: found 'N'; expected a value"),
        ("0x10", "1:2: found 'x'; expected the end"),
        ("1e999", "1:1: the number is too large"),
        ("'a'", "1:1: found '''; expected a value"),
        ("\"a\nb\"", "1:3: found the byte 10; expected a character"),
        ("\"a", "1:3: the JSON ends here; expected a character"),
        (#""\x""#, "1:2: this escape is not known"),
        (#""\u12G4""#, "1:6: found 'G'; expected four hexadecimal digits"),
        (#""\ud83d""#, "1:2: half of a surrogate pair"),
        (#""\ud83d\u0041""#, "1:2: half of a surrogate pair"),
        (#""\ude00""#, "1:2: half of a surrogate pair"),
        ("// x\n1", "1:1: found '/'; expected a value"),
        ("\u{feff}1", "1:1: found the byte 239; expected a value"),
        ("\u{c}1", "1:1: found the byte 12; expected a value"),
    ])
    func invalidTextsAreRefusedWithTheirPlace(text: String, message: String) {
        let found = failure(text)
        #expect(found.hasPrefix(message), "\(found)")
    }

    @Test(arguments: [
        [0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80],
    ])
    func stringsAreUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError(.invalidUTF8, line: 1, column: 1)) {
            try JSONValue.parse([0x22] + bytes + [0x22])
        }
    }

    @Test func sizeDepthAndCountAreLimited() throws {
        let depth = JSONValue.depthMax
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try json(nested(depth)).elements.count == 1)
        let siblings = "[" + String(repeating: "[],{},", count: depth) + "[]]"
        #expect(try json(siblings).elements.count == 2 * depth + 1)
        #expect(throws: JSONError(.tooDeep(depthMax: depth), line: 1, column: depth + 1)) {
            try json(nested(depth + 1))
        }
        #expect(failure(String(repeating: "{\"a\":", count: 100_000)).contains("nested too deeply"))
        let full = [UInt8](repeating: 0x20, count: JSONValue.bytesMax - 1) + [0x31]
        #expect(try JSONValue.parse(full) == .number(1))
        #expect(throws: JSONError(.tooLarge(bytesMax: JSONValue.bytesMax), line: 1, column: 1)) {
            try JSONValue.parse(full + [0x20])
        }
        let many = "[" + String(repeating: "1,", count: JSONValue.valuesMax - 2) + "1]"
        #expect(try json(many).elements.count == JSONValue.valuesMax - 1)
        #expect(failure("[1," + many.dropFirst()).contains("too many values"))
    }

    @Test func everyTruncationIsRefused() {
        let text = Array(#"{"a": [1.5e3, "\ud83d\ude00é", true, null, {"b": false}]}"#.utf8)
        for end in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue.parse(Array(text[..<end])) }
        }
        #expect(throws: Never.self) { try JSONValue.parse(text) }
    }

    @Test func partsAreReachedByKeyAndIndex() throws {
        let value = try json(#"{"a":[1,2.5,"x",true,null],"k":1,"k":2}"#)
        #expect(value["a"]?[0]?.asInteger == 1)
        #expect(value["a"]?[1]?.asDouble == 2.5)
        #expect(value["a"]?[1]?.asInteger == nil)
        #expect(value["a"]?[2]?.asString == "x")
        #expect(value["a"]?[3]?.asBool == true)
        #expect(value["a"]?[4]?.isNull == true)
        #expect(value["a"]?[5] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["b"] == nil)
        #expect(value["k"]?.asDouble == 2)
        #expect(value.members.map(\.key) == ["a", "k", "k"])
    }
}

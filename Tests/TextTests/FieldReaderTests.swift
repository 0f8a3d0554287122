import Model
import Testing
import Text

@Suite struct FieldReaderTests {
    private func reader(_ text: String) throws -> FieldReader {
        FieldReader(try #require(try yaml(text).first), of: "SLO")
    }

    @Test func everyKindOfValueIsRead() throws {
        var fields = try reader(
            """
            name: availability
            version: 12
            objective: 99.9
            count: 5
            on: true
            period: 30d
            size: 4GiB
            bytes: 1024
            by: [namespace, 7]
            labels: {team: ml, tier: 1}
            nested: {x: 1}
            empty:
            """)
        #expect(fields.string("name") == "availability")
        #expect(fields.string("version") == "12")
        #expect(fields.number("objective") == 99.9)
        #expect(fields.optionalNumber("count") == 5)
        #expect(fields.optionalInteger("count") == 5)
        #expect(fields.optionalBool("on") == true)
        #expect(fields.optionalDuration("period") == .days(30))
        #expect(fields.optionalSize("size") == 4 << 30)
        #expect(fields.optionalSize("bytes") == 1024)
        #expect(fields.optionalStrings("by") == ["namespace", "7"])
        #expect(fields.sequence("by").count == 2)
        #expect(fields.pairs("labels").map { "\($0.name)=\($0.value)" } == ["team=ml", "tier=1"])
        #expect(fields.node("nested")?["x"]?.asInteger == 1)
        #expect(fields.optionalString("empty") == nil)
        #expect(fields.finish().isEmpty)
    }

    @Test func absentOptionsAreNilWithoutAWord() throws {
        var fields = try reader("{}")
        #expect(fields.optionalString("a") == nil)
        #expect(fields.optionalNumber("a") == nil)
        #expect(fields.optionalInteger("a") == nil)
        #expect(fields.optionalBool("a") == nil)
        #expect(fields.optionalDuration("a") == nil)
        #expect(fields.optionalSize("a") == nil)
        #expect(fields.optionalStrings("a") == nil)
        #expect(fields.optionalNode("a") == nil)
        #expect(fields.sequence("a").isEmpty)
        #expect(fields.pairs("a").isEmpty)
        #expect(fields.finish().isEmpty)
    }

    @Test func wrongValuesSayWhatWasFoundAndExpected() throws {
        var fields = try reader(
            """
            a: [1]
            b: abc
            c: 1.5
            d: 'true'
            e: 1.5h
            f: 4GX
            g: x
            h: [{}]
            i: {k: [1]}
            j: .nan
            """)
        #expect(fields.string("a") == nil)
        #expect(fields.number("b") == nil)
        #expect(fields.optionalInteger("c") == nil)
        #expect(fields.optionalBool("d") == nil)
        #expect(fields.optionalDuration("e") == nil)
        #expect(fields.optionalSize("f") == nil)
        #expect(fields.sequence("g").isEmpty)
        #expect(fields.optionalStrings("h") == [])
        #expect(fields.pairs("i").isEmpty)
        #expect(fields.optionalNumber("j") == nil)
        #expect(
            fields.finish().map(\.description) == [
                "f.yaml:1:4: \"a\" is a sequence; expected text",
                "f.yaml:2:4: \"b\" is the text \"abc\"; expected a number",
                "f.yaml:3:4: \"c\" is the number 1.5; expected a whole number",
                "f.yaml:4:4: \"d\" is the text \"true\"; expected true or false",
                "f.yaml:5:4: \"e\" is the text \"1.5h\"; "
                    + "expected a duration such as 30s, 5m or 1h30m",
                "f.yaml:6:4: \"f\" is the text \"4GX\"; expected a size such as 512KiB or 4GiB",
                "f.yaml:7:4: \"g\" is the text \"x\"; expected a sequence",
                "f.yaml:8:5: \"h\" is a mapping; expected text",
                "f.yaml:9:8: \"k\" is a sequence; expected text",
                "f.yaml:10:4: \"j\" is the number .nan; expected a number",
            ])
    }

    @Test func missingKeysAreReportedWhereTheMappingBegins() throws {
        let outer = try #require(try yaml("slos:\n  - name:\n").first)
        var fields = FieldReader(try #require(outer["slos"]?.elements.first), of: "SLO")
        #expect(fields.string("name") == nil)
        #expect(fields.number("objective") == nil)
        #expect(fields.node("sli") == nil)
        #expect(
            fields.finish().map(\.description) == [
                "f.yaml:2:5: \"name\" is empty; expected text",
                "f.yaml:2:5: \"objective\" is missing from this SLO; expected a number",
                "f.yaml:2:5: \"sli\" is missing from this SLO; expected a value",
            ])
    }

    @Test func unknownKeysAreErrorsWithASuggestionOrTheList() throws {
        var fields = try reader("objectiv: 1\ngroupWait: 2\nname: x\ncolour: red\n")
        _ = fields.string("name")
        _ = fields.optionalNumber("objective")
        _ = fields.optionalDuration("group_wait")
        #expect(
            fields.finish().map(\.description) == [
                "f.yaml:1:1: unknown key \"objectiv\" in this SLO (did you mean \"objective\"?)",
                "f.yaml:2:1: unknown key \"groupWait\" in this SLO (did you mean \"group_wait\"?)",
                "f.yaml:4:1: unknown key \"colour\" in this SLO; "
                    + "expected group_wait, name, objective",
            ])
    }

    @Test func aKeyThatIsThereIsNotSuggested() throws {
        var fields = try reader("name: x\nnames: y\n")
        _ = fields.string("name")
        let found = fields.finish()
        #expect(found.count == 1)
        #expect(found.first?.hint == nil)
    }

    @Test func allowedKeysAreNotUnknown() throws {
        var fields = try reader("a: 1\nb: 2\n")
        fields.allow("a", "b")
        #expect(fields.finish().isEmpty)
    }

    @Test func unknownKeysAreReportedUpToALimit() throws {
        let over = FieldReader.unknownKeysReportedMax + 5
        var fields = try reader((0..<over).map { "k\($0): 1\n" }.joined())
        let found = fields.finish()
        #expect(found.count == FieldReader.unknownKeysReportedMax + 1)
        #expect(found.last?.what == "5 more unknown keys")
    }

    @Test func whatIsNoMappingIsOneError() throws {
        var fields = try reader("[1]")
        #expect(fields.string("name") == nil)
        #expect(
            fields.finish().map(\.description) == [
                "f.yaml:1:1: SLO is a sequence; expected a mapping"
            ])
        var empty = try reader("~")
        #expect(empty.optionalString("name") == nil)
        #expect(empty.finish().isEmpty)
        var required = try reader("~")
        #expect(required.string("name") == nil)
        #expect(required.finish().count == 1)
    }

    @Test func ownFindingsAreSortedInWithTheRest() throws {
        var fields = try reader("a: 1\nb: 2\nc: 3\n")
        let found = fields.optionalNode("b")
        let node = try #require(found)
        fields.warn(at: node, "odd")
        fields.fail(at: fields.position(of: "a"), "wrong", expected: "right", hint: "swap")
        fields.add([.error(at: fields.position(of: "absent"), "first")])
        _ = fields.optionalNode("a")
        #expect(
            fields.finish().map(\.description) == [
                "f.yaml:1:1: first", "f.yaml:1:1: wrong; expected right (swap)",
                "f.yaml:2:4: warning: odd",
                "f.yaml:3:1: unknown key \"c\" in this SLO; expected a, b",
            ])
    }
}

import Model
import Query
import Testing

@Suite struct ParserTests {
    private func parse(_ text: String) throws -> Expression {
        try Expression.parse(text, features: .all)
    }

    private func fault(
        _ text: String, _ features: QueryFeatures = .all
    ) -> ParseError? {
        do {
            _ = try Expression.parse(text, features: features)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("a+b*c", "a + b * c"),
        ("1 + 1", "1 + 1"),
        ("-1 ^ 2", "-1 ^ 2"),
        ("foo{b=\"1\",a=~'x'}", "foo{a=~\"x\",b=\"1\"}"),
        ("{\"with.dot\", \"l.b\"='v'}", "{\"l.b\"=\"v\",__name__=\"with.dot\"}"),
        ("SUM(x) BY (job,)", "sum by (job) (x)"),
        ("sum without(a, \"b.c\") (x)", "sum without (a, \"b.c\") (x)"),
        ("sum without() (x)", "sum without () (x)"),
        ("topk(3,x)", "topk(3, x)"),
        ("a == bool on(x) group_left(y,z) b", "a == bool on (x) group_left (y, z) b"),
        ("a / ignoring(x) b", "a / ignoring (x) b"),
        ("a and on() b", "a and on () b"),
        ("rate(x[300s])", "rate(x[5m])"),
        ("x[90m:]", "x[1h30m:]"),
        ("x[1w:36h] offset 366d @ 1.5", "x[1w:1d12h] @ 1.500 offset 366d"),
        ("x @ end() offset -5m", "x @ end() offset -5m"),
        ("x @ -1", "x @ -1.000"),
        ("x offset (5m * 2)", "x offset (5m * 2)"),
        ("x[5m+1*2]", "x[5m + 1 * 2]"),
        (
            "label_replace(a, \"b\", '\\x41\\u00e9', \"\", `\\d`)",
            "label_replace(a, \"b\", \"Aé\", \"\", \"\\\\d\")"
        ),
        ("1e6 + 0.00001 + inf - nan", "1e+06 + 1e-05 + +Inf - NaN"),
        ("+(x)", "+(x)"),
        ("sum", "sum"),
        ("and and or", "and and or"),
        ("bool > bool bool", "bool > bool bool"),
        ("x # comment\n + y", "x + y"),
        ("hour()", "hour()"),
        ("5m", "5m"),
    ])
    func expressionsPrintInCanonicalForm(text: String, canonical: String) throws {
        let printed = try parse(text).description
        #expect(printed == canonical)
        #expect(try parse(printed).description == canonical)
    }

    @Test func whatIsPrintedParsesToTheSame() throws {
        for text in Scripts.expressions(Scripts.own + Scripts.conformance) {
            let printed = try parse(text).description
            #expect(try parse(printed).description == printed, "\(text)")
        }
    }

    @Test func operatorsBindAsInPrometheus() throws {
        /// With parentheses around every operation.
        func grouped(_ expression: Expression) -> String {
            switch expression {
            case .binary(let node):
                "(\(grouped(node.left))\(node.op.rawValue)\(grouped(node.right)))"
            case .unary(let node): "(-\(grouped(node.expression)))"
            default: expression.description
            }
        }
        let cases = [
            ("a or b and c", "(aor(bandc))"), ("a unless b or c", "((aunlessb)orc)"),
            ("a + b == c", "((a+b)==c)"), ("a - b - c", "((a-b)-c)"),
            ("a ^ b ^ c", "(a^(b^c))"), ("-a ^ b", "(-(a^b))"), ("-a * b", "((-a)*b)"),
            ("a * -b ^ c", "(a*(-(b^c)))"), ("a % b atan2 c", "((a%b)atan2c)"),
            ("a == b > c", "((a==b)>c)"),
        ]
        for (text, expected) in cases { #expect(grouped(try parse(text)) == expected) }
    }

    @Test(arguments: [
        ("", 1, 1), ("a +", 1, 4), ("a b", 1, 3), ("sum(", 1, 5), ("(a", 1, 3),
        ("a\n  + rate(b)", 2, 10), ("nope(a)", 1, 1), ("a{b=c}", 1, 5), ("a[5m", 1, 5),
        ("a[0s]", 1, 3), ("a[5x]", 1, 3), ("rate(a)", 1, 6), ("a[5m] + 1", 1, 1),
        ("1 == 1", 1, 1), ("1 and 2", 1, 1), ("a + on(x) 1", 1, 5), ("{}", 1, 1),
        ("{a=\"\"}", 1, 1), ("{a=~\".*\"}", 1, 1), ("a{b=~\"(\"}", 1, 1), ("a offset", 1, 9),
        ("sum(a) offset 1m", 1, 8), ("a offset 1m offset 1m", 1, 13), ("a @ now", 1, 5),
        ("\"abc", 1, 1), ("'\\q'", 1, 1), ("a{b=\"c\"}{d=\"e\"}", 1, 9), ("a ! b", 1, 3),
        ("sum by (a:b) (c)", 1, 9), ("topk(a)", 1, 1), ("topk(a, b)", 1, 6),
        ("label_join(a)", 1, 1), ("rate(a[5m], 1)", 1, 1), ("clamp(a, 1,)", 1, 12),
        ("a bool b", 1, 3), ("a + bool b", 1, 5), ("a or group_left() b", 1, 6),
        ("foo{__name__=\"bar\"}", 1, 1), ("{\"a\", \"b\"}", 1, 7), ("a[5m:1m][5m]", 1, 1),
        ("a[1m/0]", 1, 5), ("a on (b) c", 1, 3), ("-\"a\"", 1, 1), ("a[5m offset 1m]", 1, 6),
        ("1_", 1, 1), ("a * on (x) group_left (x) b", 1, 5),
        ("a and on (x) group_left () b", 1, 14),
    ])
    func errorsPointAtTheirPlace(text: String, line: Int, column: Int) throws {
        let error = try #require(fault(text), "\(text) is no error")
        #expect((error.line, error.column) == (line, column), "\(text): \(error)")
    }

    @Test func errorsSayWhatWasExpected() {
        #expect(
            fault("sum(rate(m))")?.description
                == "1:10: parse error: expected type range vector in call to function \"rate\", "
                + "got instant vector (add a range such as [5m])")
        #expect(
            fault("rat(m[5m])")?.description
                == "1:1: parse error: unknown function with name \"rat\" (did you mean rate?)")
    }

    @Test func experimentalPartsAreBehindTheirFlags() {
        let none = QueryFeatures()
        for text in ["limitk(1, m)", "limit_ratio(0.5, m)", "mad_over_time(m[5m])", "info(m)"] {
            #expect(
                fault(text, none)?.description.contains("promql-experimental-functions") == true)
            #expect(fault(text) == nil)
        }
        for text in ["m[5m + 1m]", "m offset (1m)", "m[-(-5m)]"] {
            #expect(fault(text, none)?.description.contains("promql-duration-expr") == true)
            #expect(fault(text) == nil)
        }
        var features = QueryFeatures()
        let isKnown = features.enable("promql-delayed-name-removal")
        #expect(isKnown && features.delayedNameRemoval)
        let isUnknown = !features.enable("promql-unknown")
        #expect(isUnknown)
    }

    @Test(arguments: ["(", "-", "abs(", "1 + ", "1 ^ ", "sum(", "a[5m:1m] + (", "m[((", "{"])
    func deepNestingIsRefused(part: String) {
        let text = String(repeating: part, count: 20_000)
        #expect(fault(text + "1") != nil)
        #expect(fault(text + "1" + String(repeating: ")", count: 20_000)) != nil)
    }

    @Test func chainsAreRefusedBeforeTheStackEnds() {
        let chain = String(repeating: "1 + ", count: 20_000) + "1"
        #expect(fault(chain)?.description.contains("nested deeper") == true)
        let short = String(repeating: "m + ", count: 150) + "m"
        #expect(fault(short) == nil)
        let nested = String(repeating: "(", count: 150) + "m" + String(repeating: ")", count: 150)
        #expect(fault(nested) == nil)
        #expect(fault(String(repeating: " ", count: 300_000) + "m") != nil)
    }

    @Test func nothingCutOrFlippedCrashes() {
        let corpus = Scripts.expressions(Scripts.own) + ["m{a=\"\\xff\"}", "\"\\377\\u12\"", "`a`"]
        var parsed = 0
        // A third of the own scripts; each of their expressions every time would take a minute.
        for text in corpus.enumerated().filter({ $0.offset % 3 == 0 }).map(\.element) {
            let bytes = Array(text.utf8)
            for end in 0...bytes.count {
                let cut = String(decoding: bytes[..<end], as: UTF8.self)
                if fault(cut) == nil { parsed += 1 }
            }
            for index in bytes.indices {
                var flipped = bytes
                flipped[index] ^= UInt8(1 + index % 127)
                if fault(String(decoding: flipped, as: UTF8.self)) == nil { parsed += 1 }
            }
        }
        #expect(parsed > corpus.count)
    }
}

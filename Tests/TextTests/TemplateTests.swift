import Model
import Testing
import Text

private func functions() -> TemplateFunctions {
    var functions = TemplateFunctions()
    functions.addPrometheus(TemplateSurroundings())
    functions.addTemplateCall()
    return functions
}

private func run(_ text: String, _ dot: TemplateValue = .null) throws -> String {
    let template = try Template(parsing: text, name: "t", functions: functions())
    return try template.run(on: dot, functions: functions())
}

/// What text/template and Prometheus' functions are documented to print.
@Test(arguments: [
    ("a {{- 1 -}} b", "a1b"), ("{{/* c */}}x", "x"), ("{{ $x := 3 }}{{ $x = 4 }}{{ $x }}", "4"),
    ("{{ if eq 1 2 }}a{{ else if true }}b{{ else }}c{{ end }}", "b"),
    ("{{ range $i, $v := .l }}{{ $i }}={{ $v }};{{ else }}none{{ end }}", "0=a;1=b;"),
    ("{{ range .l }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "a"),
    ("{{ with .m.k }}{{ . }}{{ end }}{{ .m.missing }}", "v"),
    ("{{ define \"d\" }}[{{ . }}]{{ end }}{{ template \"d\" 5 }}", "[5]"),
    ("{{ index .l 1 | printf \"%q %s\" \"x\" }}", "\"x\" b"), ("{{ len .l }}", "2"),
    ("{{ slice \"hello\" 1 3 }}", "el"), ("{{ print 1 2 \"a\" 3 }}", "1 2a3"),
    ("{{ printf \"%.2f|%5d|%-4s|\" 2.345 42 \"a\" }}", "2.35|   42|a   |"),
    ("{{ printf \"%.1f\" 0.15 }}", "0.1"), ("{{ 1000000.0 }}", "1e+06"), ("{{ 0.00001 }}", "1e-05"),
    ("{{ html \"<a&'>\" }}", "&lt;a&amp;&#39;&gt;"), ("{{ urlquery \"a b&\" }}", "a+b%26"),
    ("{{ humanize 1234567.0 }}", "1.235M"), ("{{ humanize 0.0123 }}", "12.3m"),
    ("{{ humanize1024 1048576.0 }}", "1Mi"), ("{{ humanizeDuration 90061.0 }}", "1d 1h 1m 1s"),
    ("{{ humanizeDuration 0.1 }}", "100ms"), ("{{ humanizePercentage 0.1234567 }}", "12.35%"),
    ("{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC"),
    ("{{ reReplaceAll \"(a)b\" \"x$1\" \"ab-ab\" }}", "xa-xa"),
    ("{{ match \"a+\" \"bab\" }}", "true"),
    ("{{ title \"aa bb\" }}", "Aa Bb"), ("{{ stripPort \"h:80\" }}", "h"),
    ("{{ stripDomain \"h.example:80\" }}", "h:80"),
    ("{{ tmpl \"z\" 1 }}{{ define \"z\" }}z{{ end }}", "z"),
    ("{{ graphLink \"up\" }}", "/graph?g0.expr=up&g0.tab=0"),
    ("{{ parseDuration \"1h\" }}", "3600"),
])
func templatesPrintWhatGoPrints(text: String, expected: String) throws {
    let dot = TemplateValue.map([
        "l": .list([.string("a"), .string("b")]), "m": .texts(["k": "v"]),
    ])
    #expect(try run(text, dot) == expected)
}

@Test(arguments: [
    ("{{ nope }}", "template: t:1: function \"nope\" not defined"),
    ("\n{{ if true }}", "template: t:2: unexpected EOF"),
    ("{{ $x }}", "template: t:1: undefined variable \"$x\""),
    ("{{ break }}", "template: t:1: {{break}} outside {{range}}"),
    (
        "{{ first . }}",
        "template: t:1:3: "
            + "executing \"t\" at <first .>: error "
            + "calling first: first() called on vector with no elements"
    ),
])
func errorsAreInGosWords(text: String, expected: String) {
    #expect(throws: TemplateError.self) { try run(text, .list([])) }
    do { _ = try run(text, .list([])) } catch {
        // The context of a call is its name here; Go shows the whole command.
        #expect("\(error)".hasPrefix(String(expected.prefix { $0 != "<" })))
    }
}

@Test func runawayTemplatesEndInAnError() {
    #expect(throws: TemplateError.self) {
        try run("{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}")
    }
    #expect(throws: TemplateError.self) {
        try run(String(repeating: "{{ if true }}", count: 10_000))
    }
    #expect(throws: TemplateError.self) { try run("{{ " + String(repeating: "(", count: 10_000)) }
    #expect(throws: TemplateError.self) {
        try run("{{ range 100000 }}{{ range 100000 }}a{{ end }}{{ end }}")
    }
}

/// Whatever is cut off or flipped, the parser answers.
@Test func valuesDoNotNestForEver() {
    let text =
        "{{ $x := 1 }}{{ range .l }}{{ range $.m }}{{ $x = args $x }}{{ end }}{{ end }}{{ $x }}"
    let many = TemplateValue.list(Array(repeating: .integer(1), count: 100))
    let dot = TemplateValue.map(["l": many, "m": many])
    #expect(throws: TemplateError.self) { try run(text, dot) }
}

@Test func everyTruncationAndFlipEndsInAValueOrAnError() {
    let text =
        "a{{- range $i, $x := (index .l 0).a -}}"
        + "{{ if and $x \"\\n\" 'a' 0x1f }}b{{ else }}{{/* c */}}{{ end }}{{ end }}"
    let bytes = Array(text.utf8)
    for index in bytes.indices {
        _ = try? run(String(decoding: bytes[..<index], as: UTF8.self))
        for flip in [UInt8(1), 4, 16, 128] {
            var other = bytes
            other[index] ^= flip
            _ = try? run(String(decoding: other, as: UTF8.self))
        }
    }
}

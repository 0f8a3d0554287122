import Model
import Testing

@testable import Text

/// What Alertmanager's documentation and Go's `time` package say of these.
@Suite struct NotificationFunctionTests {
    private func run(_ text: String, escapesHTML: Bool = false) throws -> String {
        var functions = TemplateFunctions()
        functions.addAlertmanager(now: Timestamp(millis: 1_000_000_090_000))
        func alert(_ status: String) -> TemplateValue {
            .record(
                type: "template.Alert",
                fields: [
                    "Status": .string(status), "Labels": .texts(["b": "<2>", "alertname": "n"]),
                    "StartsAt": .time(1_000_000_000),
                ])
        }
        let data = TemplateValue.record(
            type: "template.Data",
            fields: [
                "Alerts": .list([alert("firing"), alert("resolved"), alert("firing")]),
                "CommonLabels": .texts(["a": "1", "c": "3", "alertname": "n", "b": "2"]),
                "At": .time(1_000_000_000.25),
            ])
        return try Template(parsing: text, name: "t", functions: functions)
            .run(on: data, functions: functions, escapesHTML: escapesHTML)
    }

    @Test(arguments: [
        ("{{ .Alerts.Firing | len }}/{{ len .Alerts.Resolved }}", "2/1"),
        (
            "{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}",
            "alertname=n a=1 b=2 c=3 "
        ),
        ("{{ .CommonLabels.Names | join \",\" }}", "alertname,a,b,c"),
        ("{{ (.CommonLabels.Remove (stringSlice \"a\" \"c\")).Values | join \" \" }}", "n 2"),
        ("{{ .CommonLabels.SortedPairs.Values | join \"\" }}", "n123"),
        ("{{ .CommonLabels.a }}{{ .CommonLabels.none }}", "1"),
        ("{{ toUpper \"a\" }}{{ title \"so it\" }}{{ \" x \" | trimSpace }}", "ASo Itx"),
        ("{{ match \"^a.c$\" \"abc\" }}{{ reReplaceAll \"b(.)\" \"-$1-\" \"abc\" }}", "truea-c-"),
        (
            "{{ (index .Alerts 0).StartsAt.Format \"2006-01-02 15:04:05 MST\" }}",
            "2001-09-09 01:46:40 UTC"
        ),
        (
            "{{ .At | date \"Mon, 2 Jan 06 3:04:05.000 PM -0700\" }}",
            "Sun, 9 Sep 01 1:46:40.250 AM +0000"
        ),
        ("{{ .At.Format \"Monday January _2 002 .999Z07:00\" }}", "Sunday September  9 252 .25Z"),
        ("{{ since .At | humanizeDuration }}", "1m 29s"),
        ("{{ .At.Unix }} {{ (.At | tz \"UTC\").IsZero }}", "1000000000 false"),
        ("{{ .CommonLabels | toJson }}", #"{"a":"1","alertname":"n","b":"2","c":"3"}"#),
        (
            "{{ (index .Alerts 0) | toJson }}",
            #"{"labels":{"alertname":"n","b":"<2>"},"#
                + #""startsAt":"2001-09-09T01:46:40Z","status":"firing"}"#
        ),
        ("{{ urlUnescape \"a%20b+c\" }}", "a b c"),
    ])
    func doWhatAlertmanagersDo(text: String, expected: String) throws {
        #expect(try run(text) == expected)
    }

    @Test func whatIsPrintedIntoHTMLIsEscaped() throws {
        #expect(
            try run(
                "<b>{{ (index .Alerts 0).Labels.b }}{{ \"<i>\" | safeHtml }}", escapesHTML: true)
                == "<b>&lt;2&gt;<i>")
    }

    @Test func templatesOfALibraryRunAndErrorsPointIntoIt() throws {
        var functions = TemplateFunctions()
        functions.addAlertmanager(now: Timestamp(millis: 0))
        let library = try Template(
            parsing: "\n\n{{ define \"x\" }}{{ .Nope }}{{ end }}", name: "lib", functions: functions
        )
        let main = try Template(
            parsing: "{{ template \"x\" . }}", name: "main", functions: functions,
            library: library)
        #expect(
            try main.run(on: .map(["Nope": .string("yes")]), functions: functions) == "yes")
        #expect {
            try main.run(on: .record(type: "T", fields: [:]), functions: functions)
        } throws: { error in
            (error as? TemplateError)?.line == 3
        }
    }

    @Test func scalarsAreReplacedWhereTheyStand() throws {
        let text = """
            # ä comment
            a: {secret: &x 'ünï', other: b}
            list:
              - secret: |
                  two
                  lines
                next: 1
              - secret: *x
            "secret": "q\\n"
            """
        var seen: [String] = []
        let made = try YAML.replacingScalars(Array(text.utf8), file: "f") { path, value in
            guard path.last == .key("secret") else { return nil }
            seen.append(value)
            return "S\(seen.count)"
        }
        #expect(seen == ["ünï", "two\nlines\n", "q\n"])
        #expect(
            String(decoding: made, as: UTF8.self) == """
                # ä comment
                a: {secret: &x "S1", other: b}
                list:
                  - secret: "S2"
                    next: 1
                  - secret: *x
                "secret": "S3"
                """)
        #expect(try YAML.parse(made, file: "f").first?["list"]?.elements.count == 2)
    }
}

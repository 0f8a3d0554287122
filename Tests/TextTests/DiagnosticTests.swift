import Testing
import Text

@Suite struct DiagnosticTests {
    private func place(_ line: Int, _ column: Int, _ file: String = "a.yaml") -> SourcePosition {
        SourcePosition(file: file, line: line, column: column)
    }

    @Test func errorsPrintPlaceFaultExpectationAndHint() {
        let full = Diagnostic.error(at: place(3, 7), "bad", expected: "good", hint: "fix it")
        #expect(full.description == "a.yaml:3:7: bad; expected good (fix it)")
        #expect(Diagnostic.error(at: place(3, 7), "bad").description == "a.yaml:3:7: bad")
        #expect(full.severity == .error)
    }

    @Test func warningsSayThatTheyAreWarnings() {
        let warning = Diagnostic.warning(at: place(1, 2), "odd", hint: "look")
        #expect(warning.description == "a.yaml:1:2: warning: odd (look)")
        #expect(warning.severity == .warning)
    }

    @Test func diagnosticsSortByPositionThenSeverity() {
        let sorted = [
            Diagnostic.error(at: place(2, 9, "a.yaml"), "x"),
            .error(at: place(2, 10), "x"),
            .error(at: place(10, 1), "b"),
            .warning(at: place(10, 1), "a"),
            .error(at: place(1, 1, "b.yaml"), "x"),
        ]
        #expect(sorted.reversed().sorted() == sorted)
    }
}

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("objectiv", "objective"), ("obejctive", "objective"), ("groupWait", "group_wait"),
        ("GROUP-WAIT", "group_wait"), ("gruop_wiat", "group_wait"), ("peroid", "period"),
        ("bye", "by"),
    ])
    func typosFindTheirWord(word: String, meant: String) {
        let keys = ["name", "objective", "period", "by", "group_wait", "alerts"]
        #expect(suggestion(for: word, among: keys) == meant)
    }

    @Test(arguments: [
        "", "id", "colour", "xyz", "observations", "\(String(repeating: "a", count: 99))",
    ])
    func strangersFindNothing(word: String) {
        let keys = ["name", "objective", "period", "by", "group_wait", "alerts"]
        #expect(suggestion(for: word, among: keys) == nil)
    }

    @Test func theNearestWinsAndOfEqualsTheFirst() {
        #expect(suggestion(for: "alert", among: ["alerts", "alert_"]) == "alert_")
        #expect(suggestion(for: "aaaax", among: ["aaaab", "aaaac"]) == "aaaab")
    }
}

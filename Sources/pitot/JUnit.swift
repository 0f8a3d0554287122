import Query

// JUnit XML as promtool writes it: a suite for each file, a case for each test of it.

/// The results of one file.
struct JUnitSuite {
    struct Case {
        var name: String
        var failures: [String] = []
        /// Why the file could not be run.
        var error: String?
    }

    var name: String
    private(set) var cases: [Case] = []

    init(name: String) { self.name = name }

    mutating func add(_ test: String, _ outcomes: [RuleTestOutcome]) {
        let failures = outcomes.filter { !$0.hasPassed }.map { outcome in
            (["\(outcome.position): \(outcome.what): \(outcome.fault ?? "")"] + outcome.difference)
                .joined(separator: "\n")
        }
        cases.append(Case(name: test, failures: failures))
    }

    mutating func abort(_ reason: String) {
        cases.append(Case(name: "unknown", error: reason))
    }
}

/// The file's text.
func junitXML(_ suites: [JUnitSuite]) -> String {
    var text = "<testsuites>"
    for suite in suites {
        let failures = suite.cases.reduce(0) { $0 + $1.failures.count }
        let errors = suite.cases.filter { $0.error != nil }.count
        text += "<testsuite name=\"\(escaped(suite.name))\" tests=\"\(suite.cases.count)\" "
        text += "failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"0\">"
        for item in suite.cases {
            text += "<testcase name=\"\(escaped(item.name))\">"
            for failure in item.failures { text += "<failure>\(escaped(failure))</failure>" }
            if let error = item.error { text += "<error>\(escaped(error))</error>" }
            text += "</testcase>"
        }
        text += "</testsuite>"
    }
    return text + "</testsuites>"
}

/// XML 1.0 has no place for other control characters.
private func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\"": out += "&#34;"
        case "\n": out += "&#xA;"
        case "\t": out += "&#x9;"
        case _ where scalar.value < 0x20: out += "\u{fffd}"
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}

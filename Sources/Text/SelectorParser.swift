internal import Model

/// Reads one vector selector by PromQL's grammar (Prometheus v3, promql/parser/lex.go).
struct SelectorParser {
    private static let example = #"a plain selector such as http_requests_total{code=~"5.."}"#
    private static let noRates = "Pitot counts increases itself; remove rate() and [5m]"

    private let text: String
    private var scanner: TextScanner
    private var matchers: [Matcher] = []
    private var conditions: [Condition] = []
    /// The name that stood alone, before the braces or quoted inside them.
    private var metricName: String?

    init(_ text: String, at position: SourcePosition) {
        self.text = text
        scanner = TextScanner(text, at: position)
    }

    mutating func parse() throws(Diagnostic) -> Selector {
        guard text.utf8.count <= Selector.bytesMax else {
            throw scanner.error(
                at: 0, "the selector has \(text.utf8.count) bytes",
                expected: "at most \(Selector.bytesMax)")
        }
        skipSpace()
        let start = scanner.index
        if let name = identifier(withColons: true) {
            try refuseCall(name, start)
            try setMetricName(name, start)
        }
        if scanner.take(UInt8(ascii: "{")) {
            try readMatchers()
        } else if metricName == nil {
            throw scanner.error(
                at: start, scanner.found(at: start), expected: Self.example, hint: hintForStart)
        }
        try refuseRest()
        guard conditions.contains(where: { !$0.holdsForMissing }) else {
            throw scanner.error(
                at: start, "the selector matches every series",
                expected: "at least one matcher that does not match the empty text",
                hint: "name the metric")
        }
        return Selector(matchers, conditions, text)
    }

    private mutating func refuseCall(_ name: String, _ start: Int) throws(Diagnostic) {
        skipSpace()
        guard scanner.next == UInt8(ascii: "(") else { return }
        throw scanner.error(
            at: start, "\(shortened(name))() is a function or an aggregation",
            expected: Self.example, hint: Self.noRates)
    }

    private var hintForStart: String? {
        scanner.next == UInt8(ascii: "(") ? "remove the parentheses" : nil
    }

    private mutating func setMetricName(_ name: String, _ start: Int) throws(Diagnostic) {
        let other = metricName ?? matchers.first { $0.name == Labels.metricName }?.value
        if let other { throw setTwice(other, start) }
        metricName = name
        try add(Matcher(Labels.metricName, .equal, name), start)
    }

    private func setTwice(_ first: String, _ at: Int) -> Diagnostic {
        scanner.error(
            at: at, "the metric name is set twice, first to \"\(shortened(first))\"",
            expected: "one metric name")
    }

    /// After `{`: matchers between commas, a comma before `}` allowed.
    private mutating func readMatchers() throws(Diagnostic) {
        while true {
            skipSpace()
            if scanner.take(UInt8(ascii: "}")) { return }
            try readMatcher()
            skipSpace()
            if scanner.take(UInt8(ascii: ",")) { continue }
            if scanner.take(UInt8(ascii: "}")) { return }
            throw scanner.error(
                at: scanner.index, scanner.found(at: scanner.index), expected: #""," or "}""#)
        }
    }

    private mutating func readMatcher() throws(Diagnostic) {
        let start = scanner.index
        let isQuoted = scanner.isAtQuote
        var name: String?
        if isQuoted {
            name = try scanner.quotedText()
        } else {
            name = identifier(withColons: false)
        }
        guard let name, !name.isEmpty else {
            throw scanner.error(
                at: start, scanner.found(at: start), expected: #"a label name or "}""#)
        }
        skipSpace()
        if isQuoted, scanner.next == UInt8(ascii: ",") || scanner.next == UInt8(ascii: "}") {
            return try setMetricName(name, start)
        }
        if name == Labels.metricName, let metricName { throw setTwice(metricName, start) }
        let op = try readOperator()
        skipSpace()
        let valueStart = scanner.index
        guard scanner.isAtQuote else {
            throw scanner.error(
                at: valueStart, scanner.found(at: valueStart), expected: "a value in quotes")
        }
        try add(Matcher(name, op, scanner.quotedText()), valueStart)
    }

    private mutating func readOperator() throws(Diagnostic) -> Matcher.Operator {
        let start = scanner.index
        if scanner.take(UInt8(ascii: "=")) {
            return scanner.take(UInt8(ascii: "~")) ? .matches : .equal
        }
        if scanner.take(UInt8(ascii: "!")) {
            if scanner.take(UInt8(ascii: "=")) { return .notEqual }
            if scanner.take(UInt8(ascii: "~")) { return .notMatches }
        }
        throw scanner.error(at: start, scanner.found(at: start), expected: "=, !=, =~ or !~")
    }

    private mutating func add(_ matcher: Matcher, _ at: Int) throws(Diagnostic) {
        guard matchers.count < Selector.matchersMax else {
            throw scanner.error(
                at: at, "too many matchers", expected: "at most \(Selector.matchersMax)")
        }
        do throws(PatternError) {
            conditions.append(try Condition(matcher))
        } catch {
            throw scanner.error(at: at, error.description, expected: "RE2 syntax")
        }
        matchers.append(matcher)
    }

    /// Nothing may follow a selector.
    private mutating func refuseRest() throws(Diagnostic) {
        skipSpace()
        let start = scanner.index
        guard let next = scanner.next else { return }
        let word = identifier(withColons: false)
        let what: String
        var hint: String?
        switch (next, word?.lowercased()) {
        case (UInt8(ascii: "["), _): (what, hint) = ("a range", Self.noRates)
        case (UInt8(ascii: "@"), _): (what, hint) = ("@", Self.noRates)
        case (_, "offset"): (what, hint) = ("offset", Self.noRates)
        case (_, let word?): what = "\"\(shortened(word))\""
        case (_, nil): what = scanner.found(at: start)
        }
        throw scanner.error(
            at: start, what + " after the selector", expected: Self.example, hint: hint)
    }

    private mutating func identifier(withColons: Bool) -> String? {
        let start = scanner.index
        while let byte = scanner.next,
            isNameByte(byte, isFirst: scanner.index == start)
                || withColons && byte == UInt8(ascii: ":")
        {
            scanner.index += 1
        }
        return start == scanner.index ? nil : scanner.text(from: start)
    }

    /// White space and comments.
    private mutating func skipSpace() {
        while let byte = scanner.next {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                scanner.index += 1
            case UInt8(ascii: "#"):
                while let other = scanner.next, other != UInt8(ascii: "\n") { scanner.index += 1 }
            default: return
            }
        }
    }
}

/// Whether a label's name needs no quotes.
func isLabelName(_ name: String) -> Bool {
    !name.isEmpty
        && name.utf8.enumerated().allSatisfy { isNameByte($0.element, isFirst: $0.offset == 0) }
}

private func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"):
        return true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return !isFirst
    default: return false
    }
}

internal import Model
public import Text

// promtool reads with yaml.v2's strict mode: an unknown key is an error, a null is a zero value,
// numbers and booleans are texts where a text is wanted.

extension RuleTestFile {
    /// The most tests of a file.
    public static let testsMax = 100_000

    /// Reads a test file; nil with an error among the diagnostics. The values of `extraKeys` of a
    /// test are handed on in `RuleTest.extras`. With `allowsUnknown` unknown keys do not count.
    public static func read(
        _ bytes: [UInt8], file path: String, extraKeys: [String] = [], allowsUnknown: Bool = false
    ) -> (file: RuleTestFile?, diagnostics: [Diagnostic]) {
        let documents: [YAMLNode]
        do throws(Diagnostic) {
            documents = try YAML.parse(bytes, file: path)
        } catch {
            return (nil, [error])
        }
        let nothing = YAMLNode(
            position: SourcePosition(file: path, line: 1, column: 1),
            content: .scalar(text: "", isPlain: true))
        var reader = RuleTestReader(
            extraKeys: extraKeys, allowsUnknown: allowsUnknown, diagnostics: [])
        let file = reader.file(documents.first ?? nothing, path)
        let diagnostics = reader.diagnostics.sorted()
        let isRefused = diagnostics.contains { $0.severity == .error }
        return (isRefused ? nil : file, diagnostics)
    }
}

private struct RuleTestReader {
    let extraKeys: [String]
    let allowsUnknown: Bool
    var diagnostics: [Diagnostic]

    func fields(_ node: YAMLNode, _ kind: String) -> FieldReader {
        FieldReader(node, of: kind, allowsUnknown: allowsUnknown)
    }

    mutating func finish(_ reader: inout FieldReader) { diagnostics += reader.finish() }

    mutating func file(_ node: YAMLNode, _ path: String) -> RuleTestFile {
        var reader = fields(node, "test file")
        let patterns = reader.sequence("rule_files").map { ($0.asString ?? "", $0.position) }
        let interval = reader.optionalDuration("evaluation_interval") ?? .zero
        let order = reader.sequence("group_eval_order")
        var file = RuleTestFile(
            path: path, rulePatterns: patterns,
            evaluationInterval: interval == .zero ? .minutes(1) : interval,
            groupOrder: order.map { $0.asString ?? "" }, tests: [],
            isFuzzy: reader.optionalBool("fuzzy_compare") ?? false)
        for node in order.indices.dropFirst()
        where file.groupOrder[..<node].contains(file.groupOrder[node]) {
            reader.fail(
                at: order[node],
                "group name repeated in evaluation order: \(file.groupOrder[node])")
        }
        let tests = reader.sequence("tests")
        if tests.count > RuleTestFile.testsMax {
            reader.fail(at: node, "more than \(RuleTestFile.testsMax) tests")
        }
        for (index, node) in tests.prefix(RuleTestFile.testsMax).enumerated() {
            file.tests.append(test(node, index, file))
        }
        finish(&reader)
        return file
    }

    private mutating func test(_ node: YAMLNode, _ index: Int, _ file: RuleTestFile) -> RuleTest {
        var reader = fields(node, "test")
        let interval = reader.optionalDuration("interval") ?? .zero
        let labels = reader.texts("external_labels")
        var test = RuleTest(
            name: reader.optionalString("name") ?? "", index: index, position: node.position,
            interval: interval == .zero ? file.evaluationInterval : interval,
            start: start(&reader), input: [],
            externalLabels: Labels(labels.map { ($0.name, $0.value) }),
            externalURL: reader.optionalString("external_url") ?? "", alerts: [], queries: [],
            extras: [])
        for node in reader.sequence("input_series") { test.input.append(inputLine(node)) }
        for node in reader.sequence("alert_rule_test") { test.alerts.append(alert(node)) }
        for node in reader.sequence("promql_expr_test") { test.queries.append(query(node)) }
        for key in extraKeys {
            if let value = reader.optionalNode(key) { test.extras.append((key, value)) }
        }
        finish(&reader)
        return test
    }

    private func start(_ reader: inout FieldReader) -> Timestamp {
        guard let node = reader.optionalNode("start_timestamp") else {
            return Timestamp(millis: 0)
        }
        if let text = node.asString {
            if let seconds = parseGoNumber(text), seconds.isFinite, abs(seconds) < 1e12 {
                return Timestamp(millis: Int64((seconds * 1000).rounded(.down)))
            }
            if let time = Timestamp(rfc3339: text) { return time }
        }
        reader.fail(
            at: node, "\"start_timestamp\" is \(node.summary)",
            expected: "seconds since 1970, or a time such as 2026-01-31T12:00:00Z")
        return Timestamp(millis: 0)
    }

    private mutating func inputLine(_ node: YAMLNode) -> RuleTest.InputLine {
        var reader = fields(node, "input series")
        let line = RuleTest.InputLine(
            series: reader.optionalString("series") ?? "",
            values: reader.optionalString("values") ?? "",
            position: reader.optionalNode("values")?.textPosition ?? node.position)
        finish(&reader)
        return line
    }

    private mutating func alert(_ node: YAMLNode) -> AlertExpectation {
        var reader = fields(node, "alert test")
        var found = AlertExpectation(
            position: node.position, time: reader.optionalDuration("eval_time") ?? .zero,
            alert: reader.optionalString("alertname") ?? "", alerts: [])
        for node in reader.sequence("exp_alerts") {
            var part = fields(node, "expected alert")
            found.alerts.append(
                ExpectedAlert(
                    labels: part.texts("exp_labels"), annotations: part.texts("exp_annotations")))
            finish(&part)
        }
        finish(&reader)
        return found
    }

    private mutating func query(_ node: YAMLNode) -> QueryExpectation {
        var reader = fields(node, "expression test")
        var found = QueryExpectation(
            position: node.position, time: reader.optionalDuration("eval_time") ?? .zero,
            expression: reader.optionalString("expr") ?? "", samples: [])
        for node in reader.sequence("exp_samples") {
            var part = fields(node, "expected sample")
            found.samples.append(
                ExpectedSample(
                    position: node.position, labels: part.optionalString("labels") ?? "",
                    value: part.value("value"), histogram: part.optionalString("histogram") ?? ""))
            finish(&part)
        }
        finish(&reader)
        return found
    }
}

extension FieldReader {
    /// A mapping of texts sorted by name; a null is the empty text, as in Prometheus.
    mutating func texts(_ key: String) -> [RuleText] {
        guard let node = optionalNode(key) else { return [] }
        guard case .mapping(let pairs) = node.content else {
            fail(at: node, "\"\(key)\" is \(node.summary)", expected: "a mapping of texts")
            return []
        }
        var found: [RuleText] = []
        for pair in pairs {
            guard case .scalar(let name, _) = pair.key.content else { continue }
            guard case .scalar(let text, _) = pair.value.content else {
                fail(at: pair.value, "\"\(name)\" is \(pair.value.summary)", expected: "text")
                continue
            }
            found.append(RuleText(name: name, value: pair.value.isNull ? "" : text))
        }
        return found.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    }

    /// A number that may be infinite or no number; 0 when absent.
    fileprivate mutating func value(_ key: String) -> Double {
        guard let node = optionalNode(key) else { return 0 }
        if let number = node.asDouble { return number }
        fail(at: node, "\"\(key)\" is \(node.summary)", expected: "a number; .inf, .nan")
        return 0
    }
}

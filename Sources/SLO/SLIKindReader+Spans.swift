import Model
import Text
import Traces
import Wire

// Requests that traces show: `spans: {select: '{service_name="checkout"}', below: 250ms}`.

extension SLIKindReader {
    mutating func readSpans() -> SpanRule? {
        var fields = FieldReader(node, of: "spans")
        _ = fields.node("select")
        let selected = spanSelector(&fields, "select")
        var scope = SpanRule.Scope.entry
        if let word = fields.optionalString("count") {
            if let known = SpanRule.Scope.allCases.first(where: { $0.word == word }) {
                scope = known
            } else {
                let words = SpanRule.Scope.allCases.map(\.word)
                fields.fail(
                    at: fields.position(of: "count"), "\"\(word)\" says not which spans count",
                    expected: words.joined(separator: ", "),
                    hint: suggestion(for: word, among: words).map { "did you mean \"\($0)\"?" })
            }
        }
        var below = ""
        var nanosMax: UInt64?
        if let text = fields.optionalString("below") {
            below = text
            if let span = parseDuration(text), span > .zero {
                nanosMax = UInt64(span.millis) * 1_000_000
            } else {
                fields.fail(
                    at: fields.position(of: "below"), "\"\(text)\" is no limit",
                    expected: "a duration such as 250ms")
            }
        }
        let bad = spanSelector(&fields, "bad")
        let excluded = spanSelector(&fields, "exclude")
        let found = fields.finish()
        diagnostics += found
        guard let selected, !found.contains(where: { $0.severity == .error }) else { return nil }
        // With a limit only what is said is bad: a request that fails fast was not slow.
        let isDefault = bad == nil && nanosMax == nil
        return SpanRule(
            selector: selected, scope: scope,
            bad: isDefault ? Self.selectors(SpanRule.badTexts) : bad.map { [$0] } ?? [],
            excluded: excluded.map { [$0] } ?? Self.selectors(SpanRule.excludedTexts),
            nanosMax: nanosMax, below: below)
    }

    private static func selectors(_ texts: [String]) -> [Selector] {
        let nowhere = SourcePosition(file: "", line: 1, column: 1)
        // They are ours and right.
        return texts.compactMap { try? Selector.parse($0, at: nowhere) }
    }

    /// A selector of attributes, by their label names: `"http.route"` is `http_route`.
    private mutating func spanSelector(
        _ fields: inout FieldReader, _ key: String
    ) -> Selector? {
        guard let read = selector(&fields, key) else { return nil }
        let at = fields.position(of: key)
        if read.metricName != nil {
            fields.fail(
                at: at, "\"\(key)\" names a metric", expected: "conditions on attributes in braces")
            return nil
        }
        let known = [SpanLabels.kind: SpanLabels.kinds, SpanLabels.status: SpanLabels.statuses]
        for matcher in read.matchers where matcher.op == .equal || matcher.op == .notEqual {
            guard let values = known[matcher.name], !values.contains(matcher.value) else {
                continue
            }
            fields.fail(
                at: at, "no span has \(matcher.name)=\"\(matcher.value)\"",
                expected: values.joined(separator: ", "),
                hint: values.first { $0.hasSuffix("_" + matcher.value.uppercased()) }
                    .map { "did you mean \"\($0)\"?" })
            return nil
        }
        let renamed = read.matchers.map {
            Matcher(SpanLens.labelName($0.name), $0.op, $0.value)
        }
        // The expressions have compiled before.
        return try? Selector(renamed, text: read.text)
    }
}

import Model
import Text

/// Reads what stands under the kind of an `sli`.
struct SLIKindReader {
    let node: YAMLNode
    /// That schedules may name.
    var zones = TimeZones()
    var diagnostics: [Diagnostic] = []

    init(_ node: YAMLNode, _ zones: TimeZones = TimeZones()) {
        self.node = node
        self.zones = zones
    }

    mutating func read(_ kind: String) -> SLI? {
        switch kind {
        case "events": readEvents().map { .events($0) }
        case "latency": readLatency().map { .latency($0) }
        case "freshness": readFreshness().map { .freshness($0) }
        case "threshold": readThreshold().map { .threshold($0) }
        case "drift": readDrift().map { .events($0) }
        case "composite": readComposite().map { .composite($0) }
        case "query": readQuery().map { .query($0) }
        case "probe": readProbe().map { .probe($0) }
        case "runs": readRuns().map { .runs($0) }
        case "spans": readSpans().map { .spans($0) }
        default: nil
        }
    }

    private mutating func readEvents() -> EventSLI? {
        var fields = FieldReader(node, of: "events")
        let bad = selector(&fields, "bad")
        let good = selector(&fields, "good")
        let hasTotal = fields.optionalNode("total") != nil
        let total = selector(&fields, "total")
        if !hasTotal {
            fields.fail(
                at: node, "events without \"total\"",
                expected: "the selector of all events, good and bad")
        }
        let named = ["bad", "good"].filter { fields.optionalNode($0) != nil }
        if named.count != 1 {
            fields.fail(
                at: node,
                named.isEmpty ? "events without \"bad\" or \"good\"" : "both \"bad\" and \"good\"",
                expected: "exactly one of \"bad\" and \"good\", beside \"total\"")
        }
        if let counted = bad ?? good, let total, counted == total {
            fields.fail(
                at: fields.position(of: named.first ?? "bad"),
                "the same selector as \"total\"", expected: "a part of all events")
        }
        diagnostics += fields.finish()
        guard let total, let counted = bad ?? good, named.count == 1 else { return nil }
        return EventSLI(counted: bad == nil ? .good : .bad, selector: counted, total: total)
    }

    // MARK: Latency

    private mutating func readLatency() -> LatencySLI? {
        var fields = FieldReader(node, of: "latency")
        _ = fields.node("histogram")
        let histogram = histogramSelector(&fields, "histogram")
        let total = totalSelector(&fields, of: histogram?.metricName)
        let below = fields.string("below")
        let unit = fields.optionalString("unit")
        var bound: Double?
        if let below, let name = histogram?.metricName {
            bound = self.bound(&fields, below, unit, name)
        }
        diagnostics += fields.finish()
        guard let histogram, let below, let bound,
            !diagnostics.contains(where: { $0.severity == .error })
        else { return nil }
        return LatencySLI(histogram: histogram, total: total, below: below, bound: bound)
    }

    private mutating func histogramSelector(
        _ fields: inout FieldReader, _ key: String
    ) -> Selector? {
        guard let selector = selector(&fields, key) else { return nil }
        let at = fields.position(of: key)
        guard let name = selector.metricName else {
            fields.fail(
                at: at, "\"\(key)\" names no metric", expected: "the histogram's name first",
                hint: "such as http_request_duration_seconds{job=\"api\"}")
            return nil
        }
        if selector.matchers.contains(where: { $0.name == "le" }) {
            fields.fail(
                at: at, "\"\(key)\" has a matcher for \"le\"",
                expected: "the histogram without it", hint: "\"below\" says which bucket is good")
            return nil
        }
        for suffix in ["_bucket", "_count", "_sum"] where key == "histogram" {
            guard name.hasSuffix(suffix) else { continue }
            fields.fail(
                at: at, "\"\(name)\" is a series of a histogram",
                expected: "the histogram's name, \"\(name.dropLast(suffix.count))\"")
            return nil
        }
        return selector
    }

    /// All events, of the same histogram: `NAME`, `NAME_count` or `NAME_bucket{le="+Inf"}`.
    private mutating func totalSelector(
        _ fields: inout FieldReader, of name: String?
    ) -> Selector? {
        guard let selector = selector(&fields, "total"), let name else { return nil }
        let le = selector.matchers.filter { $0.name == "le" }
        let isWhole =
            switch selector.metricName {
            case name, name + "_count": le.isEmpty
            case name + "_bucket": le == [Matcher("le", .equal, "+Inf")]
            default: false
            }
        guard isWhole else {
            fields.fail(
                at: fields.position(of: "total"), "\"total\" is not all of \(name)",
                expected: "\(name)_count with fewer matchers than \"histogram\"",
                hint: "counters of two metrics are an \"events\" sli")
            return nil
        }
        return selector.renamed(name)
    }

    /// What `below` is in the histogram's unit.
    private func bound(
        _ fields: inout FieldReader, _ below: String, _ unit: String?, _ name: String
    ) -> Double? {
        if let number = Double(below), number.isFinite, unit == nil { return number }
        guard let span = parseDuration(below), span > .zero else {
            fields.fail(
                at: fields.position(of: "below"), "\"\(below)\" is no limit",
                expected: "a duration such as 250ms, or a number in the histogram's unit")
            return nil
        }
        if let unit, Self.units[unit] == nil {
            fields.fail(
                at: fields.position(of: "unit"), "unknown unit \"\(unit)\"",
                expected: Self.units.keys.sorted().joined(separator: ", "),
                hint: suggestion(for: unit, among: Self.units.keys.sorted()).map {
                    "did you mean \"\($0)\"?"
                })
            return nil
        }
        let ending = Self.units.keys.sorted().first { name.hasSuffix("_" + $0) }
        guard let word = unit ?? ending, let scale = Self.units[word] else {
            fields.fail(
                at: fields.position(of: "histogram"), "the unit of \(name) is not in its name",
                expected: "\"unit\": one of \(Self.units.keys.sorted().joined(separator: ", "))")
            return nil
        }
        // One division or multiplication of whole numbers: "100ms" is the double of `le="0.1"`.
        let millis = Double(span.millis)
        return scale >= 1000 ? millis * (scale / 1000) : millis / (1000 / scale)
    }

    /// How many of a unit are in a second.
    private static let units: [String: Double] = [
        "seconds": 1, "milliseconds": 1000, "ms": 1000, "microseconds": 1e6, "nanoseconds": 1e9,
    ]

    // MARK: Selectors

    mutating func selector(_ fields: inout FieldReader, _ key: String) -> Selector? {
        guard let text = fields.optionalString(key), let node = fields.optionalNode(key) else {
            return nil
        }
        do throws(Diagnostic) {
            return try Selector.parse(text, at: node.textPosition)
        } catch {
            fields.add([error])
            return nil
        }
    }
}

internal import Model

// What a query has to say beside its result, in Prometheus' words. Each is said once; the order is
// that of the first occurrence.

/// A remark on a query's result: a warning, or an information.
public struct Annotation: Hashable, Sendable {
    /// Whether the result may be wrong, or only surprising.
    public enum Severity: Hashable, Sendable { case warning, info }

    public var severity: Severity
    /// Without the prefix and the position.
    public var text: String
    /// What part of the query it is about.
    public var range: SourceRange

    /// `PromQL warning: text`.
    public var message: String {
        (severity == .warning ? "PromQL warning: " : "PromQL info: ") + text
    }

    /// With the position in its query, as the HTTP API shows it: `message (line:column)`.
    public func message(in query: String) -> String {
        let (line, column) = range.position(in: query)
        return "\(message) (\(line):\(column))"
    }
}

/// Annotations without repetition.
struct Annotations {
    private(set) var list: [Annotation] = []
    /// Where in the list a text stands.
    private var places: [Annotation: Int] = [:]

    mutating func add(_ severity: Annotation.Severity, _ text: String, _ range: SourceRange) {
        let annotation = Annotation(severity: severity, text: text, range: range)
        // Prometheus tells them apart by their text, and the last place is the one shown.
        let text = Annotation(severity: severity, text: text, range: SourceRange(0, 0))
        if let place = places[text] {
            list[place] = annotation
        } else {
            places[text] = list.count
            list.append(annotation)
        }
    }

    mutating func warn(_ text: String, _ range: SourceRange) { add(.warning, text, range) }
    mutating func inform(_ text: String, _ range: SourceRange) { add(.info, text, range) }
}

/// The texts.
enum Remark {
    static func named(_ text: String, _ name: String) -> String {
        name.isEmpty ? text : "\(text) for metric name \(goQuoted(name))"
    }
    static func badRatio(_ value: Double, _ capped: Double) -> String {
        "ratio value should be between -1 and 1, got \(goNumber(value)), "
            + "capping to \(goNumber(capped))"
    }
    static func badQuantile(_ value: Double) -> String {
        "quantile value should be between 0 and 1, got \(goNumber(value))"
    }
    static func badBucket(_ name: String, _ label: String) -> String {
        "bucket label \"le\" is missing or has a malformed value of \(goQuoted(label)) "
            + "for metric name \(goQuoted(name))"
    }
    static func mixed(_ name: String) -> String {
        "encountered a mix of histograms and floats for metric name \(goQuoted(name))"
    }
    static let mixedAggregation = "encountered a mix of histograms and floats for aggregation"
    static func mixedClassic(_ name: String) -> String {
        named("vector contains a mix of classic and native histograms", name)
    }
    static func notCounter(_ name: String) -> String {
        "this native histogram metric is not a counter: \(goQuoted(name))"
    }
    static func notGauge(_ name: String) -> String {
        "this native histogram metric is not a gauge: \(goQuoted(name))"
    }
    static func mixedSchemas(_ name: String) -> String {
        "vector contains a mix of histograms with exponential and custom buckets schemas "
            + "for metric name \(goQuoted(name))"
    }
    static func mixedBounds(_ name: String) -> String {
        "vector contains histograms with incompatible custom buckets "
            + "for metric name \(goQuoted(name))"
    }
    static func mismatch(_ mismatch: HistogramMismatch, _ name: String) -> String {
        switch mismatch {
        case .schema: mixedSchemas(name)
        case .bounds: mixedBounds(name)
        }
    }
    static func maybeNoCounter(_ name: String) -> String {
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
            + goQuoted(name)
    }
    static func maybeNoCounter(_ name: String, type: String) -> String {
        "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\""
            + ", got \(goQuoted(type)): \(goQuoted(name))"
    }
    static func forcedMonotonic(_ name: String) -> String {
        "input to histogram_quantile needed to be fixed for monotonicity (see "
            + "https://prometheus.io/docs/prometheus/latest/querying/functions/"
            + "#histogram_quantile) for metric name \(goQuoted(name))"
    }
    static func badTypes(_ left: String, _ op: String, _ right: String) -> String {
        "incompatible sample types encountered for binary operator \(goQuoted(op)): "
            + "\(left) \(op) \(right)"
    }
    static func ignoredHistogram(_ aggregation: String) -> String {
        "ignored histogram in \(aggregation) aggregation"
    }
    static func ignoredHistograms(_ name: String) -> String {
        "ignored histograms in a range containing both floats and histograms for metric name "
            + goQuoted(name)
    }
    static func badLayout(_ op: String) -> String {
        "incompatible bucket layout encountered for binary operator \(op)"
    }
    static func nanQuantile(_ name: String) -> String {
        named("input to histogram_quantile has NaN observations, result is NaN", name)
    }
    static func skewedQuantile(_ name: String) -> String {
        named("input to histogram_quantile has NaN observations, result is skewed higher", name)
    }
    static func nanFraction(_ name: String) -> String {
        named(
            "input to histogram_fraction has NaN observations, "
                + "which are excluded from all fractions", name)
    }
}

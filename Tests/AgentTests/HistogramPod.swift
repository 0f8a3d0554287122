import Agent
import Model
import Text
import Wire

/// A pod whose requests are timed by a histogram, and what a Prometheus sends of it.
struct HistogramPod {
    /// In which forms its histogram is sent.
    enum Form { case classic, native, both }

    var instance = "pod-1"
    var labels: [(String, String)] = []
    var metric = "request_seconds"
    /// As `le` has them.
    var bounds = ["0.1", "0.25", "0.5"]
    /// Requests by bucket, the last one above all bounds.
    var counts = [0.0, 0, 0, 0]
    var form = Form.classic

    var total: Double { counts.reduce(0, +) }

    /// Requests by bucket.
    mutating func serve(_ more: [Double]) {
        for (index, count) in more.enumerated() { counts[index] += count }
    }

    mutating func restart() { counts = counts.map { _ in 0 } }

    /// How many requests took no longer than a bound.
    func good(_ bound: String) -> Double {
        guard let index = bounds.firstIndex(of: bound) else { return 0 }
        return counts[...index].reduce(0, +)
    }

    func series(
        _ name: String, _ more: [(String, String)], _ time: Timestamp, _ value: Double
    ) -> OutgoingSeries {
        let own = [("__name__", name), ("job", "model"), ("instance", instance)]
        return OutgoingSeries(labels: Labels(labels + own + more), samples: [(time, value)])
    }

    func scrape(_ time: Timestamp) -> [OutgoingSeries] {
        var all = [series("up", [], time, 1)]
        if form != .native {
            for bound in bounds {
                all.append(series(metric + "_bucket", [("le", bound)], time, good(bound)))
            }
            all.append(series(metric + "_bucket", [("le", "+Inf")], time, total))
            all.append(series(metric + "_count", [], time, total))
        }
        if form != .classic { all.append(native(custom, time)) }
        return all
    }

    func native(_ histogram: Histogram, _ time: Timestamp) -> OutgoingSeries {
        var one = series(metric, [], time, 0)
        one.samples = []
        one.histograms = [OutgoingHistogram(time: time, histogram: histogram)]
        return one
    }

    /// The same with custom bounds.
    private var custom: Histogram {
        var histogram = Histogram()
        histogram.schema = Histogram.customSchema
        histogram.isInteger = true
        histogram.customBounds = bounds.compactMap { Double($0) }
        histogram.positive = Histogram.Buckets(
            indexed: counts.enumerated().map { Histogram.IndexedCount($0.offset, $0.element) })
        histogram.count = total
        histogram.sum = total
        return histogram
    }
}

/// An exponential histogram: counts by bucket index. Of schema 0 bucket i ends at 2^i.
func exponential(
    _ buckets: [(Int, Double)], schema: Int32 = 0, hint: Histogram.ResetHint = .unknown
) -> Histogram {
    var histogram = Histogram()
    histogram.schema = schema
    histogram.isInteger = true
    histogram.resetHint = hint
    histogram.positive = Histogram.Buckets(
        indexed: buckets.map { Histogram.IndexedCount($0.0, $0.1) })
    histogram.count = buckets.reduce(0) { $0 + $1.1 }
    histogram.sum = histogram.count
    return histogram
}

/// An SLO file of one SLO with an `sli` in flow style.
func sloRules(_ sli: String, objective: String = "99", name: String = "one", _ more: String...)
    -> String
{
    var lines = [
        "apiVersion: pitot/v1", "kind: SLOs", "service: recommender", "slos:",
        "  - name: \(name)", "    objective: \(objective)", "    sli: \(sli)",
    ]
    for line in more { lines.append("    " + line) }
    return lines.joined(separator: "\n") + "\n"
}

extension AgentWorld {
    /// Good, bad and total of the first SLO's period; nil where not known.
    func events() throws -> [Double?] {
        let slo = try slo()
        return ["good", "bad", "total"].map { slo.number("events", $0) }
    }

    func remarks() throws -> [String] {
        try slo()["remarks"]?.elements.compactMap(\.asString) ?? []
    }
}

import Model
import Text
import Traces
import Wire

// What is counted of spans: in = taken + duplicates + refused[reason].

extension AgentCore {
    func writeSpanMetrics(into out: inout ExpositionWriter) {
        let tally = spans.tally
        out.metric(
            "pitot_spans_total", .counter, "Spans in requests that decoded, by what became of them."
        )
        out.sample("pitot_spans_total", [("result", "taken")], Double(tally.taken))
        out.sample("pitot_spans_total", [("result", "duplicate")], Double(tally.duplicates))
        out.sample(
            "pitot_spans_total", [("result", "refused")], Double(tally.refused.reduce(0, +)))
        out.metric("pitot_spans_refused_total", .counter, "Spans refused, by reason.")
        for refusal in SpanRefusal.allCases {
            out.sample(
                "pitot_spans_refused_total", [("reason", refusal.word)],
                Double(tally.refused[Int(refusal.rawValue)]))
        }
        out.single(
            "pitot_span_keys", .gauge, "Spans whose duplicates would be known.",
            Double(spans.keys.count))
        out.single(
            "pitot_span_keys_bytes", .gauge, "Memory of those keys, at most spans.memory.",
            Double(spans.keys.bytes))
        out.single(
            "pitot_span_metric_label_sets", .gauge, "Label sets of traces_spanmetrics_*.",
            Double(spans.metrics.used))
        out.single(
            "pitot_span_metric_overflow_total", .counter,
            "Spans counted in the label set that all share when there are too many.",
            spans.metrics.overflowed)
    }
}

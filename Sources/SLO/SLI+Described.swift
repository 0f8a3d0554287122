import Ingest
import Model
public import Text
import Traces

// What an SLI is, for people, and which counters it reads.

/// Counters that an SLI reads as one thing.
public struct CounterSelection: Sendable {
    /// "total", "bad" or "good".
    public let role: String
    public let selector: Selector
    /// Of a histogram's buckets only this one.
    public let bound: Double?

    /// Whether it is about a series; `le` compares as a number.
    public func holds(_ le: String?) -> Bool {
        guard let bound else { return true }
        return le.flatMap(bucketBound) == bound
    }
}

extension SLI {
    /// As files call it.
    public var kind: String {
        switch self {
        case .events: "events"
        case .latency: "latency"
        case .freshness: "freshness"
        case .threshold: "threshold"
        case .composite: "composite"
        case .query: "query"
        case .probe: "probe"
        case .runs: "runs"
        case .spans: "spans"
        }
    }

    /// What it reads, as files have it.
    public var described: [(name: String, value: String)] {
        switch self {
        case .events(let sli):
            [
                (name: sli.counted == .bad ? "bad" : "good", value: sli.selector.text),
                (name: "total", value: sli.total.text),
            ]
        case .latency(let sli):
            [
                (name: "histogram", value: sli.histogram.text),
                (name: "total", value: sli.total.text), (name: "below", value: sli.below),
            ]
        case .freshness(let sli):
            [
                (name: "timestamp", value: sli.timestamp.text),
                (name: "within", value: sli.within.description),
            ]
        case .threshold(let sli):
            [
                (name: "metric", value: sli.metric.text),
                (name: sli.comparison.word, value: sli.value.description),
            ]
        case .query(let sli):
            [
                (name: sli.counted == .bad ? "bad" : "good", value: sli.query),
                (name: "total", value: sli.total),
            ]
        case .probe(let sli):
            [
                (name: "url", value: sli.request.url),
                (name: "interval", value: sli.interval.description),
            ]
        case .runs(let rule): rule.described
        case .spans(let rule):
            [(name: "select", value: rule.selector.text), (name: "count", value: rule.scope.word)]
                + (rule.below.isEmpty ? [] : [(name: "below", value: rule.below)])
                + rule.bad.map { (name: "bad", value: $0.text) }
                + rule.excluded.map { (name: "exclude", value: $0.text) }
        case .composite(let sli):
            sli.members.map { (name: $0.key, value: $0.weight.description) }
        }
    }

    /// The counters whose increases are its events; none for what is judged by the minute. Native
    /// histograms are no counters.
    public var counters: [CounterSelection] {
        switch self {
        case .events(let sli):
            [
                CounterSelection(role: "total", selector: sli.total, bound: nil),
                CounterSelection(
                    role: sli.counted == .bad ? "bad" : "good", selector: sli.selector,
                    bound: nil),
            ]
        case .latency(let sli):
            [
                CounterSelection(role: "total", selector: sli.totalBuckets, bound: .infinity),
                CounterSelection(role: "good", selector: sli.goodBuckets, bound: sli.bound),
            ]
        case .freshness, .threshold, .composite, .query, .probe, .runs, .spans: []
        }
    }
}

import Model
import Query
import Testing
import Text

/// Gives no label and no sample that a query has not asked for, and counts what it gave.
private struct LeanSource: SampleSource {
    let base: ScriptStore

    func forEachSeries(
        _ request: SeriesRequest,
        _ body: (_ labels: Labels, _ samples: inout SampleColumns) -> Bool
    ) {
        base.forEachSeries(matching: request.selector, from: request.from, to: request.to) {
            labels, columns in
            var labels = labels
            if let names = request.labels { labels = labels.keeping(names) }
            if request.isNewestEnough { columns = newest(columns) }
            return body(labels, &columns)
        }
    }

    private func newest(_ columns: SampleColumns) -> SampleColumns {
        var one = SampleColumns()
        let (float, histogram) = (columns.times.last, columns.histogramTimes.last)
        if let float, float > histogram ?? .min, let value = columns.values.last {
            one.append(value, at: float)
        } else if let histogram, let value = columns.histograms.last {
            one.append(value, at: histogram)
        }
        return one
    }
}

@Suite struct SeriesRequestTests {
    private let queries = [
        "m0_total", "sum(m0_total)", "sum by (i) (rate(m0_total[1m]))",
        "sum without (i) (rate({__name__=~\"m.*\"}[1m]))", "count({__name__=~\"m.*\"})",
        "count by (__name__) ({__name__=~\"m.*\"})", "max by (i, nothing) (-m1_total)",
        "avg by (i) (2 * m1_total)", "sum by (i) (m0_total > bool 3)", "sum(abs(m1_total) > 5)",
        "stddev by (i) (round(m1_total, 2))", "quantile by (i) (0.5, {__name__=~\"m.*\"})",
        "sum(timestamp(m0_total))", "sum by (i) (timestamp(-m1_total))", "scalar(m0_total)",
        "scalar(m0_total{i=\"0\"})", "absent(m0_total)", "absent(nothing)",
        "absent_over_time(m0_total[1m])", "sum by (i) (max_over_time(m1_total[2m:15s]))",
        "sum(max_over_time(sum by (i) (rate(m0_total[1m]))[2m:30s]))",
        "count_values(\"v\", m1_total)",
        "topk(2, {__name__=~\"m.*\"})",
        "sum by (x) (label_replace(m0_total, \"x\", \"$1\", \"i\", \"(.)\"))",
        "m0_total + ignoring (i) group_left () sum(m1_total)", "sum(rate(m2_total[1m]))",
        "sum by (i) (histogram_count(m2_total))",
        "histogram_quantile(0.5, sum(rate(m2_total[1m])))",
        "sum({__name__=~\"m.*\"})", "avg(last_over_time({__name__=~\"m.*\"}[1m]))",
        "sum(m0_total offset 1m)", "sum(m0_total @ 300)", "group by (i) ({i=~\".+\"})",
        "sum by (i) (sum_over_time(m0_total[1m] @ 300))", "min(idelta({i=~\".+\"}[1m]))",
        "sum(increase(m1_total[1m]))", "info(m0_total)", "limitk(1, m0_total)",
    ]

    private func store(_ seed: UInt64) throws -> ScriptStore {
        var random = Seeded(state: seed)
        var store = ScriptStore()
        for place in 0..<8 {
            var words: [String] = []
            var value = 0
            for _ in 0..<40 {
                value += Int.random(in: 0..<9, using: &random)
                switch Int.random(in: 0..<12, using: &random) {
                case 0: words.append("_")
                case 1: words.append("stale")
                default:
                    words.append(
                        place >= 6 ? "{{schema:0 count:\(value) sum:\(value)}}" : "\(value)")
                }
            }
            let line =
                "m\(min(place / 3, 2))_total{i=\"\(place % 3)\"} " + words.joined(separator: " ")
            store.load(try SeriesNotation(parsing: line), step: .seconds(15))
        }
        return store
    }

    /// The text of a result, or of the error.
    private func told(
        _ text: String, _ source: any SampleSource, delayed: Bool, isRange: Bool
    ) throws -> String {
        var options = QueryOptions()
        options.features = .all
        options.features.delayedNameRemoval = delayed
        let query = try Query(parsing: text, options: options)
        do {
            let result =
                isRange
                ? try query.evaluate(
                    from: Timestamp(millis: 60_000), to: Timestamp(millis: 560_000),
                    step: .seconds(40), on: source)
                : try query.evaluate(at: Timestamp(millis: 400_000), on: source)
            let notes = result.annotations.map { $0.message(in: text) }.sorted()
            return "\(result.value) \(notes) \(result.statistics)"
        } catch { return "\(error)" }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func whatIsNotAskedForIsNotLookedAt(seed: UInt64) throws {
        let whole = try store(seed)
        let lean = LeanSource(base: whole)
        for query in queries {
            for delayed in [false, true] {
                for isRange in [false, true] {
                    let wanted = try told(query, whole, delayed: delayed, isRange: isRange)
                    let found = try told(query, lean, delayed: delayed, isRange: isRange)
                    #expect(wanted == found, "\(query)")
                }
            }
        }
    }

    /// Keeps what it was asked.
    private final class Asked: @unchecked Sendable {
        // Sound: one query on one thread.
        var requests: [SeriesRequest] = []
    }

    private struct Listening: SampleSource {
        let asked = Asked()

        func forEachSeries(
            _ request: SeriesRequest,
            _ body: (_ labels: Labels, _ samples: inout SampleColumns) -> Bool
        ) { asked.requests.append(request) }
    }

    @Test func aggregationsAskForTheirLabelsAlone() throws {
        let metadata = ["__name__", "__type__", "__unit__"]
        for (query, labels, isNewest) in [
            ("sum(a)", metadata, true), ("sum by (x) (rate(a[5m]))", ["x"] + metadata, false),
            // Without their names series may be the same, which is an error: all labels count.
            ("sum by (x) (-rate(a[5m]))", nil, false), ("sum without (x) (a)", nil, true),
            ("a", nil, true), ("a + b", nil, true),
            ("topk(1, a)", nil, true),
            ("max_over_time(sum by (x) (a)[5m:1m])", ["x"] + metadata, false),
        ] as [(String, [String]?, Bool)] {
            let source = Listening()
            _ = try Query(parsing: query).evaluate(at: Timestamp(millis: 0), on: source)
            let request = try #require(source.asked.requests.first)
            #expect(request.labels == labels, "\(query)")
            #expect(request.isNewestEnough == isNewest, "\(query)")
        }
    }
}

// Queries of any text on a few series, and read requests.

import Model
import Query
import Text
import Wire

/// Floats, a counter with resets, gaps and stale markers, native and classic histograms.
private let store: ScriptStore = {
    var store = ScriptStore()
    for line in [
        "up{job=\"a\"} 1 0 1 _ 1 stale 1", "up{job=\"b\"} 0+1x6",
        "requests_total 1 5 9 2 4 NaN Inf",
        "size {{schema:1 count:3 sum:4 buckets:[1 2]}} {{schema:0 count:5 sum:9 buckets:[5]}}",
        "time_bucket{le=\"1\"} 0+1x6", "time_bucket{le=\"+Inf\"} 0+2x6",
    ] {
        guard let series = try? SeriesNotation(parsing: line) else { continue }
        store.load(series, step: .seconds(30))
    }
    return store
}()

/// Text becomes a query that prints as what it means, and ends within its limits.
@Sendable func promql(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    var options = QueryOptions()
    options.features = .all
    options.limits.samplesMax = 20_000
    options.limits.seriesMax = 100
    options.limits.stepsMax = 50
    guard let query = try? Query(parsing: text, options: options) else { return }
    let printed = query.expression.description
    let again = try? Expression.parse(printed, features: .all)
    precondition(again?.description == printed, "what is printed is parsed, and prints the same")
    _ = try? query.evaluate(at: Timestamp(millis: 95_000), on: store)
    _ = try? query.evaluate(
        from: Timestamp(millis: 0), to: Timestamp(millis: 180_000), step: .seconds(7), on: store)
}

@Sendable func remoteRead(_ bytes: [UInt8]) {
    guard let request = try? RemoteReadRequest(decoding: bytes) else { return }
    precondition(request.queries.count <= RemoteReadLimits.queries, "the limit holds")
    for query in request.queries {
        precondition(query.matchers.count <= RemoteReadLimits.matchers, "the limit holds")
        precondition(query.end.millis.magnitude <= UInt64(Int64.max / 4), "times can be subtracted")
    }
}

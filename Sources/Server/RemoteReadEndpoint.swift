import Agent
import Alerting
import Model
import Query
import Storage
import Text
import Wire

// Remote read: other Prometheus servers, and what speaks like them, read the stored samples. Runs
// on a query thread. An answer is made whole before it is sent; `queries.samples` and
// `RemoteReadLimits.answerBytes` bound it.

enum RemoteReadEndpoint {
    private enum Fault: Error {
        case badRequest(String)
        case stopped
    }

    static func answer(_ body: [UInt8], _ view: QueryView, _ watch: QueryWatch) -> HTTPResponse {
        let request: RemoteReadRequest
        do throws(WireError) {
            request = try RemoteReadRequest(snappy: body)
        } catch { return .text(400, error.reason) }
        do throws(Fault) {
            switch request.responseType {
            case .samples: return try samples(request, view, watch)
            case .streamedChunks: return try chunks(request, view, watch)
            case nil: return .text(400, "none of the accepted response types is known")
            }
        } catch {
            switch error {
            case .badRequest(let text): return .text(400, text)
            case .stopped: return .text(503, "the read took too long, or its client has gone")
            }
        }
    }

    private static func samples(
        _ request: RemoteReadRequest, _ view: QueryView, _ watch: QueryWatch
    ) throws(Fault) -> HTTPResponse {
        var response = RemoteReadResponse()
        for query in request.queries {
            try read(query, view, watch) { labels, columns in
                var series = OutgoingSeries(labels: labels)
                for (time, value) in zip(columns.times, columns.values) {
                    series.samples.append((Timestamp(millis: time), value))
                }
                for (time, histogram) in zip(columns.histogramTimes, columns.histograms) {
                    series.histograms.append(
                        OutgoingHistogram(time: Timestamp(millis: time), histogram: histogram))
                }
                response.add(series)
                return response.count
            }
            response.endQuery()
        }
        return HTTPResponse(
            status: 200, contentType: "application/x-protobuf",
            headers: [("Content-Encoding", "snappy")], body: response.compressed())
    }

    private static func chunks(
        _ request: RemoteReadRequest, _ view: QueryView, _ watch: QueryWatch
    ) throws(Fault) -> HTTPResponse {
        var stream = RemoteReadStream()
        for (place, query) in request.queries.enumerated() {
            try read(query, view, watch) { labels, columns in
                let chunks = RemoteReadChunks.encode(
                    times: columns.times.map { Timestamp(millis: $0) }, values: columns.values,
                    histogramTimes: columns.histogramTimes.map { Timestamp(millis: $0) },
                    histograms: columns.histograms)
                stream.add(labels, chunks, query: place)
                return stream.bytes.count
            }
        }
        return HTTPResponse(
            status: 200,
            contentType: "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
            body: stream.bytes)
    }

    /// Calls `add` with each series of a query and its samples; it returns the size of the answer.
    private static func read(
        _ query: RemoteReadRequest.Query, _ view: QueryView, _ watch: QueryWatch,
        _ add: (Labels, QueryColumns) -> Int
    ) throws(Fault) {
        let external = view.configuration.notifier.externalLabels
        let span = span(of: query)
        let selector: Selector
        do throws(PatternError) {
            selector = try Selector(query.matchers.filter { !isOurs($0, external) })
        } catch { throw .badRequest(error.description) }
        var fault: Fault?
        var samples = 0
        var seen = 0
        func take(_ labels: Labels, _ columns: QueryColumns) -> Bool {
            seen += 1
            samples += columns.times.count + columns.histogramTimes.count
            if seen % 64 == 1 && watch.shouldStop() {
                fault = .stopped
            } else if samples > view.settings.samplesMax {
                fault = .badRequest("exceeded sample limit (\(view.settings.samplesMax))")
            } else if add(merged(labels, external), columns) > RemoteReadLimits.answerBytes {
                fault = .badRequest(
                    "the answer exceeds \(RemoteReadLimits.answerBytes) bytes; ask for less")
            }
            return fault == nil
        }
        if query.hints?.function == "series" {
            // Only their labels are wanted. The selector was compiled: it is compiled again.
            let found = (try? view.series(matching: selector.matchers, in: span)) ?? []
            for one in found where !take(one.labels, QueryColumns()) { break }
        } else {
            view.forEachSeriesSorted(matching: selector, from: span.from, to: span.to) {
                take($0, $1)
            }
        }
        if let fault { throw fault }
    }

    /// The hints narrow the span of the query.
    private static func span(of query: RemoteReadRequest.Query) -> QuerySpan {
        guard let hints = query.hints, hints.end.millis > 0 else {
            return QuerySpan(from: query.start, to: query.end)
        }
        return QuerySpan(from: max(query.start, hints.start), to: min(query.end, hints.end))
    }

    /// A matcher of an external label with its value holds for all that we have.
    private static func isOurs(_ matcher: Matcher, _ external: Labels) -> Bool {
        matcher.op == .equal && external[matcher.name] == matcher.value
    }

    /// With the external labels, unless the series has them itself.
    private static func merged(_ labels: Labels, _ external: Labels) -> Labels {
        external.isEmpty
            ? labels : Labels((external.pairs + labels.pairs).map { ($0.name, $0.value) })
    }
}

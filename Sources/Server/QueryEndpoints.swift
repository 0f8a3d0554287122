import Agent
import Model
import Query
import Text

// The query API (docs/query.md): what each path does with its parameters and a point in time of the
// store. Runs on a query thread.

/// The paths that read the store.
enum QueryEndpoints {
    typealias Answer =
        @Sendable (QueryParameters, QueryView, QueryWatch) throws(QueryFault) -> HTTPResponse

    /// What answers a path; nil when it is none of ours.
    static func answer(to path: String) -> Answer? {
        if let fixed = paths[path] { return fixed }
        let (prefix, suffix) = ("/api/v1/label/", "/values")
        guard path.hasPrefix(prefix), path.hasSuffix(suffix),
            path.utf8.count > prefix.utf8.count + suffix.utf8.count
        else { return nil }
        let name = labelName(String(path.dropFirst(prefix.count).dropLast(suffix.count)))
        return { (parameters, view, _) throws(QueryFault) in
            let selectors = try parameters.selectors()
            let span = try parameters.span()
            return try list(parameters) { () throws(PatternError) in
                try view.labelValues(name, matching: selectors, in: span)
            }
        }
    }

    /// What request counters call a path.
    static func label(of path: String) -> String {
        paths[path] == nil ? "/api/v1/label/:name/values" : path
    }

    private static let paths: [String: Answer] = [
        "/api/v1/query": { (parameters, view, watch) throws(QueryFault) in
            try instant(parameters, view, watch)
        },
        "/api/v1/query_range": { (parameters, view, watch) throws(QueryFault) in
            try range(parameters, view, watch)
        },
        "/api/v1/series": { (parameters, view, watch) throws(QueryFault) in
            try series(parameters, view)
        },
        "/api/v1/labels": { (parameters, view, _) throws(QueryFault) in
            let selectors = try parameters.selectors()
            let span = try parameters.span()
            return try list(parameters) { () throws(PatternError) in
                try view.labelNames(matching: selectors, in: span)
            }
        },
        "/api/v1/metadata": { (parameters, view, _) throws(QueryFault) in
            try metadata(parameters, view)
        },
        "/api/v1/query_exemplars": { (parameters, view, _) throws(QueryFault) in
            try exemplars(parameters, view)
        },
        "/api/v1/format_query": { (parameters, view, _) throws(QueryFault) in
            var options = QueryOptions()
            options.features = view.settings.features
            let expression = try query(parameters, options).expression
            return success { $0.string(expression.description) }
        },
        "/api/v1/parse_query": { (parameters, view, _) throws(QueryFault) in
            var options = QueryOptions()
            options.features = view.settings.features
            let expression = try query(parameters, options).expression
            return success { writeQueryTree(expression, into: &$0) }
        },
        "/api/v1/status/buildinfo": { (_, _, _) throws(QueryFault) in buildInformation },
        "/api/v1/status/runtimeinfo": { (parameters, view, _) throws(QueryFault) in
            runtimeInformation(parameters, view)
        },
        "/api/v1/status/flags": { (_, view, _) throws(QueryFault) in flags(view) },
        "/api/v1/status/config": { (_, view, _) throws(QueryFault) in settings(view) },
        "/api/v1/status/tsdb": { (parameters, view, _) throws(QueryFault) in
            try storeFigures(parameters, view)
        },
        "/api/v1/targets": { (_, _, _) throws(QueryFault) in noTargets },
        "/api/v1/targets/metadata": { (_, _, _) throws(QueryFault) in
            success { $0.array { _ in } }
        },
        "/api/v1/scrape_pools": { (_, _, _) throws(QueryFault) in noScrapePools },
    ]

    // MARK: Queries

    private static func query(
        _ parameters: QueryParameters, _ options: QueryOptions
    ) throws(QueryFault) -> Query {
        do throws(QueryError) {
            return try Query(parsing: parameters["query"], options: options)
        } catch { throw QueryFault(error, .none) }
    }

    private static func options(
        _ parameters: QueryParameters, _ view: QueryView, _ watch: QueryWatch
    ) throws(QueryFault) -> QueryOptions {
        var options = QueryOptions()
        options.features = view.settings.features
        options.limits.samplesMax = view.settings.samplesMax
        options.lookback = view.settings.lookback
        if !parameters["lookback_delta"].isEmpty {
            options.lookback = try parameters.span("lookback_delta")
        }
        if !parameters["timeout"].isEmpty { watch.limit(to: try parameters.span("timeout")) }
        options.limits.shouldStop = { watch.shouldStop() }
        return options
    }

    private static func instant(
        _ parameters: QueryParameters, _ view: QueryView, _ watch: QueryWatch
    ) throws(QueryFault) -> HTTPResponse {
        let limit = try parameters.limit()
        let time = try parameters.time("time", default: parameters.now)
        let query = try query(parameters, try options(parameters, view, watch))
        do throws(QueryError) {
            // It may have waited too long already.
            if watch.shouldStop() { throw .stopped }
            let began = monotonicSeconds()
            let result = try query.evaluate(at: time, on: view)
            let took = monotonicSeconds() - began
            return answer(result, parameters, limit, at: time, queued: watch.queued, took: took)
        } catch { throw QueryFault(error, watch.reason) }
    }

    private static func range(
        _ parameters: QueryParameters, _ view: QueryView, _ watch: QueryWatch
    ) throws(QueryFault) -> HTTPResponse {
        let limit = try parameters.limit()
        let start = try parameters.time("start", default: nil)
        let end = try parameters.time("end", default: nil)
        guard end >= start else {
            throw .badParameter("end", "end timestamp must not be before start time")
        }
        let step = try parameters.span("step")
        guard step > .zero else {
            throw .badParameter(
                "step",
                "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer")
        }
        // Prometheus' limit and words: enough for 60 s over a week or 1 h over a year.
        guard (end - start).millis / step.millis <= 11_000 else {
            throw .badData(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                    + "Try decreasing the query resolution (?step=XX)")
        }
        var options = try options(parameters, view, watch)
        options.limits.stepsMax = 11_001
        let query = try query(parameters, options)
        do throws(QueryError) {
            // It may have waited too long already.
            if watch.shouldStop() { throw .stopped }
            let began = monotonicSeconds()
            let result = try query.evaluate(from: start, to: end, step: step, on: view)
            let took = monotonicSeconds() - began
            return answer(result, parameters, limit, at: end, queued: watch.queued, took: took)
        } catch { throw QueryFault(error, watch.reason) }
    }

    private static func answer(
        _ result: QueryResult, _ parameters: QueryParameters, _ limit: Int?, at time: Timestamp,
        queued: Double, took: Double
    ) -> HTTPResponse {
        let query = parameters["query"]
        var value = result.value
        // As many of each kind as Prometheus tells.
        var warnings = told(result.warnings, "warning", in: query)
        if let limit {
            switch value {
            case .vector(let samples) where samples.count > limit:
                value = .vector(Array(samples.prefix(limit)))
                warnings.append(truncated)
            case .matrix(let list) where list.count > limit:
                value = .matrix(Array(list.prefix(limit)))
                warnings.append(truncated)
            case .vector, .matrix, .scalar, .string: break
            }
        }
        let infos = told(result.infos, "info", in: query)
        return success(warnings: warnings, infos: infos) { json in
            writeQueryValue(value, at: time.millis, into: &json) { json in
                guard !parameters["stats"].isEmpty else { return }
                writeQueryStatistics(
                    result.statistics, queued: queued, evaluated: took, into: &json)
            }
        }
    }

    /// Ten, and how many more there are.
    private static func told(
        _ annotations: [Annotation], _ kind: String, in query: String
    ) -> [String] {
        var list = annotations.prefix(10).map { $0.message(in: query) }
        let more = annotations.count - list.count
        if more > 0 { list.append("\(more) more \(kind) annotations omitted") }
        return list
    }

    // MARK: Answers

    static let truncated = "results truncated due to limit"

    static func success(
        warnings: [String] = [], infos: [String] = [], _ data: (inout JSONWriter) -> Void
    ) -> HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            data(&json)
            for (key, list) in [("warnings", warnings), ("infos", infos)] where !list.isEmpty {
                json.key(key)
                json.array { json in for text in list { json.string(text) } }
            }
        }
        return .json(json.bytes)
    }

    private static func list(
        _ parameters: QueryParameters, _ values: () throws(PatternError) -> [String]
    ) throws(QueryFault) -> HTTPResponse {
        let limit = try parameters.limit() ?? .max
        let found: [String]
        do throws(PatternError) {
            found = try values()
        } catch { throw .badParameter("match[]", "\(error)") }
        return success(warnings: found.count > limit ? [truncated] : []) { json in
            json.array { json in for value in found.prefix(limit) { json.string(value) } }
        }
    }
}

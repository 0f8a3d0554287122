internal import Model
internal import Text

// Runs promqltest scripts the way upstream's runner does: with everything experimental turned on,
// at most 10,000 samples held, and each instant evaluation more than once. It is repeated as a
// range query around its time; and with `@` put behind all its selectors at five other times, as
// instant and as range, since then the result must not depend on the time of evaluation.

/// An evaluation that did not give what was expected, or a line that is no script.
public struct ScriptFailure: Sendable {
    /// From 1.
    public var line: Int
    public var what: String
}

/// What came of a script.
public struct ScriptReport: Sendable {
    /// Evaluations that gave what was expected.
    public var passed = 0
    public var failures: [ScriptFailure] = []

    public init() {}
}

/// Runs one script on a store of its own.
public struct ScriptRunner {
    private var store = ScriptStore()
    private var options = QueryOptions()
    private var report = ScriptReport()

    private init() {
        options.features = .all
        options.limits.samplesMax = 10_000
    }

    /// Runs a script. A line that is no script ends it.
    public static func run(_ text: String) -> ScriptReport {
        var runner = ScriptRunner()
        var parser = ScriptParser(text)
        do throws(ScriptFault) {
            for command in try parser.commands() { runner.run(command) }
        } catch {
            runner.report.failures.append(ScriptFailure(line: error.line, what: error.what))
        }
        return runner.report
    }

    private mutating func run(_ command: ScriptCommand) {
        switch command {
        case .clear: store = ScriptStore()
        case .load(let load):
            var conversion = ClassicConversion()
            for series in load.series {
                store.load(series, step: load.step)
                if load.convertsClassic { conversion.add(series) }
            }
            for series in conversion.series() { store.load(series, step: load.step) }
        case .evaluate(let evaluation):
            do throws(ScriptMismatch) {
                try check(evaluation)
                report.passed += 1
            } catch {
                report.failures.append(
                    ScriptFailure(
                        line: evaluation.line, what: "\(evaluation.text): \(error.what)"))
            }
        }
    }

    // MARK: Evaluations

    private func check(_ evaluation: ScriptEvaluation) throws(ScriptMismatch) {
        switch evaluation.times {
        case .range(let start, let end, let step):
            let query: Query
            do throws(QueryError) {
                query = try Query(parsing: evaluation.text, options: options)
            } catch {
                return try fail(evaluation, error)
            }
            let result: QueryResult
            do throws(QueryError) {
                result = try query.evaluate(from: start, to: end, step: step, on: store)
            } catch {
                return try fail(evaluation, error)
            }
            try evaluation.check(result, start: start, step: step)
        case .instant(let time): try checkInstant(evaluation, time)
        }
    }

    private func checkInstant(
        _ evaluation: ScriptEvaluation, _ time: Timestamp
    ) throws(ScriptMismatch) {
        let query: Query
        do throws(QueryError) {
            query = try Query(parsing: evaluation.text, options: options)
        } catch {
            return try fail(evaluation, error)
        }
        try checkInstant(evaluation, query, time, "")
        guard !query.expression.dependsOnTime else { return }
        let millis = time.millis
        let text = query.expression.pinned(at: time).description
        let pinned: Query
        do throws(QueryError) {
            pinned = try Query(parsing: text, options: options)
        } catch {
            throw ScriptMismatch(what: "printed with @ as \(text) it does not parse: \(error)")
        }
        let others =
            millis == 0 ? [-1000, 0, 1000] : [-10 * millis, 0, millis / 5, millis, 10 * millis]
        for other in others {
            let place = " (as \(text) at \(other) ms)"
            try checkInstant(evaluation, pinned, Timestamp(millis: other), place)
        }
    }

    private func checkInstant(
        _ evaluation: ScriptEvaluation, _ query: Query, _ time: Timestamp, _ place: String
    ) throws(ScriptMismatch) {
        let result: QueryResult
        do throws(QueryError) {
            result = try query.evaluate(at: time, on: store)
        } catch {
            return try fail(evaluation, error)
        }
        do throws(ScriptMismatch) {
            try evaluation.check(result, start: time, step: .zero)
        } catch {
            throw ScriptMismatch(what: error.what + place)
        }
        // The same as the middle of a range.
        let text = query.expression.description
        if text.contains("start()") || text.contains("end()") || evaluation.isOrdered { return }
        let minute = TimeSpan.minutes(1)
        let range: QueryResult
        do throws(QueryError) {
            range = try query.evaluate(
                from: time - minute, to: time + minute, step: minute, on: store)
        } catch {
            throw ScriptMismatch(what: "as a range query: \(error)\(place)")
        }
        guard case .matrix(let series) = range.value else { return }
        try checkSorted(series)
        do throws(ScriptMismatch) {
            if case .scalar = result.value {
                try evaluation.compare(.scalar(series.first?.values[1] ?? .nan))
            } else {
                try evaluation.compare(.vector(series.compactMap { sample($0, time.millis) }))
            }
        } catch {
            throw ScriptMismatch(what: "as a range query: \(error.what)\(place)")
        }
    }

    private func sample(_ series: RangeSeries, _ time: Int64) -> InstantSample? {
        if let place = series.times.firstIndex(of: time) {
            return InstantSample(labels: series.labels, value: series.values[place])
        }
        if let place = series.histogramTimes.firstIndex(of: time) {
            return InstantSample(
                labels: series.labels, value: 0, histogram: series.histograms[place])
        }
        return nil
    }

    private func checkSorted(_ series: [RangeSeries]) throws(ScriptMismatch) {
        for (first, second) in zip(series, series.dropFirst())
        where !precedes(first.labels, second.labels) {
            throw ScriptMismatch(what: "a range result is not sorted at \(second.labels)")
        }
    }

    private func fail(
        _ evaluation: ScriptEvaluation, _ error: QueryError
    ) throws(ScriptMismatch) {
        guard let failure = evaluation.failure else { throw ScriptMismatch(what: "\(error)") }
        if !failure.holds("\(error)") {
            throw ScriptMismatch(what: "failed otherwise than expected: \(error)")
        }
    }
}

extension Expression {
    /// Whether a function in it looks at the time of evaluation.
    fileprivate var dependsOnTime: Bool {
        if case .call(let node) = self, node.function.dependsOnTime { return true }
        return children.contains { $0.dependsOnTime }
    }

    /// With `@ time` behind each selector and subquery that has none; not within subqueries.
    func pinned(at time: Timestamp) -> Expression {
        switch self {
        case .number, .string: return self
        case .vector(var node):
            node.at = node.at ?? .time(time)
            return .vector(node)
        case .matrix(var node):
            node.vector.at = node.vector.at ?? .time(time)
            return .matrix(node)
        case .subquery(var node):
            node.at = node.at ?? .time(time)
            return .subquery(node)
        case .call(var node):
            node.arguments = node.arguments.map { $0.pinned(at: time) }
            return .call(node)
        case .aggregate(var node):
            node.parameter = node.parameter?.pinned(at: time)
            node.expression = node.expression.pinned(at: time)
            return .aggregate(node)
        case .binary(var node):
            node.left = node.left.pinned(at: time)
            node.right = node.right.pinned(at: time)
            return .binary(node)
        case .unary(var node):
            node.expression = node.expression.pinned(at: time)
            return .unary(node)
        case .paren(let inner, let range): return .paren(inner.pinned(at: time), range)
        }
    }
}

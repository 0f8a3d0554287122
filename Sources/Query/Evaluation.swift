internal import Model
internal import Text

// How a query is evaluated. Every node of the expression is evaluated once, over all steps at
// once. What works on each series alone (selectors, rate and its kin, abs and its kin, arithmetic
// with a number) is streamed: one series after the other goes through a reused buffer, from the
// source up to whoever folds or keeps it, so that `sum by (a) (rate(m[5m]))` over 100,000 series
// holds one series and the sums. What needs several series at once (vector matching, sorting,
// topk, classic histograms) collects them first. Samples of a selector are read once and in one
// pass: windows slide over them.
//
// Expressions that are the same at every step (`@`, constants) are evaluated at the first.

/// One evaluation of one expression. A class, because closures that take series refer to it while
/// it runs; it lives as long as `Query.evaluate` and no longer.
final class Evaluation {
    let source: any SampleSource
    let options: QueryOptions
    /// What `@ start()` and `@ end()` mean.
    let span: (start: Int64, end: Int64)
    var annotations = Annotations()
    var statistics = QueryStatistics()
    private var held = 0
    private var untilCheck = 0
    /// The last labels whose name was dropped, and what was left.
    private var named = (whole: Labels.empty, rest: Labels.empty)

    init(_ source: any SampleSource, _ options: QueryOptions, span: (start: Int64, end: Int64)) {
        self.source = source
        self.options = options
        self.span = span
    }

    var isDelayed: Bool { options.features.delayedNameRemoval }

    // MARK: Limits

    /// Counts samples that are now held.
    func hold(_ count: Int) throws(QueryError) {
        held += count
        statistics.samplesPeak = max(statistics.samplesPeak, held)
        if held > options.limits.samplesMax {
            throw .tooManySamples(limit: options.limits.samplesMax)
        }
    }

    /// Called once for each series or piece of work of `cost` points.
    func checkpoint(_ cost: Int) throws(QueryError) {
        untilCheck -= cost + 16
        guard untilCheck < 0 else { return }
        untilCheck = 50_000
        if options.limits.shouldStop() { throw .stopped }
    }

    /// A series more in a result being collected.
    func keep(_ series: Series, in list: inout [Series]) throws(QueryError) {
        guard list.count < options.limits.seriesMax else {
            throw .tooManySeries(limit: options.limits.seriesMax)
        }
        try hold(series.floats.count)
        list.append(series)
    }

    // MARK: Expressions

    /// The value of an expression at all steps.
    func evaluate(_ expression: Expression, _ grid: Grid) throws(QueryError) -> Value {
        let before = held
        let value = try evaluateNode(expression, grid)
        held = before
        if case .vector(let list) = value { held += list.count * grid.count }
        return value
    }

    private func evaluateNode(_ expression: Expression, _ grid: Grid) throws(QueryError) -> Value {
        switch expression {
        case .number(let node):
            return .scalar(Array(repeating: node.value, count: grid.count))
        case .string(let node): return .string(node.bytes)
        case .paren(let inner, _): return try evaluate(inner, grid)
        case .matrix, .subquery:
            // The checks of the parser leave range vectors only where they are handled.
            throw .execution("a range vector cannot be evaluated here")
        case .vector, .call, .aggregate, .binary, .unary: break
        }
        if grid.count > 1 && isInvariant(expression) {
            switch try evaluate(expression, grid.first) {
            case .scalar(let values):
                return .scalar(Array(repeating: values[0], count: grid.count))
            case .vector(let list): return .vector(list.map { $0.repeated(grid.count) })
            case .string(let bytes): return .string(bytes)
            }
        }
        switch expression {
        case .unary(let node) where node.expression.type == .scalar:
            let values = try scalar(node.expression, grid)
            return .scalar(node.isNegative ? values.map { -$0 } : values)
        case .binary(let node): return try binary(node, grid)
        case .aggregate(let node): return .vector(try aggregate(node, grid))
        case .call(let node): return try call(node, grid)
        case .vector, .unary: return .vector(try collect(expression, grid))
        case .number, .string, .paren, .matrix, .subquery: return .string([])
        }
    }

    func scalar(_ expression: Expression, _ grid: Grid) throws(QueryError) -> [Double] {
        if case .scalar(let values) = try evaluate(expression, grid) { return values }
        throw .execution("expected a scalar")
    }

    func vector(_ expression: Expression, _ grid: Grid) throws(QueryError) -> [Series] {
        if case .vector(let list) = try evaluate(expression, grid) { return list }
        throw .execution("expected an instant vector")
    }

    func string(_ expression: Expression, _ grid: Grid) throws(QueryError) -> [UInt8] {
        if case .string(let bytes) = try evaluate(expression, grid) { return bytes }
        throw .execution("expected a string")
    }

    /// Whether an expression has the same value at every step.
    func isInvariant(_ expression: Expression) -> Bool {
        switch expression {
        case .number, .string: true
        case .vector(let node): node.at != nil
        case .matrix(let node): node.vector.at != nil
        case .subquery(let node): node.at != nil
        case .call(let node):
            !node.function.dependsOnTime && node.arguments.allSatisfy { isInvariant($0) }
        case .aggregate, .binary, .unary, .paren:
            expression.children.allSatisfy { isInvariant($0) }
        }
    }

    // MARK: Streams

    /// All series of a stream, each with at least one value.
    func collect(_ expression: Expression, _ grid: Grid) throws(QueryError) -> [Series] {
        var list: [Series] = []
        try stream(expression, grid) { (series: inout Series) throws(QueryError) in
            if !series.isEmpty { try keep(series, in: &list) }
        }
        return mayCollide(expression) ? try merged(list) : list
    }

    /// Whether names are dropped at once from series that need not have the same.
    func mayCollide(_ expression: Expression) -> Bool {
        guard !isDelayed else { return false }
        switch expression {
        case .call(let node):
            guard node.function != .lastOverTime,
                let inner = node.arguments.first(where: {
                    $0.type == .vector || $0.type == .matrix
                })
            else { return false }
            return !hasOneName(inner.unwrapped)
        case .unary(let node): return !hasOneName(node.expression.unwrapped)
        case .binary(let node):
            return !hasOneName(node.left.unwrapped) || !hasOneName(node.right.unwrapped)
        default: return false
        }
    }

    private func hasOneName(_ expression: Expression) -> Bool {
        switch expression {
        case .vector(let node): node.selector.metricName != nil
        case .matrix(let node): node.vector.selector.metricName != nil
        case .number: true
        default: expression.type == .scalar
        }
    }

    /// Series with equal labels become one; two values at one step are an error.
    func merged(_ list: [Series]) throws(QueryError) -> [Series] {
        guard list.count > 1 else { return list }
        var places: [Labels: Int] = [:]
        places.reserveCapacity(list.count)
        var result: [Series] = []
        result.reserveCapacity(list.count)
        for series in list {
            guard let place = places[series.labels] else {
                places[series.labels] = result.count
                result.append(series)
                continue
            }
            for step in series.floats.indices where !result[place].take(series, step) {
                throw .execution("vector cannot contain metrics with the same labelset")
            }
        }
        return result
    }

    /// Gives each series of a vector to `sink`, in order.
    func stream(_ expression: Expression, _ grid: Grid, _ sink: Sink) throws(QueryError) {
        switch expression {
        case .paren(let inner, _): return try stream(inner, grid, sink)
        case .vector(let node) where node.at == nil || grid.count == 1:
            return try select(node, grid, isTimestamp: false, sink)
        case .unary(let node) where node.isNegative:
            return try streamUnique(node.expression, grid, keeping: sink.labels) {
                (series: inout Series) throws(QueryError) in
                negate(&series)
                try sink(&series)
            }
        case .unary(let node): return try streamUnique(node.expression, grid, sink)
        case .binary(let node) where node.left.type == .scalar || node.right.type == .scalar:
            return try streamScalarBinary(node, grid, sink)
        case .call(let node) where isStreamed(node) && !(grid.count > 1 && isInvariant(expression)):
            return try streamCall(node, grid, sink)
        default: break
        }
        for var series in try vector(expression, grid) {
            try checkpoint(grid.count)
            try sink(&series)
        }
    }

    /// Drops the name of a series, now or in the end.
    func dropName(_ series: inout Series) {
        if isDelayed {
            series.dropsName = true
        } else {
            series.labels = withoutName(series.labels)
        }
    }

    /// Of series whose labels nobody looks at, one after the other has the same.
    private func withoutName(_ labels: Labels) -> Labels {
        if labels.isSame(as: named.whole) { return named.rest }
        named = (labels, labels.withoutName)
        return named.rest
    }

    private func negate(_ series: inout Series) {
        dropName(&series)
        for step in series.floats.indices where !isAbsent(series.floats[step]) {
            series.floats[step] = -series.floats[step]
        }
        for step in series.histograms.indices {
            guard var histogram = series.histograms[step]?.value else { continue }
            histogram.scale(by: -1)
            series.histograms[step] = HistogramBox(histogram)
        }
    }
}

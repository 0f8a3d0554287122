public import Model
internal import Text

/// A series of an instant result.
public struct InstantSample: Sendable {
    public var labels: Labels
    /// Not meaningful when there is a histogram.
    public var value: Double
    public var histogram: Histogram?
}

/// A series of a range result in columns: times are milliseconds, each time once.
public struct RangeSeries: Sendable {
    public var labels: Labels
    public var times: [Int64] = []
    public var values: [Double] = []
    public var histogramTimes: [Int64] = []
    public var histograms: [Histogram] = []
}

/// What a query evaluates to.
public enum QueryValue: Sendable {
    case scalar(Double)
    case string(String)
    /// In the order that a sorting function gave, else in the order of the source.
    case vector([InstantSample])
    /// Sorted by labels.
    case matrix([RangeSeries])

    /// The HTTP API's `resultType`.
    public var type: ValueType {
        switch self {
        case .scalar: .scalar
        case .string: .string
        case .vector: .vector
        case .matrix: .matrix
        }
    }
}

/// A query's value and what there is to say of it.
public struct QueryResult: Sendable {
    public var value: QueryValue
    public var annotations: [Annotation]
    public var statistics: QueryStatistics

    public var warnings: [Annotation] { annotations.filter { $0.severity == .warning } }
    public var infos: [Annotation] { annotations.filter { $0.severity == .info } }
}

/// An expression with what it is evaluated under. Pure: the same source and times give the same
/// result.
public struct Query: Sendable {
    public let expression: Expression
    public var options: QueryOptions

    public init(_ expression: Expression, options: QueryOptions = QueryOptions()) {
        self.expression = expression
        self.options = options
    }

    /// Parses and checks `text` with the features that the options name.
    public init(
        parsing text: String, options: QueryOptions = QueryOptions()
    ) throws(QueryError) {
        self.options = options
        do throws(ParseError) {
            expression = try Expression.parse(text, features: options.features)
        } catch {
            throw .parse(error)
        }
    }

    /// Evaluates at one time. A range vector gives a matrix.
    public func evaluate(
        at time: Timestamp, on source: any SampleSource
    ) throws(QueryError) -> QueryResult {
        let grid = Grid(start: time.millis, step: 0, count: 1)
        let evaluation = Evaluation(source, options, span: (time.millis, time.millis))
        if expression.type == .matrix {
            let value = QueryValue.matrix(try evaluation.rawWindows(expression.unwrapped, grid))
            return result(value, evaluation)
        }
        switch try evaluation.evaluate(expression, grid) {
        case .scalar(let values): return result(.scalar(values[0]), evaluation)
        case .string(let bytes):
            return result(.string(String(decoding: bytes, as: UTF8.self)), evaluation)
        case .vector(let list):
            let samples = try evaluation.cleaned(list, expression).map { series in
                let histogram = series.histogram(0)?.value
                return InstantSample(
                    labels: series.labels, value: histogram == nil ? series.floats[0] : 0,
                    histogram: histogram)
            }
            return result(.vector(samples), evaluation)
        }
    }

    /// Evaluates at `start`, `start + step` ... up to `end`. Scalars come out as one series.
    public func evaluate(
        from start: Timestamp, to end: Timestamp, step: TimeSpan, on source: any SampleSource
    ) throws(QueryError) -> QueryResult {
        guard step > .zero else {
            throw .badRange("zero or negative query resolution step widths are not accepted")
        }
        guard end >= start else { throw .badRange("end timestamp must not be before start time") }
        guard expression.type == .vector || expression.type == .scalar else {
            throw .badRange(
                "invalid expression type \"\(expression.type.documented)\" for range query, "
                    + "must be Scalar or instant Vector")
        }
        let count = (end - start).millis / step.millis + 1
        guard count <= Int64(options.limits.stepsMax) else {
            throw .tooManySteps(limit: options.limits.stepsMax)
        }
        let grid = Grid(start: start.millis, step: step.millis, count: Int(count))
        let evaluation = Evaluation(source, options, span: (start.millis, end.millis))
        var list: [Series]
        switch try evaluation.evaluate(expression, grid) {
        case .scalar(let values):
            var series = Series(.empty, steps: grid.count)
            series.floats = values
            list = [series]
        case .vector(let series): list = try evaluation.cleaned(series, expression)
        case .string: list = []
        }
        list.sort { precedes($0.labels, $1.labels) }
        return result(.matrix(list.map { columns($0, grid) }), evaluation)
    }

    private func columns(_ series: Series, _ grid: Grid) -> RangeSeries {
        var out = RangeSeries(labels: series.labels)
        out.times.reserveCapacity(grid.count)
        out.values.reserveCapacity(grid.count)
        for step in 0..<grid.count {
            if let box = series.histogram(step) {
                out.histogramTimes.append(grid.time(step))
                out.histograms.append(box.value)
            } else if !isAbsent(series.floats[step]) {
                out.times.append(grid.time(step))
                out.values.append(series.floats[step])
            }
        }
        return out
    }

    private func result(_ value: QueryValue, _ evaluation: Evaluation) -> QueryResult {
        QueryResult(
            value: value, annotations: evaluation.annotations.list,
            statistics: evaluation.statistics)
    }
}

extension Evaluation {
    /// Names dropped that were to be dropped; series that are equal then become one.
    func cleaned(
        _ list: [Series], _ expression: Expression
    ) throws(QueryError) -> [Series] {
        // A source gives each series once.
        if case .vector = expression.unwrapped { return list }
        var list = list.filter { !$0.isEmpty }
        for index in list.indices where list[index].dropsName {
            list[index].labels = list[index].labels.withoutName
        }
        return try merged(list)
    }

    /// The samples of a range vector as they are.
    func rawWindows(_ expression: Expression, _ grid: Grid) throws(QueryError) -> [RangeSeries] {
        var list: [RangeSeries] = []
        try windows(expression, grid) {
            (labels: Labels, dropsName: Bool, columns: inout SampleColumns, windows: Windows)
                throws(QueryError) in
            let input = RangeInput(
                function: .lastOverTime, labels: labels, columns: columns, windows: windows,
                grid: grid, parameters: [])
            try input.slide { (window: Window) throws(QueryError) in
                let count = window.floats.count + window.histograms.count
                try hold(count)
                statistics.samplesTouched += count
                list.append(
                    RangeSeries(
                        labels: dropsName ? labels.withoutName : labels,
                        times: Array(columns.times[window.floats]),
                        values: Array(columns.values[window.floats]),
                        histogramTimes: Array(columns.histogramTimes[window.histograms]),
                        histograms: Array(columns.histograms[window.histograms])))
            }
        }
        return list.sorted { precedes($0.labels, $1.labels) }
    }
}

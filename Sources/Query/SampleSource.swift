public import Model
public import Text

// Where samples come from. A source hands out one series after the other into a buffer it reuses,
// so that a query over many series holds the samples of one of them at a time.

/// Samples of one series in columns, each sorted by time, each time once in both together.
/// Stale markers are left in: the evaluator knows what they mean.
public struct SampleColumns: Sendable {
    /// Milliseconds, of the floats.
    public var times: [Int64] = []
    public var values: [Double] = []
    /// Milliseconds, of the histograms.
    public var histogramTimes: [Int64] = []
    public var histograms: [Histogram] = []

    public init() {}

    /// Empties the columns and keeps their memory.
    public mutating func removeAll() {
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        histogramTimes.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
    }

    /// Appends a float.
    @inlinable public mutating func append(_ value: Double, at millis: Int64) {
        times.append(millis)
        values.append(value)
    }

    /// Appends a histogram.
    public mutating func append(_ histogram: Histogram, at millis: Int64) {
        histogramTimes.append(millis)
        histograms.append(histogram)
    }

    public var isEmpty: Bool { times.isEmpty && histogramTimes.isEmpty }
}

/// What a query wants of a source, and what of it the query will not look at.
public struct SeriesRequest: Sendable {
    public var selector: Selector
    /// The first time of samples, included.
    public var from: Timestamp
    /// The last time of samples, included.
    public var to: Timestamp
    /// Names of the labels that are looked at, nil for all. Series are then told apart no more.
    public var labels: [String]?
    /// Whether of each series only the newest sample is looked at.
    public var isNewestEnough = false

    /// All labels and samples of some series.
    public init(_ selector: Selector, from: Timestamp, to: Timestamp) {
        self.selector = selector
        self.from = from
        self.to = to
    }
}

/// What queries are evaluated on. A value that does not change while it is read.
public protocol SampleSource: Sendable {
    /// Calls `body` with each series that the selector matches and that has samples in the time,
    /// and with these samples. Each series once, in an order that is the same each time and that
    /// decides ties. `body` returns false to stop and may change the columns; they are the source's
    /// to reuse afterwards. More labels and samples than are wanted may come, others not.
    func forEachSeries(
        _ request: SeriesRequest,
        _ body: (_ labels: Labels, _ samples: inout SampleColumns) -> Bool)
}

extension SampleSource {
    /// All labels and samples of the series that a selector matches.
    public func forEachSeries(
        matching selector: Selector, from: Timestamp, to: Timestamp,
        _ body: (_ labels: Labels, _ samples: inout SampleColumns) -> Bool
    ) {
        forEachSeries(SeriesRequest(selector, from: from, to: to), body)
    }
}

/// How much a query may use.
public struct QueryLimits: Sendable {
    /// Samples held at once, as Prometheus' `--query.max-samples`.
    public var samplesMax = 50_000_000
    /// Series of one selector or operation.
    public var seriesMax = 2_000_000
    /// Points of one series.
    public var stepsMax = 11_000
    /// Asked now and then; true ends the query with `QueryError.stopped`. The caller's clock and
    /// the client's connection are behind it.
    public var shouldStop: @Sendable () -> Bool = { false }

    public init() {}
}

/// How queries are evaluated.
public struct QueryOptions: Sendable {
    public var features = QueryFeatures()
    public var limits = QueryLimits()
    /// How far back an instant selector looks.
    public var lookback = TimeSpan.minutes(5)
    /// The step of subqueries that have none: the global evaluation interval.
    public var defaultStep = TimeSpan.minutes(1)

    public init() {}
}

/// What a query used.
public struct QueryStatistics: Hashable, Sendable {
    /// Samples read, as Prometheus' `totalQueryableSamples`: a window counts at each step.
    public var samplesTouched = 0
    /// The most samples held at once.
    public var samplesPeak = 0
    public var seriesSelected = 0

    public init() {}
}

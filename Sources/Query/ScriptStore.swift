public import Model
public import Text

/// Samples in memory, for scripts and tests: a `SampleSource` of what was loaded.
public struct ScriptStore: SampleSource {
    private var columns: [Labels: SampleColumns] = [:]
    private var order: [Labels] = []

    public init() {}

    /// Adds a series' values, one each `step` from `start`.
    public mutating func load(
        _ series: SeriesNotation, step: TimeSpan, from start: Timestamp = Timestamp(millis: 0)
    ) {
        var list = columns[series.labels] ?? SampleColumns()
        for (place, value) in series.values.enumerated() {
            let time = start.millis + step.millis * Int64(place)
            switch value {
            case .omitted: break
            case .float(let number): list.insert(number, at: time)
            case .histogram(let histogram, _): list.insert(histogram, at: time)
            }
        }
        if columns[series.labels] == nil {
            let place = order.firstIndex { precedes(series.labels, $0) } ?? order.count
            order.insert(series.labels, at: place)
        }
        columns[series.labels] = list
    }

    /// The series, sorted by labels.
    public func forEachSeries(
        matching selector: Selector, from: Timestamp, to: Timestamp,
        _ body: (_ labels: Labels, _ samples: inout SampleColumns) -> Bool
    ) {
        var buffer = SampleColumns()
        for labels in order where selector.matches(labels) {
            guard let all = columns[labels] else { continue }
            buffer.removeAll()
            for (time, value) in zip(all.times, all.values)
            where time >= from.millis && time <= to.millis {
                buffer.append(value, at: time)
            }
            for (time, value) in zip(all.histogramTimes, all.histograms)
            where time >= from.millis && time <= to.millis {
                buffer.append(value, at: time)
            }
            if !buffer.isEmpty && !body(labels, &buffer) { return }
        }
    }
}

extension SampleColumns {
    /// Puts a float where its time belongs; one of the same time is replaced.
    fileprivate mutating func insert(_ value: Double, at time: Int64) {
        if times.last ?? Int64.min < time { return append(value, at: time) }
        let place = times.firstIndex { $0 >= time } ?? times.count
        if place < times.count && times[place] == time {
            values[place] = value
        } else {
            times.insert(time, at: place)
            values.insert(value, at: place)
        }
    }

    fileprivate mutating func insert(_ value: Histogram, at time: Int64) {
        if histogramTimes.last ?? Int64.min < time { return append(value, at: time) }
        let place = histogramTimes.firstIndex { $0 >= time } ?? histogramTimes.count
        if place < histogramTimes.count && histogramTimes[place] == time {
            histograms[place] = value
        } else {
            histogramTimes.insert(time, at: place)
            histograms.insert(value, at: place)
        }
    }
}

// MARK: Classic histograms as native ones

/// Classic histograms of loaded series, as native histograms with custom bounds.
struct ClassicConversion {
    private struct Point {
        var buckets: [(bound: Double, count: Double)] = []
        var sum = 0.0
        var count: Double?
    }

    private var points: [Labels: [Int: Point]] = [:]

    mutating func add(_ series: SeriesNotation) {
        let name = series.labels.name
        let le = series.labels["le"].flatMap(parseGoNumber)
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            let base = series.labels.dropping(LabelNames(["le"]))
                .setting(Labels.metricName, String(name.dropLast(suffix.count)))
            for (place, value) in series.values.enumerated() {
                guard case .float(let number) = value else { continue }
                var point = points[base]?[place] ?? Point()
                switch suffix {
                case "_bucket":
                    guard let le, !le.isNaN else { continue }
                    point.buckets.append((le, number))
                case "_sum": point.sum = number
                default: point.count = number
                }
                points[base, default: [:]][place] = point
            }
        }
    }

    /// The native series, sorted by labels.
    func series() -> [SeriesNotation] {
        points.sorted { precedes($0.key, $1.key) }.map { labels, points in
            let last = points.keys.max() ?? -1
            let values = (0..<(last + 1)).map { place in
                points[place].map { SequenceValue.histogram(histogram($0), hasHint: false) }
                    ?? .omitted
            }
            return SeriesNotation(labels: labels, values: values)
        }
    }

    private func histogram(_ point: Point) -> Histogram {
        var result = Histogram()
        result.schema = Histogram.customSchema
        let sorted = point.buckets.sorted { $0.bound < $1.bound }
        result.count = point.count ?? sorted.last?.count ?? 0
        result.sum = point.sum
        var counts: [Histogram.IndexedCount] = []
        var before = 0.0
        for (index, bucket) in sorted.enumerated() {
            if bucket.bound != .infinity { result.customBounds.append(bucket.bound) }
            counts.append(Histogram.IndexedCount(index, bucket.count - before))
            before = bucket.count
        }
        if sorted.last?.bound != .infinity {
            counts.append(Histogram.IndexedCount(sorted.count, result.count - before))
        }
        result.positive = Histogram.Buckets(indexed: counts)
        return result
    }
}

extension SeriesNotation {
    /// A series that was made rather than written.
    public init(labels: Labels, values: [SequenceValue]) {
        self.labels = labels
        self.values = values
    }
}

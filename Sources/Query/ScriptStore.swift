public import Model
internal import Text

/// Samples in memory, for scripts and tests: a `SampleSource` of what was loaded.
///
/// Series are found by their metric's name, samples by binary search: an instant selector over n
/// series of one name costs O(n log samples), however many other series there are.
public struct ScriptStore: SampleSource {
    private struct Held {
        var labels: Labels
        var columns = SampleColumns()
    }

    /// Samples after it are not seen: a test loads what is to come and moves the horizon on.
    public var horizon = Timestamp.distantFuture
    /// In the order of arrival.
    private var series: [Held] = []
    private var places: [Labels: Int] = [:]
    /// Places of all series, sorted by labels; and of those of each metric.
    private var order: [Int] = []
    private var ofMetric: [String: [Int]] = [:]

    public init() {}

    /// Adds a series' values, one each `step` from `start`.
    public mutating func load(
        _ notation: SeriesNotation, step: TimeSpan, from start: Timestamp = Timestamp(millis: 0)
    ) {
        let place = self.place(of: notation.labels)
        for (index, value) in notation.values.enumerated() {
            let time = start.millis + step.millis * Int64(index)
            switch value {
            case .omitted: break
            case .float(let number): series[place].columns.insert(number, at: time)
            case .histogram(let histogram, _):
                series[place].columns.insert(histogram, at: time)
            }
        }
    }

    /// Appends a sample as a database does, by what is not after the horizon: one that is older
    /// than the series' last is refused, and one of the same time unless it is the same value. Of
    /// histograms the hint becomes what a database makes of it.
    @discardableResult public mutating func append(_ sample: RuleSample) -> Refusal? {
        let place = self.place(of: sample.labels)
        let time = sample.time.millis
        let last = series[place].columns.lastTime(upTo: horizon.millis)
        guard time >= last else { return .outOfOrder }
        if time == last {
            return series[place].columns.holds(sample.value, at: time) ? nil : .duplicate
        }
        if var histogram = sample.histogram {
            histogram.settleHint(
                after: series[place].columns.lastHistogram(upTo: horizon.millis))
            series[place].columns.insert(histogram, at: time)
        } else {
            series[place].columns.insert(sample.value, at: time)
        }
        return nil
    }

    /// Why a sample is not appended, in Prometheus' words.
    public enum Refusal: String, Sendable {
        case outOfOrder = "out of order sample"
        case duplicate = "duplicate sample for timestamp"
    }

    /// The series, sorted by labels.
    public func forEachSeries(
        _ request: SeriesRequest,
        _ body: (_ labels: Labels, _ samples: inout SampleColumns) -> Bool
    ) {
        let (selector, from) = (request.selector, request.from)
        let candidates = selector.metricName.map { ofMetric[$0] ?? [] } ?? order
        let end = min(request.to.millis, horizon.millis)
        var buffer = SampleColumns()
        for place in candidates where selector.matches(series[place].labels) {
            buffer.removeAll()
            series[place].columns.copy(from.millis, end, into: &buffer)
            if !buffer.isEmpty && !body(series[place].labels, &buffer) { return }
        }
    }

    private mutating func place(of labels: Labels) -> Int {
        if let place = places[labels] { return place }
        let place = series.count
        series.append(Held(labels: labels))
        places[labels] = place
        insert(place, into: &order)
        insert(place, into: &ofMetric[labels.name, default: []])
        return place
    }

    private func insert(_ place: Int, into sorted: inout [Int]) {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if precedes(series[sorted[middle]].labels, series[place].labels) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        sorted.insert(place, at: low)
    }
}

extension Array where Element == Int64 {
    /// How many are below a time, of a sorted list.
    fileprivate func count(below time: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// How many are at a time or before it.
    fileprivate func count(upTo time: Int64) -> Int {
        time == .max ? count : count(below: time + 1)
    }
}

extension SampleColumns {
    fileprivate func copy(_ from: Int64, _ to: Int64, into other: inout SampleColumns) {
        guard from <= to else { return }
        let floats = times.count(below: from)..<times.count(upTo: to)
        other.times.append(contentsOf: times[floats])
        other.values.append(contentsOf: values[floats])
        let found = histogramTimes.count(below: from)..<histogramTimes.count(upTo: to)
        other.histogramTimes.append(contentsOf: histogramTimes[found])
        other.histograms.append(contentsOf: histograms[found])
    }

    fileprivate func holds(_ value: Double, at time: Int64) -> Bool {
        let place = times.count(below: time)
        return place < times.count && times[place] == time
            && values[place].bitPattern == value.bitPattern
    }

    fileprivate func lastTime(upTo time: Int64) -> Int64 {
        let floats = times.count(upTo: time)
        let found = histogramTimes.count(upTo: time)
        return max(
            floats > 0 ? times[floats - 1] : .min, found > 0 ? histogramTimes[found - 1] : .min)
    }

    /// The last sample, when it is a histogram.
    fileprivate func lastHistogram(upTo time: Int64) -> Histogram? {
        let found = histogramTimes.count(upTo: time)
        guard found > 0, histogramTimes[found - 1] == lastTime(upTo: time) else { return nil }
        return histograms[found - 1]
    }

    /// Puts a float where its time belongs; one of the same time is replaced.
    fileprivate mutating func insert(_ value: Double, at time: Int64) {
        if times.last ?? Int64.min < time { return append(value, at: time) }
        let place = times.count(below: time)
        if place < times.count && times[place] == time {
            values[place] = value
        } else {
            times.insert(time, at: place)
            values.insert(value, at: place)
        }
    }

    fileprivate mutating func insert(_ value: Histogram, at time: Int64) {
        if histogramTimes.last ?? Int64.min < time { return append(value, at: time) }
        let place = histogramTimes.count(below: time)
        if place < histogramTimes.count && histogramTimes[place] == time {
            histograms[place] = value
        } else {
            histogramTimes.insert(time, at: place)
            histograms.insert(value, at: place)
        }
    }
}

extension Histogram {
    /// What a database says of a reset when it reads the histogram back: Prometheus' chunks know
    /// that there was none since the sample before, and nothing of the first sample of a chunk.
    mutating func settleHint(after previous: Histogram?) {
        if resetHint == .gauge || isStaleMarker { return }
        let isAsked = resetHint == .reset
        resetHint = .unknown
        guard let previous, !isAsked, !previous.isStaleMarker, previous.resetHint != .gauge,
            schema == previous.schema, zeroThreshold == previous.zeroThreshold,
            !isReset(since: previous)
        else { return }
        resetHint = .noReset
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

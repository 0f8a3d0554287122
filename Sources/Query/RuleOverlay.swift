public import Model
internal import Text

// A round of rules is evaluated on a point in time of the store, while what the round makes is
// stored only at its end. The rules of a group nevertheless see what those before them made.

/// A source with the samples that a group's rules have made laid over it.
public struct RuleOverlay: SampleSource {
    private let base: any SampleSource
    private var entries: [Entry] = []
    private var byLabels: [Labels: Int] = [:]
    private var byName: [String: [Int]] = [:]

    private struct Entry {
        let labels: Labels
        var samples: [RuleSample]
    }

    /// Nothing made yet.
    public init(on base: any SampleSource) { self.base = base }

    /// Lays samples over what there is. Of equal times the one that was there first stays, as in
    /// the store. O(samples).
    public mutating func add(_ samples: [RuleSample]) {
        for sample in samples {
            if let known = byLabels[sample.labels] {
                entries[known].samples.append(sample)
                continue
            }
            byLabels[sample.labels] = entries.count
            byName[sample.labels.name, default: []].append(entries.count)
            entries.append(Entry(labels: sample.labels, samples: [sample]))
        }
    }

    /// The base's series, those with made samples merged, then those that are only made.
    public func forEachSeries(
        _ request: SeriesRequest,
        _ body: (_ labels: Labels, _ samples: inout SampleColumns) -> Bool
    ) {
        var made = matching(request.selector, request.from, request.to)
        if made.isEmpty { return base.forEachSeries(request, body) }
        var isStopped = false
        // Which series has made samples only all its labels tell.
        var whole = request
        whole.labels = nil
        base.forEachSeries(whole) { labels, columns in
            if let samples = made.removeValue(forKey: labels) { merge(samples, into: &columns) }
            isStopped = !body(labels, &columns)
            return !isStopped
        }
        var columns = SampleColumns()
        for (labels, samples) in made.sorted(by: { precedes($0.key, $1.key) }) where !isStopped {
            columns.removeAll()
            merge(samples, into: &columns)
            isStopped = !body(labels, &columns)
        }
    }

    private func matching(
        _ selector: Selector, _ from: Timestamp, _ to: Timestamp
    ) -> [Labels: [RuleSample]] {
        let candidates = selector.metricName.map { byName[$0] ?? [] } ?? Array(entries.indices)
        var found: [Labels: [RuleSample]] = [:]
        for index in candidates where selector.matches(entries[index].labels) {
            let samples = entries[index].samples.filter { $0.time >= from && $0.time <= to }
            if !samples.isEmpty { found[entries[index].labels] = samples }
        }
        return found
    }

    private func merge(_ samples: [RuleSample], into columns: inout SampleColumns) {
        for sample in samples {
            let time = sample.time.millis
            let place = columns.times.lastIndex { $0 <= time }
            let histogramPlace = columns.histogramTimes.lastIndex { $0 <= time }
            if let place, columns.times[place] == time { continue }
            if let histogramPlace, columns.histogramTimes[histogramPlace] == time { continue }
            if let histogram = sample.histogram {
                let next = histogramPlace.map { $0 + 1 } ?? 0
                columns.histogramTimes.insert(time, at: next)
                columns.histograms.insert(histogram, at: next)
            } else {
                let next = place.map { $0 + 1 } ?? 0
                columns.times.insert(time, at: next)
                columns.values.insert(sample.value, at: next)
            }
        }
    }
}

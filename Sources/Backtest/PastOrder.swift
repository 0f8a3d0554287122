public import Agent
import Ingest
public import Model

/// Samples of the past at most per event: the owner takes one in some milliseconds.
private let samplesPerEventMax = 10_000

/// Puts columns of the past in order of time, in parts that an agent takes one by one. `labels`
/// are those of all numbers; everything up to `through` is in the columns.
public func pastSamples(
    _ columns: [HistoryColumn], labels: [Labels], through: Timestamp
) -> [PastSamples] {
    let scrapeLabels = ["cluster", "prometheus", "prometheus_replica", "job", "instance"]
    let keys = columns.map { labels[Int($0.number)].keeping(scrapeLabels).fingerprint }
    var merge = ScrapeMerge(
        columns.map { ScrapeColumn(id: $0.number, times: $0.times, values: $0.values) },
        keys: keys)
    var parts: [PastSamples] = []
    var part = PastSamples(labels: [], series: [], times: [], values: [], through: through)
    var places: [UInt32: UInt32] = [:]
    while let time = merge.nextTime {
        // Scrapes of one time stay together: the next part begins later.
        if part.series.count >= samplesPerEventMax, part.times.last != time.millis {
            part.through = Timestamp(millis: part.times.last ?? through.millis)
            parts.append(part)
            part = PastSamples(labels: [], series: [], times: [], values: [], through: through)
            places = [:]
        }
        merge.next { numbers, values in
            for (number, value) in zip(numbers, values) {
                let place = places[number] ?? UInt32(part.labels.count)
                if places.updateValue(place, forKey: number) == nil {
                    part.labels.append(labels[Int(number)])
                }
                part.series.append(place)
                part.times.append(time.millis)
                part.values.append(value)
            }
        }
    }
    parts.append(part)
    return parts
}

import Model
import Wire

// What both remote-write decoders promise of histograms, exemplars and metadata.

/// Looks at every entry: places, limits, faults and what a fault-free one must be.
func columns(_ batch: WriteBatch) {
    precondition(batch.histograms.count <= 20, "the limit of histograms holds")
    var last: UInt32 = 0
    for entry in batch.histograms {
        precondition(entry.series >= last && Int(entry.series) < batch.series.count, "in order")
        last = entry.series
        let histogram = entry.histogram
        let sides = [histogram.positive, histogram.negative]
        let kept = sides.reduce(histogram.customBounds.count) { $0 + $1.counts.count }
        precondition(kept <= 60, "the limit of buckets holds")
        precondition(sides.reduce(0) { $0 + $1.spans.count } <= 12, "the limit of spans holds")
        if entry.fault == nil {
            precondition(histogram.fault == nil, "Model finds no fault either")
            walk(histogram)
        }
    }
    last = 0
    precondition(batch.exemplars.count <= 20, "the limit of exemplars holds")
    for entry in batch.exemplars {
        precondition(entry.series >= last && Int(entry.series) < batch.series.count, "in order")
        last = entry.series
        let pairs = entry.labels.pairs
        precondition(Labels(pairs.map { ($0.name, $0.value) }) == entry.labels, "canonical")
        precondition(entry.fault == nil || entry.labels.isEmpty, "a fault has no labels")
        let runes = pairs.reduce(0) {
            $0 + $1.name.unicodeScalars.count + $1.value.unicodeScalars.count
        }
        precondition(runes <= ExemplarEntry.labelRunesMax, "short enough")
    }
    precondition(batch.metadata.count <= 20, "the limit of metadata holds")
    var prints: [UInt64: MetricMetadata] = [:]
    for entry in batch.metadata {
        precondition(Int(entry.series ?? 0) <= batch.series.count, "a series of the batch")
        guard var said = try? batch.metricMetadata(of: entry) else { continue }
        precondition(said.help.utf8.count <= 100 && said.unit.utf8.count <= 10, "short enough")
        said.family = nil
        let known = prints[entry.fingerprint, default: said]
        precondition(isSame(known, said), "a fingerprint stands for one text")
        prints[entry.fingerprint] = said
    }
}

/// By bytes: two spellings of one character are two texts.
private func isSame(_ left: MetricMetadata, _ right: MetricMetadata) -> Bool {
    left.kind == right.kind && left.help.utf8.elementsEqual(right.help.utf8)
        && left.unit.utf8.elementsEqual(right.unit.utf8)
}

/// Bucket numbers in 32 bits and counts in their order, as a reader goes through them.
private func walk(_ histogram: Histogram) {
    for side in [histogram.positive, histogram.negative] {
        var index: Int32 = 0
        var place = 0
        for span in side.spans {
            index += span.offset
            for _ in 0..<span.length {
                precondition(!(side.counts[place] < 0), "no count is negative")
                index += 1
                place += 1
            }
        }
        precondition(place == side.counts.count, "a bucket for each count")
    }
}

/// What is good is encoded and read again, by both versions, and must be the same.
func encodeAgain(_ batch: WriteBatch) {
    let good = batch.histograms.filter { $0.fault == nil }
    guard !good.isEmpty else { return }
    var series = OutgoingSeries(labels: Labels([("__name__", "m")]))
    series.histograms = good.map {
        OutgoingHistogram(
            time: Timestamp(millis: $0.timestamp), histogram: $0.histogram,
            start: $0.start == 0 ? nil : Timestamp(millis: $0.start))
    }
    let seed = HashSeed(low: 1, high: 2)
    let first = try? RemoteWriteDecoder(seed: seed, limits: .standard)
        .decode(RemoteWriteEncoder.encode([series]))
    let second = try? RemoteWrite2Decoder(seed: seed, limits: .standard)
        .decode(RemoteWrite2Encoder.encode([series]))
    for (read, hasStart) in [(first, false), (second, true)] {
        guard let read, read.histograms.count == good.count else {
            preconditionFailure("what is encoded decodes")
        }
        for (left, right) in zip(read.histograms, good) {
            precondition(left.timestamp == right.timestamp && left.fault == nil, "the same time")
            precondition(left.start == (hasStart ? right.start : 0), "the same start")
            precondition(isSame(left.histogram, right.histogram), "the same histogram")
        }
    }
}

/// By bits: NaN is NaN.
private func isSame(_ left: Histogram, _ right: Histogram) -> Bool {
    func bits(_ values: [Double]) -> [UInt64] { values.map(\.bitPattern) }
    return left.schema == right.schema && left.isInteger == right.isInteger
        && left.resetHint == right.resetHint
        && bits([left.zeroThreshold, left.zeroCount, left.count, left.sum])
            == bits([right.zeroThreshold, right.zeroCount, right.count, right.sum])
        && left.positive.spans == right.positive.spans
        && left.negative.spans == right.negative.spans
        && bits(left.positive.counts) == bits(right.positive.counts)
        && bits(left.negative.counts) == bits(right.negative.counts)
        && bits(left.customBounds) == bits(right.customBounds)
}

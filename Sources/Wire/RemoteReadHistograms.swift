import Model

// The bits of histogram chunks. Whole-numbered histograms write how the change of each count
// changed, float ones write counts as doubles that follow one another.

/// Histograms of one chunk.
struct HistogramRun {
    private enum Flags {
        static let reset: UInt8 = 0b1000_0000
        static let gauge: UInt8 = 0b1100_0000
    }

    private let start: Timestamp
    private let layout: Histogram
    private let flags: UInt8
    private var times: [Timestamp]
    private var samples: [Histogram]

    /// Begins with a sample; `before` is the series' sample before it, if it is known.
    init(_ time: Timestamp, _ histogram: Histogram, after before: Histogram?) {
        start = time
        layout = histogram
        times = [time]
        samples = [histogram]
        if histogram.resetHint == .gauge {
            flags = Flags.gauge
        } else if let before, !before.isStaleMarker, !histogram.isStaleMarker,
            histogram.isReset(since: before)
        {
            flags = Flags.reset
        } else {
            flags = 0
        }
    }

    /// Adds a sample when it goes into the same chunk.
    mutating func append(_ time: Timestamp, _ histogram: Histogram) -> Bool {
        guard samples.count < RemoteReadChunk.samplesMax, hasLayout(histogram),
            let last = samples.last
        else { return false }
        // Readers take all samples of a chunk but the first for no resets.
        if flags != Flags.gauge && histogram.isReset(since: last) { return false }
        times.append(time)
        samples.append(histogram)
        return true
    }

    /// A stale marker has no layout; it makes a chunk of its own.
    private func hasLayout(_ other: Histogram) -> Bool {
        !layout.isStaleMarker && !other.isStaleMarker && layout.isInteger == other.isInteger
            && (layout.resetHint == .gauge) == (other.resetHint == .gauge)
            && layout.schema == other.schema
            && layout.zeroThreshold.bitPattern == other.zeroThreshold.bitPattern
            && layout.positive.spans == other.positive.spans
            && layout.negative.spans == other.negative.spans
            && layout.customBounds == other.customBounds
    }

    var chunk: RemoteReadChunk {
        var out = BitWriter(after: RemoteReadChunks.countBytes(samples.count) + [flags])
        writeLayout(&out)
        if layout.isInteger { writeIntegers(&out) } else { writeFloats(&out) }
        return RemoteReadChunk(
            first: start, last: times.last ?? start,
            encoding: layout.isInteger ? .histogram : .floatHistogram, bytes: out.bytes)
    }

    // MARK: Layout

    private func writeLayout(_ out: inout BitWriter) {
        let isStale = layout.isStaleMarker
        writeThreshold(isStale ? 0 : layout.zeroThreshold, &out)
        out.varbit(isStale ? 0 : Int64(layout.schema))
        for buckets in [layout.positive, layout.negative] {
            let spans = isStale ? [] : buckets.spans
            out.varbitUnsigned(UInt64(spans.count))
            for span in spans {
                out.varbitUnsigned(UInt64(span.length))
                out.varbit(Int64(span.offset))
            }
        }
        guard layout.hasCustomBounds && !isStale else { return }
        out.varbitUnsigned(UInt64(layout.customBounds.count))
        for bound in layout.customBounds { writeBound(bound, &out) }
    }

    /// A power of two in one byte, from 2^-243 as 1; 0 as 0, 255 before any other.
    private func writeThreshold(_ threshold: Double, _ out: inout BitWriter) {
        if threshold == 0 { return out.byte(0) }
        let exponent = threshold.isNormal ? Int(threshold.exponent) + 1 : .min
        if threshold.significand == 1 && threshold > 0 && (-242...11).contains(exponent) {
            return out.byte(UInt8(exponent + 243))
        }
        out.byte(255)
        out.double(threshold)
    }

    /// Thousandths as a whole number + 1; a zero bit before any other.
    private func writeBound(_ bound: Double, _ out: inout BitWriter) {
        let thousandths = (bound * 1000).rounded()
        if bound >= 0, bound * 1000 <= 33_554_430, thousandths / 1000 == bound {
            return out.varbitUnsigned(UInt64(thousandths) + 1)
        }
        out.bit(false)
        out.double(bound)
    }

    // MARK: Samples

    private func writeIntegers(_ out: inout BitWriter) {
        out.varbit(start.millis)
        var last = Numbers(samples[0])
        out.varbitUnsigned(UInt64(bitPattern: last.counts[0]))
        out.varbitUnsigned(UInt64(bitPattern: last.counts[1]))
        out.double(samples[0].sum)
        for bucket in last.counts.dropFirst(2) { out.varbit(bucket) }
        var changes = Array(repeating: Int64(0), count: last.counts.count)
        var coder = XORCoder(after: samples[0].sum)
        var distance: Int64 = 0
        for index in samples.indices.dropFirst() {
            let next = Numbers(samples[index])
            let passed = (times[index] - times[index - 1]).millis
            if index == 1 {
                out.varbitUnsigned(UInt64(passed))
            } else {
                out.varbit(passed - distance)
            }
            distance = passed
            for place in next.counts.indices {
                let change = next.counts[place] &- last.counts[place]
                out.varbit(change &- changes[place])
                changes[place] = change
                if place == 1 { coder.append(samples[index].sum, to: &out) }
            }
            last = next
        }
    }

    /// Count, zero count, and the buckets as differences to the one before.
    private struct Numbers {
        var counts: [Int64]

        init(_ histogram: Histogram) {
            if histogram.isStaleMarker {
                counts = [0, 0]
                return
            }
            counts = [Self.whole(histogram.count), Self.whole(histogram.zeroCount)]
            for buckets in [histogram.positive, histogram.negative] {
                var before: Int64 = 0
                for count in buckets.counts {
                    counts.append(Self.whole(count) &- before)
                    before = Self.whole(count)
                }
            }
        }

        private static func whole(_ count: Double) -> Int64 { Int64(exactly: count) ?? 0 }
    }

    private func writeFloats(_ out: inout BitWriter) {
        out.varbit(start.millis)
        let first = numbers(samples[0])
        for number in first { out.double(number) }
        var coders = first.map { XORCoder(after: $0) }
        var distance: Int64 = 0
        for index in samples.indices.dropFirst() {
            let passed = (times[index] - times[index - 1]).millis
            if index == 1 {
                out.varbitUnsigned(UInt64(passed))
            } else {
                out.varbit(passed - distance)
            }
            distance = passed
            for (place, number) in numbers(samples[index]).enumerated() {
                coders[place].append(number, to: &out)
            }
        }
    }

    private func numbers(_ histogram: Histogram) -> [Double] {
        if histogram.isStaleMarker { return [0, 0, histogram.sum] }
        return [histogram.count, histogram.zeroCount, histogram.sum] + histogram.positive.counts
            + histogram.negative.counts
    }
}

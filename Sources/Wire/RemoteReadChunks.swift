public import Model

// Chunks as Prometheus stores and streams them (its tsdb/docs/format/chunks.md): two bytes with the
// number of samples, one with flags if they are histograms, then bits. A chunk of histograms has
// one layout, and in it no counter goes down; whatever does not fit begins another.

/// A chunk of a streamed answer.
public struct RemoteReadChunk: Hashable, Sendable {
    /// Numbered as on the wire.
    public enum Encoding: UInt8, Sendable {
        case xor = 1
        case histogram = 2
        case floatHistogram = 3
    }

    public var first: Timestamp
    public var last: Timestamp
    public var encoding: Encoding
    public var bytes: [UInt8]

    /// As many as Prometheus puts into one.
    static let samplesMax = 120
}

/// Makes chunks of the samples of one series.
public enum RemoteReadChunks {
    /// All chunks, by the time of their first sample. Times ascend in both columns.
    public static func encode(
        times: [Timestamp], values: [Double], histogramTimes: [Timestamp], histograms: [Histogram]
    ) -> [RemoteReadChunk] {
        var chunks: [RemoteReadChunk] = []
        var (float, other) = (0, 0)
        while float < times.count || other < histogramTimes.count {
            let isFloat =
                other == histogramTimes.count
                || float < times.count && times[float] < histogramTimes[other]
            if isFloat {
                // Chunks must not overlap: floats end where a histogram comes between.
                let end = other < histogramTimes.count ? histogramTimes[other] : .distantFuture
                var next = float
                while next < times.count, next - float < RemoteReadChunk.samplesMax,
                    times[next] < end
                { next += 1 }
                chunks.append(floats(times[float..<next], values[float..<next]))
                float = next
            } else {
                let end = float < times.count ? times[float] : .distantFuture
                var run = HistogramRun(
                    histogramTimes[other], histograms[other],
                    after: other > 0 ? histograms[other - 1] : nil)
                other += 1
                while other < histogramTimes.count, histogramTimes[other] < end,
                    run.append(histogramTimes[other], histograms[other])
                { other += 1 }
                chunks.append(run.chunk)
            }
        }
        return chunks
    }

    private static func floats(
        _ times: ArraySlice<Timestamp>, _ values: ArraySlice<Double>
    ) -> RemoteReadChunk {
        let (start, value) = (times[times.startIndex], values[values.startIndex])
        var out = BitWriter(after: countBytes(times.count))
        out.varint(start.millis)
        out.double(value)
        var coder = XORCoder(after: value)
        var last = start.millis
        var delta: Int64 = 0
        for (place, index) in times.indices.enumerated().dropFirst() {
            let next = times[index].millis - last
            if place == 1 {
                out.uvarint(UInt64(next))
            } else {
                timeBits(next - delta, &out)
            }
            (delta, last) = (next, times[index].millis)
            coder.append(values[index], to: &out)
        }
        return RemoteReadChunk(
            first: start, last: Timestamp(millis: last), encoding: .xor, bytes: out.bytes)
    }

    /// How much the distance to the sample before changed.
    private static func timeBits(_ change: Int64, _ out: inout BitWriter) {
        if change == 0 { return out.bit(false) }
        for (ones, width) in [(1, 14), (2, 17), (3, 20)] where BitWriter.fits(change, width) {
            for _ in 0..<ones { out.bit(true) }
            out.bit(false)
            return out.bits(UInt64(bitPattern: change), width)
        }
        out.bits(0b1111, 4)
        out.bits(UInt64(bitPattern: change), 64)
    }

    static func countBytes(_ count: Int) -> [UInt8] { [UInt8(count >> 8), UInt8(count & 0xff)] }
}

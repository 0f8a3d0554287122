import Model

// Native histograms in chunks: bytes, padded to whole words. Each sample is its time's delta and a
// byte that says whether its layout (schema, threshold, spans, bounds, kind, hint) is that of the
// one before; if so only the counts follow, whole ones as zigzag differences to the sample before,
// others bit for bit. A usual histogram of forty buckets takes 60 to 100 bytes a sample.

/// A run of histograms of one series that is being written.
struct HistogramRun: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var lastTime: Int64 = 0
    private(set) var last = Histogram()
    private(set) var count = 0

    /// Appends a histogram that is newer than the one before. O(buckets).
    mutating func append(_ time: Int64, _ histogram: Histogram) {
        var out = ByteWriter()
        out.signedVarint(time &- lastTime)
        let isSame = count > 0 && histogram.hasLayout(of: last)
        out.byte(isSame ? 1 : 0)
        if isSame {
            Self.writeCounts(histogram, after: last, into: &out)
        } else {
            var archive = Archive()
            var copy = histogram
            copy.archive(&archive)
            out.lengthPrefixed(archive.bytes)
        }
        bytes += out.bytes
        lastTime = time
        last = histogram
        count += 1
    }

    /// The content of the chunk: whole words.
    var words: [UInt64] {
        var reader = ByteReader(bytes + [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8))
        var words: [UInt64] = []
        while let word = reader.fixed64() { words.append(word) }
        return words
    }

    private static func writeCounts(
        _ histogram: Histogram, after last: Histogram, into out: inout ByteWriter
    ) {
        out.fixed64(histogram.sum.bitPattern)
        for (value, before) in zip(histogram.counts, last.counts) {
            if histogram.isInteger {
                out.signedVarint((Int64(exactly: value) ?? 0) &- (Int64(exactly: before) ?? 0))
            } else {
                out.fixed64(value.bitPattern)
            }
        }
    }

    /// Reads a chunk's samples; stops where the bytes are none of a chunk's.
    static func read(
        _ bytes: [UInt8], count: Int, _ body: (Int64, Histogram) -> Void
    ) {
        var reader = ByteReader(bytes)
        var time: Int64 = 0
        var last = Histogram()
        for index in 0..<count {
            guard let step = reader.signedVarint(), let form = reader.byte() else { return }
            time = time &+ step
            if form == 0 {
                guard let content = reader.lengthPrefixed() else { return }
                var archive = Archive(reading: content)
                last.archive(&archive)
                guard archive.isComplete else { return }
            } else {
                guard index > 0, readCounts(&last, from: &reader) else { return }
            }
            body(time, last)
        }
    }

    private static func readCounts(
        _ histogram: inout Histogram, from reader: inout ByteReader
    ) -> Bool {
        guard let sum = reader.double() else { return false }
        histogram.sum = sum
        var counts = histogram.counts
        for index in counts.indices {
            if histogram.isInteger {
                guard let step = reader.signedVarint() else { return false }
                counts[index] = Double((Int64(exactly: counts[index]) ?? 0) &+ step)
            } else {
                guard let value = reader.double() else { return false }
                counts[index] = value
            }
        }
        histogram.counts = counts
        return true
    }
}

extension HistogramRun: Archivable {
    static let blank = HistogramRun()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&bytes)
        archive.field(&lastTime)
        archive.field(&last)
        archive.field(&count)
    }
}

extension Histogram {
    /// Count, zero count and all buckets, one after the other.
    fileprivate var counts: [Double] {
        get { [count, zeroCount] + positive.counts + negative.counts }
        set {
            guard newValue.count == 2 + positive.counts.count + negative.counts.count else {
                return
            }
            count = newValue[0]
            zeroCount = newValue[1]
            let middle = 2 + positive.counts.count
            positive.counts = Array(newValue[2..<middle])
            negative.counts = Array(newValue[middle...])
        }
    }

    fileprivate func hasLayout(of other: Histogram) -> Bool {
        schema == other.schema && isInteger == other.isInteger && resetHint == other.resetHint
            && zeroThreshold.bitPattern == other.zeroThreshold.bitPattern
            && positive.spans == other.positive.spans && negative.spans == other.negative.spans
            && positive.counts.count == other.positive.counts.count
            && negative.counts.count == other.negative.counts.count
            && customBounds == other.customBounds
    }
}

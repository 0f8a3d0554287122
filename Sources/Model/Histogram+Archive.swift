// Histograms in the log and in checkpoints: about 40 bytes and 1 to 9 a bucket.

extension Histogram.Span: Archivable {
    /// To read into.
    public static let blank = Histogram.Span(offset: 0, length: 0)

    /// Offset, then length.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&offset)
        archive.field(&length)
    }
}

extension Histogram: Archivable {
    /// To read into.
    public static let blank = Histogram()

    /// Whole counts as varints, others bit for bit.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&schema)
        archive.field(&isInteger)
        archive.field(&resetHint)
        archive.field(&zeroThreshold)
        archive.field(&sum)
        archiveCount(&zeroCount, &archive)
        archiveCount(&count, &archive)
        archiveBuckets(&positive, &archive)
        archiveBuckets(&negative, &archive)
        archive.field(&customBounds)
    }

    private func archiveBuckets(_ buckets: inout Buckets, _ archive: inout Archive) {
        archive.field(&buckets.spans)
        archive.array(&buckets.counts, blank: 0) { archiveCount(&$1, &$0) }
    }

    private func archiveCount(_ count: inout Double, _ archive: inout Archive) {
        guard isInteger else { return archive.field(&count) }
        var whole = UInt64(exactly: count) ?? 0
        archive.field(&whole)
        count = Double(whole)
    }
}

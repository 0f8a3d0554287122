public import Model

// Lists of labels ask of every series whether it has samples in a span. A chunk whose first or
// last sample lies in the span answers without being decoded.

extension ChunkSnapshot {
    /// Whether a series has a sample from one time to another, both included. O(segments) where a
    /// chunk begins or ends in the span or none touches it, else as `read`.
    public func hasSamples(_ id: SeriesID, from: Timestamp, to: Timestamp) -> Bool {
        guard Int(id.index) < heads.count, !heads.isReleased(Int(id.index)) else { return false }
        let head = heads[Int(id.index)]
        guard !head.flags.contains(.isReleased) else { return false }
        guard from <= to else { return false }
        let span = from.millis...to.millis
        var isTouched = false
        /// True when an end of a chunk lies in the span; notes a chunk that reaches over it.
        func isInside(_ first: Int64, _ last: Int64) -> Bool {
            if span.contains(first) || span.contains(last) { return true }
            if first < span.lowerBound && last > span.upperBound { isTouched = true }
            return false
        }
        if head.count > 0 && isInside(head.first, head.newest) { return true }
        if late[id.index]?.contains(where: { span.contains($0.time.millis) }) == true {
            return true
        }
        if pending(id.index, head).contains(where: { isInside($0.1.first, $0.1.last) }) {
            return true
        }
        var isFound = false
        for segment in segments {
            unsafe segment.forEachChunk(of: id.index, from: from.millis, to: to.millis) {
                chunk, _ in
                if isInside(chunk.first, chunk.last) { isFound = true }
            }
        }
        if isFound || !isTouched { return isFound }
        var columns = SampleColumns()
        gather(id, from: from, to: to, into: &columns)
        return !columns.isEmpty
    }
}

/// How much there is, and of which times.
public struct ChunkExtent: Sendable {
    public var chunks = 0
    /// Nil when there is no sample.
    public var first: Timestamp?
    public var last: Timestamp?

    mutating func add(_ count: Int, _ first: Int64, _ last: Int64) {
        chunks += count
        self.first = min(self.first ?? .distantFuture, Timestamp(millis: first))
        self.last = max(self.last ?? .distantPast, Timestamp(millis: last))
    }
}

extension ChunkSnapshot {
    /// Open chunks of live series, and the chunks of segments. O(series + segments).
    public func extent() -> ChunkExtent {
        var extent = ChunkExtent()
        for place in 0..<heads.count where !heads.isReleased(place) {
            let head = heads[place]
            guard head.count > 0, !head.flags.contains(.isReleased) else { continue }
            extent.add(1, head.first, head.newest)
        }
        for segment in segments { extent.add(segment.count, segment.first, segment.last) }
        return extent
    }
}

public import Model

extension ChunkSnapshot {
    /// As `read`, without the markers that were put where a series fell silent: what its sender
    /// sent, and nothing else.
    public func readSent(
        _ id: SeriesID, from: Timestamp, to: Timestamp, into columns: inout SampleColumns
    ) {
        gather(id, from: from, to: to, into: &columns)
        columns.removeOwnMarkers()
        columns.normalize()
    }

    /// The times of the first and the last sample of all series; nil without any. O(series).
    public var span: (first: Timestamp, last: Timestamp)? {
        var first = Int64.max
        var last = Int64.min
        for (from, to) in ranges where from <= to {
            first = min(first, from)
            last = max(last, to)
        }
        return first <= last ? (Timestamp(millis: first), Timestamp(millis: last)) : nil
    }
}

extension SampleColumns {
    fileprivate mutating func removeOwnMarkers() {
        let marker = ChunkStore.ownMarkerBits
        guard values.contains(where: { $0.bitPattern == marker }) else { return }
        let kept = values.indices.filter { values[$0].bitPattern != marker }
        times = kept.map { times[$0] }
        values = kept.map { values[$0] }
    }
}

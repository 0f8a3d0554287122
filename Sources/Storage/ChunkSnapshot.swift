public import Model

// Reading: what a series has in segments, in batches, in the late list and in its open chunk,
// merged by time. A snapshot is a copy of pages; it can be read on any thread while the owner
// writes.

/// The samples of all series as they were at one moment.
public struct ChunkSnapshot: Sendable {
    let heads: PageTree<ChunkHead>
    private let arena: BlockArena
    private let runs: PageTree<HistogramRun>
    let late: [UInt32: [SeriesTail]]
    private let batches: [SealedBatch]
    let segments: [Segment]

    init(_ store: ChunkStore) {
        heads = store.heads
        arena = store.arena
        runs = store.runs
        late = store.late
        batches = store.drafts.map(\.batch) + [store.batch]
        segments = store.segments.compactMap(\.segment)
    }

    /// The samples of a series from one time to another, both included. Of equal times the one
    /// stored first stays. O(segments + samples); about 6 ns a sample.
    public func read(
        _ id: SeriesID, from: Timestamp, to: Timestamp, into columns: inout SampleColumns
    ) {
        gather(id, from: from, to: to, into: &columns)
        columns.normalize()
    }

    /// The newest sample of a series from one time to another, if that is the newest it has: the
    /// head knows it, and nothing is decoded. False when it may be another; read then. O(1).
    public func readNewest(
        _ id: SeriesID, from: Timestamp, to: Timestamp, into columns: inout SampleColumns
    ) -> Bool {
        columns.removeAll()
        guard Int(id.index) < heads.count, !heads.isReleased(Int(id.index)) else { return true }
        let head = heads[Int(id.index)]
        if head.flags.contains(.isReleased) { return true }
        // Samples that came late are older than the head's. A marker of our own gives way to a
        // sample of the same time.
        guard head.flags.isDisjoint(with: [.isHistogram, .isMixed]), head.count > 0,
            head.newest <= to.millis, head.value != ChunkStore.ownMarkerBits
        else { return false }
        if head.newest >= from.millis {
            columns.add(Timestamp(millis: head.newest), Double(bitPattern: head.value))
        }
        return true
    }

    /// The first and last times of segments, batches and open chunks.
    var ranges: [(Int64, Int64)] {
        var found = segments.map { ($0.first, $0.last) } + batches.map { ($0.first, $0.last) }
        for index in 0..<heads.count where !heads.isReleased(index) {
            let head = heads[index]
            if head.count > 0 { found.append((head.first, head.newest)) }
        }
        return found
    }

    /// The same as it is stored: unsorted where chunks overlap, with markers of our own.
    func gather(
        _ id: SeriesID, from: Timestamp, to: Timestamp, into columns: inout SampleColumns
    ) {
        columns.removeAll()
        guard Int(id.index) < heads.count, !heads.isReleased(Int(id.index)) else { return }
        let head = heads[Int(id.index)]
        guard !head.flags.contains(.isReleased) else { return }
        let (from, to) = (from.millis, to.millis)
        for segment in segments {
            unsafe segment.forEachChunk(of: id.index, from: from, to: to) { chunk, bytes in
                unsafe Self.decode(chunk, bytes, from, to, &columns)
            }
        }
        if head.sealed > 0 {
            for (batch, chunk) in pending(id.index, head)
            where chunk.first <= to && chunk.last >= from {
                let words = batch.words(of: chunk)
                unsafe words.withUnsafeBytes { unsafe Self.decode(chunk, $0, from, to, &columns) }
            }
        }
        if !late.isEmpty {
            for sample in late[id.index] ?? []
            where sample.time.millis >= from && sample.time.millis <= to {
                columns.add(sample.time, sample.value)
            }
        }
        readOpen(head, from, to, &columns)
    }

    /// The sealed chunks of a series that are in no segment, oldest first.
    func pending(_ id: UInt32, _ head: ChunkHead) -> [(SealedBatch, SealedChunk)] {
        if head.sealed == 0 { return [] }
        var found: [(SealedBatch, SealedChunk)] = []
        var next = head.sealed
        while next > 0 {
            let sequence = next - 1
            guard let batch = batches.last(where: { $0[sequence] != nil }),
                let chunk = batch[sequence], chunk.id == id
            else { break }
            found.append((batch, chunk))
            // Each is sealed after the one it names; anything else is damage.
            next = chunk.previous < next ? chunk.previous : 0
        }
        return found.reversed()
    }

    private func readOpen(
        _ head: ChunkHead, _ from: Int64, _ to: Int64, _ columns: inout SampleColumns
    ) {
        guard head.count > 0, head.first <= to, head.newest >= from else { return }
        if head.isHistogram {
            let run = runs[head.slot]
            HistogramRun.read(run.bytes, count: run.count) { time, histogram in
                guard time >= from, time <= to else { return }
                columns.add(Timestamp(millis: time), histogram)
            }
            return
        }
        var words: [UInt64] = []
        swap(&words, &columns.words)
        defer { swap(&words, &columns.words) }
        words.removeAll(keepingCapacity: true)
        arena.gather(first: head.chain.first, bits: Int(head.chain.bits), into: &words)
        unsafe words.withUnsafeBytes { bytes in
            let reader = unsafe FloatChunkReader(
                bytes, bits: Int(head.chain.bits), first: head.first, count: Int(head.count))
            columns.add(reader, count: Int(head.count), from: from, to: to)
        }
    }

    private static func decode(
        _ chunk: SealedChunk, _ bytes: UnsafeRawBufferPointer, _ from: Int64, _ to: Int64,
        _ columns: inout SampleColumns
    ) {
        switch chunk.kind {
        case .floats:
            let reader = unsafe FloatChunkReader(
                bytes, bits: Int(chunk.bits), first: chunk.first, count: Int(chunk.count))
            columns.add(reader, count: Int(chunk.count), from: from, to: to)
        case .histograms:
            let content = unsafe Array(bytes)
            HistogramRun.read(content, count: Int(chunk.count)) { time, histogram in
                guard time >= from, time <= to else { return }
                columns.add(Timestamp(millis: time), histogram)
            }
        }
    }
}

extension ChunkStore {
    /// The samples as they are now, for any thread. O(segments).
    public func snapshot() -> ChunkSnapshot { ChunkSnapshot(self) }
}

public import Model

// The samples of all series. Each series has one open chunk, whose bits lie in blocks of an arena;
// a full one is sealed into a batch, and a full batch becomes a segment on disk. Late samples that
// are older than their open chunk wait in a list of their own until they are sealed too; reading
// merges what overlaps. Everything is driven by arguments, so replaying the same samples gives the
// same segments, byte for byte.
//
// A series costs 56 bytes of head and 64 a block, which eight samples of a counter fill to two
// thirds; appending costs about 10 ns and allocates nothing in steady state.

/// When chunks and batches are full.
public struct ChunkLimits: Hashable, Sendable {
    public var samples = 120
    /// From a chunk's first sample to its last.
    public var span = TimeSpan.hours(2)
    /// Bytes of sealed content that make a segment.
    public var segmentBytes = 8 << 20
    /// Late samples waiting to be sealed.
    public var late = 10_000

    public static let standard = ChunkLimits()

    public init() {}
}

/// The samples of all series.
public struct ChunkStore: Sendable {
    var limits: ChunkLimits
    var heads = PageTree<ChunkHead>()
    var arena = BlockArena()
    /// Of open chunks of histograms, by the head's slot.
    var runs = PageTree<HistogramRun>()
    var freeRuns: [UInt32] = []
    var late: [UInt32: [SeriesTail]] = [:]
    var lateCount = 0
    /// Sealed and not in a segment yet; and batches that wait to be written, oldest first.
    var batch = SealedBatch(base: 0)
    var drafts: [SegmentDraft] = []
    /// Drafts that were handed out to be written.
    var draftsTaken = 0
    var segments: [SegmentPlace] = []
    var nextSegment: UInt32 = 1
    /// Segments that were dropped because the disk did not take them.
    public private(set) var segmentsGivenUp = 0
    /// When the oldest chunk of the batch was sealed.
    var batchSince: Timestamp?

    /// A segment that is, or will be, on disk.
    struct SegmentPlace: Sendable {
        var number: UInt32
        var bytes: Int
        var first: Int64
        var last: Int64
        /// Nil until the shell has written and mapped it; its samples are in a draft until then, or
        /// lost with the file.
        var segment: Segment?
    }

    public init(limits: ChunkLimits = .standard) { self.limits = limits }

    /// Numbers used.
    public var count: Int { heads.count }
    /// Bytes of all segments, those being written included.
    public var segmentBytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    public var segmentCount: Int { segments.count }
    /// Bytes of open chunks' blocks, heads not included.
    public var openBytes: Int { arena.blocksUsed * 64 }
    public var pendingBytes: Int { batch.bytes + drafts.reduce(0) { $0 + $1.batch.bytes } }
    /// Segments whose file is missing or damaged.
    public var segmentsLost: Int {
        segments.count { place in
            place.segment == nil && !drafts.contains { $0.number == place.number }
        }
    }

    /// Adds the next series.
    public mutating func addSeries() { heads.append(ChunkHead()) }

    /// The time of a series' newest sample in here.
    @inline(__always)
    public func newest(of id: SeriesID) -> Timestamp {
        if heads.isReleased(Int(id.index)) { return .distantFuture }
        let head = heads[Int(id.index)]
        return head.flags.contains(.hasNewest) ? Timestamp(millis: head.newest) : .distantPast
    }

    /// Reads a word of what the next sample of a series will change. O(1).
    @inline(__always)
    mutating func touch(_ id: SeriesID) -> UInt64 {
        guard let head = heads.ownElement(Int(id.index)) else { return 0 }
        return arena.lastWord(of: head.chain)
    }

    /// Bytes of an open chunk of histograms.
    static let runBytesMax = 64 << 10
    /// Bytes of segments that wait to be written; beyond it the oldest is given up.
    static let draftBytesMax = 512 << 20

    // MARK: Appending

    /// Appends a sample that is newer than all of its series. O(1).
    @inline(__always)
    public mutating func append(_ id: SeriesID, at time: Timestamp, value: Double) {
        let step = FloatChunk.append(
            time.millis, value.bitPattern, to: &heads[Int(id.index)], &arena,
            samples: limits.samples, span: UInt64(limits.span.millis),
            firstSamples: firstLimit(of: id.index))
        if case .full = step { beginFloats(id, time, value) }
    }

    /// The limit of a series' first chunk, 50 % to 100 % of the usual one: series that begin
    /// together do not fill their chunks together.
    @inline(__always)
    private func firstLimit(of id: UInt32) -> Int {
        let spread = Int((id &* 2_654_435_769) >> 26)
        return limits.samples - limits.samples * spread / 128
    }

    @inline(never)
    private mutating func beginFloats(_ id: SeriesID, _ time: Timestamp, _ value: Double) {
        let index = Int(id.index)
        guard !heads[index].flags.contains(.isReleased) else { return }
        seal(id)
        heads[index].flags.remove(.isHistogram)
        FloatChunk.begin(time.millis, value.bitPattern, &heads[index], &arena)
    }

    /// Appends a histogram that is newer than all of its series. O(buckets).
    public mutating func append(_ id: SeriesID, at time: Timestamp, histogram: Histogram) {
        let index = Int(id.index)
        let head = heads[index]
        guard !head.flags.contains(.isReleased) else { return }
        let isFull =
            !head.isHistogram || head.count == 0 || Int(head.count) >= limits.samples
            || time.millis &- head.first >= limits.span.millis
            || runs[head.slot].bytes.count >= Self.runBytesMax
        if isFull { beginHistograms(index, time) }
        runs[heads[index].slot].append(time.millis, histogram)
        heads[index].newest = time.millis
        heads[index].count += 1
        heads[index].flags.insert(.hasNewest)
    }

    private mutating func beginHistograms(_ index: Int, _ time: Timestamp) {
        seal(SeriesID(UInt32(index)))
        heads[index].flags.insert(.isHistogram)
        heads[index].first = time.millis
        if let free = freeRuns.popLast() {
            runs[Int(free)] = HistogramRun()
            heads[index].value = UInt64(free)
        } else {
            runs.append(HistogramRun())
            heads[index].value = UInt64(runs.count - 1)
        }
    }

    /// Ends a series: a stale marker, unless something newer is there.
    public mutating func end(_ id: SeriesID, at time: Timestamp) {
        guard time > newest(of: id) else { return }
        append(id, at: time, value: Double(bitPattern: Self.ownMarkerBits))
    }

    /// A stale marker that no sender sent: a sample of the sender's at its time takes its place.
    /// Readers see the usual marker.
    static let ownMarkerBits: UInt64 = 0x7ff0_0000_0000_0003

    // MARK: Sealing

    /// Seals a series' open chunk, if it has one: full, or idle.
    public mutating func seal(_ id: SeriesID) {
        let index = Int(id.index)
        let head = heads[index]
        guard head.count > 0 else { return }
        var words: [UInt64] = []
        var bits = Int(head.chain.bits)
        if head.isHistogram {
            words = runs[head.slot].words
            bits = runs[head.slot].bytes.count * 8
            runs[head.slot] = HistogramRun()
            freeRuns.append(UInt32(head.slot))
        } else {
            arena.gather(first: head.chain.first, bits: bits, into: &words)
            arena.release(head.chain)
        }
        let chunk = SealedChunk(
            id: id.index, kind: head.isHistogram ? .histograms : .floats, count: head.count,
            bits: UInt32(bits), first: head.first, last: head.newest, offset: 0,
            previous: head.sealed)
        add(chunk, words)
        heads[index].begin()
        heads[index].value = 0
        heads[index].flags.remove(.isHistogram)
    }

    /// Puts a sealed chunk into the batch.
    mutating func add(_ chunk: SealedChunk, _ words: [UInt64]) {
        batch.add(chunk, words)
        heads[Int(chunk.id)].sealed = batch.base &+ UInt64(batch.chunks.count)
        if batch.bytes >= limits.segmentBytes { finishBatch() }
    }

    /// Makes a segment of the batch when it is large or old enough; seals what is late. O(1) but
    /// for that. Called now and then with the time.
    public mutating func advance(to now: Timestamp) {
        if lateCount >= limits.late { sealLate() }
        if batch.chunks.isEmpty {
            batchSince = nil
            return
        }
        let since = batchSince ?? now
        batchSince = since
        guard batch.bytes >= limits.segmentBytes || now - since >= limits.span else { return }
        finishBatch()
    }

    private mutating func finishBatch() {
        let draft = SegmentDraft(number: nextSegment, batch: batch)
        segments.append(
            SegmentPlace(
                number: nextSegment, bytes: draft.bytes, first: batch.first, last: batch.last))
        drafts.append(draft)
        nextSegment += 1
        batch = SealedBatch(base: batch.base &+ UInt64(batch.chunks.count))
        batchSince = nil
        // A disk that takes nothing for long costs queries samples, and the process no memory.
        while pendingBytes > Self.draftBytesMax, let oldest = drafts.first {
            segmentsGivenUp += 1
            forget([oldest.number])
            segments.removeAll { $0.number == oldest.number }
        }
    }

    /// The segments to write that were not handed out before.
    public mutating func takeDrafts() -> [SegmentDraft] {
        guard draftsTaken < drafts.count else { return [] }
        defer { draftsTaken = drafts.count }
        return Array(drafts[draftsTaken...])
    }

    /// A segment was written, mapped and checked. False when it is not wanted any more.
    ///
    /// Its samples stay in memory until all before it are written too: those of one series are
    /// found by stepping from one to the one before.
    public mutating func attach(_ segment: Segment) -> Bool {
        guard let place = segments.firstIndex(where: { $0.number == segment.number }) else {
            return false
        }
        segments[place].segment = segment
        while let oldest = drafts.first,
            segments.first(where: { $0.number == oldest.number })?.segment != nil
        {
            forget([oldest.number])
        }
        return true
    }

    /// Numbers of the segments that should be on disk: to be opened after a restart.
    public var segmentNumbers: [UInt32] { segments.map(\.number) }

    // MARK: Letting go

    /// Drops segments that are older than `time` allows, and the oldest while all take more than
    /// `bytes`. Returns their numbers: their files can go.
    public mutating func retain(now: Timestamp, time: TimeSpan, bytes: Int) -> [UInt32] {
        let horizon = (now - time).millis
        var total = segmentBytes
        var dropped: [UInt32] = []
        segments.removeAll { place in
            guard place.last < horizon || total > bytes else { return false }
            total -= place.bytes
            dropped.append(place.number)
            return true
        }
        forget(dropped)
        return dropped
    }

    /// Lets go of drafts, written or not.
    private mutating func forget(_ numbers: [UInt32]) {
        draftsTaken -= drafts.prefix(draftsTaken).count { numbers.contains($0.number) }
        drafts.removeAll { numbers.contains($0.number) }
    }

    /// Forgets a series whose samples are of no use any more.
    public mutating func release(_ id: SeriesID) {
        let index = Int(id.index)
        let head = heads[index]
        if head.isHistogram && head.count > 0 {
            runs[head.slot] = HistogramRun()
            freeRuns.append(UInt32(head.slot))
        } else {
            arena.release(head.chain)
        }
        if let gone = late.removeValue(forKey: id.index) { lateCount -= gone.count }
        heads[index] = .released
        releasePage(of: index)
    }

    /// Frees the page of heads around a number when all its series are gone.
    mutating func releasePage(of index: Int) {
        let capacity = PageTree<ChunkHead>.pageCapacity
        let first = index / capacity * capacity
        guard first + capacity <= heads.count,
            (first..<first + capacity).allSatisfy({ heads[$0].flags.contains(.isReleased) })
        else { return }
        heads.releasePage(index / capacity)
    }
}

public import Model

/// The newest sample of a series.
public struct SeriesTail: Hashable, Sendable {
    public var time: Timestamp
    public var value: Double

    @inlinable public init(time: Timestamp, value: Double) {
        self.time = time
        self.value = value
    }

    /// No sample yet.
    public static let none = SeriesTail(time: .distantPast, value: 0)

    public var isEmpty: Bool { time == .distantPast }
}

/// What became of a sample that is not newer than its series.
public enum InsertOutcome: Hashable, Sendable {
    case inserted
    /// The same time and value were stored.
    case same
    /// Another value was stored for this time; it stays.
    case different
    /// So many late samples of the series wait that one more would cost too much.
    case full
}

/// The series: their labels, numbers and samples. Numbers are dense and never reused within a data
/// directory (DESIGN §4.5).
///
/// The tail of a series is the newest sample as its sender knows it, which order is judged by; what
/// queries see is in the chunks. The two differ for replicas, whose samples are stored once under
/// another series, and for series that were given a stale marker of our own.
public struct SeriesStore: Sendable {
    /// The most metrics described.
    static let descriptionsMax = 50_000

    public private(set) var index: SeriesIndex
    public var chunks = ChunkStore()
    @usableFromInline var tails = PagedArray<SeriesTail>()
    private var exemplars = ExemplarRing()
    public private(set) var descriptions: [String: MetricDescription] = [:]
    /// Wire keys to series: a cache, in no snapshot.
    private var keys = KeyTable()
    /// Half of the key that each series last had. Senders repeat their series in the same order, so
    /// the next one's key is nearly always that of the next number: found here it costs no look
    /// into the table, which is a miss of every cache. Also in no snapshot.
    private var lastKeys = PagedArray<UInt64>()

    /// `seed` keys the hash tables; nothing that is returned depends on it.
    public init(seed: UInt64 = 0) { index = SeriesIndex(seed: seed) }

    /// Numbers used so far, those of forgotten series included.
    @inlinable public var count: Int { tails.count }

    public func labels(of id: SeriesID) -> Labels { index.labels(of: id) }
    @inlinable public func tail(of id: SeriesID) -> SeriesTail { tails[Int(id.index)] }

    /// The series last seen under this key of a label block. O(1).
    public func find(low: UInt64, high: UInt64) -> SeriesID? { keys.find(low, high) }

    /// The same; `hint` is the one found before. O(1).
    ///
    /// A hint's neighbour is recognised by 64 bits of the key: with a secret seed another series'
    /// key agrees by chance once in 2^64 look-ups.
    public mutating func find(low: UInt64, high: UInt64, after hint: UInt32) -> SeriesID? {
        // Of two replicas of one target each second number is the shared series'.
        for step in 1...2 {
            let next = Int(hint &+ UInt32(step))
            if next < lastKeys.count, !lastKeys.isReleased(next), lastKeys[next] == low, low != 0 {
                return SeriesID(UInt32(next))
            }
        }
        guard let found = keys.find(low, high) else { return nil }
        if !lastKeys.isReleased(Int(found.index)) { lastKeys[Int(found.index)] = low }
        return found
    }

    /// The series with these labels, if it is known.
    public func find(_ labels: Labels) -> SeriesID? { index.find(labels) }

    /// Remembers that a label block's key stands for this series.
    ///
    /// One label set can be written as blocks without number, so the keys are bounded: at four a
    /// series the cache starts over.
    public mutating func remember(low: UInt64, high: UInt64, as id: SeriesID) {
        if keys.count > 4 * count + 1024 { keys = KeyTable() }
        keys.insert(low, high, id)
        lastKeys[Int(id.index)] = low
    }

    /// Adds a series that is not known. Amortised O(bytes of the labels).
    public mutating func add(_ labels: Labels) -> SeriesID {
        let id = index.add(labels)
        tails.append(.none)
        lastKeys.append(0)
        chunks.addSeries()
        return id
    }

    /// Forgets a series whose samples are gone. Its number stays used up.
    public mutating func remove(_ id: SeriesID) {
        index.remove(id)
        chunks.release(id)
        let page = Int(id.index) / tails.pageCapacity
        tails[Int(id.index)] = .none
        guard (page + 1) * tails.pageCapacity <= tails.count,
            tails.page(page).allSatisfy(\.isEmpty)
        else { return }
        tails.releasePage(page)
        releaseKeys(around: Int(id.index))
    }

    /// Frees the keys of a page of which all series are gone.
    private mutating func releaseKeys(around index: Int) {
        let page = index / lastKeys.pageCapacity
        let first = page * lastKeys.pageCapacity
        let range = first..<(first + lastKeys.pageCapacity)
        guard range.upperBound <= tails.count, range.allSatisfy({ tails.isReleased($0) }) else {
            return
        }
        lastKeys.releasePage(page)
    }

    /// Cleans up behind removed series, a little at a time. O(budget).
    public mutating func tidy(budget: Int) { index.compact(budget: budget) }

    /// Notes the newest sample of a series as its sender knows it. O(1), no allocation.
    @inlinable public mutating func advance(
        _ id: SeriesID, to time: Timestamp, value: Double
    ) {
        tails[Int(id.index)] = SeriesTail(time: time, value: value)
    }

    // MARK: Samples

    /// Reads a word of what the next sample of a series will change; its value means nothing. O(1).
    public mutating func touch(_ id: SeriesID) -> UInt64 { chunks.touch(id) }

    /// Stores a sample that is newer than its sender's newest. O(1).
    @inline(__always)
    public mutating func append(_ id: SeriesID, at time: Timestamp, value: Double) {
        // A stale marker of our own may stand where the sender's late sample belongs.
        if time <= chunks.newest(of: id) {
            _ = chunks.insert(id, at: time, value: value)
        } else {
            chunks.append(id, at: time, value: value)
        }
    }

    /// Stores a sample that is not newer than its sender's newest.
    public mutating func insert(
        _ id: SeriesID, at time: Timestamp, value: Double
    ) -> InsertOutcome { chunks.insert(id, at: time, value: value) }

    /// As `append`, of a histogram.
    public mutating func append(_ id: SeriesID, at time: Timestamp, histogram: Histogram) {
        if time <= chunks.newest(of: id) {
            _ = chunks.insert(id, at: time, histogram: histogram)
        } else {
            chunks.append(id, at: time, histogram: histogram)
        }
    }

    /// As `insert`, of a histogram.
    public mutating func insert(
        _ id: SeriesID, at time: Timestamp, histogram: Histogram
    ) -> InsertOutcome { chunks.insert(id, at: time, histogram: histogram) }

    /// Ends a series at a time with a stale marker, without touching its tail.
    public mutating func end(_ id: SeriesID, at time: Timestamp) { chunks.end(id, at: time) }

    // MARK: Beside samples

    public var exemplarCount: Int { exemplars.count }

    /// Keeps an exemplar, if it is not older than the series' newest.
    public mutating func add(_ exemplar: Exemplar, to id: SeriesID) -> ExemplarOutcome {
        exemplars.add(
            exemplar, to: id.index, newest: &chunks.heads[Int(id.index)].exemplar)
    }

    /// A series' exemplars from one time to another, both included.
    public func exemplars(of id: SeriesID, from: Timestamp, to: Timestamp) -> [Exemplar] {
        exemplars.read(
            id.index, newest: chunks.heads[Int(id.index)].exemplar, from: from, to: to)
    }

    /// The exemplars as they are now. O(1).
    public func exemplarSnapshot() -> ExemplarSnapshot { ExemplarSnapshot(exemplars, chunks.heads) }

    /// Keeps what is said of a metric; false when it was known, or there are too many metrics.
    public mutating func describe(
        _ metric: String, as description: MetricDescription
    ) -> Bool {
        let known = descriptions[metric]
        guard known != description, known != nil || descriptions.count < Self.descriptionsMax
        else { return false }
        descriptions[metric] = description
        return true
    }

    // MARK: Checkpoints

    /// A point in time.
    public func sections() -> StoreSections {
        StoreSections(
            index: index.snapshot().sections(), tails: tails, chunks: chunks.sections(),
            exemplars: exemplars, descriptions: descriptions)
    }

    /// Takes the next section; false when it is malformed.
    public mutating func restore(_ section: [UInt8]) -> Bool {
        guard let kind = section.first.flatMap(StoreSections.Kind.init) else { return false }
        let content = Array(section.dropFirst())
        var archive = Archive(reading: content)
        switch kind {
        case .index:
            do throws(IndexSectionError) {
                try index.restore(content)
                return true
            } catch {
                return false
            }
        case .chunks: return chunks.restore(content)
        case .tails:
            archive.pages(&tails)
            while lastKeys.count < tails.count { lastKeys.append(0) }
        case .exemplars: exemplars.archive(&archive)
        case .descriptions: StoreSections.archive(&descriptions, &archive)
        }
        return archive.isComplete
    }

    /// Whether all sections belong together.
    public mutating func finishRestore() -> Bool {
        Int(index.end.index) == tails.count && chunks.count == tails.count && chunks.isSound
            && exemplars.isSound
    }
}

// Which series there are and which of them a selector means (DESIGN §3.1, §4.5).
//
// A series is a number that is never used again and the symbols of its labels. Per label there is a
// compressed list of the series that have it. A million series of ten labels, forty a pod, take
// about 60 bytes each with all tables; adding one costs about 2 us.
//
// The owner adds and removes; readers and checkpoints work on snapshots, which cost a few retains
// to take and copy nothing larger than a few KiB at a time when the owner goes on.
public import Model

/// How much an index holds.
public struct IndexCounts: Hashable, Sendable {
    public var series = 0
    /// Numbers used up, those of live series included.
    public var numbers = 0
    public var labelNames = 0
    /// Different labels: a name and a value.
    public var labels = 0
    /// Lists that wait for compaction.
    public var ripeLists = 0
}

/// The series, their labels and the way from labels to series.
public struct SeriesIndex: Sendable {
    private var state: IndexState
    private var index = HashIndex(shardBits: IndexState.shardBits)
    private let seed: UInt64
    private var scratch: [UInt32] = []
    /// Labels whose lists are to be compacted, first come first served, and the run that is next.
    private var ripe: [UInt32] = []
    private var ripeStart = 0
    private var ripeRun = 0

    /// An empty index. `seed` keys the hash tables and should be a secret: senders choose the
    /// labels. Nothing that the index returns depends on it.
    public init(seed: UInt64) {
        self.seed = seed
        state = IndexState(seed: seed)
    }

    /// Series that are there.
    public var count: Int { state.records.count }
    /// The number that the next new series gets.
    public var end: SeriesID { SeriesID(state.records.end) }

    public func isLive(_ id: SeriesID) -> Bool { state.records.isLive(id.index) }

    /// A live series' labels; of any other number the empty set. O(bytes), one allocation.
    public func labels(of id: SeriesID) -> Labels { state.labels(of: id.index) }

    /// The state as it is now, for another thread. O(1): a few retains.
    public func snapshot() -> SeriesIndexSnapshot { SeriesIndexSnapshot(state) }

    public var counts: IndexCounts {
        IndexCounts(
            series: count, numbers: Int(state.records.end), labelNames: state.names.count,
            labels: state.values.count, ripeLists: ripe.count - ripeStart)
    }

    // MARK: Finding and adding

    /// The live series with these labels. O(bytes).
    public func find(_ labels: Labels) -> SeriesID? {
        var symbols: [UInt32] = []
        var areKnown = true
        let bytes = labels.bytes
        let span = bytes.span
        labels.forEachRange { name, value in
            guard areKnown,
                let nameSymbol = state.names.find(span.extracting(name), in: 0),
                let symbol = state.value(span.extracting(value), of: nameSymbol)
            else {
                areKnown = false
                return
            }
            symbols.append(symbol)
        }
        return areKnown ? find(symbols, hash(symbols)).map(SeriesID.init) : nil
    }

    /// The series with these labels, new if there is none. Amortised O(bytes).
    public mutating func add(_ labels: Labels) -> SeriesID {
        scratch.removeAll(keepingCapacity: true)
        let bytes = labels.bytes
        let span = bytes.span
        var reader = ByteReader(bytes)
        while let name = reader.lengthPrefixedRange(), let value = reader.lengthPrefixedRange() {
            scratch.append(
                state.intern(
                    name: span.extracting(name), value: span.extracting(value)))
        }
        return SeriesID(addScratch() ?? find(scratch, hash(scratch)) ?? .max)
    }

    /// Adds the series of the symbols in `scratch`; nil when it is there already.
    private mutating func addScratch() -> UInt32? {
        let hash = hash(scratch)
        if find(scratch, hash) != nil { return nil }
        let number = state.append(scratch)
        index.insert(hash, number)
        return number
    }

    /// Removes a series: its number stays used up. False when it is not there. O(labels), besides
    /// what `compact` does later.
    @discardableResult public mutating func remove(_ id: SeriesID) -> Bool {
        guard isLive(id) else { return false }
        scratch.removeAll(keepingCapacity: true)
        state.records.forEachSymbol(of: id.index) { scratch.append($0) }
        index.remove(hash(scratch), id.index)
        state.remove(id.index, scratch) { ripe.append($0) }
        return true
    }

    /// Drops removed series from lists of which they are half. `budget` is how many entries may be
    /// looked at, about 5 ns each, exceeded by at most one run (4,064). Returns how many were;
    /// nothing waits any more when they are fewer than the budget.
    @discardableResult public mutating func compact(budget: Int) -> Int {
        var work = 0
        while work < budget && ripeStart < ripe.count {
            let (next, done) = state.compactRun(ripe[ripeStart], ripeRun)
            work += done
            ripeRun = next ?? 0
            if next == nil { ripeStart += 1 }
        }
        if ripeStart > 1024 && ripeStart * 2 > ripe.count {
            ripe.removeFirst(ripeStart)
            ripeStart = 0
        }
        return work
    }

    private func find(_ symbols: [UInt32], _ hash: UInt64) -> UInt32? {
        index.find(hash) { number in
            var place = 0
            var areEqual = true
            state.records.forEachSymbol(of: number) { symbol in
                if place >= symbols.count || symbols[place] != symbol { areEqual = false }
                place += 1
            }
            return areEqual && place == symbols.count
        }
    }

    private func hash(_ symbols: [UInt32]) -> UInt64 {
        symbols.reduce(seed) { ByteRuns.mix($0, $1) }
    }
}

// MARK: Checkpoints

extension SeriesIndex {
    /// Adds the series of the next section of a checkpoint. Sections come in their order, to an
    /// index that was empty. After an error the index is to be thrown away.
    public mutating func restore(_ section: [UInt8]) throws(IndexSectionError) {
        var reader = try IndexSectionReader(section, expected: state.records.end)
        let span = section.span
        var symbols = [UInt32](repeating: .max, count: reader.labels.count)
        while let number = try reader.next() {
            state.skip(to: number)
            scratch.removeAll(keepingCapacity: true)
            for local in reader.locals {
                if symbols[local] == .max {
                    let label = reader.labels[local]
                    symbols[local] = state.intern(
                        name: span.extracting(reader.names[label.name]),
                        value: span.extracting(label.value))
                }
                scratch.append(symbols[local])
            }
            guard addScratch() != nil else { throw .duplicate(SeriesID(number)) }
        }
        state.skip(to: reader.end)
    }
}

import Model

/// What a `SeriesIndex` and its snapshots share: everything that answers a question.
///
/// All of it lives in pages, runs and shards of a few KiB that are copied on the first write after
/// the state was copied. Labels are symbols: of names, and of values in the context of their name;
/// a value's symbol therefore stands for the label, and numbers its list of series.
struct IndexState: Sendable {
    /// A name's values are chained through their links.
    struct NameEntry: Sendable {
        /// Symbol + 1 of the value added last.
        var firstValue: UInt32 = 0
        var valueCount: UInt32 = 0
        var seriesCount: UInt32 = 0
    }

    struct Link: Sendable {
        /// Symbol + 1 of neighbours in the name's chain.
        var next: UInt32 = 0
        var previous: UInt32 = 0
    }

    static let shardBits = 10
    private static let nameShardBits = 4

    private(set) var names: SymbolTable
    private(set) var values: SymbolTable
    private(set) var records = SeriesRecords()
    private var nameEntries = PagedArray<NameEntry>()
    private var links = PagedArray<Link>()
    private var lists = PagedArray<Postings>()

    init(seed: UInt64) {
        names = SymbolTable(seed: seed, shardBits: Self.nameShardBits)
        values = SymbolTable(seed: seed, shardBits: Self.shardBits)
    }

    // MARK: Reading

    func nameEntry(_ name: UInt32) -> NameEntry { nameEntries[Int(name)] }
    func postings(_ value: UInt32) -> Postings { lists[Int(value)] }

    /// Series with this label that are there. The index holds one reference a series.
    func seriesCount(_ value: UInt32) -> Int { values.references(value) }

    func value(_ bytes: Span<UInt8>, of name: UInt32) -> UInt32? { values.find(bytes, in: name) }

    /// Calls `body` with each value of a name, in no useful order. It stops when `body` says so.
    func forEachValue(of name: UInt32, _ body: (UInt32) -> Void) {
        var next = nameEntries[Int(name)].firstValue
        while next > 0 {
            body(next - 1)
            next = links[Int(next - 1)].next
        }
    }

    /// A live series' labels; of any other number the empty set.
    func labels(of number: UInt32) -> Labels {
        guard records.isLive(number) else { return .empty }
        var length = 0
        records.forEachSymbol(of: number) { value in
            length += names.length(of: values.context(of: value)) + values.length(of: value) + 4
        }
        var out = ByteWriter(reserving: length)
        records.forEachSymbol(of: number) { value in
            let name = values.context(of: value)
            out.varint(UInt64(names.length(of: name)))
            names.append(name, to: &out.bytes)
            out.varint(UInt64(values.length(of: value)))
            values.append(value, to: &out.bytes)
        }
        return Labels(canonical: out.bytes)
    }

    // MARK: Writing

    /// The symbol of a label, new without references when there was none.
    mutating func intern(name: Span<UInt8>, value: Span<UInt8>) -> UInt32 {
        let (nameSymbol, isNewName) = names.intern(name, in: 0)
        if isNewName {
            if Int(nameSymbol) == nameEntries.count {
                nameEntries.append(NameEntry())
            } else {
                nameEntries[Int(nameSymbol)] = NameEntry()
            }
        }
        return intern(value, of: nameSymbol)
    }

    private mutating func intern(_ value: Span<UInt8>, of name: UInt32) -> UInt32 {
        let (symbol, isNew) = values.intern(value, in: name)
        guard isNew else { return symbol }
        names.retain(name)
        let next = nameEntries[Int(name)].firstValue
        let link = Link(next: next, previous: 0)
        if Int(symbol) == links.count {
            links.append(link)
            lists.append(Postings())
        } else {
            links[Int(symbol)] = link
            lists[Int(symbol)] = Postings()
        }
        if next > 0 { links[Int(next - 1)].previous = symbol + 1 }
        nameEntries[Int(name)].firstValue = symbol + 1
        nameEntries[Int(name)].valueCount += 1
        return symbol
    }

    /// Adds a series with these labels. O(labels), amortised.
    mutating func append(_ symbols: [UInt32]) -> UInt32 {
        let number = records.append(symbols)
        for symbol in symbols {
            values.retain(symbol)
            lists[Int(symbol)].append(number)
            nameEntries[Int(values.context(of: symbol))].seriesCount += 1
        }
        return number
    }

    /// Uses up numbers.
    mutating func skip(to next: UInt32) { records.skip(to: next) }

    /// Removes a live series that has these labels. Calls `ripe` with each label whose list is to
    /// be compacted: half of it is dead.
    mutating func remove(_ number: UInt32, _ symbols: [UInt32], ripe: (UInt32) -> Void) {
        records.remove(number)
        for symbol in symbols {
            nameEntries[Int(values.context(of: symbol))].seriesCount -= 1
            let name = values.context(of: symbol)
            if values.release(symbol) {
                forget(symbol, of: name)
                continue
            }
            lists[Int(symbol)].dead += 1
            let (dead, count) = (lists[Int(symbol)].dead, lists[Int(symbol)].count)
            if dead * 2 >= count && !lists[Int(symbol)].isQueued {
                lists[Int(symbol)].isQueued = true
                ripe(symbol)
            }
        }
    }

    /// A value that no series has any more leaves its name's chain; its list was all dead.
    private mutating func forget(_ value: UInt32, of name: UInt32) {
        lists[Int(value)] = Postings()
        let link = links[Int(value)]
        if link.next > 0 { links[Int(link.next - 1)].previous = link.previous }
        if link.previous > 0 {
            links[Int(link.previous - 1)].next = link.next
        } else {
            nameEntries[Int(name)].firstValue = link.next
        }
        nameEntries[Int(name)].valueCount -= 1
        _ = names.release(name)
    }

    /// Compacts one run of a list that was called ripe; nil when it was the last. The work is
    /// entries looked at.
    mutating func compactRun(_ value: UInt32, _ run: Int) -> (next: Int?, work: Int) {
        guard lists[Int(value)].isQueued else { return (nil, 1) }
        let before = lists[Int(value)].run(run).count
        let live = records
        let next = lists[Int(value)].compactRun(run) { live.isLive($0) }
        if next < lists[Int(value)].runCount { return (next, Int(before) + 1) }
        lists[Int(value)].isQueued = false
        return (nil, Int(before) + 1)
    }

    /// Bytes of all lists' runs, for measurements. O(labels).
    var postingsBytes: Int { lists.indices.reduce(0) { $0 + lists[$1].reservedBytes } }
}

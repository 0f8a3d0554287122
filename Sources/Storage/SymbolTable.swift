import Model

/// Texts interned once, with reference counts: label names, and label values in their names.
///
/// A symbol is found by its bytes and a context, a number that is part of its identity: the name's
/// symbol for a value. Symbols nobody refers to are freed, their bytes and numbers used again. A
/// symbol costs its bytes, rounded up, and about 28 bytes. Copies share pages (`PagedArray`).
struct SymbolTable: Sendable {
    private struct Entry {
        var context: UInt32
        /// While free: number + 1 of the next free one.
        var address: UInt32
        var length: UInt32
        /// 0 when free or not yet retained.
        var references: UInt32
    }

    private var entries = PagedArray<Entry>()
    private var slabs = ByteSlabs()
    private var index: HashIndex
    private var firstFree: UInt32 = 0
    private let seed: UInt64
    /// Symbols there are.
    var count: Int { index.count }
    /// Numbers in use or free: symbols are below this.
    var numbers: Int { entries.count }

    init(seed: UInt64, shardBits: Int) {
        self.seed = seed
        index = HashIndex(shardBits: shardBits)
    }

    /// The symbol of these bytes. O(n).
    func find(_ bytes: Span<UInt8>, in context: UInt32) -> UInt32? {
        find(bytes, in: context, hash(bytes, context))
    }

    /// The symbol of these bytes, new with no references when there was none. O(n).
    mutating func intern(_ bytes: Span<UInt8>, in context: UInt32) -> (symbol: UInt32, isNew: Bool)
    {
        let hash = hash(bytes, context)
        if let known = find(bytes, in: context, hash) { return (known, false) }
        let entry = Entry(
            context: context, address: slabs.store(bytes), length: UInt32(bytes.count),
            references: 0)
        let symbol: UInt32
        if firstFree > 0 {
            symbol = firstFree - 1
            firstFree = entries[Int(symbol)].address
            entries[Int(symbol)] = entry
        } else {
            symbol = UInt32(entries.count)
            entries.append(entry)
        }
        index.insert(hash, symbol)
        return (symbol, true)
    }

    /// Counts a reference.
    mutating func retain(_ symbol: UInt32) { entries[Int(symbol)].references += 1 }

    /// Counts a reference less; true when it was the last and the symbol is gone.
    mutating func release(_ symbol: UInt32) -> Bool {
        entries[Int(symbol)].references -= 1
        let entry = entries[Int(symbol)]
        if entry.references > 0 { return false }
        let known = withBytes(of: symbol) { hash($0, entry.context) }
        index.remove(known, symbol)
        slabs.release(entry.address, count: Int(entry.length))
        entries[Int(symbol)].address = firstFree
        firstFree = symbol + 1
        return true
    }

    func references(_ symbol: UInt32) -> Int { Int(entries[Int(symbol)].references) }
    func context(of symbol: UInt32) -> UInt32 { entries[Int(symbol)].context }
    func length(of symbol: UInt32) -> Int { Int(entries[Int(symbol)].length) }

    /// Lends a symbol's bytes.
    func withBytes<Result>(of symbol: UInt32, _ body: (Span<UInt8>) -> Result) -> Result {
        let entry = entries[Int(symbol)]
        return slabs.withBytes(entry.address, count: Int(entry.length), body)
    }

    /// Appends a symbol's bytes to others.
    func append(_ symbol: UInt32, to out: inout [UInt8]) {
        let entry = entries[Int(symbol)]
        slabs.append(entry.address, count: Int(entry.length), to: &out)
    }

    /// A symbol's bytes.
    func bytes(of symbol: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        append(symbol, to: &bytes)
        return bytes
    }

    private func hash(_ bytes: Span<UInt8>, _ context: UInt32) -> UInt64 {
        ByteRuns.hash(bytes, seed: ByteRuns.mix(seed, context))
    }

    private func find(_ bytes: Span<UInt8>, in context: UInt32, _ hash: UInt64) -> UInt32? {
        index.find(hash) { symbol in
            let entry = entries[Int(symbol)]
            guard entry.context == context && Int(entry.length) == bytes.count else {
                return false
            }
            return slabs.withBytes(entry.address, count: Int(entry.length)) {
                ByteRuns.areEqual($0, bytes)
            }
        }
    }
}

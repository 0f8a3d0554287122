public import Model

// A query over 100,000 series assembles as many label sets, each of a dozen symbols that its
// neighbours mostly share. So the reader keeps assembled labels by their symbols, in as many slots
// as a cache holds, and copies them: about 10 ns a label instead of 50. Labels that nobody asked
// for stay out, which leaves nothing to do for `sum(x)`.

/// Reads the labels of many series of one snapshot, best in ascending order, on one thread.
public struct LabelReader: Sendable {
    private struct Slot {
        /// Symbol + 1; 0 where nothing is.
        var symbol: UInt32 = 0
        /// Where the assembled label lies in `arena`; empty when it is not wanted.
        var start: UInt32 = 0
        var length: UInt32 = 0
    }

    private static let slotsMax = 4096
    private static let arenaMax = 1 << 20

    private let state: IndexState
    /// Symbols of the names to keep; nil keeps all.
    private let wanted: Set<UInt32>?
    private var cursor = SeriesRecords.Cursor()
    private var slots: [Slot]
    private var arena: [UInt8] = []
    /// The ranges of the last series' labels in the arena, and the labels.
    private var parts: [Slot] = []
    private var last = Labels.empty
    private var scratch: [Slot] = []

    /// Keeps the labels of `names` alone, all without. `count` is about how many series will be
    /// read.
    public init(_ snapshot: SeriesIndexSnapshot, keeping names: [String]? = nil, count: Int) {
        state = snapshot.state
        if let names {
            let table = snapshot.state.names
            wanted = Set(names.compactMap { table.find(Array($0.utf8).span, in: 0) })
        } else {
            wanted = nil
        }
        var size = 16
        while size < Self.slotsMax && size < 16 * count { size *= 2 }
        slots = [Slot](repeating: Slot(), count: size)
    }

    /// A live series' labels; of any other number the empty set.
    public mutating func labels(of id: SeriesID) -> Labels {
        if let wanted, wanted.isEmpty { return .empty }
        let number = id.index
        guard state.records.isLive(number) else { return .empty }
        if arena.count > Self.arenaMax { forget() }
        var found: [Slot] = []
        swap(&found, &scratch)
        found.removeAll(keepingCapacity: true)
        var total = 0
        var cursor = cursor
        state.records.forEachSymbol(of: number, from: &cursor) { symbol in
            let part = part(symbol)
            if part.length == 0 { return }
            total += Int(part.length)
            found.append(part)
        }
        self.cursor = cursor
        if !isLast(found) {
            last = Labels(canonical: assembled(found, total))
            swap(&found, &parts)
        }
        swap(&found, &scratch)
        return last
    }

    /// Whether the last series had these labels: likely when few are wanted.
    private func isLast(_ found: [Slot]) -> Bool {
        guard found.count == parts.count else { return false }
        for index in found.indices where found[index].start != parts[index].start { return false }
        return true
    }

    private func assembled(_ parts: [Slot], _ total: Int) -> [UInt8] {
        if total == 0 { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: total) { out, count in
            let target = UnsafeMutableRawBufferPointer(out)
            unsafe arena.withUnsafeBytes { source in
                for part in parts {
                    let range = Int(part.start)..<Int(part.start + part.length)
                    // In bounds: `total` is the sum of the lengths, `arena` holds every part.
                    unsafe UnsafeMutableRawBufferPointer(rebasing: target[count...])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[range]))
                    count += range.count
                }
            }
        }
    }

    /// The label of a value's symbol, assembled when the slot holds another.
    @inline(__always)
    private mutating func part(_ symbol: UInt32) -> Slot {
        let slot = slots[Int(symbol) & (slots.count - 1)]
        return slot.symbol == symbol + 1 ? slot : assemble(symbol)
    }

    @inline(never)
    private mutating func assemble(_ symbol: UInt32) -> Slot {
        let start = arena.count
        let name = state.values.context(of: symbol)
        if wanted?.contains(name) ?? true {
            var out = ByteWriter(reserving: 64)
            out.varint(UInt64(state.names.length(of: name)))
            state.names.append(name, to: &out.bytes)
            out.varint(UInt64(state.values.length(of: symbol)))
            state.values.append(symbol, to: &out.bytes)
            arena.append(contentsOf: out.bytes)
        }
        let slot = Slot(
            symbol: symbol + 1, start: UInt32(start), length: UInt32(arena.count - start))
        slots[Int(symbol) & (slots.count - 1)] = slot
        return slot
    }

    private mutating func forget() {
        arena.removeAll(keepingCapacity: true)
        for index in slots.indices { slots[index] = Slot() }
        // Its places in the arena mean something else from here on.
        parts = []
        last = .empty
    }
}

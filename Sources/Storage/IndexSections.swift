// The index in a checkpoint: sections of at most 1 MiB that each stand alone, with their own table
// of the labels that their series use, so that one costs about 25 bytes a series and restoring it
// hashes each label once. Layout (varints are LEB128, texts have their length before them):
//
//     version      1 byte, 1
//     first, end   varints: the numbers that the section accounts for; sections join on
//     names        varint count, then texts
//     labels       varint count, then per label: varint name, text value
//     series       per live series, ascending: varint (number - previous number), where the number
//                  before the first is first - 1; varint count; per label: varint label
//
// Numbers between series, and from the last series to `end`, are used up.
public import Model

/// Why a section was refused.
public enum IndexSectionError: Error, Hashable, Sendable {
    case unknownVersion(UInt8)
    case malformed(at: Int)
    /// The section does not join on to the one before.
    case outOfOrder(expected: SeriesID)
    /// A series whose labels another one has.
    case duplicate(SeriesID)
}

/// Produces an index's sections one by one.
public struct IndexSections: IteratorProtocol, Sendable {
    /// The most bytes of a section, unless one series alone has more.
    public static let bytesMax = 1 << 20
    static let version: UInt8 = 1

    private let state: IndexState
    private let limit: Int
    private var position: UInt32 = 0
    private var isDone = false
    /// Per name and per label: its number in this section + 1, or 0.
    private var localNames: [UInt32]
    private var localLabels: [UInt32]
    private var usedNames: [UInt32] = []
    private var usedLabels: [UInt32] = []

    init(_ state: IndexState, limit: Int = IndexSections.bytesMax) {
        self.state = state
        self.limit = limit
        localNames = Array(repeating: 0, count: state.names.numbers)
        localLabels = Array(repeating: 0, count: state.values.numbers)
    }

    /// The next section, or nil after the last. O(its bytes).
    public mutating func next() -> [UInt8]? {
        if isDone { return nil }
        let first = position
        var names = ByteWriter()
        var labels = ByteWriter()
        var series = ByteWriter()
        var previous = UInt64(first)
        var hasSeries = false
        while position < state.records.end {
            let bits = state.records.live(Int(position >> 5)) >> (position & 31)
            guard bits & 1 == 1 else {
                let step = bits == 0 ? 32 - (position & 31) : UInt32(bits.trailingZeroBitCount)
                position = min(state.records.end, position + step)
                continue
            }
            let size = names.bytes.count + labels.bytes.count + series.bytes.count
            if hasSeries && size + cost(position) + 64 > limit { break }
            write(position, distance: UInt64(position) + 1 - previous, &names, &labels, &series)
            previous = UInt64(position) + 1
            hasSeries = true
            position += 1
        }
        isDone = position == state.records.end
        return finish(first, names, labels, series)
    }

    /// The most bytes that a series can add to a section.
    private func cost(_ number: UInt32) -> Int {
        var cost = 10
        state.records.forEachSymbol(of: number) { value in
            cost += 5
            if localLabels[Int(value)] > 0 { return }
            cost += 8 + state.values.length(of: value)
            let name = state.values.context(of: value)
            if localNames[Int(name)] == 0 { cost += 5 + state.names.length(of: name) }
        }
        return cost
    }

    private mutating func write(
        _ number: UInt32, distance: UInt64, _ names: inout ByteWriter, _ labels: inout ByteWriter,
        _ series: inout ByteWriter
    ) {
        var symbols: [UInt32] = []
        state.records.forEachSymbol(of: number) { symbols.append($0) }
        series.varint(distance)
        series.varint(UInt64(symbols.count))
        for symbol in symbols {
            if localLabels[Int(symbol)] == 0 {
                let name = Int(state.values.context(of: symbol))
                if localNames[name] == 0 {
                    usedNames.append(UInt32(name))
                    localNames[name] = UInt32(usedNames.count)
                    names.varint(UInt64(state.names.length(of: UInt32(name))))
                    state.names.append(UInt32(name), to: &names.bytes)
                }
                usedLabels.append(symbol)
                localLabels[Int(symbol)] = UInt32(usedLabels.count)
                labels.varint(UInt64(localNames[name] - 1))
                labels.varint(UInt64(state.values.length(of: symbol)))
                state.values.append(symbol, to: &labels.bytes)
            }
            series.varint(UInt64(localLabels[Int(symbol)] - 1))
        }
    }

    private mutating func finish(
        _ first: UInt32, _ names: ByteWriter, _ labels: ByteWriter, _ series: ByteWriter
    ) -> [UInt8] {
        let size = names.bytes.count + labels.bytes.count + series.bytes.count
        var out = ByteWriter(reserving: size + 32)
        out.byte(Self.version)
        out.varint(UInt64(first))
        out.varint(UInt64(position))
        out.varint(UInt64(usedNames.count))
        out.bytes.append(contentsOf: names.bytes)
        out.varint(UInt64(usedLabels.count))
        out.bytes.append(contentsOf: labels.bytes)
        out.bytes.append(contentsOf: series.bytes)
        for name in usedNames { localNames[Int(name)] = 0 }
        for label in usedLabels { localLabels[Int(label)] = 0 }
        usedNames.removeAll(keepingCapacity: true)
        usedLabels.removeAll(keepingCapacity: true)
        return out.bytes
    }
}

/// Reads a section's tables at once and its series one by one, checking everything.
struct IndexSectionReader {
    struct Label {
        let name: Int
        let value: Range<Int>
    }

    private(set) var names: [Range<Int>] = []
    private(set) var labels: [Label] = []
    /// The labels of the series that `next` returned, as places in `labels`.
    private(set) var locals: [Int] = []
    let end: UInt32
    private var reader: ByteReader
    private var previous: UInt64
    /// Per name its place in the order of the names: a series' labels are sorted.
    private var ranks: [Int] = []

    init(_ bytes: [UInt8], expected: UInt32) throws(IndexSectionError) {
        reader = ByteReader(bytes)
        guard let version = reader.byte() else { throw .malformed(at: 0) }
        guard version == IndexSections.version else { throw .unknownVersion(version) }
        guard let first = reader.varint(), let end = reader.varint(), first <= end,
            let end = UInt32(exactly: end)
        else { throw .malformed(at: reader.position) }
        guard first == UInt64(expected) else {
            throw .outOfOrder(expected: SeriesID(expected))
        }
        self.end = end
        previous = first
        try readTables()
        let span = bytes.span
        let order = names.indices.sorted { left, right in
            precedes(span.extracting(names[left]), span.extracting(names[right]))
        }
        ranks = Array(repeating: 0, count: names.count)
        for (rank, name) in order.enumerated() {
            ranks[name] = rank
            guard rank > 0 else { continue }
            // The same name twice would let a series have two labels of it.
            let (left, right) = (names[order[rank - 1]], names[name])
            guard precedes(span.extracting(left), span.extracting(right)) else {
                throw .malformed(at: right.lowerBound)
            }
        }
    }

    private mutating func readTables() throws(IndexSectionError) {
        guard let nameCount = reader.varint(), nameCount <= UInt64(reader.remaining) else {
            throw .malformed(at: reader.position)
        }
        names.reserveCapacity(Int(nameCount))
        for _ in 0..<nameCount {
            guard let name = reader.lengthPrefixedRange() else {
                throw .malformed(at: reader.position)
            }
            names.append(name)
        }
        guard let labelCount = reader.varint(), labelCount <= UInt64(reader.remaining) else {
            throw .malformed(at: reader.position)
        }
        labels.reserveCapacity(Int(labelCount))
        for _ in 0..<labelCount {
            guard let name = reader.varint(), name < nameCount,
                let value = reader.lengthPrefixedRange(), !value.isEmpty
            else { throw .malformed(at: reader.position) }
            labels.append(Label(name: Int(name), value: value))
        }
    }

    /// The next series' number, its labels in `locals`; nil at the end of the section.
    mutating func next() throws(IndexSectionError) -> UInt32? {
        if reader.isAtEnd { return nil }
        guard let distance = reader.varint(), distance > 0,
            distance <= UInt64(end) - previous,
            let count = reader.varint(), count <= UInt64(reader.remaining)
        else { throw .malformed(at: reader.position) }
        previous += distance
        locals.removeAll(keepingCapacity: true)
        var rank = -1
        for _ in 0..<count {
            guard let local = reader.varint(), local < UInt64(labels.count) else {
                throw .malformed(at: reader.position)
            }
            let next = ranks[labels[Int(local)].name]
            guard next > rank else { throw .malformed(at: reader.position) }
            rank = next
            locals.append(Int(local))
        }
        return UInt32(previous - 1)
    }
}

/// Byte order.
func precedes(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    for index in 0..<min(left.count, right.count) where left[index] != right[index] {
        return left[index] < right[index]
    }
    return left.count < right.count
}

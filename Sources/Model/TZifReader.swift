/// Reads the blocks of a TZif file (RFC 9636 §3). Every read is checked.
struct TZifReader {
    struct Table {
        var transitions: [OffsetTransition] = []
        var firstOffset: Int64 = 0
        var tail: RecurringOffsets?
    }

    /// The header's six counts.
    private struct Counts {
        let utIndicators: Int
        let standardIndicators: Int
        let leaps: Int
        let transitions: Int
        let types: Int
        let characters: Int

        func size(timeBytes: Int) -> Int {
            transitions * (timeBytes + 1) + types * 6 + characters + leaps * (timeBytes + 4)
                + standardIndicators + utIndicators
        }
    }

    private static let transitionsMax = 10_000
    private let bytes: [UInt8]
    private var place = 0
    private var version: UInt8 = 0

    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard bytes.count >= 44 else { return nil }
    }

    mutating func table() -> Table? {
        guard let counts = header() else { return nil }
        guard version >= UInt8(ascii: "2") else { return block(counts, timeBytes: 4) }
        // The first block is for readers of 32 bits.
        place += counts.size(timeBytes: 4)
        guard let wide = header(), var table = block(wide, timeBytes: 8) else { return nil }
        guard let rule = footer() else { return nil }
        if !rule.isEmpty {
            guard let tail = RecurringOffsets(posix: rule) else { return nil }
            table.tail = tail
        }
        return table
    }

    private mutating func header() -> Counts? {
        guard place + 44 <= bytes.count, bytes[place..<place + 4].elementsEqual("TZif".utf8) else {
            return nil
        }
        version = bytes[place + 4]
        place += 20
        var counts: [Int] = []
        for _ in 0..<6 {
            guard let count = signed(4), (0...Int64(Self.transitionsMax)).contains(count) else {
                return nil
            }
            counts.append(Int(count))
        }
        let found = Counts(
            utIndicators: counts[0], standardIndicators: counts[1], leaps: counts[2],
            transitions: counts[3], types: counts[4], characters: counts[5])
        // With leap seconds the times are not Unix times.
        guard found.leaps == 0, (1...256).contains(found.types) else { return nil }
        return found
    }

    private mutating func block(_ counts: Counts, timeBytes: Int) -> Table? {
        let end = place + counts.size(timeBytes: timeBytes)
        guard end <= bytes.count else { return nil }
        var times: [Int64] = []
        for _ in 0..<counts.transitions {
            guard let time = signed(timeBytes), time > times.last ?? .min else { return nil }
            times.append(time)
        }
        let kinds = bytes[place..<place + counts.transitions].map(Int.init)
        place += counts.transitions
        var offsets: [Int64] = []
        for _ in 0..<counts.types {
            guard let offset = signed(4), abs(offset) < 26 * 3600 else { return nil }
            offsets.append(offset)
            place += 2
        }
        place = end
        var table = Table()
        table.firstOffset = offsets[0]
        for (time, kind) in zip(times, kinds) {
            guard offsets.indices.contains(kind) else { return nil }
            // Times beyond the year 200,000 are none.
            guard time.magnitude < 1 << 43 else { continue }
            table.transitions.append(OffsetTransition(at: time, offset: offsets[kind]))
        }
        return table
    }

    /// The text between two line ends, at the end of the file.
    private mutating func footer() -> [UInt8]? {
        guard place < bytes.count, bytes[place] == 0x0a, bytes.count - place >= 2,
            bytes.last == 0x0a
        else { return nil }
        return Array(bytes[(place + 1)..<(bytes.count - 1)])
    }

    /// A big-endian number in two's complement.
    private mutating func signed(_ count: Int) -> Int64? {
        guard place + count <= bytes.count else { return nil }
        var value: UInt64 = 0
        for byte in bytes[place..<place + count] { value = value << 8 | UInt64(byte) }
        place += count
        let shift = UInt64(64 - 8 * count)
        return Int64(bitPattern: value << shift) >> shift
    }
}

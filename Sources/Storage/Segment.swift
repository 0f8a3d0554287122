import Model

// Sealed chunks on disk. A segment is written once, checksummed when it is opened, read in place
// and only ever unlinked. Its index is sorted by series and time and found by binary search in the
// mapped bytes, so an open segment costs no memory of ours. Drawn in docs/formats/segment.md.
//
//   +--------------------+----------------------+---------------------------+
//   | header, 64 bytes   | contents, whole words| index, 40 bytes a chunk   |
//   +--------------------+----------------------+---------------------------+
//
//   header: magic u64, version u32, number u32, chunks u32, CRC32C u32, content bytes u64,
//           first time i64, last time i64, CRC32C of these 48 bytes u32, 12 bytes of zero; the
//           first CRC is of all behind the header
//   index:  series u32, kind u8, samples u8, 2 bytes of zero, bits u32, 4 bytes of zero,
//           offset u64, first time i64, last time i64

/// Why a segment cannot be read.
public enum SegmentFault: Error, Hashable, Sendable {
    case truncated
    case badMagic
    case unknownVersion(UInt32)
    case wrongNumber(UInt32)
    case badChecksum
}

/// A segment that was opened and checked.
public struct Segment: Sendable {
    static let magic: UInt64 = 0x6765_7374_6f74_6970  // "pitotseg"
    static let version: UInt32 = 1
    static let headerBytes = 64
    static let entryBytes = 40

    public let number: UInt32
    let first: Int64
    let last: Int64
    private let region: Region
    let count: Int
    private let indexOffset: Int

    /// Checks all of it. O(bytes).
    public init(_ region: Region, number: UInt32) throws(SegmentFault) {
        guard region.count >= Self.headerBytes else { throw .truncated }
        guard region.uint64(0) == Self.magic else { throw .badMagic }
        guard region.uint32(8) == Self.version else { throw .unknownVersion(region.uint32(8)) }
        guard region.uint32(12) == number else { throw .wrongNumber(region.uint32(12)) }
        self.region = region
        self.number = number
        count = Int(region.uint32(16))
        let content = region.uint64(24)
        first = Int64(bitPattern: region.uint64(32))
        last = Int64(bitPattern: region.uint64(40))
        guard content <= UInt64(region.count) else { throw .truncated }
        indexOffset = Self.headerBytes + Int(content)
        guard indexOffset + count * Self.entryBytes == region.count else { throw .truncated }
        guard unsafe CRC32C.of(region.slice(Self.headerBytes..<region.count)) == region.uint32(20)
        else { throw .badChecksum }
        guard unsafe CRC32C.of(region.slice(0..<48)) == region.uint32(48),
            region.bytes(52..<64).allSatisfy({ $0 == 0 }), areEntriesSound
        else { throw .badChecksum }
    }

    private var areEntriesSound: Bool {
        var last: (id: UInt32, first: Int64)?
        for place in 0..<count {
            let chunk = entry(place)
            let kind = UInt8(
                truncatingIfNeeded: region.uint32(indexOffset + place * Self.entryBytes + 4))
            let room = indexOffset - Self.headerBytes - chunk.bytes
            guard SealedChunk.Kind(rawValue: kind) != nil, room >= 0,
                (0...room).contains(chunk.offset &- Self.headerBytes),
                last.map({ $0 <= (chunk.id, chunk.first) }) ?? true
            else { return false }
            last = (chunk.id, chunk.first)
        }
        return true
    }

    var bytes: Int { region.count }

    private func entry(_ place: Int) -> SealedChunk {
        let at = indexOffset + place * Self.entryBytes
        let kinds = region.uint32(at + 4)
        return SealedChunk(
            id: region.uint32(at),
            kind: SealedChunk.Kind(rawValue: UInt8(truncatingIfNeeded: kinds)) ?? .floats,
            count: UInt8(truncatingIfNeeded: kinds >> 8), bits: region.uint32(at + 8),
            first: Int64(bitPattern: region.uint64(at + 24)),
            last: Int64(bitPattern: region.uint64(at + 32)),
            offset: Self.headerBytes &+ Int(truncatingIfNeeded: region.uint64(at + 16)),
            previous: 0)
    }

    /// Calls `body` with the chunks of a series that touch a span, in the order of their first
    /// sample. O(log chunks).
    func forEachChunk(
        of id: UInt32, from: Int64, to: Int64,
        _ body: (SealedChunk, UnsafeRawBufferPointer) -> Void
    ) {
        guard first <= to, last >= from else { return }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if region.uint32(indexOffset + middle * Self.entryBytes) < id {
                low = middle + 1
            } else {
                high = middle
            }
        }
        while low < count {
            let chunk = entry(low)
            guard chunk.id == id else { return }
            if chunk.first <= to && chunk.last >= from {
                unsafe body(chunk, region.slice(chunk.offset..<chunk.offset + chunk.bytes))
            }
            low += 1
        }
    }

    // MARK: Writing

    static func bytes(of batch: SealedBatch) -> Int {
        headerBytes + batch.bytes + batch.chunks.count * entryBytes
    }

    static func encode(_ batch: SealedBatch, number: UInt32) -> [UInt8] {
        var out = ByteWriter(reserving: bytes(of: batch))
        out.bytes.append(contentsOf: repeatElement(0, count: headerBytes))
        for blob in batch.blobs {
            for word in blob { out.fixed64(word) }
        }
        var entries: [SealedChunk] = []
        entries.reserveCapacity(batch.chunks.count)
        for place in batch.chunks.indices { entries.append(batch.chunks[place]) }
        entries.sort { ($0.id, $0.first, $0.offset) < ($1.id, $1.first, $1.offset) }
        for entry in entries { write(entry, into: &out) }
        var header = ByteWriter(reserving: headerBytes)
        header.fixed64(magic)
        header.fixed32(version)
        header.fixed32(number)
        header.fixed32(UInt32(entries.count))
        header.fixed32(CRC32C.of(out.bytes, in: headerBytes..<out.bytes.count))
        header.fixed64(UInt64(batch.bytes))
        header.fixed64(UInt64(bitPattern: batch.first))
        header.fixed64(UInt64(bitPattern: batch.last))
        header.fixed32(CRC32C.of(header.bytes, in: 0..<header.bytes.count))
        out.bytes.replaceSubrange(0..<header.bytes.count, with: header.bytes)
        return out.bytes
    }

    private static func write(_ chunk: SealedChunk, into out: inout ByteWriter) {
        out.fixed32(chunk.id)
        out.fixed32(UInt32(chunk.kind.rawValue) | UInt32(chunk.count) << 8)
        out.fixed32(chunk.bits)
        out.fixed32(0)
        out.fixed64(UInt64(chunk.offset))
        out.fixed64(UInt64(bitPattern: chunk.first))
        out.fixed64(UInt64(bitPattern: chunk.last))
    }
}

import Model

/// What a sealed chunk is, and where: 48 bytes beside its content.
struct SealedChunk: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        case floats = 0
        case histograms = 1
    }

    var id: UInt32
    var kind: Kind
    /// Samples.
    var count: UInt8
    /// Significant bits of the content.
    var bits: UInt32
    var first: Int64
    var last: Int64
    /// Where its content stands, in bytes: in the blobs of its batch, then in its segment.
    var offset: Int
    /// The sequence number + 1 of the series' chunk sealed before; 0 when there is none.
    var previous: UInt64

    /// Bytes of content: whole words, so that they can be read where they stand.
    var bytes: Int { (Int(bits) + 63) / 64 * 8 }
}

extension SealedChunk: Archivable {
    static let blank = SealedChunk(
        id: 0, kind: .floats, count: 0, bits: 0, first: 0, last: 0, offset: 0, previous: 0)

    mutating func archive(_ archive: inout Archive) {
        archive.field(&id)
        archive.field(&kind)
        archive.field(&count)
        archive.field(&bits)
        archive.field(&first)
        archive.field(&last)
        archive.field(&offset)
        archive.field(&previous)
    }
}

/// Sealed chunks on their way into a segment.
///
/// Their contents lie one behind the other in blobs of at most 64 KiB, so that a snapshot that
/// holds the batch costs the owner a copy of one blob.
struct SealedBatch: Sendable {
    static let blobBytes = 64 << 10

    /// The sequence number of its first chunk.
    var base: UInt64
    var chunks = PagedArray<SealedChunk>()
    var blobs: [[UInt64]] = []
    /// Words in all blobs but the last, each of which is full.
    var bytes = 0
    var first = Int64.max
    var last = Int64.min

    init(base: UInt64) { self.base = base }

    private static let blobWords = blobBytes / 8

    /// Adds a chunk with its content.
    mutating func add(_ chunk: SealedChunk, _ words: [UInt64]) {
        var chunk = chunk
        chunk.offset = bytes
        append(words)
        first = min(first, chunk.first)
        last = max(last, chunk.last)
        chunks.append(chunk)
    }

    private mutating func append(_ words: [UInt64]) {
        var rest = words[...]
        while !rest.isEmpty {
            if blobs.isEmpty || blobs[blobs.count - 1].count == Self.blobWords { blobs.append([]) }
            let room = Self.blobWords - blobs[blobs.count - 1].count
            blobs[blobs.count - 1].append(contentsOf: rest.prefix(room))
            rest = rest.dropFirst(room)
        }
        bytes += words.count * 8
    }

    /// A chunk's content. O(words).
    func words(of chunk: SealedChunk) -> [UInt64] {
        var found: [UInt64] = []
        let end = (chunk.offset + chunk.bytes) / 8
        var word = chunk.offset / 8
        while word < end {
            let blob = word / Self.blobWords
            guard blob < blobs.count else { return found }
            let place = word % Self.blobWords
            let count = min(end - word, blobs[blob].count - place)
            guard count > 0 else { return found }
            found.append(contentsOf: blobs[blob][place..<place + count])
            word += count
        }
        return found
    }

    subscript(sequence: UInt64) -> SealedChunk? {
        guard sequence >= base, sequence - base < UInt64(chunks.count) else { return nil }
        return chunks[Int(sequence - base)]
    }
}

/// A batch that is complete: to be written as a segment.
public struct SegmentDraft: Sendable {
    /// The segment's number; ascending, never used again.
    public internal(set) var number: UInt32
    var batch: SealedBatch

    /// Bytes of the segment.
    public var bytes: Int { Segment.bytes(of: batch) }

    /// The segment. Takes some ten milliseconds: not for the owner. O(n log n).
    public func encode() -> [UInt8] { Segment.encode(batch, number: number) }
}

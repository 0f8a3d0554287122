import Model

// The chunk store in a checkpoint: open chunks with their bits, what is sealed and not yet in a
// segment on disk, and which segments there are.

/// A point in time of a chunk store, given out section by section.
struct ChunkSections: Sendable {
    enum Kind: UInt8 {
        case heads = 1
        case runs, late, batch, draft, state
    }

    private static let headsPerSection = 4096
    private static let chunksPerSection = 4096
    private static let runsPerSection = 1024
    private var draft = 0
    private var store: ChunkStore
    private var next = 0
    private var kind = Kind.heads

    init(_ store: ChunkStore) { self.store = store }

    /// The next section; nil after the last.
    mutating func nextSection() -> [UInt8]? {
        switch kind {
        case .heads:
            guard next < store.heads.count else { return begin(.runs) }
            return section { $0.archiveHeads(&$1, &$2) }
        case .runs:
            guard next < store.runs.count else { return begin(.late) }
            let range = next..<min(next + Self.runsPerSection, store.runs.count)
            next = range.upperBound
            return tagged(.runs) { $0.archiveRuns(&$1, range) }
        case .late:
            kind = .batch
            return tagged(.late) { store, archive in
                archive.dictionary(&store.late, blankKey: 0, blank: []) {
                    $0.field(&$1)
                    $0.field(&$2)
                }
            }
        case .batch:
            let range = next..<min(next + Self.chunksPerSection, store.batch.chunks.count)
            next = range.upperBound
            let isLast = next == store.batch.chunks.count
            if isLast {
                kind = .draft
                next = 0
            }
            return tagged(.batch) { $0.batch.archive(&$1, range) }
        case .draft:
            guard draft < store.drafts.count else { return begin(.state) }
            let place = draft
            let count = store.drafts[place].batch.chunks.count
            let range = next..<min(next + Self.chunksPerSection, count)
            next = range.upperBound
            if next == count {
                draft += 1
                next = 0
            }
            return tagged(.draft) { store, archive in
                archive.field(&store.drafts[place].number)
                store.drafts[place].batch.archive(&archive, range)
            }
        case .state:
            guard next == 0 else { return nil }
            next = 1
            return tagged(.state) { store, archive in store.archiveState(&archive) }
        }
    }

    private mutating func begin(_ kind: Kind) -> [UInt8]? {
        self.kind = kind
        next = 0
        return nextSection()
    }

    private mutating func tagged(
        _ kind: Kind, _ body: (inout ChunkStore, inout Archive) -> Void
    ) -> [UInt8] {
        var archive = Archive()
        body(&store, &archive)
        return [kind.rawValue] + archive.bytes
    }

    private mutating func section(
        _ body: (inout ChunkStore, inout Archive, inout Range<Int>) -> Void
    ) -> [UInt8] {
        var range = next..<min(next + Self.headsPerSection, store.heads.count)
        next = range.upperBound
        return tagged(.heads) { store, archive in body(&store, &archive, &range) }
    }
}

extension ChunkStore {
    func sections() -> ChunkSections { ChunkSections(self) }

    /// Takes the next section; false when it is malformed.
    mutating func restore(_ section: [UInt8]) -> Bool {
        guard let kind = section.first.flatMap(ChunkSections.Kind.init) else { return false }
        var archive = Archive(reading: Array(section.dropFirst()))
        switch kind {
        case .heads:
            var range = 0..<0
            archiveHeads(&archive, &range)
        case .runs: archiveRuns(&archive, 0..<0)
        case .late:
            archive.dictionary(&late, blankKey: 0, blank: []) {
                $0.field(&$1)
                $0.field(&$2)
            }
            lateCount = late.values.reduce(0) { $0 + $1.count }
        case .batch: batch.archive(&archive, 0..<0)
        case .draft:
            var number: UInt32 = 0
            archive.field(&number)
            if drafts.last?.number != number {
                drafts.append(SegmentDraft(number: number, batch: .blank))
            }
            drafts[drafts.count - 1].batch.archive(&archive, 0..<0)
        case .state: archiveState(&archive)
        }
        return archive.isComplete
    }

    /// Whether what was read belongs together.
    var isSound: Bool {
        for index in 0..<heads.count where !heads.isReleased(index) {
            let head = heads[index]
            if head.isHistogram && head.count > 0 && head.slot >= runs.count { return false }
        }
        return late.keys.allSatisfy { $0 < UInt32(heads.count) }
            && freeRuns.allSatisfy { Int($0) < runs.count }
    }

    /// Some of the open chunks of histograms; with the first of them, which slots are free.
    fileprivate mutating func archiveRuns(_ archive: inout Archive, _ range: Range<Int>) {
        var isFirst = range.lowerBound == 0
        archive.field(&isFirst)
        if isFirst { archive.field(&freeRuns) }
        var count = UInt64(range.count)
        archive.field(&count)
        var place = range.lowerBound
        while count > 0 && archive.isSound {
            var run = archive.isReading ? HistogramRun.blank : runs[place]
            archive.field(&run)
            if archive.isReading { runs.append(run) }
            place += 1
            count -= 1
        }
    }

    /// Heads of a range, with the bits of their open chunks. Pages that were released are blank.
    fileprivate mutating func archiveHeads(_ archive: inout Archive, _ range: inout Range<Int>) {
        var count = UInt64(range.count)
        archive.field(&count)
        var index = range.lowerBound
        while count > 0 && archive.isSound {
            var head = ChunkHead()
            var words: [UInt64] = []
            if !archive.isReading {
                head = heads.isReleased(index) ? .released : heads[index]
                if !head.isHistogram && head.chain.first != 0 {
                    arena.gather(
                        first: head.chain.first, bits: Int(head.chain.bits), into: &words)
                }
            }
            head.archive(&archive)
            archive.array(&words, blank: 0) { $0.word(&$1) }
            if archive.isReading { take(head, words, &archive) }
            index += 1
            count -= 1
        }
    }

    private mutating func take(
        _ head: ChunkHead, _ words: [UInt64], _ archive: inout Archive
    ) {
        var head = head
        guard words.count == (Int(head.chain.bits) + 63) / 64 || head.isHistogram else {
            return archive.fail()
        }
        if !words.isEmpty && !head.isHistogram {
            let (first, last) = arena.store(words)
            head.chain.first = first
            head.chain.last = last
            let full = (BlockArena.blocks(bits: Int(head.chain.bits)) - 1) * BlockArena.payloadBits
            head.chain.lastBits = head.chain.bits - UInt16(full)
        }
        heads.append(head)
        if heads.count % PageTree<ChunkHead>.pageCapacity == 0 { releasePage(of: heads.count - 1) }
    }

    fileprivate mutating func archiveState(_ archive: inout Archive) {
        archive.field(&nextSegment)
        archive.field(&batchSince)
        archive.array(&segments, blank: SegmentPlace(number: 0, bytes: 0, first: 0, last: 0)) {
            $0.field(&$1.number)
            $0.field(&$1.bytes)
            $0.field(&$1.first)
            $0.field(&$1.last)
        }
    }
}

extension ChunkHead: Archivable {
    static let blank = ChunkHead()

    static var released: ChunkHead {
        var head = ChunkHead()
        head.flags = .isReleased
        return head
    }

    mutating func archive(_ archive: inout Archive) {
        var raw = flags.rawValue
        archive.field(&raw)
        flags = Flags(rawValue: raw)
        if !Flags.all.contains(flags) { archive.fail() }
        archive.field(&count)
        archive.field(&first)
        archive.field(&newest)
        archive.word(&value)
        archive.field(&delta)
        archive.field(&sealed)
        archive.field(&exemplar)
        archive.field(&leading)
        archive.field(&trailing)
        archive.field(&chain.bits)
        if archive.isReading {
            chain.first = 0
            chain.last = 0
            chain.lastBits = 0
            if Int(leading) + Int(trailing) > 64 && leading != 255 { archive.fail() }
            // 240 samples of 145 bits.
            if chain.bits > 34_800 || Int(count) > FloatChunk.samplesMax { archive.fail() }
        }
    }
}

extension SealedBatch {
    static let blank = SealedBatch(base: 0)

    /// Passes some of its chunks with their contents; reading appends them.
    mutating func archive(_ archive: inout Archive, _ range: Range<Int>) {
        archive.field(&base)
        var count = UInt64(range.count)
        archive.field(&count)
        var place = range.lowerBound
        while count > 0 && archive.isSound {
            var chunk = archive.isReading ? SealedChunk.blank : chunks[place]
            var words = archive.isReading ? [] : self.words(of: chunk)
            archive.field(&chunk)
            archive.array(&words, blank: 0) { $0.word(&$1) }
            if archive.isReading {
                if words.count * 8 != chunk.bytes { archive.fail() }
                add(chunk, words)
            }
            place += 1
            count -= 1
        }
    }
}

extension Archive {
    /// Eight bytes as they are: bits that a varint would lengthen.
    fileprivate mutating func word(_ value: inout UInt64) {
        var bits = Double(bitPattern: value)
        field(&bits)
        value = bits.bitPattern
    }
}

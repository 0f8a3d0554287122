// Blocks of 64 bytes for the bits of chunks that are not on disk. A chunk is a chain of blocks:
// seven words of payload, and the number of the next block in the eighth. Blocks are never given
// back to the system; freed ones wait in a list that is threaded through the same eighth words.
//
//   +--------+--------+-- ... --+--------+---------------+
//   | word 0 | word 1 |         | word 6 | next block    |     8 words of 8 bytes
//   +--------+--------+-- ... --+--------+---------------+

/// Where a chain of blocks ends and how far its last block is filled.
struct BlockChain: Sendable {
    /// 0 when nothing was written.
    var first: UInt32 = 0
    var last: UInt32 = 0
    /// Bits in the whole chain: a float chunk has at most 240 samples of 145 bits.
    var bits: UInt16 = 0
    /// Bits in the last block.
    var lastBits: UInt16 = 0
}

/// Pages of blocks with a free list. No allocation while freed blocks suffice.
struct BlockArena: Sendable {
    static let payloadWords = 7
    static let payloadBits = 448

    private var words = PageTree<UInt64>()
    /// The first free block; 0 when none is.
    private var free: UInt32 = 0
    /// The next block that was never used. Block 0 stands for none.
    private var unused: UInt32 = 1
    private(set) var blocksUsed = 0

    /// Bytes of the pages.
    var bytes: Int { words.count * 8 }

    private mutating func allocate() -> UInt32 {
        blocksUsed += 1
        if free != 0 {
            let block = free
            free = UInt32(truncatingIfNeeded: words[next(block)])
            return block
        }
        if Int(unused) << 3 >= words.count { words.appendPage(repeating: 0) }
        unused += 1
        return unused - 1
    }

    /// A word of the chain's last block: what the next bits are put into.
    @inline(__always)
    mutating func lastWord(of chain: BlockChain) -> UInt64 {
        words.ownElement(Int(chain.last) << 3 + min(6, Int(chain.lastBits >> 6))) ?? 0
    }

    private func next(_ block: UInt32) -> Int { Int(block) << 3 + Self.payloadWords }

    /// Appends the low `count` bits of `value`, 1 to 64, most significant first. The bits of
    /// `value` above them are zero.
    @inline(__always)
    mutating func put(_ value: UInt64, _ count: Int, to chain: inout BlockChain) {
        if chain.lastBits == UInt16(Self.payloadBits) || chain.first == 0 { extend(&chain) }
        let shift = Int(chain.lastBits & 63)
        let word = Int(chain.last) << 3 + Int(chain.lastBits >> 6)
        let room = 64 - shift
        chain.bits += UInt16(truncatingIfNeeded: count)
        chain.lastBits += UInt16(truncatingIfNeeded: count)
        if count <= room {
            // A word is assigned when it is begun, so that blocks need no clearing.
            if shift == 0 {
                words[word] = value &<< UInt64(room - count)
            } else {
                words[word] |= value &<< UInt64(room - count)
            }
            return
        }
        let rest = count - room
        words[word] |= value &>> UInt64(rest)
        if chain.lastBits > UInt16(Self.payloadBits) {
            extend(&chain)
            chain.lastBits = UInt16(truncatingIfNeeded: rest)
            words[Int(chain.last) << 3] = value &<< UInt64(64 - rest)
        } else {
            words[word + 1] = value &<< UInt64(64 - rest)
        }
    }

    /// Begins a chain, or adds a block to one whose last is full.
    @inline(never)
    private mutating func extend(_ chain: inout BlockChain) {
        let block = allocate()
        if chain.first == 0 {
            chain.first = block
        } else {
            words[next(chain.last)] = UInt64(block)
        }
        chain.last = block
        chain.lastBits = 0
    }

    /// Frees all blocks of a chain. O(1).
    mutating func release(_ chain: BlockChain) {
        release(first: chain.first, last: chain.last, blocks: Self.blocks(bits: Int(chain.bits)))
    }

    /// Frees blocks that are linked from `first` to `last`. O(1).
    mutating func release(first: UInt32, last: UInt32, blocks: Int) {
        guard first != 0 else { return }
        words[next(last)] = UInt64(free)
        free = first
        blocksUsed -= blocks
    }

    /// Puts one chain's end before another's beginning, so that both can be freed as one. Readers
    /// go by the number of bits and do not follow the link.
    mutating func link(_ last: UInt32, to first: UInt32) { words[next(last)] = UInt64(first) }

    /// Blocks that so many bits take.
    static func blocks(bits: Int) -> Int { (bits + payloadBits - 1) / payloadBits }

    /// Appends the words of a chain that begins at `first`. O(words).
    func gather(first: UInt32, bits: Int, into out: inout [UInt64]) {
        var rest = (bits + 63) >> 6
        out.reserveCapacity(out.count + rest)
        var block = first
        while rest > 0 {
            let base = Int(block) << 3
            // A block lies in one page.
            words.append(base..<base + min(rest, Self.payloadWords), to: &out)
            rest -= Self.payloadWords
            if rest <= 0 { return }
            block = UInt32(truncatingIfNeeded: words[base + Self.payloadWords])
        }
    }

    /// Writes whole words, at least one, as a new chain. O(words).
    mutating func store(_ content: [UInt64]) -> (first: UInt32, last: UInt32) {
        let first = allocate()
        var last = first
        for (index, word) in content.enumerated() {
            let place = index % Self.payloadWords
            if place == 0 && index > 0 {
                let block = allocate()
                words[next(last)] = UInt64(block)
                last = block
            }
            words[Int(last) << 3 + place] = word
        }
        return (first, last)
    }
}

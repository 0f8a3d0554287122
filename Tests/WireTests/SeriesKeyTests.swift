import Testing

@testable import Wire

@Suite struct SeriesKeyTests {
    private func key(_ bytes: [UInt8], _ seed: HashSeed = seed) -> SeriesKey {
        // An empty array may have no address; the hash reads nothing then.
        var padded = bytes
        padded.append(0)
        return padded.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return SeriesKey(low: 0, high: 0) }
            return hashKey(base, bytes.count, seed)
        }
    }

    @Test func equalBytesHaveEqualKeysWhereverTheyStand() {
        var random = SplitMix64(31)
        for count in 0...80 {
            let bytes = random.bytes(count)
            let known = key(bytes)
            for offset in 0..<16 {
                let shifted = random.bytes(offset) + bytes + random.bytes(8)
                shifted.withUnsafeBytes { buffer in
                    guard let base = buffer.baseAddress else { return }
                    #expect(hashKey(base + offset, count, seed) == known)
                }
            }
        }
    }

    @Test func oneChangedBitChangesBothHalvesOfTheKey() {
        var random = SplitMix64(32)
        for count in [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 300] {
            var bytes = random.bytes(count)
            let known = key(bytes)
            for bit in 0..<(8 * count) {
                bytes[bit / 8] ^= 1 << (bit % 8)
                let changed = key(bytes)
                #expect(changed.low != known.low && changed.high != known.high)
                bytes[bit / 8] ^= 1 << (bit % 8)
            }
        }
    }

    /// About half the bits of each half change with any bit of the block: 32 of 64, standard
    /// deviation 4, so the mean over more than a thousand changes is within 1 of it.
    @Test func aChangedBitChangesAboutHalfTheKey() {
        var random = SplitMix64(33)
        var bytes = random.bytes(160)
        let known = key(bytes)
        var changes = (low: 0, high: 0)
        for bit in 0..<(8 * bytes.count) {
            bytes[bit / 8] ^= 1 << (bit % 8)
            let changed = key(bytes)
            changes.low += (changed.low ^ known.low).nonzeroBitCount
            changes.high += (changed.high ^ known.high).nonzeroBitCount
            bytes[bit / 8] ^= 1 << (bit % 8)
        }
        let count = Double(8 * bytes.count)
        #expect(abs(Double(changes.low) / count - 32) < 1)
        #expect(abs(Double(changes.high) / count - 32) < 1)
    }

    @Test func anotherSeedGivesOtherKeys() {
        var random = SplitMix64(34)
        for count in 0...40 {
            let bytes = random.bytes(count)
            let known = key(bytes)
            for bit in 0..<64 {
                let low = HashSeed(low: seed.low ^ (1 << UInt64(bit)), high: seed.high)
                let high = HashSeed(low: seed.low, high: seed.high ^ (1 << UInt64(bit)))
                #expect(key(bytes, low) != known && key(bytes, high) != known)
            }
        }
    }

    @Test func trailingZeroesCount() {
        let keys = (0...64).map { key([UInt8](repeating: 0, count: $0)) }
        #expect(Set(keys).count == 65)
    }

    /// 1e5 keys of 64 bits collide by chance with probability 3e-10.
    @Test func manyBlocksHaveDifferentKeys() {
        var random = SplitMix64(35)
        var blocks: Set<[UInt8]> = []
        for index in 0..<100_000 { blocks.insert(random.bytes(index % 41)) }
        var low: Set<UInt64> = []
        var high: Set<UInt64> = []
        for block in blocks {
            let found = key(block)
            low.insert(found.low)
            high.insert(found.high)
        }
        #expect(low.count == blocks.count && high.count == blocks.count)
    }

    /// Blocks as senders make them: a counter in the middle of the same text.
    @Test func similarBlocksHaveDifferentKeys() {
        var keys: Set<SeriesKey> = []
        for index in 0..<20_000 {
            let block =
                Protobuf.label("__name__", "http_requests_total")
                + Protobuf.label("instance", "10.0.\(index / 256).\(index % 256):9100")
            keys.insert(key(block))
        }
        #expect(keys.count == 20_000)
    }
}

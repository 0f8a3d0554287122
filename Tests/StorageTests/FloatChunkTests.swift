import Model
import Testing

@testable import Storage

@Suite struct FloatChunkTests {
    private struct Sample: Equatable {
        var time: Int64
        var bits: UInt64
    }

    /// Writes samples into one chunk of an arena and reads them back from its gathered words.
    private func roundTrip(_ samples: [Sample], _ arena: inout BlockArena) -> [Sample] {
        var head = ChunkHead()
        for sample in samples {
            let step = FloatChunk.append(
                sample.time, sample.bits, to: &head, &arena, samples: 240, span: .max)
            guard case .stored = step else { return [] }
        }
        var words: [UInt64] = []
        arena.gather(first: head.chain.first, bits: Int(head.chain.bits), into: &words)
        let read = decode(
            words, bits: Int(head.chain.bits), first: head.first, count: Int(head.count))
        arena.release(head.chain)
        return read
    }

    private func decode(_ words: [UInt64], bits: Int, first: Int64, count: Int) -> [Sample] {
        unsafe words.withUnsafeBytes { bytes in
            var found: [Sample] = []
            var reader = unsafe FloatChunkReader(bytes, bits: bits, first: first, count: count)
            while reader.next() { found.append(Sample(time: reader.time, bits: reader.value)) }
            return found
        }
    }

    /// Times and values of one of several temperaments.
    private func samples(_ stream: UInt64) -> [Sample] {
        var random = SplitMix64(stream)
        var time = Int64(bitPattern: random.next()) >> Int64(stream % 40)
        var value = 0.0
        return (0..<Int.random(in: 1...240, using: &random)).compactMap { _ in
            defer {
                let step: Int64 =
                    switch stream % 4 {
                    case 0: 15_000
                    case 1: 15_000 + Int64.random(in: -9...9, using: &random)
                    case 2: Int64.random(in: 1...200_000, using: &random)
                    default: 1 + Int64(random.next() >> UInt64.random(in: 1...62, using: &random))
                    }
                let (next, overflows) = time.addingReportingOverflow(step)
                time = overflows ? .max : next
            }
            let bits: UInt64 =
                switch stream / 4 % 5 {
                case 0: 5
                case 1: value.bitPattern
                case 2: random.next()
                case 3: random.next() << UInt64.random(in: 0...63, using: &random)
                default: Self.special.randomElement(using: &random)?.bitPattern ?? 0
                }
            value += Double(Int.random(in: 0...20, using: &random))
            return Sample(time: time, bits: bits)
        }
    }

    private static let special: [Double] = [
        0, -0.0, 1, .infinity, -.infinity, .nan, .signalingNaN, .leastNonzeroMagnitude,
        .greatestFiniteMagnitude, Double(bitPattern: staleMarkerBits),
        Double(bitPattern: 0xffff_ffff_ffff_ffff), Double(bitPattern: 0x8000_0000_0000_0001),
    ]

    @Test(arguments: 0..<200 as Range<UInt64>)
    func whatIsWrittenIsReadBitForBit(stream: UInt64) {
        var arena = BlockArena()
        for round in 0..<5 {
            var last: Int64?
            let ascending = samples(stream + 1000 * UInt64(round)).filter { sample in
                defer { last = sample.time }
                return last.map { sample.time > $0 } ?? true
            }
            #expect(roundTrip(ascending, &arena) == ascending)
        }
        #expect(arena.blocksUsed == 0)
    }

    @Test func theExtremesOfTimeAreTimes() {
        var arena = BlockArena()
        let times: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
        let samples = times.map { Sample(time: $0, bits: 0) }
        #expect(roundTrip(samples, &arena) == samples)
        let ends: [Int64] = [.min, .max]
        let two = ends.map { Sample(time: $0, bits: .max) }
        #expect(roundTrip(two, &arena) == two)
    }

    /// The boxes of docs/formats/segment.md, bit by bit.
    @Test func theBitsAreAsDrawn() {
        var arena = BlockArena()
        var head = ChunkHead()
        let times: [Int64] = [1000, 16_000, 31_000, 46_001]
        for (time, value) in zip(times, [1.0, 1.0, 1.0, 3.0]) {
            _ = FloatChunk.append(
                time, value.bitPattern, to: &head, &arena, samples: 120, span: .max)
        }
        var words: [UInt64] = []
        arena.gather(first: head.chain.first, bits: Int(head.chain.bits), into: &words)
        let text = words.map {
            let digits = String($0, radix: 2)
            return String(repeating: "0", count: 64 - digits.count) + digits
        }.joined().prefix(Int(head.chain.bits))
        // 1.0 is 0x3ff0...: ten ones behind two zeros. Then the delta 15000 and twice no change;
        // then a change of 1 and 3.0 (0x4008...), which differs from 1.0 in twelve places.
        let first = "11" + "00010" + "001010" + "1111111111"
        let second = "110" + "00011101010011000" + "0"
        let fourth = "10" + "00000000000001" + "11" + "00001" + "001100" + "111111111111"
        #expect(text == first + second + "00" + fourth)
    }

    @Test func anOpenChunkSaysWhatBecameOfASample() {
        var arena = BlockArena()
        var head = ChunkHead()
        func append(_ time: Int64, _ bits: UInt64) -> ChunkStep {
            FloatChunk.append(time, bits, to: &head, &arena, samples: 3, span: 100)
        }
        #expect(append(10, 1) == .stored)
        #expect(append(10, 1) == .same)
        #expect(append(10, 2) == .different)
        #expect(append(9, 1) == .older)
        #expect(append(111, 1) == .full)
        #expect(append(109, 1) == .stored && append(-200, 1) == .older)
        #expect(append(109, 1) == .same)
    }

    @Test func damagedBitsEndTheChunkAndNothingElse() {
        var random = SplitMix64(9)
        for _ in 0..<3000 {
            let words = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                random.next() | random.next()
            }
            let bits = Int.random(in: 0...400, using: &random)
            let read = decode(words, bits: bits, first: .max, count: 240)
            #expect(read.count <= min(bits, 240))
        }
    }
}

@Suite struct BlockArenaTests {
    @Test func freedBlocksAreUsedAgain() {
        var arena = BlockArena()
        var size = 0
        for round in 0..<50 {
            var chains: [BlockChain] = []
            for _ in 0..<100 {
                var chain = BlockChain()
                for value in 0..<60 { arena.put(UInt64(value), 7 + value % 57, to: &chain) }
                chains.append(chain)
            }
            if round == 0 { size = arena.bytes }
            for chain in chains { arena.release(chain) }
            #expect(arena.blocksUsed == 0)
        }
        #expect(arena.bytes == size)
    }

    @Test func wordsThatAreStoredAreGathered() {
        var random = SplitMix64(3)
        var arena = BlockArena()
        for count in 1...40 {
            let words = (0..<count).map { _ in random.next() }
            let chain = arena.store(words)
            var read: [UInt64] = []
            arena.gather(first: chain.first, bits: count * 64 - 63, into: &read)
            #expect(read == words)
            let blocks = BlockArena.blocks(bits: count * 64)
            if count % 3 == 0 {
                arena.release(first: chain.first, last: chain.last, blocks: blocks)
            }
        }
    }

    @Test func aCopyKeepsWhatItHad() {
        var arena = BlockArena()
        let chain = arena.store([1, 2, 3])
        let copy = arena
        arena.release(first: chain.first, last: chain.last, blocks: 1)
        _ = arena.store([7, 8, 9])
        var read: [UInt64] = []
        copy.gather(first: chain.first, bits: 192, into: &read)
        #expect(read == [1, 2, 3])
    }
}

@Suite struct PageTreeTests {
    /// Any of the copies is written, copied and dropped at any time.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func aTreeBehavesLikeAnArrayAndItsCopiesLikeValues(stream: UInt64) {
        var random = SplitMix64(stream)
        var trees = [PageTree<UInt64>()]
        var models: [[UInt64]] = [[]]
        for _ in 0..<8000 {
            let which = Int.random(in: 0..<trees.count, using: &random)
            switch random.next() % 40 {
            case 0 where trees.count < 5:
                trees.append(trees[which])
                models.append(models[which])
            case 1 where trees.count > 1:
                trees.remove(at: which)
                models.remove(at: which)
            case 2..<16 where !models[which].isEmpty:
                let index = Int.random(in: 0..<models[which].count, using: &random)
                models[which][index] = random.next()
                trees[which][index] = models[which][index]
            default:
                models[which].append(random.next())
                trees[which].append(models[which][models[which].count - 1])
            }
        }
        for (tree, model) in zip(trees, models) {
            #expect(tree.count == model.count)
            #expect(model.indices.allSatisfy { tree[$0] == model[$0] })
        }
    }

    @Test func elementsThatAreObjectsAreKeptAndLetGo() {
        final class Token: Sendable {}
        weak var last: Token?
        var tree = PageTree<[Token]>()
        do {
            let token = Token()
            last = token
            for _ in 0..<3000 { tree.append([token]) }
            let copy = tree
            tree[5] = []
            #expect(copy[5].count == 1)
        }
        #expect(last != nil)
        tree = PageTree()
        #expect(last == nil)
    }

    @Test func pagesAreReleasedAndNumbersStay() {
        var tree = PageTree<UInt64>()
        let page = PageTree<UInt64>.pageCapacity
        for value in 0..<(3 * page) { tree.append(UInt64(value)) }
        tree.releasePage(1)
        #expect(tree.isReleased(page) && tree.isReleased(2 * page - 1) && !tree.isReleased(0))
        #expect(tree[0] == 0 && tree[2 * page] == UInt64(2 * page))
        tree.appendReleasedPage()
        tree.append(5)
        #expect(tree[4 * page] == 5 && tree.isReleased(3 * page) && tree.pageCount == 5)
    }

    @Test func manyDirectoriesAreOneArray() {
        var tree = PageTree<UInt64>()
        let page = PageTree<UInt64>.pageCapacity
        for number in 0..<1100 { tree.appendPage(repeating: UInt64(number)) }
        #expect((0..<1100).allSatisfy { tree[$0 * page] == UInt64($0) })
        #expect(tree.count == 1100 * page)
    }
}

import Model
import Testing
import Text

@testable import Storage

@Suite struct IndexPartsTests {
    /// Few hashes, so that entries meet, wrap around and shift back when one is removed.
    @Test(arguments: [3, 6, 40, 64], [0, 2] as [Int])
    func aHashIndexBehavesLikeASet(bits: UInt64, shardBits: Int) {
        var random = SplitMix64(bits)
        var index = HashIndex(shardBits: max(1, shardBits))
        var model: [UInt32: UInt64] = [:]
        let mask: UInt64 = bits == 64 ? .max : (1 << bits) - 1
        for number in 0..<4000 as Range<UInt32> {
            let hash = (random.next() & mask) &* 0x2000_0000_2000_0001
            if random.next() % 5 < 3 {
                index.insert(hash, number)
                model[number] = hash
            } else if let (old, hash) = model.randomElement(using: &random) {
                let isRemoved = index.remove(hash, old)
                let isRemovedTwice = index.remove(hash, old)
                #expect(isRemoved && !isRemovedTwice)
                model[old] = nil
            }
            #expect(index.count == model.count)
            if number % 500 == 0 {
                for (known, hash) in model { #expect(index.find(hash) { $0 == known } == known) }
            }
        }
        for (known, hash) in model {
            let isRemoved = index.remove(hash, known)
            #expect(isRemoved)
        }
        #expect(index.count == 0 && index.capacity == 0)
    }

    @Test func aCopyOfAHashIndexStaysAsItWas() {
        var index = HashIndex(shardBits: 4)
        for number in 0..<100 as Range<UInt32> { index.insert(UInt64(number) << 58, number) }
        let copy = index
        for number in 0..<100 as Range<UInt32> { index.remove(UInt64(number) << 58, number) }
        for number in 0..<100 as Range<UInt32> {
            #expect(copy.find(UInt64(number) << 58) { $0 == number } == number)
        }
    }

    @Test func symbolsAreCountedAndUsedAgain() {
        var table = SymbolTable(seed: 9, shardBits: 2)
        var random = SplitMix64(4)
        var model: [[UInt8]: UInt32] = [:]
        for step in 0..<3000 {
            let long = step % 97 == 0 ? 5000 : step % 31 == 0 ? 900 : 70
            let bytes = random.bytes(Int.random(in: 0...long, using: &random))
            let (symbol, isNew) = table.intern(bytes.span, in: 5)
            #expect(isNew == (model[bytes] == nil))
            if isNew { model[bytes] = symbol }
            table.retain(symbol)
            if model.count > 200, let (old, symbol) = model.randomElement(using: &random) {
                while !table.release(symbol) {}
                model[old] = nil
            }
        }
        #expect(table.count == model.count && table.numbers <= 202)
        for (bytes, symbol) in model {
            #expect(table.find(bytes.span, in: 5) == symbol && table.bytes(of: symbol) == bytes)
            #expect(table.find(bytes.span, in: 6) == nil)
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func postingsBehaveLikeAnArray(seed: UInt64) {
        var random = SplitMix64(seed)
        var postings = Postings()
        var model: [UInt32] = []
        var number: UInt32 = UInt32(seed) * 50
        let widest: UInt32 = [1, 3, 200, 100_000, 40, 2][Int(seed)]
        for _ in 0..<12_000 {
            postings.append(number)
            model.append(number)
            number += 1 + UInt32.random(in: 0..<widest, using: &random)
        }
        #expect(NumberLists.union([postings]) == model && postings.runCount > 2)
        #expect((postings.first, postings.last) == (model[0], model[model.count - 1]))
        let sample = (0..<500).map { _ in UInt32.random(in: 0...(number + 5), using: &random) }
        let wanted = Set(sample).sorted()
        for keep in [true, false] {
            var list = wanted
            NumberLists.filter(&list, in: postings, keep: keep)
            let there = Set(model)
            #expect(list == wanted.filter { there.contains($0) == keep })
            list = wanted
            NumberLists.filter(&list, in: model, keep: keep)
            #expect(list == wanted.filter { there.contains($0) == keep })
        }
        var live = Set(model.filter { _ in random.next() % 3 == 0 })
        live.formUnion(model[5000..<5100])
        postings.dead = UInt32(model.count - live.count)
        var run = 0
        while run < postings.runCount { run = postings.compactRun(run) { live.contains($0) } }
        #expect(NumberLists.union([postings]) == live.sorted())
        #expect(postings.dead == 0 && Int(postings.count) == live.count)
        postings.append(number)
        #expect(NumberLists.union([postings]) == live.sorted() + [number])
    }

    @Test func unionsAreSortedAndWithoutRepeats() {
        var random = SplitMix64(8)
        for spread in [1, 10, 1000, 1_000_000] as [UInt32] {
            var lists: [Postings] = []
            var model: Set<UInt32> = []
            for _ in 0..<20 {
                var list = Postings()
                var number = UInt32.random(in: 0..<spread, using: &random)
                for _ in 0..<Int.random(in: 0..<30, using: &random) {
                    list.append(number)
                    model.insert(number)
                    number += UInt32.random(in: 1...spread, using: &random)
                }
                lists.append(list)
            }
            #expect(NumberLists.union(lists) == model.sorted())
        }
    }

    /// The plain reading of an expression agrees with RE2 on every short value.
    @Test func plainExpressionsAgreeWithRE2() throws {
        let pieces = ["a", "b", ".*", ".+", "|", "(", ")", "?:", "\\.", "ü", "*", "^", "\\-", "+"]
        let values = [
            "", "a", "b", "ab", "ba", "aab", ".", "a.", ".a", "ü", "aü", "üa", "a\nb", "-",
        ]
        var random = SplitMix64(2)
        var plain = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...6, using: &random)
            let text = (0..<count).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            let pattern = try? Pattern(text)
            let bytes = Array(text.utf8)
            if PlainExpression.alternatives(bytes) != nil { plain += 1 }
            guard let test = try? ValueTest(Matcher("x", .matches, text)) else {
                #expect(pattern == nil, "\(text)")
                continue
            }
            guard let pattern else {
                Issue.record("RE2 refuses \(text)")
                continue
            }
            for value in values {
                #expect(
                    test.matches(Array(value.utf8).span) == pattern.matches(value),
                    "\(text) on \(value)")
            }
        }
        #expect(plain > 2000)
    }

    @Test func aCopyOfAKeyTableStaysAsItWas() {
        var table = KeyTable()
        for key in 0..<5000 as Range<UInt32> { table.insert(UInt64(key), 9, SeriesID(key)) }
        let copy = table
        for key in 2500..<9000 as Range<UInt32> { table.insert(UInt64(key), 9, SeriesID(key + 1)) }
        for key in 0..<9000 as Range<UInt32> {
            #expect(copy.find(UInt64(key), 9) == (key < 5000 ? SeriesID(key) : nil))
            #expect(table.find(UInt64(key), 9) == SeriesID(key < 2500 ? key : key + 1))
        }
        #expect(copy.count == 5000 && table.count == 9000)
    }

    @Test func aBoundedKeyTableKeepsTheNewestKeys() {
        var table = KeyTable(countMax: 512 * 16)
        var random = SplitMix64(3)
        for step in 0..<100_000 as Range<UInt32> {
            let (low, high) = (random.next(), random.next())
            table.insert(low, high, SeriesID(step))
            #expect(table.find(low, high) == SeriesID(step))
        }
        #expect(table.count <= 512 * 22 && table.count + table.evicted == 100_000)
    }
}

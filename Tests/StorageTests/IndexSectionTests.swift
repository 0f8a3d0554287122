import Model
import Testing

@testable import Storage

@Suite struct IndexSectionTests {
    private func sections(_ index: SeriesIndex, limit: Int) -> [[UInt8]] {
        var writer = IndexSections(index.snapshot().state, limit: limit)
        var all: [[UInt8]] = []
        while let section = writer.next() { all.append(section) }
        return all
    }

    private func randomIndex(_ seed: UInt64, steps: Int) -> SeriesIndex {
        var world = IndexWorld(seed)
        var index = SeriesIndex(seed: seed)
        for _ in 0..<steps {
            _ = index.add(Labels(world.labels()))
            if world.pick([1, 2, 3]) == 1 {
                index.remove(SeriesID(UInt32.random(in: 0..<index.end.index, using: &world.random)))
            }
        }
        return index
    }

    @Test(arguments: 0..<8 as Range<UInt64>, [100, 700, 1 << 20])
    func whatIsWrittenIsRestored(seed: UInt64, limit: Int) throws {
        var world = IndexWorld(seed + 99)
        let index = randomIndex(seed, steps: 400)
        let written = sections(index, limit: limit)
        #expect(limit < 1 << 20 || written.count == 1)
        #expect(limit != 700 || (written.count > 1 && written.allSatisfy { $0.count <= limit }))
        var restored = SeriesIndex(seed: seed &+ 5)
        for section in written { try restored.restore(section) }
        #expect(restored.end == index.end && restored.count == index.count)
        for number in 0..<index.end.index {
            let labels = index.labels(of: SeriesID(number))
            #expect(restored.labels(of: SeriesID(number)) == labels)
            if index.isLive(SeriesID(number)) {
                #expect(restored.find(labels) == SeriesID(number))
            }
        }
        for _ in 0..<40 {
            let matchers = world.matchers()
            #expect(try restored.select(matchers) == index.select(matchers))
        }
        #expect(sections(restored, limit: limit) == written)
    }

    /// Numbers of dead series stay used up, a million of them at almost no cost.
    @Test func usedUpNumbersSurvive() throws {
        var index = SeriesIndex(seed: 1)
        for number in 0..<20_000 {
            index.remove(index.add(Labels([("a", String(number))])))
        }
        let kept = index.add(Labels([("a", "kept")]))
        index.remove(index.add(Labels([("a", "last")])))
        let written = sections(index, limit: 1 << 20)
        #expect(written.count == 1 && written[0].count < 40)
        var restored = SeriesIndex(seed: 2)
        try restored.restore(written[0])
        #expect(restored.end == SeriesID(20_002) && restored.count == 1)
        #expect(try restored.select([]) == [kept])
        #expect(restored.add(Labels([("a", "next")])) == SeriesID(20_002))
        #expect(sections(SeriesIndex(seed: 1), limit: 100).count == 1)
    }

    @Test func everyTruncationIsRefusedOrHasFewerSeries() throws {
        let bytes = sections(randomIndex(3, steps: 30), limit: 1 << 20)[0]
        var whole = SeriesIndex(seed: 1)
        try whole.restore(bytes)
        for length in 0..<bytes.count {
            var index = SeriesIndex(seed: 1)
            do {
                try index.restore(Array(bytes[..<length]))
                #expect(index.count < whole.count && index.end == whole.end)
            } catch {}
        }
    }

    /// A changed byte may make another sound section; it never traps, and labels stay canonical.
    @Test func everyChangedByteIsRefusedOrSound() throws {
        var bytes = sections(randomIndex(4, steps: 40), limit: 1 << 20)[0]
        for place in bytes.indices {
            for change: UInt8 in [0x01, 0x80, 0xff, 0x10] {
                bytes[place] ^= change
                var index = SeriesIndex(seed: 1)
                if (try? index.restore(bytes)) != nil {
                    for id in try index.select([]) {
                        var names: [[UInt8]] = []
                        let labels = index.labels(of: id)
                        labels.forEachRange { name, value in
                            names.append(Array(labels.bytes[name]))
                            #expect(!value.isEmpty)
                        }
                        #expect(
                            zip(names, names.dropFirst()).allSatisfy {
                                $0.lexicographicallyPrecedes($1)
                            })
                    }
                }
                bytes[place] ^= change
            }
        }
    }

    @Test func sectionsJoinOn() throws {
        let written = sections(randomIndex(5, steps: 200), limit: 500)
        var index = SeriesIndex(seed: 1)
        #expect(throws: IndexSectionError.outOfOrder(expected: SeriesID(0))) {
            try index.restore(written[1])
        }
        try index.restore(written[0])
        let end = index.end
        #expect(throws: IndexSectionError.outOfOrder(expected: end)) {
            try index.restore(written[0])
        }
        #expect(throws: IndexSectionError.unknownVersion(9)) {
            try index.restore([9] + written[1].dropFirst())
        }
        // version 1, numbers 0..<2, names: "a"; labels: a="b"; twice the series {a="b"}
        let twice: [UInt8] = [1, 0, 2, 1, 1, 97, 1, 0, 1, 98, 1, 1, 0, 1, 1, 0]
        var other = SeriesIndex(seed: 1)
        #expect(throws: IndexSectionError.duplicate(SeriesID(1))) { try other.restore(twice) }
    }
}

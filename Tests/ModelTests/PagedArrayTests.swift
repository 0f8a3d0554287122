import Testing

@testable import Model

@Suite struct PagedArrayTests {
    private struct Wide: Sendable, Equatable {
        var number: Int
        var rest = (0, 0, 0, 0)
        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    @Test func pagesHoldAtMostFourKibibytes() {
        #expect(PagedArray<UInt8>().pageCapacity == 4096)
        #expect(PagedArray<UInt64>().pageCapacity == 512)
        // 40 bytes: 64 of them are 2.5 KiB, 128 would be 5.
        #expect(MemoryLayout<Wide>.stride == 40 && PagedArray<Wide>().pageCapacity == 64)
        #expect(PagedArray<(Wide, InlineArray<1024, Int>)>().pageCapacity == 1)
    }

    /// Appends and writes at random, with copies that are compared at the end.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func copiesStayAsTheyWere(seed: UInt64) {
        var random = SplitMix64(seed)
        var paged = PagedArray<Wide>()
        var model: [Wide] = []
        var held: [(PagedArray<Wide>, [Wide])] = []
        for step in 0..<20_000 {
            if model.isEmpty || random.next() % 3 == 0 {
                paged.append(Wide(number: step))
                model.append(Wide(number: step))
            } else {
                let index = Int(random.next() % UInt64(model.count))
                paged[index].number += 1
                model[index].number += 1
            }
            if step % 2500 == 0 { held.append((paged, model)) }
        }
        held.append((paged, model))
        for (paged, model) in held {
            #expect(paged.count == model.count && paged.indices == model.indices)
            #expect(model.indices.allSatisfy { paged[$0] == model[$0] })
            let pages = (0..<paged.pageCount).flatMap { paged.page($0) }
            #expect(pages == model)
        }
    }

    /// More pages than one directory of them holds.
    @Test func manyPagesReadBack() {
        var paged = PagedArray<(Wide, InlineArray<500, Int>)>()
        for number in 0..<1500 {
            paged.append((Wide(number: number), InlineArray(repeating: number)))
        }
        let copy = paged
        for number in 0..<1500 { paged[number].0.number = -number }
        #expect(paged.pageCount == 1500 && paged.count == 1500)
        #expect((0..<1500).allSatisfy { paged[$0].0.number == -$0 && copy[$0].1[3] == $0 })
    }

    @Test func releasedPagesKeepTheNumbersAfterThem() {
        var paged = PagedArray<UInt64>()
        for number in 0..<1500 as Range<UInt64> { paged.append(number) }
        let copy = paged
        paged.releasePage(0)
        #expect(paged.isReleased(0) && paged.isReleased(511) && !paged.isReleased(512))
        #expect(paged.page(0).isEmpty && paged.count == 1500 && paged[512] == 512)
        #expect(copy[0] == 0 && !copy.isReleased(0))
        var other = PagedArray<UInt64>()
        other.appendReleasedPage()
        other.append(7)
        #expect(other.count == 513 && other[512] == 7 && other.isReleased(3))
        #expect(other.pageCount == 2)
    }
}

import Model
import Testing

@testable import Storage

/// Faults that a review found, one test each.
@Suite struct ChunkFaultTests {
    private func store(_ series: Int, _ limits: ChunkLimits = .standard) -> ChunkStore {
        var store = ChunkStore(limits: limits)
        for _ in 0..<series { store.addSeries() }
        return store
    }

    private func values(_ store: ChunkStore, _ id: UInt32) -> [Double] {
        var columns = SampleColumns()
        store.snapshot().read(
            SeriesID(id), from: .distantPast, to: .distantFuture, into: &columns)
        return columns.values
    }

    @Test func pagesOfForgottenSeriesAreFreed() {
        var store = store(640)
        for id in UInt32(0)..<600 {
            store.append(SeriesID(id), at: at(1), value: 1)
            store.release(SeriesID(id))
        }
        let capacity = PageTree<ChunkHead>.pageCapacity
        #expect(store.heads.isReleased(0) && store.heads.isReleased(600 / capacity * capacity - 1))
        #expect(!store.heads.isReleased(639))
        // They stay freed through a checkpoint, and nothing asks for them any more.
        var copy = ChunkStore()
        var sections = store.sections()
        while let section = sections.nextSection() {
            let isTaken = copy.restore(section)
            #expect(isTaken)
        }
        #expect(copy.heads.isReleased(0) && copy.count == 640)
        #expect(values(copy, 0).isEmpty && copy.newest(of: SeriesID(0)) == .distantFuture)
    }

    @Test func lateSamplesOfOneSeriesAreBounded() {
        var store = store(1)
        let id = SeriesID(0)
        for round in 0..<200 {
            store.append(id, at: at(Int64(10_000_000 + round * 1000)), value: 1)
        }
        var outcomes: [InsertOutcome] = []
        // Spread so that each chunk of late samples spans the whole window.
        for round in 0..<40_000 {
            let time = Int64(round % 200) * 1000 + Int64(round / 200)
            outcomes.append(store.insert(id, at: at(1_000_000 + time), value: 2))
        }
        let stored = outcomes.count { $0 == .inserted }
        #expect(stored >= 32 * 240 && stored < 60 * 240)
        #expect(outcomes.count { $0 == .full } == 40_000 - stored)
        #expect(values(store, 0).count == stored + 200)
    }

    @Test func lateSamplesAreFoundWhereverTheyWent() {
        var store = store(1)
        let id = SeriesID(0)
        for round in 0..<300 { store.append(id, at: at(Int64(1000 + round)), value: 1) }
        var expected: [InsertOutcome] = []
        for round in 0..<600 {
            expected.append(store.insert(id, at: at(Int64(300 + round)), value: 2))
        }
        #expect(expected.allSatisfy { $0 == .inserted })
        for round in 0..<600 {
            let again = store.insert(id, at: at(Int64(300 + round)), value: 2)
            let other = store.insert(id, at: at(Int64(300 + round)), value: 3)
            #expect(again == .same && other == .different)
        }
    }

    @Test func aChunkThatNamesItselfEndsTheWay() {
        var store = store(2)
        for id in UInt32(0)..<2 {
            store.append(SeriesID(id), at: at(1), value: Double(id))
            store.seal(SeriesID(id))
        }
        // As damage would leave it: it names itself, a later one, and another series' chunk.
        for previous in [UInt64(1), 2, 99] {
            var damaged = store
            damaged.batch.chunks[0].previous = previous
            #expect(values(damaged, 0) == [0])
            damaged.heads[0].sealed = 2
            #expect(values(damaged, 0) == [])
        }
    }

    @Test func aHeadOfAnySlotIsRead() {
        var head = ChunkHead()
        head.value = .max
        #expect(head.slot == -1)
    }

    @Test func seriesThatBeginTogetherDoNotFillTogether() {
        var store = store(2000)
        var sealed: [Int] = []
        for round in 0..<125 {
            let before = store.batch.chunks.count
            for id in UInt32(0)..<2000 {
                store.append(SeriesID(id), at: at(Int64(round) * 15_000), value: Double(round))
            }
            sealed.append(store.batch.chunks.count - before)
        }
        #expect(sealed.max() ?? 0 < 100 && sealed.reduce(0, +) >= 2000)
    }

    @Test func aBatchIsSplitIntoSegmentsAtOnce() {
        var limits = ChunkLimits()
        limits.segmentBytes = 4000
        var store = store(500, limits)
        for id in UInt32(0)..<500 {
            for round in 0..<20 {
                store.append(
                    SeriesID(id), at: at(Int64(round) * 15_000), value: Double(round * 7919))
            }
            store.seal(SeriesID(id))
        }
        #expect(store.drafts.count > 5)
        #expect(store.drafts.allSatisfy { $0.batch.bytes < 5000 })
    }

    @Test func samplesStayInSightWhicheverSegmentIsWrittenFirst() throws {
        var limits = ChunkLimits()
        limits.segmentBytes = 16
        limits.samples = 10
        var store = store(1, limits)
        for round in 0..<100 {
            store.append(SeriesID(0), at: at(Int64(round) * 1000), value: Double(round))
        }
        let all = values(store, 0)
        let drafts = store.takeDrafts()
        #expect(all.count == 100 && drafts.count > 2)
        for draft in drafts.reversed() {
            let segment = try Segment(Region(draft.encode()), number: draft.number)
            let isWanted = store.attach(segment)
            #expect(isWanted && values(store, 0) == all)
        }
        #expect(store.drafts.isEmpty)
        _ = store.retain(now: at(9_000_000), time: .seconds(1), bytes: 0)
        let late = try Segment(Region(drafts[0].encode()), number: drafts[0].number)
        let isWanted = store.attach(late)
        #expect(!isWanted)
    }
}

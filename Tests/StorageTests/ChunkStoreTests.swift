import Model
import Testing

@testable import Storage

/// The chunk store against a dictionary of samples.
@Suite struct ChunkStoreTests {
    /// What should be there: the first sample of each time.
    private struct Model {
        var floats: [UInt32: [Int64: UInt64]] = [:]
        var histograms: [UInt32: [Int64: Histogram]] = [:]

        func times(_ id: UInt32) -> [Timestamp] { (floats[id] ?? [:]).keys.sorted().map(at) }
        func bits(_ id: UInt32) -> [UInt64] {
            (floats[id] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        }
        func histograms(_ id: UInt32) -> [Histogram] {
            (histograms[id] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private var smallLimits: ChunkLimits {
        var limits = ChunkLimits()
        limits.samples = 12
        limits.segmentBytes = 2000
        limits.late = 15
        return limits
    }

    private func histogram(_ random: inout SplitMix64) -> Histogram {
        var histogram = Histogram()
        histogram.isInteger = Bool.random(using: &random)
        histogram.schema = Int32.random(in: 0...2, using: &random)
        histogram.resetHint = Bool.random(using: &random) ? .gauge : .unknown
        let buckets = Int.random(in: 0...5, using: &random)
        histogram.positive = Histogram.Buckets(
            spans: [Histogram.Span(offset: 1, length: UInt32(buckets))],
            counts: (0..<buckets).map { _ in Double(Int.random(in: 0..<99, using: &random)) })
        histogram.count = histogram.positive.counts.reduce(0, +)
        histogram.sum = Double.random(in: -9...9, using: &random)
        if !histogram.isInteger { histogram.zeroCount = 0.25 }
        return histogram
    }

    /// One random step on the store and on the model.
    private func step(
        _ store: inout ChunkStore, _ model: inout Model, _ random: inout SplitMix64, _ now: Int64
    ) {
        let id = UInt32.random(in: 0..<5, using: &random)
        let isLate = Int.random(in: 0..<5, using: &random) == 0
        let time = now - (isLate ? Int64.random(in: 0..<40, using: &random) * 1000 : 0)
        // Series 3 is one of histograms, 4 of both.
        if id == 3 || (id == 4 && Bool.random(using: &random)) {
            let value = histogram(&random)
            let outcome = store.insert(SeriesID(id), at: at(time), histogram: value)
            switch model.histograms[id]?[time] {
            case nil: model.histograms[id, default: [:]][time] = value
            case let known: #expect(outcome == (known == value ? .same : .different))
            }
            return
        }
        let bits = UInt64.random(in: 0..<3, using: &random) == 0 ? random.next() : 5
        let value = Double(bitPattern: bits)
        let outcome = store.insert(SeriesID(id), at: at(time), value: value)
        switch model.floats[id]?[time] {
        case nil:
            #expect(outcome == .inserted)
            model.floats[id, default: [:]][time] = bits
        case let known: #expect(outcome == (known == bits ? .same : .different))
        }
    }

    private func expectEqual(_ snapshot: ChunkSnapshot, _ model: Model) {
        var columns = SampleColumns()
        for id in UInt32(0)..<5 {
            snapshot.read(
                SeriesID(id), from: .distantPast, to: .distantFuture, into: &columns)
            #expect(columns.times == model.times(id), "times of \(id)")
            #expect(columns.values.map(\.bitPattern) == model.bits(id), "values of \(id)")
            #expect(columns.histograms == model.histograms(id), "histograms of \(id)")
            expectPresence(snapshot, SeriesID(id), columns.times + columns.histogramTimes)
            expectNewest(snapshot, SeriesID(id))
        }
    }

    /// Spans around, between and on the samples of a series.
    private func expectPresence(_ snapshot: ChunkSnapshot, _ id: SeriesID, _ times: [Timestamp]) {
        let edges = times.flatMap { [$0 - .milliseconds(1), $0, $0 + .milliseconds(1)] }
        for from in edges.prefix(60) {
            for span in [TimeSpan.zero, .milliseconds(1), .seconds(20)] {
                let to = from + span
                #expect(
                    snapshot.hasSamples(id, from: from, to: to)
                        == times.contains { $0 >= from && $0 <= to }, "\(from) to \(to)")
            }
        }
        #expect(!snapshot.hasSamples(id, from: .distantFuture, to: .distantPast))
    }

    /// The newest sample alone is the last of all, or is said to be another.
    private func expectNewest(_ snapshot: ChunkSnapshot, _ id: SeriesID) {
        var all = SampleColumns()
        var newest = SampleColumns()
        snapshot.read(id, from: .distantPast, to: .distantFuture, into: &all)
        for to in [.distantFuture, all.times.last, all.times.dropLast().last] {
            guard let to else { continue }
            for from in [.distantPast, to, to - .seconds(15)]
            where snapshot.readNewest(id, from: from, to: to, into: &newest) {
                snapshot.read(id, from: from, to: to, into: &all)
                #expect(newest.times == all.times.suffix(1) && newest.histograms.isEmpty)
                #expect(newest.values.map(\.bitPattern) == all.values.suffix(1).map(\.bitPattern))
                // Late histograms are not newer, and at the same time queries take the float;
                // without a float there is nothing at all.
                #expect(newest.isEmpty ? all.isEmpty : newest.times[0] >= latest(all))
            }
        }
    }

    private func latest(_ columns: SampleColumns) -> Timestamp {
        columns.histogramTimes.last ?? .distantPast
    }

    @Test func theNewestSampleIsKnownWithoutDecoding() {
        var store = ChunkStore()
        store.addSeries()
        _ = store.insert(SeriesID(0), at: at(1000), value: 1)
        _ = store.insert(SeriesID(0), at: at(2000), value: 2)
        let snapshot = store.snapshot()
        var columns = SampleColumns()
        #expect(snapshot.readNewest(SeriesID(0), from: at(0), to: at(2000), into: &columns))
        #expect(columns.times == [at(2000)] && columns.values == [2])
        // It is too old, it is another.
        #expect(snapshot.readNewest(SeriesID(0), from: at(2001), to: at(3000), into: &columns))
        #expect(columns.isEmpty)
        #expect(!snapshot.readNewest(SeriesID(0), from: at(0), to: at(1999), into: &columns))
    }

    private func restored(_ store: ChunkStore) -> ChunkStore {
        var copy = ChunkStore(limits: store.limits)
        var sections = store.sections()
        while let section = sections.nextSection() {
            let isTaken = copy.restore(section)
            #expect(isTaken)
        }
        #expect(copy.isSound)
        return copy
    }

    /// Writes what is to be written, as the shell does.
    private func write(_ store: inout ChunkStore, _ disk: inout [UInt32: [UInt8]]) throws {
        for draft in store.takeDrafts() {
            let bytes = draft.encode()
            #expect(bytes.count == draft.bytes)
            #expect(disk[draft.number] == nil || disk[draft.number] == bytes)
            disk[draft.number] = bytes
            _ = store.attach(try Segment(Region(bytes), number: draft.number))
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func whatWentInIsReadBack(seed: UInt64) throws {
        var random = SplitMix64(seed)
        var store = ChunkStore(limits: smallLimits)
        for _ in 0..<5 { store.addSeries() }
        var model = Model()
        var disk: [UInt32: [UInt8]] = [:]
        var held: [(ChunkSnapshot, Model)] = []
        for round in 0..<1200 {
            let now = Int64(round) * 1000 + 100_000
            step(&store, &model, &random, now)
            switch Int.random(in: 0..<60, using: &random) {
            case 0: store.seal(SeriesID(UInt32.random(in: 0..<5, using: &random)))
            case 1...8: store.advance(to: at(now))
            case 9...20: try write(&store, &disk)
            case 21: held.append((store.snapshot(), model))
            case 22:
                store = restored(store)
                for number in store.segmentNumbers {
                    guard let bytes = disk[number] else { continue }
                    _ = store.attach(try Segment(Region(bytes), number: number))
                }
            default: break
            }
        }
        expectEqual(store.snapshot(), model)
        for (snapshot, then) in held { expectEqual(snapshot, then) }
        #expect(disk.count > 3 && store.segmentsLost == 0)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func aCheckpointInBetweenChangesNoSegment(seed: UInt64) throws {
        var random = SplitMix64(seed + 77)
        var straight = ChunkStore(limits: smallLimits)
        for _ in 0..<5 { straight.addSeries() }
        var model = Model()
        var disk: [UInt32: [UInt8]] = [:]
        for round in 0..<300 {
            step(&straight, &model, &random, Int64(round) * 1000 + 100_000)
            straight.advance(to: at(Int64(round) * 1000))
            try write(&straight, &disk)
        }
        var copy = restored(straight)
        var copyDisk = disk
        var other = random
        var otherModel = model
        for number in copy.segmentNumbers {
            _ = copy.attach(try Segment(Region(try #require(disk[number])), number: number))
        }
        for round in 300..<900 {
            step(&straight, &model, &random, Int64(round) * 1000 + 100_000)
            step(&copy, &otherModel, &other, Int64(round) * 1000 + 100_000)
            straight.advance(to: at(Int64(round) * 1000))
            copy.advance(to: at(Int64(round) * 1000))
            try write(&straight, &disk)
            try write(&copy, &copyDisk)
        }
        #expect(disk == copyDisk && disk.count > 5)
    }

    @Test func aMarkerOfOurOwnYieldsToTheSendersSample() {
        var store = ChunkStore()
        store.addSeries()
        let id = SeriesID(0)
        store.append(id, at: at(1000), value: 1)
        store.end(id, at: at(46_000))
        var inserted: [InsertOutcome] = []
        var columns = SampleColumns()
        store.snapshot().read(id, from: at(0), to: at(99_000), into: &columns)
        #expect(columns.times == [at(1000), at(46_000)] && isStaleMarker(columns.values[1]))
        inserted.append(store.insert(id, at: at(46_000), value: 2))
        inserted.append(store.insert(id, at: at(31_000), value: 3))
        store.snapshot().read(id, from: at(0), to: at(99_000), into: &columns)
        #expect(columns.values == [1, 3, 2])
        // Also when the marker is sealed already.
        store.end(id, at: at(90_000))
        store.seal(id)
        inserted.append(store.insert(id, at: at(90_000), value: 4))
        store.snapshot().read(id, from: at(0), to: at(99_000), into: &columns)
        #expect(columns.values == [1, 3, 2, 4])
        #expect(inserted == [.inserted, .inserted, .inserted])
    }

    @Test func segmentsLeaveByAgeAndBySize() throws {
        var store = ChunkStore(limits: smallLimits)
        store.addSeries()
        var disk: [UInt32: [UInt8]] = [:]
        for round in 0..<3000 {
            store.append(SeriesID(0), at: at(Int64(round) * 1000), value: Double(round * round))
            store.advance(to: at(Int64(round) * 1000))
            try write(&store, &disk)
        }
        let all = store.segmentNumbers
        let size = store.segmentBytes
        #expect(all.count >= 4)
        let none = store.retain(now: at(3_000_000), time: .hours(9), bytes: size)
        let one = store.retain(now: at(3_000_000), time: .hours(9), bytes: size - 1)
        #expect(none == [] && one == [all[0]])
        let old = store.retain(now: at(3_000_000), time: .seconds(1000), bytes: size)
        #expect(!old.isEmpty && old.first == all[1])
        var columns = SampleColumns()
        store.snapshot().read(SeriesID(0), from: at(0), to: .distantFuture, into: &columns)
        #expect(columns.times.first.map { $0 > at(500_000) && $0 <= at(2_000_000) } == true)
        #expect(columns.times.last == at(2_999_000))
    }

    @Test func aForgottenSeriesTakesNoBlocks() {
        var store = ChunkStore()
        for _ in 0..<3 { store.addSeries() }
        for id in UInt32(0)..<3 {
            for round in 0..<100 {
                store.append(SeriesID(id), at: at(Int64(round)), value: Double(round))
            }
        }
        for id in UInt32(0)..<3 { store.release(SeriesID(id)) }
        #expect(store.openBytes == 0)
        store.append(SeriesID(1), at: at(500), value: 1)
        var columns = SampleColumns()
        store.snapshot().read(SeriesID(1), from: at(0), to: at(999), into: &columns)
        #expect(columns.isEmpty)
    }

    @Test func damagedSegmentsAndSectionsAreRefused() throws {
        var random = SplitMix64(4)
        var store = ChunkStore(limits: smallLimits)
        for _ in 0..<5 { store.addSeries() }
        var model = Model()
        for round in 0..<150 { step(&store, &model, &random, Int64(round) * 1000 + 100_000) }
        for id in UInt32(0)..<5 { store.seal(SeriesID(id)) }
        store.advance(to: at(Int64(9e9)))
        store.advance(to: at(Int64(9e10)))
        let draft = try #require(store.takeDrafts().first)
        let good = draft.encode()
        for index in good.indices {
            var flipped = good
            flipped[index] ^= 0x21
            #expect(throws: SegmentFault.self) {
                try Segment(Region(flipped), number: draft.number)
            }
            #expect(throws: SegmentFault.self) {
                try Segment(Region(Array(good[..<index])), number: draft.number)
            }
        }
        #expect(throws: SegmentFault.wrongNumber(draft.number)) {
            try Segment(Region(good), number: draft.number + 1)
        }
        var sections = store.sections()
        var refused = 0
        while let section = sections.nextSection() {
            for index in section.indices {
                var copy = ChunkStore(limits: smallLimits)
                var flipped = section
                flipped[index] ^= 0x11
                if !copy.restore(flipped) { refused += 1 }
                _ = copy.isSound
            }
        }
        #expect(refused > 50)
    }
}

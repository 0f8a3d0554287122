public import Model

// Samples that are not newer than their series. Into the open chunk, when they fall into its time:
// it is decoded and written again, about a microsecond. Older ones go to a list, and from there
// into chunks of their own that overlap others in time.

extension ChunkStore {
    /// Stores a sample among older ones, unless its time is taken.
    public mutating func insert(
        _ id: SeriesID, at time: Timestamp, value: Double
    ) -> InsertOutcome {
        if time > newest(of: id) {
            append(id, at: time, value: value)
            return .inserted
        }
        var overlaps = 0
        if let known = knownFloat(id, at: time, &overlaps) {
            return known.bitPattern == value.bitPattern ? .same : .different
        }
        let head = heads[Int(id.index)]
        if !head.isHistogram && head.count > 0 && time.millis >= head.first
            && Int(head.count) < FloatChunk.samplesMax
        {
            rewrite(Int(id.index), adding: SeriesTail(time: time, value: value))
            return .inserted
        }
        guard overlaps <= Self.overlapsMax else { return .full }
        addLate(id.index, SeriesTail(time: time, value: value))
        return .inserted
    }

    /// Chunks that may hold one time of a series: each costs a late sample a microsecond.
    static let overlapsMax = 32

    /// Keeps a late sample in the order of time; a chunk of them is sealed.
    private mutating func addLate(_ id: UInt32, _ sample: SeriesTail) {
        let place = late[id]?.firstIndex { $0.time >= sample.time } ?? late[id]?.count ?? 0
        if place < late[id]?.count ?? 0, late[id]?[place].time == sample.time {
            late[id]?[place] = sample
            return
        }
        late[id, default: []].insert(sample, at: place)
        lateCount += 1
        if late[id]?.count == FloatChunk.samplesMax, let full = late.removeValue(forKey: id) {
            lateCount -= full.count
            sealLate(id, full)
        }
        if lateCount >= limits.late { sealLate() }
    }

    /// Stores a histogram among older ones, as a chunk of its own.
    public mutating func insert(
        _ id: SeriesID, at time: Timestamp, histogram: Histogram
    ) -> InsertOutcome {
        if time > newest(of: id) {
            append(id, at: time, histogram: histogram)
            return .inserted
        }
        var columns = SampleColumns()
        snapshot().read(id, from: time, to: time, into: &columns)
        if let known = columns.histograms.first { return known == histogram ? .same : .different }
        var run = HistogramRun()
        run.append(time.millis, histogram)
        add(
            SealedChunk(
                id: id.index, kind: .histograms, count: 1, bits: UInt32(run.bytes.count * 8),
                first: time.millis, last: time.millis, offset: 0,
                previous: heads[Int(id.index)].sealed),
            run.words)
        return .inserted
    }

    /// What is stored at a time. Usually the open chunk tells; late samples may lie before it.
    private func knownFloat(_ id: SeriesID, at time: Timestamp, _ overlaps: inout Int) -> Double? {
        let head = heads[Int(id.index)]
        if !head.isHistogram && head.count > 0 && time.millis >= head.first {
            if let known = openValue(head, at: time.millis), !Self.isOwnMarker(known) {
                return known
            }
            guard head.flags.contains(.hasOverlap) || late[id.index] != nil else { return nil }
        }
        if let sample = late[id.index]?.first(where: { $0.time >= time }), sample.time == time,
            !Self.isOwnMarker(sample.value)
        {
            return sample.value
        }
        return sealedFloat(id.index, head, at: time.millis, &overlaps)
    }

    static func isOwnMarker(_ value: Double) -> Bool { value.bitPattern == ownMarkerBits }

    /// Looks through the chunks whose time it can be.
    private func sealedFloat(
        _ id: UInt32, _ head: ChunkHead, at time: Int64, _ overlaps: inout Int
    ) -> Double? {
        var found: Double?
        func look(_ chunk: SealedChunk, _ bytes: UnsafeRawBufferPointer) {
            guard chunk.kind == .floats, chunk.first <= time, chunk.last >= time else { return }
            overlaps += 1
            var reader = unsafe FloatChunkReader(
                bytes, bits: Int(chunk.bits), first: chunk.first, count: Int(chunk.count))
            while found == nil && reader.next() && reader.time <= time {
                let value = Double(bitPattern: reader.value)
                if reader.time == time && !Self.isOwnMarker(value) { found = value }
            }
        }
        var next = head.sealed
        while next > 0 && found == nil && overlaps <= Self.overlapsMax {
            guard let (holder, chunk) = sealedChunk(next - 1), chunk.id == id else { break }
            if chunk.first <= time && chunk.last >= time {
                let words = holder.words(of: chunk)
                unsafe words.withUnsafeBytes { unsafe look(chunk, $0) }
            }
            next = chunk.previous < next ? chunk.previous : 0
        }
        for place in segments where found == nil && place.first <= time && place.last >= time {
            guard let segment = place.segment else { continue }
            unsafe segment.forEachChunk(of: id, from: time, to: time) { chunk, bytes in
                unsafe look(chunk, bytes)
            }
        }
        return found
    }

    private func sealedChunk(_ sequence: UInt64) -> (SealedBatch, SealedChunk)? {
        if let chunk = batch[sequence] { return (batch, chunk) }
        for draft in drafts.reversed() {
            if let chunk = draft.batch[sequence] { return (draft.batch, chunk) }
        }
        return nil
    }

    private func openValue(_ head: ChunkHead, at time: Int64) -> Double? {
        var found: Double?
        forEachOpen(head) { if $0 == time { found = Double(bitPattern: $1) } }
        return found
    }

    private func forEachOpen(_ head: ChunkHead, _ body: (Int64, UInt64) -> Void) {
        var words: [UInt64] = []
        arena.gather(first: head.chain.first, bits: Int(head.chain.bits), into: &words)
        unsafe words.withUnsafeBytes { bytes in
            var reader = unsafe FloatChunkReader(
                bytes, bits: Int(head.chain.bits), first: head.first, count: Int(head.count))
            while reader.next() { body(reader.time, reader.value) }
        }
    }

    /// Writes an open chunk anew with one more sample.
    private mutating func rewrite(_ index: Int, adding sample: SeriesTail) {
        var samples: [SeriesTail] = []
        forEachOpen(heads[index]) {
            samples.append(
                SeriesTail(time: Timestamp(millis: $0), value: Double(bitPattern: $1)))
        }
        let place = samples.firstIndex { $0.time > sample.time } ?? samples.count
        if place > 0 && samples[place - 1].time == sample.time {
            samples[place - 1] = sample
        } else {
            samples.insert(sample, at: place)
        }
        arena.release(heads[index].chain)
        heads[index].begin()
        for (place, sample) in samples.enumerated() {
            let bits = sample.value.bitPattern
            if place == 0 {
                FloatChunk.begin(sample.time.millis, bits, &heads[index], &arena)
            } else {
                FloatChunk.write(sample.time.millis, bits, &heads[index], &arena)
            }
        }
    }

    /// Seals all late samples, series by series.
    mutating func sealLate() {
        for id in late.keys.sorted() {
            let samples = (late[id] ?? []).sorted { $0.time < $1.time }
            var rest = samples[...]
            while !rest.isEmpty {
                let part = rest.prefix(FloatChunk.samplesMax)
                rest = rest.dropFirst(part.count)
                sealLate(id, Array(part))
            }
        }
        late = [:]
        lateCount = 0
    }

    private mutating func sealLate(_ id: UInt32, _ samples: [SeriesTail]) {
        var head = ChunkHead()
        for (place, sample) in samples.enumerated() {
            let bits = sample.value.bitPattern
            if place == 0 {
                FloatChunk.begin(sample.time.millis, bits, &head, &arena)
            } else {
                FloatChunk.write(sample.time.millis, bits, &head, &arena)
            }
        }
        var words: [UInt64] = []
        arena.gather(first: head.chain.first, bits: Int(head.chain.bits), into: &words)
        arena.release(head.chain)
        add(
            SealedChunk(
                id: id, kind: .floats, count: head.count, bits: UInt32(head.chain.bits),
                first: head.first, last: head.newest, offset: 0,
                previous: heads[Int(id)].sealed),
            words)
        heads[Int(id)].flags.insert(.hasOverlap)
    }
}

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
        if let known = knownFloat(id, at: time) {
            return known.bitPattern == value.bitPattern ? .same : .different
        }
        let head = heads[Int(id.index)]
        if !head.isHistogram && head.count > 0 && time.millis >= head.first
            && Int(head.count) < FloatChunk.samplesMax
        {
            rewrite(Int(id.index), adding: SeriesTail(time: time, value: value))
        } else {
            late[id.index, default: []].append(SeriesTail(time: time, value: value))
            lateCount += 1
        }
        return .inserted
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
    private func knownFloat(_ id: SeriesID, at time: Timestamp) -> Double? {
        let head = heads[Int(id.index)]
        if !head.isHistogram && head.count > 0 && time.millis >= head.first {
            if let known = openValue(head, at: time.millis),
                known.bitPattern != Self.ownMarkerBits
            {
                return known
            }
            guard head.flags.contains(.hasOverlap) || late[id.index] != nil else { return nil }
        }
        var columns = SampleColumns()
        snapshot().gather(id, from: time, to: time, into: &columns)
        return columns.values.first { $0.bitPattern != Self.ownMarkerBits }
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

public import Model

/// A write as the log holds it: known series by number, new ones with their labels, and only
/// samples that were accepted. Applying it to the state it was made from gives the same state.
public struct ResolvedWrite: Sendable {
    /// Labels of the series this write adds; they take the next numbers in this order.
    public internal(set) var newSeries: [Labels] = []
    public internal(set) var ids: [UInt32] = []
    public internal(set) var times: [Int64] = []
    public internal(set) var values: [Double] = []
    /// Starts that were news, by the sample that told them, in order. A counter's start is news
    /// once in its life, so these are few: the log does not repeat what every sample of a sender
    /// says.
    public internal(set) var starts: [StartNote] = []
    public internal(set) var histograms: [ResolvedHistogram] = []
    public internal(set) var exemplars: [ResolvedExemplar] = []
    public internal(set) var metadata: [ResolvedMetadata] = []
    public internal(set) var tally = WriteTally()
    /// Who would have counted series that limits shed, in the consumers' own numbering.
    public internal(set) var shedConsumers: [UInt32] = []

    public init() {}

    /// Samples of series that are known, as a history that is played again gives them.
    public init(
        ids: [UInt32], times: [Int64], values: [Double], starts: [StartNote] = [],
        histograms: [ResolvedHistogram] = []
    ) {
        self.ids = ids
        self.times = times
        self.values = values
        self.starts = starts
        self.histograms = histograms
        tally.stored = ids.count
        tally.histograms = histograms.count
    }

    /// New series without a sample.
    public init(adding series: [Labels]) { newSeries = series }

    /// Appends a sample of a known series.
    public mutating func append(_ id: UInt32, at millis: Int64, _ value: Double) {
        ids.append(id)
        times.append(millis)
        values.append(value)
    }

    /// Whether it holds more than samples.
    var hasExtras: Bool {
        !histograms.isEmpty || !exemplars.isEmpty || !metadata.isEmpty || !shedConsumers.isEmpty
    }

    /// Notes the start of the sample about to be appended.
    mutating func noteStart(_ millis: Int64) {
        starts.append(StartNote(sample: ids.count, millis: millis))
    }
}

/// A sample that told when its counter began.
public struct StartNote: Hashable, Sendable {
    /// Index of the sample in its write.
    public let sample: Int
    /// Since the epoch.
    public let millis: Int64

    public init(sample: Int, millis: Int64) {
        self.sample = sample
        self.millis = millis
    }
}

// Payload: newSeries count, labels; samples count, then per sample: signed delta of the number,
// signed delta of the time, value bits. Then duplicates, the number of reasons something was
// refused for, and each one's word and count; the number of starts, then per start the delta of the
// sample's index and the signed delta of the time. A byte says whether histograms, exemplars,
// metadata and the consumers of shed series follow. docs/formats/log.md.
extension ResolvedWrite {
    /// Appends the log payload. About 11 bytes a sample, 3 to 7 a start. O(samples).
    public func encode(into out: inout ByteWriter) {
        out.varint(UInt64(newSeries.count))
        for labels in newSeries { out.lengthPrefixed(labels.bytes) }
        out.varint(UInt64(ids.count))
        out.bytes.reserveCapacity(out.bytes.count + ids.count * 12 + 64)
        var lastID: Int64 = 0
        var lastTime: Int64 = 0
        for index in ids.indices {
            out.signedVarint(Int64(ids[index]) - lastID)
            out.signedVarint(times[index] &- lastTime)
            out.fixed64(values[index].bitPattern)
            lastID = Int64(ids[index])
            lastTime = times[index]
        }
        encodeTally(into: &out)
        out.varint(UInt64(starts.count))
        var last = StartNote(sample: 0, millis: 0)
        for start in starts {
            out.varint(UInt64(start.sample - last.sample))
            out.signedVarint(start.millis &- last.millis)
            last = start
        }
        out.byte(hasExtras ? 1 : 0)
        if hasExtras { encodeExtras(into: &out) }
    }

    private func encodeTally(into out: inout ByteWriter) {
        out.varint(UInt64(tally.duplicates))
        out.varint(UInt64(tally.histogramDuplicates))
        out.varint(UInt64(tally.exemplarDuplicates))
        out.varint(UInt64(tally.refused.count { $0 > 0 }))
        for (refusal, count) in zip(Refusal.all, tally.refused) where count > 0 {
            out.text(refusal.word)
            out.varint(UInt64(count))
        }
    }

    private func encodeExtras(into out: inout ByteWriter) {
        var copy = self
        var archive = Archive()
        copy.archiveExtras(&archive)
        out.bytes.append(contentsOf: archive.bytes)
    }

    private mutating func archiveExtras(_ archive: inout Archive) {
        archive.field(&histograms)
        archive.field(&exemplars)
        archive.field(&metadata)
        // Earlier records end here.
        if !archive.isReading || !archive.isComplete { archive.field(&shedConsumers) }
    }

    /// Reads what `encode` wrote, or nil when it is malformed. O(samples).
    public init?(from reader: inout ByteReader) {
        guard let seriesCount = reader.varint(), seriesCount <= UInt64(reader.remaining) else {
            return nil
        }
        for _ in 0..<seriesCount {
            guard let bytes = reader.lengthPrefixed() else { return nil }
            newSeries.append(Labels(canonical: bytes))
        }
        guard readSamples(from: &reader), readTally(from: &reader), readStarts(from: &reader),
            let hasExtras = reader.byte(), hasExtras <= 1
        else { return nil }
        if hasExtras == 1 {
            var archive = Archive(reading: reader.rest())
            archiveExtras(&archive)
            guard archive.isComplete else { return nil }
        }
        tally.stored = ids.count
        tally.histograms = histograms.count
        tally.exemplars = exemplars.count
    }

    private mutating func readSamples(from reader: inout ByteReader) -> Bool {
        guard let count = reader.varint(), count <= UInt64(reader.remaining / 10) else {
            return false
        }
        var id: Int64 = 0
        var time: Int64 = 0
        for _ in 0..<count {
            guard let idStep = reader.signedVarint(), let timeStep = reader.signedVarint(),
                let value = reader.double()
            else { return false }
            id &+= idStep
            time &+= timeStep
            guard let number = UInt32(exactly: id) else { return false }
            ids.append(number)
            times.append(time)
            values.append(value)
        }
        return true
    }

    /// Words that this version does not know are passed over: a newer one refused for more reasons.
    private mutating func readTally(from reader: inout ByteReader) -> Bool {
        guard let duplicates = reader.varint().flatMap(Self.count),
            let histograms = reader.varint().flatMap(Self.count),
            let exemplars = reader.varint().flatMap(Self.count),
            let reasons = reader.varint(), reasons <= UInt64(reader.remaining)
        else { return false }
        tally.duplicates = duplicates
        tally.histogramDuplicates = histograms
        tally.exemplarDuplicates = exemplars
        for _ in 0..<reasons {
            guard let word = reader.text(), let count = reader.varint().flatMap(Self.count) else {
                return false
            }
            if let index = WriteTally.wordIndexes[word] { tally.refused[index] = count }
        }
        return true
    }

    private mutating func readStarts(from reader: inout ByteReader) -> Bool {
        guard let count = reader.varint(), count <= UInt64(reader.remaining / 2) else {
            return false
        }
        var last = StartNote(sample: 0, millis: 0)
        for index in 0..<count {
            guard let step = reader.varint(), let change = reader.signedVarint(),
                step < UInt64(ids.count), index == 0 || step > 0
            else { return false }
            last = StartNote(
                sample: last.sample + Int(step), millis: last.millis &+ change)
            guard last.sample < ids.count else { return false }
            starts.append(last)
        }
        return true
    }

    /// A number of samples; no body holds more than fit 32 bits.
    private static func count(_ raw: UInt64) -> Int? {
        UInt32(exactly: raw).map { Int($0) }
    }
}

import Ingest
import Model
public import Storage
import Wire

/// Reads the files of a recording, one after the other, and gives their series one numbering.
public struct RecordingHistory: Sendable {
    private var numbers: [Labels: UInt32] = [:]
    /// Of the file at hand: the history's numbers, and what its values stand on.
    private var fileNumbers: [UInt32] = []
    private var series: [RecordedSeries] = []
    /// Of all files.
    public private(set) var samples = 0
    /// Records that were whole and did not read.
    public private(set) var malformed = 0

    /// Nothing read yet.
    public init() {}

    /// Series so far.
    public var seriesCount: Int { numbers.count }

    /// Reads a file and hands out what happened, in order. Returns why reading stopped: after the
    /// last good record of a torn file the next file goes on. O(bytes).
    public mutating func read(_ file: [UInt8], _ body: (HistoryEvent) -> Void) -> LogEnd {
        fileNumbers = []
        series = []
        var reader = LogReader(file, from: LogPosition.start.next)
        while let record = reader.next() {
            guard let kind = RecordingFormat.Kind(rawValue: record.kind) else {
                malformed += 1
                continue
            }
            switch kind {
            case .header:
                var payload = ByteReader(record.payload)
                guard payload.text() == RecordingFormat.magic,
                    payload.varint() == RecordingFormat.version
                else {
                    malformed += 1
                    return reader.end
                }
            case .restarted: body(.restarted(record.now))
            case .writes: if !readBlock(record.payload, body) { malformed += 1 }
            }
        }
        return reader.end
    }

    private mutating func readBlock(_ payload: [UInt8], _ body: (HistoryEvent) -> Void) -> Bool {
        guard let bytes = try? Snappy.uncompress(payload, limit: RecordingFormat.blockBytesMax)
        else { return false }  // Its checksum held: not of our making.
        var reader = ByteReader(bytes)
        var now: Int64 = 0
        while !reader.isAtEnd {
            guard let step = reader.signedVarint() else { return false }
            now &+= step
            var batch = HistoryBatch(now: Timestamp(millis: now))
            guard readSeries(from: &reader, body), readSamples(from: &reader, into: &batch),
                readStarts(from: &reader, into: &batch),
                readHistograms(from: &reader, into: &batch)
            else { return false }
            samples += batch.count
            body(.batch(batch))
        }
        return true
    }

    private mutating func readSeries(
        from reader: inout ByteReader, _ body: (HistoryEvent) -> Void
    ) -> Bool {
        guard let count = reader.varint(), count <= UInt64(reader.remaining) else { return false }
        var added: [Labels] = []
        for _ in 0..<count {
            guard let bytes = reader.lengthPrefixed() else { return false }
            let labels = Labels(canonical: bytes)
            if let known = numbers[labels] {
                fileNumbers.append(known)
            } else {
                let number = UInt32(numbers.count)
                numbers[labels] = number
                fileNumbers.append(number)
                added.append(labels)
            }
            series.append(RecordedSeries())
        }
        if !added.isEmpty { body(.series(added)) }
        return true
    }

    private mutating func readSamples(
        from reader: inout ByteReader, into batch: inout HistoryBatch
    ) -> Bool {
        // A sample takes three bytes at least.
        guard let count = reader.varint(), count <= UInt64(reader.remaining / 3) else {
            return false
        }
        batch.numbers.reserveCapacity(Int(count))
        batch.times.reserveCapacity(Int(count))
        batch.values.reserveCapacity(Int(count))
        var id: Int64 = -1
        var time = batch.now.millis
        for _ in 0..<count {
            guard let idStep = reader.signedVarint(), let timeStep = reader.signedVarint() else {
                return false
            }
            id = id &+ idStep &+ 1
            time &+= timeStep
            guard id >= 0, id < Int64(series.count),
                let value = RecordingFormat.readValue(
                    after: series[Int(id)].value, from: &reader)
            else { return false }
            series[Int(id)].value = value
            batch.numbers.append(fileNumbers[Int(id)])
            batch.times.append(time)
            batch.values.append(value)
        }
        return true
    }

    private func readStarts(
        from reader: inout ByteReader, into batch: inout HistoryBatch
    ) -> Bool {
        guard let count = reader.varint(), count <= UInt64(reader.remaining / 2) else {
            return false
        }
        var last = -1
        for _ in 0..<count {
            guard let sample = reader.varint(), sample < UInt64(batch.numbers.count),
                Int(sample) > last, let millis = reader.signedVarint()
            else { return false }
            last = Int(sample)
            batch.starts.append(StartNote(sample: last, millis: millis))
        }
        return true
    }

    private func readHistograms(
        from reader: inout ByteReader, into batch: inout HistoryBatch
    ) -> Bool {
        guard let bytes = reader.lengthPrefixed() else { return false }
        if bytes.isEmpty { return true }
        var archive = Archive(reading: bytes)
        var histograms: [ResolvedHistogram] = []
        archive.field(&histograms)
        guard archive.isComplete, histograms.allSatisfy({ Int($0.id) < fileNumbers.count }) else {
            return false
        }
        for index in histograms.indices {
            histograms[index] = ResolvedHistogram(
                id: fileNumbers[Int(histograms[index].id)], time: histograms[index].time,
                start: histograms[index].start, histogram: histograms[index].histogram)
        }
        batch.histograms = histograms
        return true
    }
}

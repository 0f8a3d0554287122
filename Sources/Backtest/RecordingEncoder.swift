import Ingest
public import Model
import Storage
public import Wire

/// Writes one file of a recording: what arrived, series by number, in compressed blocks.
///
/// A file stands for itself: it names each series before its first sample. About 30 ns a sample, 2
/// to 4 bytes; 100 bytes of memory a series.
public struct RecordingEncoder: Sendable {
    /// A block is complete at so many bytes before compression.
    public static let blockBytes = 256 << 10
    private static let unused = UInt32.max

    private var numbers: [SeriesKey: UInt32] = [:]
    private var numberByLabels: [Labels: UInt32] = [:]
    private var series: [RecordedSeries] = []
    private var position = LogPosition.start
    private var block = ByteWriter()
    private var lastNow: Int64 = 0
    /// Samples taken, of any kind, and those of series whose labels do not read.
    public private(set) var samples = 0
    public private(set) var refused = 0
    private let labelLimits: LabelLimits

    /// An encoder for a new file.
    public init(labelLimits: LabelLimits) { self.labelLimits = labelLimits }

    /// Series that the file names.
    public var seriesCount: Int { series.count }
    /// Bytes waiting for `flush`.
    public var pendingBytes: Int { block.bytes.count }

    /// The first record of the file.
    public mutating func header(at now: Timestamp, isRestart: Bool) -> [UInt8] {
        var payload = ByteWriter()
        payload.text(RecordingFormat.magic)
        payload.varint(RecordingFormat.version)
        var bytes = record(.header, payload.bytes, now)
        if isRestart { bytes += record(.restarted, [], now) }
        return bytes
    }

    /// Takes a batch as it arrived. Its series' labels are read when they are new to the file.
    public mutating func add(_ batch: WriteBatch, at now: Timestamp) {
        var ids: [UInt32] = []
        ids.reserveCapacity(batch.series.count)
        var added: [Labels] = []
        for block in batch.series { ids.append(number(of: block, in: batch, &added)) }
        block.signedVarint(now.millis &- lastNow)
        lastNow = now.millis
        block.varint(UInt64(added.count))
        for labels in added { block.lengthPrefixed(labels.bytes) }
        let starts = writeSamples(of: batch, ids, now)
        block.varint(UInt64(starts.count))
        for start in starts {
            block.varint(UInt64(start.sample))
            block.signedVarint(start.millis)
        }
        writeHistograms(of: batch, ids)
    }

    private mutating func number(
        of block: SeriesBlock, in batch: WriteBatch, _ added: inout [Labels]
    ) -> UInt32 {
        if let known = numbers[block.key] { return known }
        let labels: Labels
        do throws(LabelFault) {
            labels = try batch.canonicalLabels(of: block, limits: labelLimits)
        } catch {
            refused += block.samples.count
            return Self.unused
        }
        if let known = numberByLabels[labels] {
            // One label set can be written as blocks without number: the cache is bounded.
            if numbers.count > 4 * series.count + 1024 { numbers = [:] }
            numbers[block.key] = known
            return known
        }
        let number = UInt32(series.count)
        numbers[block.key] = number
        numberByLabels[labels] = number
        series.append(RecordedSeries())
        added.append(labels)
        return number
    }

    private mutating func writeSamples(
        of batch: WriteBatch, _ ids: [UInt32], _ now: Timestamp
    ) -> [StartNote] {
        var starts: [StartNote] = []
        var count = 0
        for (place, entry) in batch.series.enumerated() where ids[place] != Self.unused {
            count += entry.samples.count
        }
        block.varint(UInt64(count))
        var lastID: Int64 = -1
        var lastTime = now.millis
        var sample = 0
        for (place, entry) in batch.series.enumerated() where ids[place] != Self.unused {
            let id = Int(ids[place])
            for index in entry.samples {
                block.signedVarint(Int64(id) - lastID - 1)
                block.signedVarint(batch.timestamps[index] &- lastTime)
                let value = batch.values[index]
                RecordingFormat.write(value, after: series[id].value, into: &block)
                if !batch.starts.isEmpty, batch.starts[index] != series[id].start {
                    series[id].start = batch.starts[index]
                    starts.append(StartNote(sample: sample, millis: batch.starts[index]))
                }
                series[id].value = value
                lastID = Int64(id)
                lastTime = batch.timestamps[index]
                sample += 1
            }
        }
        samples += count
        return starts
    }

    private mutating func writeHistograms(of batch: WriteBatch, _ ids: [UInt32]) {
        var histograms: [ResolvedHistogram] = []
        for entry in batch.histograms where entry.fault == nil {
            let id = ids[Int(entry.series)]
            guard id != Self.unused else { continue }
            histograms.append(
                ResolvedHistogram(
                    id: id, time: Timestamp(millis: entry.timestamp), start: entry.start,
                    histogram: entry.histogram))
        }
        samples += histograms.count
        guard !histograms.isEmpty else { return block.varint(0) }
        var archive = Archive()
        archive.field(&histograms)
        block.lengthPrefixed(archive.bytes)
    }

    /// The record of what was taken since the last call; empty when nothing was.
    public mutating func flush(at now: Timestamp) -> [UInt8] {
        guard !block.bytes.isEmpty else { return [] }
        let compressed = Snappy.compress(block.bytes)
        block.bytes.removeAll(keepingCapacity: true)
        lastNow = 0
        return record(.writes, compressed, now)
    }

    private mutating func record(
        _ kind: RecordingFormat.Kind, _ payload: [UInt8], _ now: Timestamp
    ) -> [UInt8] {
        position = position.next
        var bytes: [UInt8] = []
        LogRecord(kind: kind.rawValue, position: position, now: now, payload: payload)
            .encode(into: &bytes)
        return bytes
    }
}

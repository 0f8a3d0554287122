import Model
import Testing

@testable import Storage

@Suite struct LogTests {
    private let three = [
        record(1, kind: 3, now: 1_700_000_000_000, [1, 2, 3]), record(2, kind: 0, now: -1, []),
        record(3, kind: 255, now: .min, [UInt8](repeating: 0xab, count: 40)),
    ]

    @Test func aRecordIsLaidOutAsDrawn() {
        let bytes = encoded([record(0x0102, kind: 9, now: 0x0a0b, [0xee])])
        let head: [UInt8] = [19, 0, 0, 0]
        let body: [UInt8] = [1, 9, 2, 1, 0, 0, 0, 0, 0, 0, 0x0b, 0x0a, 0, 0, 0, 0, 0, 0, 0xee]
        let crc = CRC32C.of(body, in: 0..<body.count)
        let crcBytes = (0..<4).map { UInt8(truncatingIfNeeded: crc >> UInt32(8 * $0)) }
        #expect(bytes == head + crcBytes + body)
    }

    @Test func whatIsWrittenReadsBack() {
        var random = SplitMix64(1)
        var records: [LogRecord] = []
        for index in 0..<200 {
            records.append(
                record(
                    41 + UInt64(index), kind: UInt8(truncatingIfNeeded: random.next()),
                    now: Int64(bitPattern: random.next()),
                    random.bytes(Int.random(in: 0...300, using: &random))))
        }
        let bytes = encoded(records)
        let reading = Reading(bytes, from: 41)
        #expect(reading.records == records)
        #expect(reading.end == .clean && reading.goodBytes == bytes.count)
    }

    @Test func anEmptyLogIsClean() { #expect(Reading([]).end == .clean) }

    @Test func everyTruncationKeepsTheWholeRecordsBeforeIt() {
        let bytes = encoded(three)
        let ends = (0...3).map { encoded(Array(three[..<$0])).count }
        for length in 0...bytes.count {
            let reading = Reading(Array(bytes[..<length]))
            let whole = ends.count { $0 <= length } - 1
            #expect(reading.records == Array(three[..<whole]), "\(length) bytes")
            #expect(reading.goodBytes == ends[whole])
            let expected: LogEnd = ends[whole] == length ? .clean : .torn(at: ends[whole])
            #expect(reading.end == expected, "\(length) bytes")
        }
    }

    /// A changed length may reach past the end, which looks torn; everything else is corrupt.
    @Test func everyChangedBitKeepsTheWholeRecordsBeforeIt() {
        var bytes = encoded(three)
        let ends = (0...3).map { encoded(Array(three[..<$0])).count }
        for bit in 0..<(8 * bytes.count) {
            bytes[bit / 8] ^= 1 << (bit % 8)
            let reading = Reading(bytes)
            let whole = ends.count { $0 <= bit / 8 } - 1
            let start = ends[whole]
            #expect(reading.records == Array(three[..<whole]), "bit \(bit)")
            #expect(reading.goodBytes == start)
            let length = (0..<4).reduce(0) { $0 + Int(bytes[start + $1]) << (8 * $1) }
            let isPlausible = length <= LogRecord.headerBytes + LogRecord.payloadBytesMax
            let isLonger = isPlausible && length > bytes.count - start - LogRecord.frameBytes
            #expect(reading.end == (isLonger ? .torn(at: start) : .corrupt(at: start)))
            bytes[bit / 8] ^= 1 << (bit % 8)
        }
    }

    @Test(arguments: [0, 2, 4, UInt64.max])
    func aRecordOutOfPlaceIsRefused(index: UInt64) {
        let bytes = encoded([record(1, [1]), record(index == 2 ? 1 : index, [2])])
        let reading = Reading(bytes)
        #expect(reading.records == [record(1, [1])])
        #expect(reading.end == .corrupt(at: bytes.count / 2))
        #expect(Reading(encoded([record(1, [1])]), from: 2).end == .corrupt(at: 0))
    }

    @Test func anotherVersionIsRefused() {
        var body = Array(encoded([record(1, [1])])[LogRecord.frameBytes...])
        body[0] = LogRecord.version + 1
        var frame = ByteWriter()
        frame.fixed32(UInt32(body.count))
        frame.fixed32(CRC32C.of(body, in: 0..<body.count))
        #expect(Reading(frame.bytes + body).end == .corrupt(at: 0))
    }

    /// A file that a crash has extended but not filled: zeros are no record.
    @Test func zerosAreCorrupt() {
        let good = encoded([record(1, [1])])
        let reading = Reading(good + [UInt8](repeating: 0, count: 4096))
        #expect(reading.records.count == 1 && reading.end == .corrupt(at: good.count))
    }

    @Test func aLengthOutsideTheLimitsIsRefusedBeforeAnythingIsRead() {
        for length in [0, 17, UInt32(LogRecord.headerBytes + LogRecord.payloadBytesMax + 1), .max] {
            var frame = ByteWriter()
            frame.fixed32(length)
            frame.fixed32(0)
            #expect(Reading(frame.bytes).end == .corrupt(at: 0), "\(length)")
        }
        var frame = ByteWriter()
        frame.fixed32(UInt32(LogRecord.headerBytes + LogRecord.payloadBytesMax))
        frame.fixed32(0)
        #expect(Reading(frame.bytes).end == .torn(at: 0))
    }

    @Test func nothingIsReadPastTheFirstFault() {
        var reader = LogReader(encoded([record(1, [1]), record(3, [1])]), from: LogPosition(1))
        #expect(reader.next() != nil)
        #expect(reader.next() == nil)
        #expect(reader.next() == nil)
        #expect(reader.end == .corrupt(at: reader.goodBytes))
    }
}

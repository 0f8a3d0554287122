import Ingest
import Model

// How a batch stands in a recording; drawn in docs/formats/recording.md. Counters mostly grow by
// small whole numbers, so a value is the difference to the series' last one where both are whole
// numbers, and eight bytes where not.

/// What encoder and decoder both know of a file's series.
struct RecordedSeries {
    var value = 0.0
    var start: Int64 = 0
}

enum RecordingFormat {
    static let version: UInt64 = 1
    static let magic = "pitot recording"
    /// Bytes of a block before it is compressed; the encoder ends it earlier.
    static let blockBytesMax = 64 << 20

    /// What a record is.
    enum Kind: UInt8 {
        case header = 1
        case restarted = 2
        case writes = 3
    }

    /// The largest whole number that a difference is taken of.
    private static let wholeMax = 0x1p53

    /// The value as a whole number, when it is one bit for bit.
    static func whole(_ value: Double) -> Int64? {
        guard abs(value) <= wholeMax else { return nil }
        let whole = Int64(value)
        return Double(whole).bitPattern == value.bitPattern ? whole : nil
    }

    static func write(_ value: Double, after last: Double, into out: inout ByteWriter) {
        if let from = whole(last), let to = whole(value) {
            let step = to - from
            let zigzag = UInt64(bitPattern: step << 1) ^ UInt64(bitPattern: step >> 63)
            return out.varint(zigzag << 1)
        }
        if value.bitPattern == last.bitPattern { return out.varint(0) }
        out.varint(1)
        out.fixed64(value.bitPattern)
    }

    static func readValue(after last: Double, from reader: inout ByteReader) -> Double? {
        guard let token = reader.varint() else { return nil }
        if token == 0 { return last }
        if token & 1 == 1 { return token == 1 ? reader.double() : nil }
        guard let from = whole(last) else { return nil }
        let zigzag = token >> 1
        let step = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
        let (sum, isTooLarge) = from.addingReportingOverflow(step)
        guard !isTooLarge, Double(sum.magnitude) <= wholeMax else { return nil }
        return Double(sum)
    }
}

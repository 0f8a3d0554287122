public import Model

/// A write as the log holds it: known series by number, new ones with their labels, and only
/// samples that were accepted. Applying it to the state it was made from gives the same state.
public struct ResolvedWrite: Sendable {
    /// Labels of the series this write adds; they take the next numbers in this order.
    public internal(set) var newSeries: [Labels] = []
    public internal(set) var ids: [UInt32] = []
    public internal(set) var times: [Int64] = []
    public internal(set) var values: [Double] = []
    public internal(set) var tally = WriteTally()

    public init() {}
}

// Payload: newSeries count, labels; samples count, then per sample: signed delta of the number,
// signed delta of the time, value bits. Then duplicates and the refusal counts.
extension ResolvedWrite {
    /// Appends the log payload. About 11 bytes a sample. O(samples).
    public func encode(into out: inout ByteWriter) {
        out.varint(UInt64(newSeries.count))
        for labels in newSeries { out.lengthPrefixed(labels.bytes) }
        out.varint(UInt64(ids.count))
        out.bytes.reserveCapacity(out.bytes.count + ids.count * 12 + 64)
        var lastID: Int64 = 0
        var lastTime: Int64 = 0
        for index in ids.indices {
            out.signedVarint(Int64(ids[index]) - lastID)
            out.signedVarint(times[index] - lastTime)
            out.fixed64(values[index].bitPattern)
            lastID = Int64(ids[index])
            lastTime = times[index]
        }
        out.varint(UInt64(tally.duplicates))
        out.varint(UInt64(tally.refused.count))
        for count in tally.refused { out.varint(UInt64(count)) }
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
        guard let count = reader.varint(), count <= UInt64(reader.remaining / 10) else {
            return nil
        }
        var id: Int64 = 0
        var time: Int64 = 0
        for _ in 0..<count {
            guard let idStep = reader.signedVarint(), let timeStep = reader.signedVarint(),
                let value = reader.double()
            else { return nil }
            id &+= idStep
            time &+= timeStep
            guard let number = UInt32(exactly: id) else { return nil }
            ids.append(number)
            times.append(time)
            values.append(value)
        }
        tally.stored = ids.count
        guard let duplicates = reader.varint(), let reasons = reader.varint(),
            reasons == UInt64(tally.refused.count)
        else { return nil }
        tally.duplicates = Int(truncatingIfNeeded: duplicates)
        for index in tally.refused.indices {
            guard let refused = reader.varint() else { return nil }
            tally.refused[index] = Int(truncatingIfNeeded: refused)
        }
    }
}

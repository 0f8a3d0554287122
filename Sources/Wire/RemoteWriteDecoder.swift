// Remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/):
//
//   WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
//   TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2;
//                  repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
//   Sample       { double value = 1; int64 timestamp = 2; }
//   Label        { string name = 1; string value = 2; }
//
// HistogramFields, ExemplarFields and MetadataFields have the other messages.
//
// One pass, no allocation per series or sample beyond the columns. Senders write a series' labels
// as one run of fields, so the run's bytes are hashed where they stand; a series whose labels are
// scattered is gathered into a side buffer first.

/// Decodes the body of a remote write 1.0 request.
public struct RemoteWriteDecoder: Sendable {
    public let seed: HashSeed
    public let limits: WireLimits

    public init(seed: HashSeed, limits: WireLimits) {
        self.seed = seed
        self.limits = limits
    }

    /// Uncompresses and decodes a body as it came over HTTP. O(bytes).
    public func decode(
        compressed: UnsafeRawBufferPointer
    ) throws(WireError) -> WriteBatch {
        try decode(unsafe Snappy.uncompress(compressed, limit: limits.bodyBytes))
    }

    /// Decodes an uncompressed `WriteRequest`; the batch takes the bytes over. O(bytes).
    public func decode(_ body: [UInt8]) throws(WireError) -> WriteBatch {
        guard !body.isEmpty else { throw .emptyBody }
        var batch = WriteBatch()
        // 75 bytes a sample is lean for remote write 1.0, so most batches never regrow.
        let expected = min(limits.samples, body.count / 75 + 16)
        batch.series.reserveCapacity(expected)
        batch.timestamps.reserveCapacity(expected)
        batch.values.reserveCapacity(expected)
        var gathered: [UInt8] = []
        let fault = unsafe body.withUnsafeBufferPointer { buffer -> WireError? in
            guard let base = buffer.baseAddress else { return .emptyBody }
            var cursor = unsafe WireCursor(buffer, base: base)
            do throws(WireError) {
                try request(&cursor, body, &batch, &gathered)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw fault }
        batch.bytes = body
        if !gathered.isEmpty { batch.bytes.append(contentsOf: gathered) }
        return batch
    }

    private func request(
        _ cursor: inout WireCursor, _ body: [UInt8], _ batch: inout WriteBatch,
        _ gathered: inout [UInt8]
    ) throws(WireError) {
        var sawKnownField = false
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            if number == 1 {
                guard type == 2 else { throw .badTag(at: at) }
                sawKnownField = true
                guard batch.series.count < limits.series else {
                    throw .tooManySeries(limit: limits.series)
                }
                var series = try cursor.message()
                try timeSeries(&series, body, &batch, &gathered)
            } else {
                sawKnownField = sawKnownField || number == 3
                try otherField(&cursor, number: number, type: type, at: at, &batch)
            }
        }
        if !sawKnownField { throw .noKnownField }
    }

    /// A field that is no series.
    @inline(never)
    private func otherField(
        _ cursor: inout WireCursor, number: UInt64, type: UInt8, at: Int,
        _ batch: inout WriteBatch
    ) throws(WireError) {
        guard number == 3 else { return try cursor.skip(type: type) }
        guard type == 2 else { throw .badTag(at: at) }
        try batch.appendMetadata(try cursor.message(), seed: seed, limits: limits)
    }

    @inline(__always)
    private func timeSeries(
        _ cursor: inout WireCursor, _ body: [UInt8], _ batch: inout WriteBatch,
        _ gathered: inout [UInt8]
    ) throws(WireError) {
        let firstSample = batch.timestamps.count
        let labelsStart = cursor.offset
        try cursor.skipRun(of: 0x0a)
        let labelsEnd = cursor.offset
        var key = cursor.key(from: labelsStart, seed: seed)
        var range = labelsStart..<labelsEnd
        while !cursor.isAtEnd {
            if cursor.peek == 0x12 {
                cursor.advanceByte()
                var message = try cursor.message()
                try sample(&message, &batch)
            } else if cursor.peek == 0x0a {
                let start = cursor.offset
                try cursor.skipRun(of: 0x0a)
                range = gather(start..<cursor.offset, after: range, body, &gathered)
            } else {
                try otherField(&cursor, body, &batch)
            }
        }
        if range.lowerBound >= body.count { key = gatheredKey(range, body.count, gathered) }
        batch.series.append(
            SeriesBlock(
                key: key, labelsStart: UInt32(range.lowerBound),
                labelsEnd: UInt32(range.upperBound), samplesStart: UInt32(firstSample),
                samplesEnd: UInt32(batch.timestamps.count)))
    }

    /// A field that is neither a label nor a sample. One of the known fields with another wire
    /// type, or with a padded tag, is refused: skipping it would lose data.
    @inline(never)
    private func otherField(
        _ cursor: inout WireCursor, _ body: [UInt8], _ batch: inout WriteBatch
    ) throws(WireError) {
        let at = cursor.offset
        let (number, type) = try cursor.tag()
        guard number > 4 || (number > 2 && type == 2) else { throw .badTag(at: at) }
        switch number {
        case 3:
            try batch.appendExemplar(
                try cursor.message(), of: body, symbols: nil, limits: limits)
        case 4:
            try batch.appendHistogram(try cursor.message(), hasStart: false, limits: limits)
        default: try cursor.skip(type: type)
        }
    }

    @inline(__always)
    private func sample(
        _ cursor: inout WireCursor, _ batch: inout WriteBatch
    ) throws(WireError) {
        guard batch.timestamps.count < limits.samples else {
            throw .tooManySamples(limit: limits.samples)
        }
        var value = 0.0
        var timestamp: Int64 = 0
        while !cursor.isAtEnd {
            switch cursor.peek {
            case 0x09:
                cursor.advanceByte()
                value = Double(bitPattern: try cursor.fixed64())
            case 0x10:
                cursor.advanceByte()
                timestamp = Int64(bitPattern: try cursor.varint())
            default:
                let at = cursor.offset
                let (number, type) = try cursor.tag()
                guard number > 2 else { throw .badTag(at: at) }
                try cursor.skip(type: type)
            }
        }
        batch.values.append(value)
        batch.timestamps.append(timestamp)
    }

    /// Joins a further run of labels to those before it, at the end of the side buffer. Returns
    /// where they stand together, counted past the body's end. The side buffer never outgrows the
    /// body: a run is copied once.
    private func gather(
        _ run: Range<Int>, after known: Range<Int>, _ body: [UInt8], _ gathered: inout [UInt8]
    ) -> Range<Int> {
        var start = known.lowerBound
        if start < body.count {
            start = body.count + gathered.count
            gathered.append(contentsOf: body[known])
        }
        gathered.append(contentsOf: body[run])
        return start..<(body.count + gathered.count)
    }

    private func gatheredKey(
        _ range: Range<Int>, _ bodyCount: Int, _ gathered: [UInt8]
    ) -> SeriesKey {
        unsafe gathered.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return SeriesKey(low: 0, high: 0) }
            return unsafe hashKey(base + (range.lowerBound - bodyCount), range.count, seed)
        }
    }
}

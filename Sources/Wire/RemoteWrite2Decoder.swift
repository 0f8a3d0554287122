// Remote write 2.0 (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/):
//
//   Request    { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
//   TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2;
//                repeated Histogram histograms = 3; repeated Exemplar exemplars = 4;
//                Metadata metadata = 5; int64 created_timestamp = 6; }
//   Sample     { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
//
// HistogramFields, ExemplarFields and MetadataFields have the other messages.
//
// Where a counter starts is said in two ways: Prometheus 3.5 writes a series' created_timestamp;
// the final specification reserves that field and puts a start_timestamp into each sample. Both
// are read, and the sample's own wins. So it is with histograms.
//
// Two walks over the body: the first takes the symbols and steps over the series (2 ns each), so
// that symbols may stand anywhere and their number is known; the second takes the series. Each
// symbol is hashed once a request. A series' key folds the hashes of its symbols: it depends on
// their text, never on their numbers, and costs four multiplications a label instead of a pass
// over 300 bytes. No allocation per series or sample beyond the columns.

/// Decodes the body of a remote write 2.0 request.
public struct RemoteWrite2Decoder: Sendable {
    public let seed: HashSeed
    public let limits: WireLimits

    public init(seed: HashSeed, limits: WireLimits) {
        self.seed = seed
        self.limits = limits
    }

    /// Decodes an uncompressed `Request`; the batch takes the bytes over. O(bytes).
    ///
    /// A series with a reference outside the symbols, of its labels or its metadata, is kept with
    /// its samples, but has no labels: `WriteBatch.canonicalLabels` throws `badReference` for it.
    public func decode(_ body: [UInt8]) throws(WireError) -> WriteBatch {
        guard !body.isEmpty else { throw .emptyBody }
        var batch = WriteBatch()
        var gathered: [UInt8] = []
        let fault = unsafe body.withUnsafeBufferPointer { buffer -> WireError? in
            guard let base = buffer.baseAddress else { return .emptyBody }
            let whole = unsafe WireCursor(buffer, base: base)
            do throws(WireError) {
                let (symbols, series) = try outline(whole)
                // Scrapes make one sample a series, so most batches never regrow.
                batch.series.reserveCapacity(series)
                batch.timestamps.reserveCapacity(min(series, limits.samples))
                batch.values.reserveCapacity(min(series, limits.samples))
                try request(whole, body, symbols, &batch, &gathered)
                batch.labelForm = .references(symbols)
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

    // MARK: First walk

    private func outline(
        _ body: WireCursor
    ) throws(WireError) -> (symbols: [Symbol], series: Int) {
        var cursor = body
        var symbols: [Symbol] = []
        symbols.reserveCapacity(min(limits.symbols, body.remaining / 64 + 16))
        var series = 0
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch number {
            case 5:
                guard type == 2 else { throw .badTag(at: at) }
                series += 1
                _ = try cursor.message()
            case 4:
                guard type == 2 else { throw .badTag(at: at) }
                guard symbols.count < limits.symbols else {
                    throw .tooManySymbols(limit: limits.symbols)
                }
                let text = try cursor.message()
                symbols.append(
                    Symbol(
                        key: cursor.key(from: text.offset, seed: seed),
                        start: UInt32(text.offset), end: UInt32(cursor.offset)))
            default: try cursor.skip(type: type)
            }
        }
        guard series > 0 || !symbols.isEmpty else { throw .noKnownField }
        guard let first = symbols.first, first.text.isEmpty else { throw .badSymbols }
        guard series <= limits.series else { throw .tooManySeries(limit: limits.series) }
        return (symbols, series)
    }

    // MARK: Second walk

    private func request(
        _ whole: WireCursor, _ body: [UInt8], _ symbols: [Symbol], _ batch: inout WriteBatch,
        _ gathered: inout [UInt8]
    ) throws(WireError) {
        var cursor = whole
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            if number == 5 {
                var series = try cursor.message()
                try timeSeries(&series, body, symbols, &batch, &gathered)
            } else {
                try cursor.skip(type: type)
            }
        }
    }

    @inline(__always)
    private func timeSeries(
        _ cursor: inout WireCursor, _ body: [UInt8], _ symbols: [Symbol],
        _ batch: inout WriteBatch, _ gathered: inout [UInt8]
    ) throws(WireError) {
        let firstSample = batch.timestamps.count
        let whole = cursor
        var labels = 0..<0
        var isSound = true
        var metadata = SeriesMetadata()
        var created: Int64 = 0
        while !cursor.isAtEnd {
            switch cursor.peek {
            case 0x0a:
                cursor.advanceByte()
                let run = try cursor.message()
                guard run.endsVarint else { throw .truncated(at: cursor.offset) }
                let range = run.offset..<cursor.offset
                labels = labels.isEmpty ? range : gather(range, after: labels, body, &gathered)
            case 0x12:
                cursor.advanceByte()
                var message = try cursor.message()
                try sample(&message, &batch)
            case 0x08:
                cursor.advanceByte()
                let start = cursor.offset
                _ = try cursor.varint()
                let range = start..<cursor.offset
                labels = labels.isEmpty ? range : gather(range, after: labels, body, &gathered)
            case 0x30:
                cursor.advanceByte()
                created = Int64(bitPattern: try cursor.varint())
            default:
                isSound =
                    try otherField(&cursor, body, symbols, &metadata, &batch) && isSound
            }
        }
        var key = SeriesKey.unresolvable
        if isSound {
            key =
                labels.lowerBound >= body.count
                ? try gatheredKey(labels, body.count, gathered, symbols)
                : try self.key(of: whole.part(labels), symbols)
        }
        if metadata.isPresent && isSound {
            batch.appendMetadata(metadata, symbols, seed: seed, limits: limits)
        }
        if created != 0 { batch.start(created, from: firstSample) }
        batch.series.append(
            SeriesBlock(
                key: key, labelsStart: UInt32(labels.lowerBound),
                labelsEnd: UInt32(labels.upperBound), samplesStart: UInt32(firstSample),
                samplesEnd: UInt32(batch.timestamps.count)))
    }

    /// The key of the symbols that a run of references names, two for each label.
    @inline(__always)
    private func key(
        of references: WireCursor, _ symbols: [Symbol]
    ) throws(WireError) -> SeriesKey {
        var cursor = references
        var fold = SymbolFold(seed)
        while !cursor.isAtEnd {
            let name = try cursor.shortVarint()
            // An odd number of references: one label has no value.
            guard !cursor.isAtEnd else { return .unresolvable }
            let value = try cursor.shortVarint()
            guard name < UInt64(symbols.count), value < UInt64(symbols.count) else {
                return .unresolvable
            }
            fold.add(name: symbols[Int(name)].key, value: symbols[Int(value)].key)
        }
        return fold.key
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
        var start: Int64 = 0
        while !cursor.isAtEnd {
            switch cursor.peek {
            case 0x09:
                cursor.advanceByte()
                value = Double(bitPattern: try cursor.fixed64())
            case 0x10:
                cursor.advanceByte()
                timestamp = Int64(bitPattern: try cursor.varint())
            case 0x18:
                cursor.advanceByte()
                start = Int64(bitPattern: try cursor.varint())
            default:
                let at = cursor.offset
                let (number, type) = try cursor.tag()
                guard number > 3 else { throw .badTag(at: at) }
                try cursor.skip(type: type)
            }
        }
        if start != 0 || !batch.starts.isEmpty { batch.appendStart(start) }
        batch.values.append(value)
        batch.timestamps.append(timestamp)
    }

    // MARK: Histograms, exemplars, metadata

    /// A field that is neither a label, a sample nor a start. Returns whether metadata's references
    /// lie within the symbols. A known field of another wire type, or with a padded tag, is
    /// refused: skipping it would lose data.
    @inline(never)
    private func otherField(
        _ cursor: inout WireCursor, _ body: [UInt8], _ symbols: [Symbol],
        _ metadata: inout SeriesMetadata, _ batch: inout WriteBatch
    ) throws(WireError) -> Bool {
        let at = cursor.offset
        let (number, type) = try cursor.tag()
        guard number > 6 || ((3...5).contains(number) && type == 2) else {
            throw .badTag(at: at)
        }
        switch number {
        case 3: try batch.appendHistogram(try cursor.message(), hasStart: true, limits: limits)
        case 4:
            try batch.appendExemplar(
                try cursor.message(), of: body, symbols: symbols, limits: limits)
        case 5:
            return try metadata.read(try cursor.message(), symbolCount: symbols.count)
        default: try cursor.skip(type: type)
        }
        return true
    }

    // MARK: References in more than one run

    /// Joins a further run of references to those before it, at the end of the side buffer, as
    /// `RemoteWriteDecoder` does with labels: a run is copied once.
    @inline(never)
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

    @inline(never)
    private func gatheredKey(
        _ range: Range<Int>, _ bodyCount: Int, _ gathered: [UInt8], _ symbols: [Symbol]
    ) throws(WireError) -> SeriesKey {
        let result = unsafe gathered.withUnsafeBufferPointer {
            buffer -> Result<SeriesKey, WireError> in
            guard let base = buffer.baseAddress else { return .success(.unresolvable) }
            let all = unsafe WireCursor(buffer, base: base)
            let place = (range.lowerBound - bodyCount)..<(range.upperBound - bodyCount)
            do throws(WireError) {
                return .success(try key(of: all.part(place), symbols))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

public import Model

// The Histogram message, which both versions share; only 2.0 has the last field:
//
//   Histogram  { oneof { uint64 count_int = 1; double count_float = 2; } double sum = 3;
//                sint32 schema = 4; double zero_threshold = 5;
//                oneof { uint64 zero_count_int = 6; double zero_count_float = 7; }
//                repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9;
//                repeated double negative_counts = 10; repeated BucketSpan positive_spans = 11;
//                repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
//                ResetHint reset_hint = 14; int64 timestamp = 15;
//                repeated double custom_values = 16; int64 start_timestamp = 17; }
//   BucketSpan { sint32 offset = 1; uint32 length = 2; }
//
// Fields come in any order, in any number of runs, packed or single; deltas become counts as they
// are read. Spans are never unfolded: what is kept is what stands in the body, so its memory is at
// most eight times its bytes, and within WireLimits. Whether a histogram is whole-numbered is known
// when all of it is read; the counts of both forms are kept until then.

/// A native histogram of a request.
public struct HistogramEntry: Hashable, Sendable {
    /// Place in `WriteBatch.series`.
    public let series: UInt32
    /// Milliseconds since the epoch.
    public let timestamp: Int64
    /// When it began to count, in milliseconds; 0 where it is not said.
    public internal(set) var start: Int64
    /// With a fault it is not whole, and not to be used.
    public let histogram: Histogram
    /// Why it must not be stored.
    public let fault: HistogramFault?
}

extension WriteBatch {
    /// Reads one histogram of the series about to be appended; `hasStart` says whether the message
    /// has field 17.
    @inline(never)
    mutating func appendHistogram(
        _ message: WireCursor, hasStart: Bool, limits: WireLimits
    ) throws(WireError) {
        guard histograms.count < limits.histograms else {
            throw .tooManyHistograms(limit: limits.histograms)
        }
        var fields = HistogramFields(limits: limits, bytesUsed: histogramBytes)
        try fields.read(message, hasStart: hasStart)
        histogramBytes = fields.room.bytesUsed
        histograms.append(fields.entry(series: UInt32(series.count)))
    }
}

/// What has been read of one histogram.
private struct HistogramFields {
    private var whole = Histogram()
    private var timestamp: Int64 = 0
    private var start: Int64 = 0
    private var isFloat = false
    private var isZeroFloat = false
    private var positive = Side()
    private var negative = Side()
    private(set) var room: Room

    init(limits: WireLimits, bytesUsed: Int) {
        room = Room(limits, bytesUsed: bytesUsed)
    }

    mutating func read(_ message: WireCursor, hasStart: Bool) throws(WireError) {
        var cursor = message
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 0):
                whole.count = Double(try cursor.varint())
                isFloat = false
            case (2, 1):
                whole.count = Double(bitPattern: try cursor.fixed64())
                isFloat = true
            case (3, 1): whole.sum = Double(bitPattern: try cursor.fixed64())
            case (4, 0): whole.schema = try cursor.zigzag32()
            case (5, 1): whole.zeroThreshold = Double(bitPattern: try cursor.fixed64())
            case (6, 0):
                whole.zeroCount = Double(try cursor.varint())
                isZeroFloat = false
            case (7, 1):
                whole.zeroCount = Double(bitPattern: try cursor.fixed64())
                isZeroFloat = true
            case (8, 2): try negative.span(try cursor.message(), &room)
            case (11, 2): try positive.span(try cursor.message(), &room)
            case (9, 0), (9, 2): try negative.deltas(&cursor, isPacked: type == 2, &room)
            case (12, 0), (12, 2): try positive.deltas(&cursor, isPacked: type == 2, &room)
            case (10, 1), (10, 2):
                try doubles(&cursor, isPacked: type == 2, &room, into: &negative.floats)
            case (13, 1), (13, 2):
                try doubles(&cursor, isPacked: type == 2, &room, into: &positive.floats)
            case (14, 0):
                let hint = UInt32(truncatingIfNeeded: try cursor.varint())
                whole.resetHint =
                    UInt8(exactly: hint).flatMap(Histogram.ResetHint.init) ?? .unknown
            case (15, 0): timestamp = Int64(bitPattern: try cursor.varint())
            case (16, 1), (16, 2):
                try doubles(&cursor, isPacked: type == 2, &room, into: &whole.customBounds)
            case (17, 0) where hasStart: start = Int64(bitPattern: try cursor.varint())
            case (1...16, _): throw .badTag(at: at)
            case (17, _) where hasStart: throw .badTag(at: at)
            default: try cursor.skip(type: type)
            }
        }
    }

    consuming func entry(series: UInt32) -> HistogramEntry {
        whole.isInteger = !isFloat
        whole.positive = positive.buckets(isFloat: isFloat)
        whole.negative = negative.buckets(isFloat: isFloat)
        // No count at all is a whole-numbered 0: proto3 does not tell the two apart.
        let isMixed =
            (isZeroFloat != isFloat && whole.zeroCount != 0)
            || positive.isMixed(isFloat: isFloat) || negative.isMixed(isFloat: isFloat)
        let fault =
            room.fault ?? (isMixed ? .mixedForms : nil)
            ?? (positive.hasOverflown || negative.hasOverflown ? .inexactCount : nil)
            ?? whole.fault
        return HistogramEntry(
            series: series, timestamp: timestamp, start: start, histogram: whole, fault: fault)
    }
}

/// What may still be kept of one histogram.
private struct Room {
    private let bytesMax: Int
    private(set) var bytesUsed: Int
    private var buckets: Int
    private var spans: Int
    private(set) var fault: HistogramFault?

    init(_ limits: WireLimits, bytesUsed: Int) {
        bytesMax = limits.histogramBytes
        self.bytesUsed = bytesUsed
        buckets = limits.bucketsPerHistogram
        spans = limits.spansPerHistogram
    }

    /// Whether so many counts or bounds may be kept; then they are taken as kept.
    mutating func take(buckets count: Int) throws(WireError) -> Bool {
        guard count <= buckets else {
            fault = .tooManyBuckets
            return false
        }
        buckets -= count
        try take(bytes: count * MemoryLayout<Double>.stride)
        return true
    }

    /// Whether one more span may be kept; then it is taken as kept.
    mutating func takeSpan() throws(WireError) -> Bool {
        guard spans > 0 else {
            fault = fault ?? .tooManySpans
            return false
        }
        spans -= 1
        try take(bytes: MemoryLayout<Histogram.Span>.stride)
        return true
    }

    private mutating func take(bytes: Int) throws(WireError) {
        guard bytes <= bytesMax - bytesUsed else { throw .histogramsTooLarge(limit: bytesMax) }
        bytesUsed += bytes
    }
}

/// Buckets of one sign, in both forms.
private struct Side {
    private var spans: [Histogram.Span] = []
    /// What the deltas add up to so far.
    private var integers: [Double] = []
    private var last: Int64 = 0
    private(set) var hasOverflown = false
    var floats: [Double] = []

    func buckets(isFloat: Bool) -> Histogram.Buckets {
        Histogram.Buckets(spans: spans, counts: isFloat ? floats : integers)
    }

    /// Whether it has counts of the other form too.
    func isMixed(isFloat: Bool) -> Bool { !(isFloat ? integers : floats).isEmpty }

    mutating func span(_ message: WireCursor, _ room: inout Room) throws(WireError) {
        var cursor = message
        var span = Histogram.Span(offset: 0, length: 0)
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 0): span.offset = try cursor.zigzag32()
            case (2, 0): span.length = UInt32(truncatingIfNeeded: try cursor.varint())
            case (1, _), (2, _): throw .badTag(at: at)
            default: try cursor.skip(type: type)
            }
        }
        if try room.takeSpan() { spans.append(span) }
    }

    mutating func deltas(
        _ cursor: inout WireCursor, isPacked: Bool, _ room: inout Room
    ) throws(WireError) {
        guard isPacked else {
            let isKept = try room.take(buckets: 1)
            add(try cursor.zigzag(), isKept: isKept)
            return
        }
        var run = try cursor.message()
        let count = run.varintCount
        let isKept = try room.take(buckets: count)
        // Only once: reserving for each of many runs would copy what is there each time.
        if isKept && integers.isEmpty { integers.reserveCapacity(count) }
        while !run.isAtEnd { add(try run.zigzag(), isKept: isKept) }
    }

    private mutating func add(_ delta: Int64, isKept: Bool) {
        let (sum, isOver) = last.addingReportingOverflow(delta)
        hasOverflown = hasOverflown || isOver
        last = sum
        if isKept { integers.append(Double(sum)) }
    }
}

/// One double, or a run of them.
private func doubles(
    _ cursor: inout WireCursor, isPacked: Bool, _ room: inout Room, into target: inout [Double]
) throws(WireError) {
    guard isPacked else {
        let value = Double(bitPattern: try cursor.fixed64())
        if try room.take(buckets: 1) { target.append(value) }
        return
    }
    var run = try cursor.message()
    let count = run.remaining / MemoryLayout<Double>.stride
    guard run.remaining == count * MemoryLayout<Double>.stride else {
        throw .truncated(at: cursor.offset)
    }
    guard try room.take(buckets: count) else { return }
    if target.isEmpty { target.reserveCapacity(count) }
    for _ in 0..<count { target.append(Double(bitPattern: try run.fixed64())) }
}

import Model

/// A Histogram message. Whole-numbered counts must be whole and below 2^63, as those of a histogram
/// without a fault are.
func encoded(_ outgoing: OutgoingHistogram, start: Timestamp?) -> [UInt8] {
    let histogram = outgoing.histogram
    var message = ByteWriter()
    if histogram.isInteger {
        message.integer(1, UInt64(wholeNumber(histogram.count)))
    } else {
        message.double(2, histogram.count)
    }
    message.double(3, histogram.sum)
    message.signed(4, Int64(histogram.schema))
    message.double(5, histogram.zeroThreshold)
    if histogram.isInteger {
        message.integer(6, UInt64(wholeNumber(histogram.zeroCount)))
    } else {
        message.double(7, histogram.zeroCount)
    }
    message.buckets(histogram.negative, from: 8, isInteger: histogram.isInteger)
    message.buckets(histogram.positive, from: 11, isInteger: histogram.isInteger)
    message.integer(14, UInt64(histogram.resetHint.rawValue))
    message.integer(15, outgoing.time)
    message.doubles(16, histogram.customBounds)
    if let start { message.integer(17, start) }
    return message.bytes
}

private func wholeNumber(_ count: Double) -> Int64 {
    guard let whole = Int64(exactly: count), whole >= 0 else {
        preconditionFailure("an integer histogram counts in whole numbers")
    }
    return whole
}

extension ByteWriter {
    /// A number of either sign, zigzag-coded.
    fileprivate mutating func signed(_ number: UInt64, _ value: Int64) {
        varint(number << 3)
        signedVarint(value)
    }

    /// Spans, deltas and counts have consecutive numbers.
    fileprivate mutating func buckets(
        _ buckets: Histogram.Buckets, from number: UInt64, isInteger: Bool
    ) {
        for span in buckets.spans {
            var message = ByteWriter()
            message.signed(1, Int64(span.offset))
            message.integer(2, UInt64(span.length))
            field(number, message.bytes)
        }
        guard isInteger else { return doubles(number + 2, buckets.counts) }
        guard !buckets.counts.isEmpty else { return }
        var deltas = ByteWriter()
        var last: Int64 = 0
        for count in buckets.counts {
            let next = wholeNumber(count)
            deltas.signedVarint(next - last)
            last = next
        }
        field(number + 1, deltas.bytes)
    }

    /// A packed run; nothing for none.
    fileprivate mutating func doubles(_ number: UInt64, _ values: [Double]) {
        guard !values.isEmpty else { return }
        var run = ByteWriter(reserving: 8 * values.count)
        for value in values { run.fixed64(value.bitPattern) }
        field(number, run.bytes)
    }
}

import Model

// A histogram as its message says it, and the rules for it written down once more: with whole
// numbers of 128 bits and sets of faults, where Model has Doubles and the first fault it meets.

/// What stands in a Histogram message.
struct RawHistogram {
    struct Side {
        var spans: [Histogram.Span] = []
        var deltas: [Int64] = []
        var counts: [Double] = []

        /// What the deltas add up to, exactly.
        var integers: [Int128] {
            var last: Int128 = 0
            return deltas.map {
                last += Int128($0)
                return last
            }
        }
    }

    enum Count: Equatable {
        case none
        case integer(UInt64)
        case float(Double)

        var isFloat: Bool { if case .float = self { true } else { false } }

        var value: Double {
            switch self {
            case .none: 0
            case .integer(let count): Double(count)
            case .float(let count): count
            }
        }
    }

    var timestamp: Int64 = 0
    var start: Int64 = 0
    var count = Count.none
    var zeroCount = Count.none
    var sum = 0.0
    var schema: Int32 = 0
    var zeroThreshold = 0.0
    var negative = Side()
    var positive = Side()
    var resetHint: UInt32 = 0
    var bounds: [Double] = []

    init() {}

    /// The message of a histogram whose counts are whole if it says so.
    init(_ histogram: Histogram) {
        let isInteger = histogram.isInteger
        count = isInteger ? .integer(UInt64(histogram.count)) : .float(histogram.count)
        zeroCount = isInteger ? .integer(UInt64(histogram.zeroCount)) : .float(histogram.zeroCount)
        sum = histogram.sum
        schema = histogram.schema
        zeroThreshold = histogram.zeroThreshold
        negative = Self.side(histogram.negative, isInteger)
        positive = Self.side(histogram.positive, isInteger)
        resetHint = UInt32(histogram.resetHint.rawValue)
        bounds = histogram.customBounds
    }

    private static func side(_ buckets: Histogram.Buckets, _ isInteger: Bool) -> Side {
        guard isInteger else { return Side(spans: buckets.spans, counts: buckets.counts) }
        let before = [0] + buckets.counts
        return Side(
            spans: buckets.spans,
            deltas: zip(buckets.counts, before).map { Int64($0) - Int64($1) })
    }

    /// What it says, as Model has it.
    var histogram: Histogram {
        var made = Histogram()
        made.schema = schema
        made.isInteger = !count.isFloat
        made.resetHint = Histogram.ResetHint(rawValue: UInt8(min(resetHint, 255))) ?? .unknown
        made.zeroThreshold = zeroThreshold
        made.zeroCount = zeroCount.value
        made.count = count.value
        made.sum = sum
        for (path, side) in [(\Histogram.positive, positive), (\.negative, negative)] {
            let counts = count.isFloat ? side.counts : side.integers.map { Double($0) }
            made[keyPath: path] = Histogram.Buckets(spans: side.spans, counts: counts)
        }
        made.customBounds = bounds
        return made
    }

    /// Everything that is wrong with it; limits apart.
    var faults: Set<HistogramFault> {
        var found = count.isFloat ? floatFaults : integerFaults
        if zeroCount.isFloat != count.isFloat && zeroCount.value != 0 { found.insert(.mixedForms) }
        if schema == -53 {
            found.formUnion(customFaults)
        } else {
            if schema < -4 || schema > 8 { found.insert(.schema) }
            if !(zeroThreshold >= 0 && zeroThreshold < .infinity) { found.insert(.zeroThreshold) }
            if !bounds.isEmpty { found.insert(.unexpectedBounds) }
        }
        for side in [negative, positive] {
            if side.spans.dropFirst().contains(where: { $0.offset < 0 }) {
                found.insert(.spanOffset)
            }
            let length = side.spans.reduce(Int128(0)) { $0 + Int128($1.length) }
            let counts = count.isFloat ? side.counts.count : side.deltas.count
            if length != Int128(counts) { found.insert(.spanMismatch) }
            if reach(of: side).contains(where: { abs($0) > 1 << 30 }) { found.insert(.bucketIndex) }
        }
        return found
    }

    /// Where each span begins and ends.
    private func reach(of side: Side) -> [Int128] {
        var index: Int128 = 0
        return side.spans.flatMap { span in
            let first = index + Int128(span.offset)
            index = first + Int128(span.length)
            return [first, index]
        }
    }

    private var integerFaults: Set<HistogramFault> {
        let buckets = negative.integers + positive.integers
        let whole = [count, zeroCount].map { count in
            if case .integer(let value) = count { Int128(value) } else { Int128(0) }
        }
        let max = Int128(1) << 53 - 1
        var found: Set<HistogramFault> = []
        if buckets.contains(where: { $0 < 0 }) { found.insert(.negativeCount) }
        if (buckets + whole).contains(where: { abs($0) > max }) { found.insert(.inexactCount) }
        if !(negative.counts + positive.counts).isEmpty { found.insert(.mixedForms) }
        let total = buckets.reduce(whole[1], +)
        if sum.isNaN ? total > whole[0] : total != whole[0] { found.insert(.countMismatch) }
        return found
    }

    private var floatFaults: Set<HistogramFault> {
        var found: Set<HistogramFault> = []
        let counts = negative.counts + positive.counts + [count.value, zeroCount.value]
        if counts.contains(where: { $0 < 0 }) { found.insert(.negativeCount) }
        if !(negative.deltas + positive.deltas).isEmpty { found.insert(.mixedForms) }
        return found
    }

    private var customFaults: Set<HistogramFault> {
        var found: Set<HistogramFault> = []
        if zeroThreshold != 0 || zeroCount.value != 0 { found.insert(.customZeroBucket) }
        let others = negative.spans.count + negative.deltas.count + negative.counts.count
        if others > 0 { found.insert(.customNegativeBuckets) }
        if bounds.contains(where: { $0.isNaN || $0.isInfinite }) { found.insert(.boundsNotFinite) }
        for index in bounds.indices.dropFirst() where !(bounds[index - 1] < bounds[index]) {
            found.insert(.boundsOrder)
        }
        if positive.spans.contains(where: { $0.offset < 0 }) { found.insert(.spanOffset) }
        if let end = reach(of: positive).last, end > Int128(bounds.count) + 1 {
            found.insert(.boundsMissing)
        }
        return found
    }
}

extension Histogram {
    /// All of it as bits, so that NaNs compare.
    var bits: [UInt64] {
        var all = [
            UInt64(bitPattern: Int64(schema)), isInteger ? 1 : 0, UInt64(resetHint.rawValue),
            zeroThreshold.bitPattern, zeroCount.bitPattern, count.bitPattern, sum.bitPattern,
        ]
        for side in [positive, negative] {
            all.append(UInt64(side.spans.count))
            all += side.spans.flatMap {
                [UInt64(bitPattern: Int64($0.offset)), UInt64($0.length)]
            }
            all.append(UInt64(side.counts.count))
            all += side.counts.map(\.bitPattern)
        }
        return all + customBounds.map(\.bitPattern)
    }
}

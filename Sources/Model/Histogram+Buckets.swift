internal import CMath

// Where the buckets of a native histogram lie. Bucket i of an exponential schema s holds
// (2^((i-1)/2^s), 2^(i/2^s)]; the negative ones are its mirror; the zero bucket holds what is
// within the threshold. With custom bounds bucket i ends at the i-th bound, the last at infinity.
// Indexes are Ints here: spans from the wire cannot overflow them.

extension Histogram {
    /// A bucket with its bounds.
    public struct Bucket: Hashable, Sendable {
        public var lower: Double
        public var upper: Double
        public var count: Double
        public var includesLower: Bool
        public var includesUpper: Bool

        public init(
            lower: Double, upper: Double, count: Double, includesLower: Bool, includesUpper: Bool
        ) {
            self.lower = lower
            self.upper = upper
            self.count = count
            self.includesLower = includesLower
            self.includesUpper = includesUpper
        }
    }

    /// A bucket by its place: what arithmetic works on.
    public struct IndexedCount: Hashable, Sendable {
        public var index: Int
        public var count: Double

        public init(_ index: Int, _ count: Double) {
            self.index = index
            self.count = count
        }
    }

    /// The upper bound of an exponential bucket.
    public static func bound(_ index: Int, schema: Int32) -> Double {
        if schema <= 0 {
            let exponent = Double(index) * Double(1 << -Int(schema))
            return exponent == 1024 ? .greatestFiniteMagnitude : pitot_exp2(exponent)
        }
        let steps = 1 << Int(schema)
        let whole = index >> Int(schema)
        let part = index & (steps - 1)
        if part == 0 && whole == 1024 { return .greatestFiniteMagnitude }
        return fractions[part << (8 - Int(schema))] * pitot_exp2(Double(whole))
    }

    /// 2^(i/256). Prometheus has a table of literals here, some of which are up to two units in the
    /// last place lower; arithmetic does not see that, texts of bounds may.
    private static let fractions: [Double] = (0..<256).map { pitot_exp2(Double($0) / 256) }

    /// The bounds of the bucket at a place among the positive ones.
    public func bounds(_ index: Int) -> (lower: Double, upper: Double) {
        guard hasCustomBounds else {
            return (
                Self.bound(index - 1, schema: schema), Self.bound(index, schema: schema)
            )
        }
        let lower =
            index > 0 && index <= customBounds.count ? customBounds[index - 1] : -Double.infinity
        let upper = index < customBounds.count ? customBounds[max(index, 0)] : Double.infinity
        return (lower, upper)
    }

    /// All buckets with bounds, from the lowest; the zero bucket only when something is in it.
    public var buckets: [Bucket] {
        var all: [Bucket] = []
        for bucket in negative.indexed.reversed() {
            let (lower, upper) = bounds(bucket.index)
            all.append(
                Bucket(
                    lower: -upper, upper: -lower, count: bucket.count, includesLower: true,
                    includesUpper: false))
        }
        if zeroCount > 0 && !hasCustomBounds {
            all.append(
                Bucket(
                    lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount,
                    includesLower: true, includesUpper: true))
        }
        for bucket in positive.indexed {
            let (lower, upper) = bounds(bucket.index)
            all.append(
                Bucket(
                    lower: lower, upper: upper, count: bucket.count,
                    includesLower: hasCustomBounds && lower == -.infinity, includesUpper: true))
        }
        return all
    }

    /// How many samples of 16 bytes it counts as.
    public var weight: Int {
        // As Prometheus counts: the fixed part, spans of 8 bytes, counts and bounds of 8 bytes.
        let spans = positive.spans.count + negative.spans.count
        let counts = positive.counts.count + negative.counts.count + customBounds.count
        return (13 * 8 + spans * 8 + counts * 8) / 16 + 1
    }
}

extension Histogram.Buckets {
    /// Each count with its place. O(counts).
    public var indexed: [Histogram.IndexedCount] {
        var list: [Histogram.IndexedCount] = []
        list.reserveCapacity(counts.count)
        var index = 0
        var next = 0
        for span in spans {
            index += Int(span.offset)
            for _ in 0..<min(Int(span.length), counts.count - next) {
                list.append(Histogram.IndexedCount(index, counts[next]))
                index += 1
                next += 1
            }
        }
        return list
    }

    /// Buckets at ascending places; empty ones are left out.
    public init(indexed list: [Histogram.IndexedCount]) {
        self = .none
        counts.reserveCapacity(list.count)
        var end = 0
        for bucket in list where bucket.count != 0 {
            if spans.isEmpty || bucket.index != end {
                spans.append(
                    Histogram.Span(offset: Int32(clamping: bucket.index - end), length: 0))
            }
            spans[spans.count - 1].length += 1
            counts.append(bucket.count)
            end = bucket.index + 1
        }
    }
}

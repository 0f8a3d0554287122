// Native histograms (https://prometheus.io/docs/specs/native_histograms/). One type for integer and
// float ones: counts are Doubles, exact to 2^53, and `isInteger` remembers how they came, so that
// they go out as they came in. Buckets are absolute counts; the deltas of the wire and of chunks
// are theirs to make.

/// A native histogram sample: exponential buckets, or buckets with custom bounds.
public struct Histogram: Sendable {
    /// What the sender says of a counter reset before this sample; numbered as on the wire.
    public enum ResetHint: UInt8, Sendable {
        case unknown = 0
        case reset = 1
        case noReset = 2
        case gauge = 3
    }

    /// A run of buckets. `offset` is the gap to the run before it; of the first run its index.
    public struct Span: Hashable, Sendable {
        public var offset: Int32
        public var length: UInt32

        public init(offset: Int32, length: UInt32) {
            self.offset = offset
            self.length = length
        }
    }

    /// The buckets of one sign: their places as spans, their counts one after the other.
    public struct Buckets: Hashable, Sendable {
        public var spans: [Span]
        /// Absolute, as many as the spans' lengths add up to.
        public var counts: [Double]

        public static let none = Buckets(spans: [], counts: [])

        public init(spans: [Span], counts: [Double]) {
            self.spans = spans
            self.counts = counts
        }
    }

    /// The schema number that says "custom bounds".
    public static let customSchema: Int32 = -53
    /// Schemas of exponential buckets: base 2^(2^-schema).
    public static let exponentialSchemas: ClosedRange<Int32> = -4...8

    public var schema: Int32 = 0
    /// Counts came as whole numbers.
    public var isInteger = false
    public var resetHint = ResetHint.unknown
    public var zeroThreshold = 0.0
    public var zeroCount = 0.0
    public var count = 0.0
    /// A stale marker when its bits are `staleMarkerBits`.
    public var sum = 0.0
    public var positive = Buckets.none
    public var negative = Buckets.none
    /// Upper bounds of custom buckets, without the last one's infinity.
    public var customBounds: [Double] = []

    public init() {}

    /// Marks the end of its series.
    public var isStaleMarker: Bool { Model.isStaleMarker(sum) }
    public var hasCustomBounds: Bool { schema == Self.customSchema }
}

extension Histogram: Hashable {
    /// Same bits: a NaN equals itself, and 0 differs from -0, as for the samples of a retry.
    public static func == (left: Self, right: Self) -> Bool {
        left.schema == right.schema && left.isInteger == right.isInteger
            && left.resetHint == right.resetHint
            && left.zeroThreshold.bitPattern == right.zeroThreshold.bitPattern
            && left.zeroCount.bitPattern == right.zeroCount.bitPattern
            && left.count.bitPattern == right.count.bitPattern
            && left.sum.bitPattern == right.sum.bitPattern
            && left.positive.isIdentical(to: right.positive)
            && left.negative.isIdentical(to: right.negative)
            && haveSameBits(left.customBounds, right.customBounds)
    }

    /// Of what differs most often.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(schema)
        hasher.combine(count.bitPattern)
        hasher.combine(sum.bitPattern)
    }
}

extension Histogram.Buckets {
    fileprivate func isIdentical(to other: Self) -> Bool {
        spans == other.spans && haveSameBits(counts, other.counts)
    }
}

private func haveSameBits(_ left: [Double], _ right: [Double]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0.bitPattern == $1.bitPattern }
}

// What a native histogram must be before it is stored. The rules are those of Prometheus' receiver,
// which are its own and not the protocol's, with four more: a schema it does not know is refused, a
// zero bucket has a finite width, bucket numbers stay where arithmetic on them cannot overflow, and
// whole-numbered counts stay exact as Doubles. As there, float counts need not add up: rounding in
// the sender's rules would refuse good samples; and a float count may be NaN.

/// Why a histogram sample cannot be taken. The sample is refused, the rest is written.
public enum HistogramFault: String, Error, Hashable, Sendable, CaseIterable {
    case schema = "histogram_schema"
    case zeroThreshold = "histogram_zero_threshold"
    case negativeCount = "histogram_negative_count"
    /// A whole-numbered count that a Double does not hold exactly.
    case inexactCount = "histogram_inexact_count"
    case countMismatch = "histogram_count_mismatch"
    /// Spans of other lengths than there are counts.
    case spanMismatch = "histogram_span_mismatch"
    case spanOffset = "histogram_span_offset"
    case bucketIndex = "histogram_bucket_index"
    case boundsOrder = "histogram_bounds_order"
    case boundsNotFinite = "histogram_bounds_not_finite"
    /// Custom buckets past the one above the last bound.
    case boundsMissing = "histogram_bounds_missing"
    case unexpectedBounds = "histogram_unexpected_bounds"
    case customZeroBucket = "histogram_custom_zero_bucket"
    case customNegativeBuckets = "histogram_custom_negative_buckets"
    /// Fields of whole-numbered and of float histograms in one.
    case mixedForms = "histogram_mixed_forms"
    case tooManyBuckets = "histogram_too_many_buckets"
    case tooManySpans = "histogram_too_many_spans"

    /// What to tell the sender.
    public var advice: String {
        switch self {
        case .schema: "histogram schema is neither -4 to 8 nor -53 (custom buckets)"
        case .zeroThreshold: "zero threshold of a histogram is negative or not finite"
        case .negativeCount: "histogram with a negative count"
        case .inexactCount: "integer count of a histogram is 2^53 or more"
        case .countMismatch: "histogram count is not what its buckets add up to"
        case .spanMismatch: "histogram spans and counts are of different lengths"
        case .spanOffset: "histogram spans overlap: negative offset"
        case .bucketIndex: "histogram bucket number out of range"
        case .boundsOrder: "custom histogram bounds do not increase"
        case .boundsNotFinite: "custom histogram bound is not finite; leave +Inf out"
        case .boundsMissing: "custom histogram has buckets past its bounds"
        case .unexpectedBounds: "custom bounds in a histogram of an exponential schema"
        case .customZeroBucket: "custom histogram with a zero bucket"
        case .customNegativeBuckets: "custom histogram with negative buckets"
        case .mixedForms: "histogram mixes integer and float fields"
        case .tooManyBuckets: "histogram with too many buckets; lower its resolution"
        case .tooManySpans: "histogram with too many spans; merge spans that are close"
        }
    }
}

extension Histogram {
    /// The largest whole-numbered count: up to here Doubles are exact, and so are their sums.
    public static let integerCountMax = 9_007_199_254_740_991.0
    /// How far from zero a bucket's number may be. The widest schema needs 275,000.
    public static let bucketIndexMax = 1 << 30

    /// What is wrong with it; nil when it may be stored. A stale marker may. O(spans + buckets).
    public var fault: HistogramFault? {
        layoutFault ?? countsFault
    }

    private var layoutFault: HistogramFault? {
        guard hasCustomBounds else {
            guard Self.exponentialSchemas.contains(schema) else { return .schema }
            guard zeroThreshold >= 0, zeroThreshold.isFinite else { return .zeroThreshold }
            guard customBounds.isEmpty else { return .unexpectedBounds }
            return positive.layoutFault ?? negative.layoutFault
        }
        guard zeroThreshold == 0, zeroCount == 0 else { return .customZeroBucket }
        guard negative.spans.isEmpty, negative.counts.isEmpty else {
            return .customNegativeBuckets
        }
        if let fault = boundsFault ?? positive.layoutFault { return fault }
        guard (positive.spans.first?.offset ?? 0) >= 0 else { return .spanOffset }
        return positive.end > customBounds.count + 1 ? .boundsMissing : nil
    }

    private var boundsFault: HistogramFault? {
        guard customBounds.allSatisfy(\.isFinite) else { return .boundsNotFinite }
        let isIncreasing = zip(customBounds, customBounds.dropFirst()).allSatisfy(<)
        return isIncreasing ? nil : .boundsOrder
    }

    private var countsFault: HistogramFault? {
        var total = zeroCount
        var isNegative = count < 0 || zeroCount < 0
        var isExact = Self.isExact(count) && Self.isExact(zeroCount)
        for value in positive.counts {
            total += value
            isNegative = isNegative || value < 0
            isExact = isExact && Self.isExact(value)
        }
        for value in negative.counts {
            total += value
            isNegative = isNegative || value < 0
            isExact = isExact && Self.isExact(value)
        }
        if isNegative { return .negativeCount }
        guard isInteger else { return nil }
        guard isExact else { return .inexactCount }
        // No count is negative, so a sum that leaves the exact range stays over every count.
        // Observations of NaN are in no bucket, and make the sum NaN.
        return (sum.isNaN ? total <= count : total == count) ? nil : .countMismatch
    }

    /// Within the range of Int64 when it is converted, which is one instruction; `rounded` is a
    /// call.
    private static func isExact(_ count: Double) -> Bool {
        abs(count) <= integerCountMax && count == Double(Int64(count))
    }
}

extension Histogram.Buckets {
    /// The number after that of the last bucket, counted without overflow. 0 without spans.
    fileprivate var end: Int {
        spans.reduce(0) { $0 + Int($1.offset) + Int($1.length) }
    }

    fileprivate var layoutFault: HistogramFault? {
        var index = 0
        var length = 0
        for (place, span) in spans.enumerated() {
            if place > 0 && span.offset < 0 { return .spanOffset }
            index += Int(span.offset)
            if abs(index) > Histogram.bucketIndexMax { return .bucketIndex }
            index += Int(span.length)
            length += Int(span.length)
        }
        guard length == counts.count else { return .spanMismatch }
        return index > Histogram.bucketIndexMax ? .bucketIndex : nil
    }
}

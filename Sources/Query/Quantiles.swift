internal import CMath
internal import Model

// Quantiles and fractions of histograms. Native: within a bucket of exponential bounds values are
// taken to be spread evenly on a logarithmic scale, elsewhere linearly. Classic: cumulative counts,
// linear. Sources: https://prometheus.io/docs/prometheus/latest/querying/functions/ and the native
// histogram specification.

enum QuantileRemark { case isNaN, isSkewed }

func nativeQuantile(_ q: Double, _ histogram: Histogram) -> (Double, QuantileRemark?) {
    if q < 0 { return (-.infinity, nil) }
    if q > 1 { return (.infinity, nil) }
    if histogram.count == 0 || q.isNaN { return (.nan, nil) }
    // From the nearer end, so that what was lost to rounding does not add up. Observations of NaN
    // are in the count but in no bucket: then only the way up is right.
    let hasNaN = histogram.sum.isNaN
    let isForward = hasNaN || q < 0.5
    var rank = (isForward ? q : 1 - q) * histogram.count
    var bucket = Histogram.Bucket(
        lower: 0, upper: 0, count: 0, includesLower: false, includesUpper: false)
    var count = 0.0
    let all = histogram.buckets
    for index in all.indices {
        let next = all[isForward ? index : all.count - 1 - index]
        bucket = next
        if next.count == 0 { continue }
        count += next.count
        if count >= rank { break }
    }
    if !histogram.hasCustomBounds && bucket.lower < 0 && bucket.upper > 0 {
        if histogram.negative.counts.isEmpty && !histogram.positive.counts.isEmpty {
            bucket.lower = 0
        } else if histogram.positive.counts.isEmpty && !histogram.negative.counts.isEmpty {
            bucket.upper = 0
        }
    } else if histogram.hasCustomBounds {
        if bucket.lower == -.infinity {
            if bucket.upper <= 0 { return (bucket.upper, nil) }
            bucket.lower = 0
        } else if bucket.upper == .infinity {
            return (bucket.lower, nil)
        }
    }
    count = min(count, histogram.count)
    if count < rank {
        return hasNaN ? (.nan, .isNaN) : (bucket.upper, nil)
    }
    let remark: QuantileRemark? = hasNaN ? .isSkewed : nil
    rank = isForward ? rank - (count - bucket.count) : count - rank
    let fraction = rank / bucket.count
    if histogram.hasCustomBounds || (bucket.lower <= 0 && bucket.upper >= 0) {
        return (bucket.lower + (bucket.upper - bucket.lower) * fraction, remark)
    }
    let lower = pitot_log2(abs(bucket.lower))
    let upper = pitot_log2(abs(bucket.upper))
    if bucket.lower > 0 { return (pitot_exp2(lower + (upper - lower) * fraction), remark) }
    return (-pitot_exp2(upper + (lower - upper) * (1 - fraction)), remark)
}

/// The share of observations between two values. NaN when one of them lies in a bucket that has no
/// lower bound, as in Prometheus 3.5.
func nativeFraction(_ lower: Double, _ upper: Double, _ histogram: Histogram) -> Double {
    if histogram.count == 0 || lower.isNaN || upper.isNaN { return .nan }
    if lower >= upper { return 0 }
    let all = histogram.buckets
    let counted =
        histogram.sum.isNaN ? all.reduce(0) { $0 + $1.count } : histogram.count
    var rank = 0.0
    var (lowerRank, upperRank): (Double?, Double?) = (nil, nil)
    for var bucket in all {
        let isZero = bucket.lower <= 0 && bucket.upper >= 0
        if isZero {
            if histogram.negative.counts.isEmpty && !histogram.positive.counts.isEmpty {
                bucket.lower = 0
            } else if histogram.positive.counts.isEmpty && !histogram.negative.counts.isEmpty {
                bucket.upper = 0
            }
        }
        let isLinear = isZero || histogram.hasCustomBounds
        func reached(_ value: Double) -> Double? {
            if bucket.lower >= value { return rank }
            guard bucket.upper > value else { return nil }
            if isLinear {
                return rank + bucket.count * (value - bucket.lower) / (bucket.upper - bucket.lower)
            }
            let low = pitot_log2(abs(bucket.lower))
            let high = pitot_log2(abs(bucket.upper))
            let place = pitot_log2(abs(value))
            let fraction =
                value > 0 ? (place - low) / (high - low) : 1 - (place - high) / (low - high)
            return rank + bucket.count * fraction
        }
        lowerRank = lowerRank ?? reached(lower)
        upperRank = upperRank ?? reached(upper)
        if lowerRank != nil && upperRank != nil { break }
        rank += bucket.count
    }
    let low = min(lowerRank ?? counted, counted)
    let high = min(upperRank ?? counted, counted)
    return (high - low) / histogram.count
}

/// A bucket of a classic histogram: how many observations were at most `upper`.
struct ClassicBucket {
    var upper: Double
    var count: Double
}

/// Equal bounds become one bucket; sorted by bound.
private func coalesce(_ buckets: inout [ClassicBucket]) {
    var last = 0
    for index in buckets.indices.dropFirst() {
        if buckets[index].upper == buckets[last].upper {
            buckets[last].count += buckets[index].count
        } else {
            last += 1
            buckets[last] = buckets[index]
        }
    }
    buckets.removeLast(buckets.count - last - 1)
}

/// Counts must not fall with the bound. True when one fell by more than rounding explains.
private func makeMonotonic(_ buckets: inout [ClassicBucket]) -> Bool {
    var isForced = false
    var previous = buckets[0].count
    for index in buckets.indices.dropFirst() {
        let current = buckets[index].count
        if current == previous { continue }
        if isAlmostEqual(previous, current, 1e-12) {
            buckets[index].count = previous
        } else if current < previous {
            buckets[index].count = previous
            isForced = true
        } else {
            previous = current
        }
    }
    return isForced
}

func classicQuantile(
    _ q: Double, _ buckets: inout [ClassicBucket]
) -> (value: Double, isForced: Bool) {
    if q.isNaN { return (.nan, false) }
    if q < 0 { return (-.infinity, false) }
    if q > 1 { return (.infinity, false) }
    guard buckets.last?.upper == .infinity else { return (.nan, false) }
    coalesce(&buckets)
    let isForced = makeMonotonic(&buckets)
    let last = buckets.count - 1
    let total = buckets[last].count
    guard last > 0, total != 0 else { return (.nan, false) }
    var rank = q * total
    let index = buckets[..<last].firstIndex { $0.count >= rank } ?? last
    if index == last { return (buckets[last - 1].upper, isForced) }
    let end = buckets[index].upper
    if index == 0 && end <= 0 { return (end, isForced) }
    var start = 0.0
    var count = buckets[index].count
    if index > 0 {
        start = buckets[index - 1].upper
        count -= buckets[index - 1].count
        rank -= buckets[index - 1].count
    }
    return (start + (end - start) * (rank / count), isForced)
}

func classicFraction(
    _ lower: Double, _ upper: Double, _ buckets: inout [ClassicBucket]
) -> Double {
    guard buckets.last?.upper == .infinity else { return .nan }
    // Prometheus mends counts that fall for quantiles and not for fractions.
    coalesce(&buckets)
    let total = buckets[buckets.count - 1].count
    if total == 0 || lower.isNaN || upper.isNaN { return .nan }
    if lower >= upper { return 0 }
    var rank = 0.0
    var start = -Double.infinity
    var (lowerRank, upperRank): (Double?, Double?) = (nil, nil)
    for bucket in buckets {
        func reached(_ value: Double) -> Double? {
            if start >= value { return rank }
            guard bucket.upper > value else { return nil }
            return rank + (bucket.count - rank) * (value - start) / (bucket.upper - start)
        }
        lowerRank = lowerRank ?? reached(lower)
        upperRank = upperRank ?? reached(upper)
        if lowerRank != nil && upperRank != nil { break }
        rank = bucket.count
        start = bucket.upper
    }
    return (min(upperRank ?? total, total) - min(lowerRank ?? total, total)) / total
}

/// Within a relative difference of each other; NaN equals NaN.
func isAlmostEqual(_ left: Double, _ right: Double, _ tolerance: Double) -> Bool {
    // A stale marker equals only another.
    if isAbsent(left) || isAbsent(right) { return isAbsent(left) && isAbsent(right) }
    if left.isNaN && right.isNaN { return true }
    if left == right { return true }
    let size = abs(left) + abs(right)
    let difference = abs(left - right)
    let smallest = Double.leastNormalMagnitude
    if left == 0 || right == 0 || size < smallest { return difference < tolerance * smallest }
    return difference / min(size, .greatestFiniteMagnitude) < tolerance
}

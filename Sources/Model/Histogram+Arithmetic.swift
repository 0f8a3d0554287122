// Arithmetic on native histograms, always as float ones. Two histograms are added at the lower of
// their resolutions and with the wider of their zero buckets; buckets that a wider zero bucket
// swallows move into it, and it grows to the end of a populated bucket that it would cut.
// Custom bounds must be equal. Source: https://prometheus.io/docs/specs/native_histograms/

/// Why two histograms do not go together.
public enum HistogramMismatch: Error, Hashable, Sendable {
    /// One has exponential buckets, the other custom bounds.
    case schema
    /// Both have custom bounds, but not the same.
    case bounds
}

extension Histogram {
    /// All counts times a factor.
    public mutating func scale(by factor: Double) {
        isInteger = false
        zeroCount *= factor
        count *= factor
        sum *= factor
        for index in positive.counts.indices { positive.counts[index] *= factor }
        for index in negative.counts.indices { negative.counts[index] *= factor }
        if factor < 0 { resetHint = .gauge }
    }

    /// All counts divided. A divisor of 0 leaves no buckets, as Prometheus defines it.
    public mutating func divide(by divisor: Double) {
        isInteger = false
        if !hasCustomBounds { zeroCount /= divisor }
        count /= divisor
        sum /= divisor
        if divisor == 0 {
            positive = .none
            negative = .none
            return
        }
        for index in positive.counts.indices { positive.counts[index] /= divisor }
        for index in negative.counts.indices { negative.counts[index] /= divisor }
        if divisor < 0 { resetHint = .gauge }
    }

    /// Adds another; throws when they do not go together.
    public mutating func add(_ other: Histogram) throws(HistogramMismatch) {
        try combine(other, sign: 1)
    }

    /// Takes another away; counts may become negative.
    public mutating func subtract(_ other: Histogram) throws(HistogramMismatch) {
        try combine(other, sign: -1)
    }

    private mutating func combine(
        _ other: Histogram, sign: Double
    ) throws(HistogramMismatch) {
        guard hasCustomBounds == other.hasCustomBounds else { throw .schema }
        if hasCustomBounds && customBounds != other.customBounds { throw .bounds }
        isInteger = false
        resetHint = Self.hint(resetHint, other.resetHint)
        count += sign * other.count
        sum += sign * other.sum
        if zeroThreshold == other.zeroThreshold && schema == other.schema {
            zeroCount += sign * other.zeroCount
            positive = Self.merged(positive, other.positive, sign)
            negative = Self.merged(negative, other.negative, sign)
            return
        }
        var other = other
        if !hasCustomBounds {
            reconcileZeroBuckets(&other)
            zeroCount += sign * other.zeroCount
            let lowest = min(schema, other.schema)
            reduceResolution(to: lowest)
            other.reduceResolution(to: lowest)
        }
        positive = Self.merged(positive, other.positive, sign)
        negative = Self.merged(negative, other.negative, sign)
    }

    /// Equal hints stay; a gauge makes a gauge; what contradicts itself is unknown.
    private static func hint(_ left: ResetHint, _ right: ResetHint) -> ResetHint {
        if left == right { return left }
        if left == .gauge || right == .gauge { return .gauge }
        return .unknown
    }

    private static func merged(_ left: Buckets, _ right: Buckets, _ sign: Double) -> Buckets {
        if left.spans == right.spans && left.counts.count == right.counts.count {
            var sum = left
            for index in sum.counts.indices { sum.counts[index] += sign * right.counts[index] }
            return sum
        }
        let (a, b) = (left.indexed, right.indexed)
        var list: [IndexedCount] = []
        list.reserveCapacity(a.count + b.count)
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if j == b.count || (i < a.count && a[i].index < b[j].index) {
                list.append(a[i])
                i += 1
            } else if i == a.count || b[j].index < a[i].index {
                list.append(IndexedCount(b[j].index, sign * b[j].count))
                j += 1
            } else {
                list.append(IndexedCount(a[i].index, a[i].count + sign * b[j].count))
                i += 1
                j += 1
            }
        }
        return Buckets(indexed: list)
    }

    /// Gives both the same zero threshold: the lowest that cuts no populated bucket of either.
    private mutating func reconcileZeroBuckets(_ other: inout Histogram) {
        while zeroThreshold != other.zeroThreshold {
            if zeroThreshold > other.zeroThreshold {
                other.widenZeroBucket(to: zeroThreshold)
            } else {
                widenZeroBucket(to: other.zeroThreshold)
            }
        }
    }

    /// Widens the zero bucket at least to a threshold, and swallows the buckets within it.
    mutating func widenZeroBucket(to threshold: Double) {
        let (count, reached) = zeroCount(within: threshold)
        zeroThreshold = reached
        zeroCount = count
        func outside(_ buckets: Buckets) -> Buckets {
            Buckets(
                indexed: buckets.indexed.filter { Self.bound($0.index, schema: schema) > reached })
        }
        positive = outside(positive)
        negative = outside(negative)
    }

    /// What a wider zero bucket would count, and how wide it would have to be.
    func zeroCount(within threshold: Double) -> (count: Double, threshold: Double) {
        if threshold == zeroThreshold { return (zeroCount, threshold) }
        var reached = threshold
        var total = zeroCount
        var isSettled = false
        while !isSettled {
            isSettled = true
            total = zeroCount
            for buckets in [positive, negative] {
                for bucket in buckets.indexed {
                    let lower = Self.bound(bucket.index - 1, schema: schema)
                    if lower >= reached { break }
                    total += bucket.count
                    let upper = Self.bound(bucket.index, schema: schema)
                    if upper > reached {
                        if bucket.count != 0 {
                            reached = upper
                            isSettled = false
                        }
                        break
                    }
                }
                if !isSettled { break }
            }
        }
        return (total, reached)
    }

    /// Merges neighbouring buckets until the schema is `lowest`; nothing when it is that already.
    public mutating func reduceResolution(to lowest: Int32) {
        guard !hasCustomBounds, lowest < schema else { return }
        let shift = Int(schema) - Int(lowest)
        func reduced(_ buckets: Buckets) -> Buckets {
            var list: [IndexedCount] = []
            for bucket in buckets.indexed {
                let index = ((bucket.index - 1) >> shift) + 1
                if list.last?.index == index {
                    list[list.count - 1].count += bucket.count
                } else {
                    list.append(IndexedCount(index, bucket.count))
                }
            }
            return Buckets(indexed: list)
        }
        positive = reduced(positive)
        negative = reduced(negative)
        schema = lowest
    }

    /// Without empty buckets.
    public mutating func compact() {
        if positive.counts.contains(0) || positive.spans.contains(where: { $0.length == 0 }) {
            positive = Buckets(indexed: positive.indexed)
        }
        if negative.counts.contains(0) || negative.spans.contains(where: { $0.length == 0 }) {
            negative = Buckets(indexed: negative.indexed)
        }
    }

    /// Whether the counter was reset between `previous` and this: by its hint, or because a count
    /// went down or the layout changed in a way that only a new counter explains.
    public func isReset(since previous: Histogram) -> Bool {
        switch resetHint {
        case .reset: return true
        case .noReset: return false
        case .unknown, .gauge: break
        }
        if count < previous.count { return true }
        if hasCustomBounds != previous.hasCustomBounds { return true }
        if hasCustomBounds {
            if customBounds != previous.customBounds { return true }
            return Self.hasDecreased(positive.indexed, previous.positive.indexed)
        }
        if schema > previous.schema || zeroThreshold < previous.zeroThreshold { return true }
        var before = previous
        before.widenZeroBucket(to: zeroThreshold)
        if before.zeroThreshold != zeroThreshold || zeroCount < before.zeroCount { return true }
        before.reduceResolution(to: schema)
        return Self.hasDecreased(positive.indexed, before.positive.indexed)
            || Self.hasDecreased(negative.indexed, before.negative.indexed)
    }

    private static func hasDecreased(_ now: [IndexedCount], _ before: [IndexedCount]) -> Bool {
        var next = 0
        for bucket in before where bucket.count != 0 {
            while next < now.count && now[next].index < bucket.index { next += 1 }
            guard next < now.count, now[next].index == bucket.index else { return true }
            if now[next].count < bucket.count { return true }
        }
        return false
    }

    /// Equal in all that was observed; the hint and the kind of numbers do not count.
    public func hasSameObservations(as other: Histogram) -> Bool {
        schema == other.schema && zeroThreshold == other.zeroThreshold
            && zeroCount.bitPattern == other.zeroCount.bitPattern
            && count.bitPattern == other.count.bitPattern
            && sum.bitPattern == other.sum.bitPattern && customBounds == other.customBounds
            && positive == other.positive && negative == other.negative
    }

    /// Without buckets: what is left of it for its count and its sum.
    public var summary: Histogram {
        var short = Histogram()
        short.count = count
        short.sum = sum
        return short
    }
}

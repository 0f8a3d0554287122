import Model
import Testing

/// What Model calls a fault of a histogram, one by one; the smallest change to a good one that
/// makes it.
@Suite struct HistogramValidityTests {
    private static func exponential(_ change: (inout Histogram) -> Void) -> Histogram {
        var made = Histogram()
        made.isInteger = true
        made.schema = 3
        made.zeroThreshold = 0.5
        made.zeroCount = 1
        made.count = 11
        made.sum = 18.4
        made.negative = .init(spans: [.init(offset: -4, length: 1)], counts: [3])
        made.positive = .init(
            spans: [.init(offset: 1, length: 1), .init(offset: 0, length: 1)], counts: [2, 5])
        change(&made)
        return made
    }

    private static func custom(_ change: (inout Histogram) -> Void) -> Histogram {
        var made = Histogram()
        made.isInteger = true
        made.schema = Histogram.customSchema
        made.customBounds = [-1, 0.5, 7]
        made.count = 6
        made.positive = .init(spans: [.init(offset: 1, length: 3)], counts: [1, 2, 3])
        change(&made)
        return made
    }

    private static let ok: [(String, Histogram)] = [
        ("exponential", exponential { _ in }),
        ("custom", custom { _ in }),
        ("nothing", Histogram()),
        ("a stale marker", exponential { $0 = .stale }),
        ("schema -4", exponential { $0.schema = -4 }),
        ("schema 8", exponential { $0.schema = 8 }),
        ("NaN observed", exponential { ($0.sum, $0.count) = (.nan, 12) }),
        ("infinity observed", exponential { $0.sum = .infinity }),
        (
            "float counts that do not add up",
            exponential { ($0.isInteger, $0.count) = (false, 10.999) }
        ),
        ("a float count that is NaN", exponential { ($0.isInteger, $0.count) = (false, .nan) }),
        ("the largest count", exponential { $0.setCount(Histogram.integerCountMax) }),
        ("a zero threshold of 0", exponential { $0.zeroThreshold = 0 }),
        ("an empty span", exponential { $0.positive.spans.append(.init(offset: 3, length: 0)) }),
        ("the last index", exponential { $0.positive.spans[0].offset = 1 << 30 - 2 }),
        ("the first index", exponential { $0.positive.spans[0].offset = -(1 << 30) }),
        ("no bounds: all in one bucket", custom { $0.setBuckets(bounds: [], 0, [6]) }),
    ]

    private static let bad: [(HistogramFault, Histogram)] = [
        (.schema, exponential { $0.schema = -5 }),
        (.schema, exponential { $0.schema = 9 }),
        (.schema, exponential { $0.schema = 99 }),
        (.zeroThreshold, exponential { $0.zeroThreshold = -1 }),
        (.zeroThreshold, exponential { $0.zeroThreshold = .nan }),
        (.zeroThreshold, exponential { $0.zeroThreshold = .infinity }),
        (.negativeCount, exponential { $0.positive.counts = [8, -1] }),
        (.negativeCount, exponential { ($0.negative.counts, $0.count) = ([-3], 5) }),
        (.negativeCount, exponential { ($0.isInteger, $0.zeroCount) = (false, -1) }),
        (.negativeCount, exponential { ($0.isInteger, $0.count) = (false, -0.1) }),
        (.negativeCount, exponential { ($0.isInteger, $0.zeroCount) = (false, -.infinity) }),
        (.inexactCount, exponential { $0.setCount(Histogram.integerCountMax + 1) }),
        (.inexactCount, exponential { $0.count = 11.5 }),
        (.inexactCount, exponential { $0.count = .nan }),
        (.countMismatch, exponential { $0.count = 10 }),
        (.countMismatch, exponential { $0.count = 12 }),
        (.countMismatch, exponential { ($0.sum, $0.count) = (.nan, 10) }),
        (.spanMismatch, exponential { $0.positive.spans[0].length = 2 }),
        (.spanMismatch, exponential { $0.positive.spans[1].length = .max }),
        (.spanMismatch, exponential { $0.negative.spans = [] }),
        (.spanOffset, exponential { $0.positive.spans[1].offset = -1 }),
        (.bucketIndex, exponential { $0.positive.spans[0].offset = 1 << 30 - 1 }),
        (.bucketIndex, exponential { $0.negative.spans[0].offset = -(1 << 30) - 1 }),
        (.bucketIndex, exponential { $0.positive.spans[1].offset = .max }),
        (.boundsOrder, custom { $0.customBounds = [0.5, 0.5, 7] }),
        (.boundsOrder, custom { $0.customBounds = [-1, 7, 0.5] }),
        (.boundsOrder, custom { $0.customBounds = [-0.0, 0, 7] }),
        (.boundsNotFinite, custom { $0.customBounds.append(.infinity) }),
        (.boundsNotFinite, custom { $0.customBounds[0] = -.infinity }),
        (.boundsNotFinite, custom { $0.customBounds[1] = .nan }),
        (.boundsMissing, custom { $0.customBounds.removeLast() }),
        (.boundsMissing, custom { $0.positive.spans[0].offset = 2 }),
        (.spanOffset, custom { $0.positive.spans[0].offset = -1 }),
        (.unexpectedBounds, exponential { $0.customBounds = [1] }),
        (.customZeroBucket, custom { $0.zeroThreshold = 1 }),
        (.customZeroBucket, custom { ($0.zeroCount, $0.count) = (1, 7) }),
        (.customNegativeBuckets, custom { $0.negative.spans = [.init(offset: 0, length: 0)] }),
        (.customNegativeBuckets, custom { $0.negative.counts = [0] }),
    ]

    @Test(arguments: ok.indices)
    func aGoodOneHasNoFault(index: Int) {
        let (what, histogram) = Self.ok[index]
        #expect(histogram.fault == nil, "\(what)")
    }

    @Test(arguments: bad.indices)
    func oneThatIsSpoiltHasTheFaultItWasGiven(index: Int) {
        let (fault, histogram) = Self.bad[index]
        #expect(histogram.fault == fault)
    }

    @Test func whatOnlyTheWireKnowsIsTestedThere() {
        let here = Set(Self.bad.map(\.0))
        #expect(
            Set(HistogramFault.allCases).subtracting(here)
                == [.mixedForms, .tooManyBuckets, .tooManySpans])
    }

    @Test func everyFaultHasAWordOfItsOwnAndAdvice() {
        let faults = HistogramFault.allCases
        #expect(Set(faults.map(\.advice)).count == faults.count)
        for fault in faults {
            #expect(fault.rawValue.hasPrefix("histogram_"))
            #expect(fault.rawValue.allSatisfy { $0.isLowercase || $0 == "_" })
        }
    }

    /// Wherever Doubles could be inexact, whole numbers of 128 bits give the same verdict.
    @Test func largeCountsAddUpExactly() {
        var random = SplitMix64(77)
        var verdicts = [0, 0]
        for _ in 0..<20_000 {
            var left = UInt64(Histogram.integerCountMax)
            var made = Histogram()
            made.isInteger = true
            let counts = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                let part = UInt64.random(in: 0...left, using: &random)
                left -= part
                return Double(part)
            }
            made.positive = .init(
                spans: [.init(offset: 0, length: UInt32(counts.count))], counts: counts)
            made.zeroCount = Double(left)
            let miss = Int64.random(in: -1...1, using: &random)
            made.count = Histogram.integerCountMax - 1 + Double(miss)
            let total = counts.reduce(Int128(left)) { $0 + Int128($1) }
            let isRight = total == Int128(made.count)
            #expect((made.fault == nil) == isRight)
            verdicts[isRight ? 1 : 0] += 1
        }
        #expect(verdicts[0] > 1000 && verdicts[1] > 1000)
    }
}

extension Histogram {
    fileprivate static var stale: Histogram {
        var made = Histogram()
        made.isInteger = true
        made.sum = Double(bitPattern: staleMarkerBits)
        return made
    }

    /// All observations in the zero bucket.
    fileprivate mutating func setCount(_ value: Double) {
        (positive, negative, zeroCount, count) = (.none, .none, value, value)
    }

    fileprivate mutating func setBuckets(bounds: [Double], _ offset: Int32, _ counts: [Double]) {
        customBounds = bounds
        positive = .init(
            spans: [.init(offset: offset, length: UInt32(counts.count))], counts: counts)
    }
}

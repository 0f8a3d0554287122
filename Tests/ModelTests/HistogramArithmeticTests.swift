import Model
import Testing

@Suite struct HistogramArithmeticTests {
    private func histogram(
        schema: Int32 = 0, _ counts: [(Int, Double)], zero: Double = 0, threshold: Double = 0
    ) -> Histogram {
        var value = Histogram()
        value.schema = schema
        value.positive = Histogram.Buckets(
            indexed: counts.map { Histogram.IndexedCount($0.0, $0.1) })
        value.zeroCount = zero
        value.zeroThreshold = threshold
        value.count = counts.reduce(zero) { $0 + $1.1 }
        value.sum = value.count
        return value
    }

    private func counts(_ value: Histogram) -> [[Double]] {
        value.positive.indexed.map { [Double($0.index), $0.count] }
    }

    @Test func boundsArePowersOfTheBase() {
        #expect(Histogram.bound(0, schema: 0) == 1)
        #expect(Histogram.bound(3, schema: 0) == 8)
        #expect(Histogram.bound(-2, schema: 0) == 0.25)
        #expect(Histogram.bound(2, schema: -1) == 16)
        #expect(Histogram.bound(4, schema: 2) == 2)
        #expect(abs(Histogram.bound(1, schema: 1) - 2.0.squareRoot()) < 1e-15)
        #expect(Histogram.bound(-3, schema: 1) == Histogram.bound(1, schema: 1) / 4)
        #expect(Histogram.bound(1024, schema: 0) == .greatestFiniteMagnitude)
    }

    @Test func indexedBucketsGoThereAndBack() {
        let spans = [
            Histogram.Span(offset: -3, length: 2), Histogram.Span(offset: 4, length: 1),
        ]
        let buckets = Histogram.Buckets(spans: spans, counts: [1, 2, 3])
        #expect(buckets.indexed.map(\.index) == [-3, -2, 3])
        #expect(Histogram.Buckets(indexed: buckets.indexed) == buckets)
        // More places than counts: what is missing is not made up.
        let short = Histogram.Buckets(spans: spans, counts: [1])
        #expect(short.indexed.count == 1)
    }

    @Test func sumsMergeBucketsAtTheLowerResolution() throws {
        var fine = histogram(schema: 1, [(1, 1), (2, 2), (3, 4)])
        try fine.add(histogram(schema: 0, [(1, 10), (5, 1)]))
        #expect(fine.schema == 0)
        #expect(counts(fine) == [[1, 13], [2, 4], [5, 1]])
        #expect(fine.count == 18)
    }

    /// Reduction against brute force: each bucket lies within the bucket it is merged into.
    @Test func reducedBucketsCoverWhatTheyTookIn() {
        for schema in Int32(-3)...8 {
            for index in -40...40 {
                var value = histogram(schema: schema, [(index, 1)])
                value.reduceResolution(to: schema - 1)
                let place = value.positive.indexed[0].index
                let upper = Histogram.bound(index, schema: schema)
                #expect(upper <= Histogram.bound(place, schema: schema - 1) * (1 + 1e-12))
                #expect(upper > Histogram.bound(place - 1, schema: schema - 1) * (1 + 1e-12))
            }
        }
    }

    @Test func whatIsSubtractedFromItselfIsEmpty() throws {
        let value = histogram([(0, 1), (2, 5)], zero: 2, threshold: 0.1)
        var difference = value
        try difference.subtract(value)
        difference.compact()
        #expect(difference.count == 0 && difference.zeroCount == 0)
        #expect(difference.positive == .none)
    }

    @Test func widerZeroBucketsSwallowNarrowerOnes() throws {
        // Buckets (0.25,0.5], (0.5,1]; a zero bucket up to 0.3 would cut the first, so
        // it grows to 0.5.
        var value = histogram([(-1, 3), (0, 4)], zero: 1, threshold: 0.01)
        try value.add(histogram([], zero: 2, threshold: 0.3))
        #expect(value.zeroThreshold == 0.5)
        #expect(value.zeroCount == 6)
        #expect(counts(value) == [[0, 4]])
    }

    @Test func customBoundsMustBeTheSame() throws {
        var custom = Histogram()
        custom.schema = Histogram.customSchema
        custom.customBounds = [1, 2]
        var other = custom
        other.customBounds = [1, 3]
        #expect(throws: HistogramMismatch.bounds) { try custom.add(other) }
        #expect(throws: HistogramMismatch.schema) { try custom.add(Histogram()) }
        try custom.add(custom)
    }

    @Test func resetsShowInAnyBucket() {
        let before = histogram([(0, 1), (1, 5)])
        #expect(!before.isReset(since: before))
        #expect(!histogram([(0, 1), (1, 6)]).isReset(since: before))
        #expect(histogram([(0, 2), (1, 4)]).isReset(since: before))
        #expect(histogram([(0, 9)]).isReset(since: before))
        #expect(histogram(schema: 1, [(0, 9), (1, 9)]).isReset(since: before))
        var hinted = before
        hinted.resetHint = .reset
        #expect(hinted.isReset(since: before))
        hinted = histogram([])
        hinted.resetHint = .noReset
        #expect(!hinted.isReset(since: before))
    }

    @Test func scalingChangesAllCounts() {
        var value = histogram([(0, 1), (1, 5)], zero: 2)
        value.scale(by: 2)
        #expect(value.count == 16 && value.zeroCount == 4)
        #expect(counts(value) == [[0, 2], [1, 10]])
        value.divide(by: 4)
        #expect(counts(value) == [[0, 0.5], [1, 2.5]])
        value.divide(by: 0)
        #expect(value.positive == .none && value.count == .infinity)
    }
}

@Suite struct HistogramBoundTests {
    /// Literals of Prometheus' table, which is not rounded to nearest.
    @Test func boundsArePrometheusBoundsButForTheLastBits() {
        let eighths = [
            0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048, 0.7071067811865475,
            0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
        ]
        for (index, bound) in eighths.enumerated() {
            #expect(abs(Histogram.bound(index - 8, schema: 3) - bound) <= 2 * bound.ulp)
        }
        #expect(abs(Histogram.bound(-31, schema: 5) - 0.5109485743270583) < 2e-16)
        #expect(abs(Histogram.bound(-1, schema: 4) - 0.9576032806985735) < 3e-16)
    }
}

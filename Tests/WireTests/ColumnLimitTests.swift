import Model
import Testing

@testable import Wire

/// Limits of histograms, exemplars and metadata: each holds at its value and bites one past it, and
/// memory stays within them whatever the body says.
@Suite struct ColumnLimitTests {
    private func limits(_ change: (inout WireLimits) -> Void) -> WireLimits {
        var made = WireLimits(bodyBytes: 32 << 20, series: 10_000, samples: 10)
        change(&made)
        return made
    }

    private func histograms(_ count: Int, _ message: [UInt8]) -> [UInt8] {
        let field = Protobuf.bytes(4, message)
        return Protobuf.series(Array(repeatElement(field, count: count).joined()))
    }

    private func failure(_ body: [UInt8], _ limits: WireLimits) -> WireError? {
        do throws(WireError) {
            _ = try decoded(body, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func moreHistogramsThanTheLimitRefuseTheBody() throws {
        let limits = limits { $0.histograms = 3 }
        #expect(try decoded(histograms(3, []), limits: limits).histograms.count == 3)
        #expect(failure(histograms(4, []), limits) == .tooManyHistograms(limit: 3))
        let split = histograms(2, []) + histograms(2, [])
        #expect(failure(split, limits) == .tooManyHistograms(limit: 3))
        let second =
            Protobuf.symbol("") + Protobuf.series2((0..<4).flatMap { _ in Protobuf.bytes(3, []) })
        #expect(throws: WireError.tooManyHistograms(limit: 3)) {
            try decoded2(second, limits: limits)
        }
    }

    @Test func moreHistogramMemoryThanTheLimitRefusesTheBody() throws {
        // Two deltas, a span and two bounds: 40 bytes.
        let message =
            Protobuf.bytes(12, [2, 2]) + Protobuf.span(11, 0, 2) + Protobuf.doubles(16, [1, 2])
        let limits = limits { $0.histogramBytes = 80 }
        #expect(try decoded(histograms(2, message), limits: limits).histograms.count == 2)
        #expect(failure(histograms(3, message), limits) == .histogramsTooLarge(limit: 80))
    }

    @Test func moreBucketsThanTheLimitAreAFault() throws {
        let limits = limits { $0.bucketsPerHistogram = 4 }
        func fault(_ message: [UInt8]) throws -> HistogramFault? {
            let batch = try decoded(histograms(1, message) + histograms(1, []), limits: limits)
            #expect(batch.histograms.count == 2 && batch.histograms[1].fault == nil)
            #expect(batch.histogramBytes <= 40)
            return batch.histograms[0].fault
        }
        let counted = Protobuf.integer(1, 10) + Protobuf.span(11, 0, 4)
        #expect(try fault(counted + Protobuf.bytes(12, [2, 2, 2, 2])) == nil)
        #expect(try fault(counted + Protobuf.bytes(12, [2, 2, 2, 2, 2])) == .tooManyBuckets)
        let single = (0..<5).flatMap { _ in Protobuf.signed(12, 1) }
        #expect(try fault(counted + single) == .tooManyBuckets)
        #expect(
            try fault(Protobuf.doubles(13, [1, 2, 3]) + Protobuf.doubles(10, [1, 2]))
                == .tooManyBuckets)
        #expect(try fault(Protobuf.doubles(16, [1, 2, 3, 4, 5])) == .tooManyBuckets)
        let singles = (0..<5).flatMap { Protobuf.double(16, Double($0)) }
        #expect(try fault(singles) == .tooManyBuckets)
    }

    @Test func moreSpansThanTheLimitAreAFault() throws {
        let limits = limits { $0.spansPerHistogram = 4 }
        for (count, fault) in [(4, nil), (5, .tooManySpans)] as [(Int, HistogramFault?)] {
            let spans = (0..<count).flatMap { Protobuf.span($0 % 2 == 0 ? 8 : 11, 1, 0) }
            let batch = try decoded(histograms(1, spans), limits: limits)
            #expect(batch.histograms[0].fault == fault)
        }
    }

    /// A body of a megabyte each that holds as much as it can.
    @Test func bodiesThatWantMemoryDoNotGetIt() throws {
        let standard = WireLimits.standard
        let size = 1 << 20
        let deltas = Protobuf.bytes(12, [UInt8](repeating: 2, count: size))
        let batch = try decoded(histograms(1, deltas))
        #expect(batch.histograms[0].fault == .tooManyBuckets && batch.histogramBytes == 0)
        let doubles = Protobuf.bytes(16, [UInt8](repeating: 0, count: size))
        #expect(try decoded(histograms(1, doubles)).histogramBytes == 0)
        let single = [UInt8](repeatElement([0x60, 2], count: size / 2).joined())
        #expect(
            try decoded(histograms(1, single)).histogramBytes == 8 * standard.bucketsPerHistogram)
        let spans = [UInt8](repeatElement([0x5a, 0], count: size / 2).joined())
        #expect(
            try decoded(histograms(1, spans)).histogramBytes == 8 * standard.spansPerHistogram)
        let full = Protobuf.bytes(12, [UInt8](repeating: 2, count: 4096))
        let tight = limits { $0.histogramBytes = 4 << 20 }
        #expect(failure(histograms(128, full), tight) == nil)
        #expect(failure(histograms(129, full), tight) == .histogramsTooLarge(limit: 4 << 20))
        let empty = [UInt8](repeatElement([0x22, 0], count: size / 2).joined())
        #expect(
            failure(Protobuf.series(empty), standard)
                == .tooManyHistograms(limit: standard.histograms))
        let exemplars = [UInt8](repeatElement([0x1a, 0], count: size / 2).joined())
        let many = try decoded(Protobuf.series(exemplars))
        #expect(many.exemplars.count == standard.exemplars)
        #expect(many.exemplars.count + many.exemplarsOverLimit == size / 2)
        let metadata = [UInt8](repeatElement([0x1a, 0], count: size / 2).joined())
        let entries = try decoded(metadata)
        #expect(entries.metadata.count == standard.metadata)
        #expect(entries.metadata.count + entries.metadataOverLimit == size / 2)
    }

    /// What WireLimits says that an entry takes.
    @Test func entriesAreAsSmallAsTheirLimitsSay() {
        #expect(MemoryLayout<HistogramEntry>.stride <= 120)
        #expect(MemoryLayout<ExemplarEntry>.stride <= 48)
        #expect(MemoryLayout<MetadataEntry>.stride <= 48)
    }

    /// Many runs of one number each: taking room for each anew would be quadratic.
    @Test func manyShortRunsAreOneList() throws {
        let runs = (0..<4000).flatMap { _ in Protobuf.bytes(12, [2]) }
        let message = Protobuf.integer(1, 8_002_000) + Protobuf.span(11, 0, 4000) + runs
        let entry = try #require(try decoded(histograms(1, message)).histograms.first)
        #expect(entry.fault == nil)
        #expect(entry.histogram.positive.counts == (1...4000).map { Double($0) })
    }

    @Test func exemplarsOverTheLimitAreCountedAndTheSamplesKept() throws {
        let limits = limits { $0.exemplars = 2 }
        let exemplars = (0..<5).flatMap { Protobuf.bytes(3, Protobuf.integer(3, $0)) }
        let batch = try decoded(
            Protobuf.series(exemplars + Protobuf.sample(1, 1)), limits: limits)
        #expect(batch.exemplars.map(\.timestamp) == [0, 1] && batch.exemplarsOverLimit == 3)
        #expect(batch.timestamps.count == 1)
    }

    @Test func metadataOverTheLimitIsCountedAndTheSamplesKept() throws {
        let limits = limits { $0.metadata = 2 }
        let entries = (0..<5).flatMap { _ in Protobuf.bytes(3, Protobuf.bytes(2, [0x6d])) }
        let batch = try decoded(entries + Protobuf.series(Protobuf.sample(1, 1)), limits: limits)
        #expect(batch.metadata.count == 2 && batch.metadataOverLimit == 3)
        #expect(batch.timestamps.count == 1)
        let one = Protobuf.series2(Protobuf.bytes(5, []) + Protobuf.sample(1, 1))
        let second = try decoded2(Protobuf.symbol("") + one + one + one, limits: limits)
        #expect(second.metadata.count == 2 && second.metadataOverLimit == 1)
        #expect(second.timestamps.count == 3)
    }
}

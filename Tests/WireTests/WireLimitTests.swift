import Testing

@testable import Wire

/// Each limit holds at its value and refuses one past it.
@Suite struct WireLimitTests {
    private func limits(
        bodyBytes: Int = 1000, series: Int = 10, samples: Int = 10
    ) -> WireLimits {
        WireLimits(bodyBytes: bodyBytes, series: series, samples: samples)
    }

    private func failure(_ body: [UInt8], _ limits: WireLimits) -> WireError? {
        do throws(WireError) {
            _ = try decoded(body, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private func series(_ samples: Int) -> [UInt8] {
        Protobuf.series((0..<samples).flatMap { Protobuf.sample(Int64($0), 1) })
    }

    @Test func asManySeriesAsTheLimitAreTaken() throws {
        let full = (0..<10).flatMap { _ in series(0) }
        #expect(try decoded(full, limits: limits()).series.count == 10)
        #expect(failure(full + series(0), limits()) == .tooManySeries(limit: 10))
    }

    @Test func asManySamplesAsTheLimitAreTaken() throws {
        #expect(try decoded(series(10), limits: limits()).timestamps.count == 10)
        #expect(failure(series(11), limits()) == .tooManySamples(limit: 10))
        #expect(failure(series(6) + series(5), limits()) == .tooManySamples(limit: 10))
    }

    @Test func asManyDecodedBytesAsTheLimitAreTaken() throws {
        let body = [UInt8](repeating: 0x61, count: 1000)
        #expect(try Snappy.uncompress(Snappy.compress(body), limit: 1000) == body)
        #expect(throws: WireError.tooLarge(limit: 999)) {
            try Snappy.uncompress(Snappy.compress(body), limit: 999)
        }
    }

    @Test func aBodyIsRefusedAsAWholeOrNotAtAll() {
        #expect(failure([], limits()) == .emptyBody)
        #expect(failure(series(1) + [0x0a], limits()) == .truncated(at: series(1).count + 1))
        #expect(failure([0x0a, 0xff], limits()) == .truncated(at: 2))
        #expect(failure([0x0b], limits()) == .badTag(at: 0))
        #expect(failure([0x00, 0x00], limits()) == .badTag(at: 0))
    }

    @Test func anotherProtocolIsNotTakenForAnEmptyRequest() {
        // Remote write 2.0: symbols are field 4, series field 5.
        let second = Protobuf.bytes(4, Array("up".utf8)) + Protobuf.bytes(5, [8, 1])
        #expect(failure(second, limits()) == .noKnownField)
        #expect(failure(Protobuf.bytes(3, []), limits()) == nil, "metadata alone is a request")
    }

    @Test func varintsOfTenBytesAreTakenAndLongerOnesRefused() throws {
        let last = [UInt8](repeating: 0xff, count: 9)
        func body(_ varint: [UInt8]) -> [UInt8] { Protobuf.series([0x28] + varint) }
        #expect(failure(body(last + [0x01]), limits()) == nil)
        #expect(failure(body(last + [0x02]), limits()) == .badVarint(at: 13))
        #expect(failure(body(last + [0x81, 0x00]), limits()) == .badVarint(at: 13))
    }

    @Test func aLengthOfAllBitsDoesNotWrapAround() {
        let huge = [UInt8](repeating: 0xff, count: 9) + [0x01]
        #expect(failure([0x0a] + huge, limits()) == .truncated(at: 11))
        #expect(failure(Protobuf.series([0x12] + huge), limits()) == .truncated(at: 13))
        #expect(failure(Protobuf.series([0x0a] + huge + [1, 2]), limits()) == .truncated(at: 13))
    }

    @Test func everyErrorHasAReasonAndAStableWord() {
        let errors: [WireError] = [
            .emptyBody, .badSnappy, .tooLarge(limit: 7), .truncated(at: 7), .badVarint(at: 7),
            .badTag(at: 7), .tooManySeries(limit: 7), .tooManySamples(limit: 7), .noKnownField,
            .tooManySymbols(limit: 7), .badSymbols, .tooManyHistograms(limit: 7),
            .histogramsTooLarge(limit: 7),
        ]
        for error in errors {
            #expect(!error.reason.isEmpty)
            #expect(error.metricReason.allSatisfy { $0.isLowercase || $0 == "_" })
        }
        #expect(WireError.tooLarge(limit: 33_554_432).reason.contains("33554432"))
    }
}

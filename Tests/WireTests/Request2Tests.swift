import Testing

@testable import Wire

/// What a 2.0 request must be, and what its series make of the symbols.
@Suite struct Request2Tests {
    private static let symbols = ["", "__name__", "m", "job", "api"]
        .flatMap { Protobuf.symbol($0) }

    private func failure(
        _ body: [UInt8], _ limits: WireLimits = .standard
    ) -> WireError? {
        if case .failure(let error) = verdict2(body, limits: limits) { return error }
        return nil
    }

    private func labels(_ fields: [UInt8]) throws -> Result<[RawLabel], LabelFault> {
        let batch = try decoded2(Self.symbols + Protobuf.series2(fields))
        return batch.labels(of: batch.series[0])
    }

    @Test func theSymbolsBeginWithTheEmptyString() {
        let series = Protobuf.series2(Protobuf.sample(1, 1))
        #expect(failure(series) == .badSymbols)
        #expect(failure(Protobuf.symbol("up") + series) == .badSymbols)
        #expect(failure(Protobuf.symbol("up") + Protobuf.symbol("")) == .badSymbols)
        #expect(failure(Protobuf.symbol("") + series) == nil)
        #expect(failure(series + Protobuf.symbol("")) == nil)
    }

    @Test func anotherProtocolIsNotTakenForAnEmptyRequest() {
        let first = Protobuf.series(Protobuf.label("__name__", "up") + Protobuf.sample(1, 1))
        #expect(failure(first) == .noKnownField)
        #expect(failure(Protobuf.bytes(3, []) + Protobuf.integer(6, 1)) == .noKnownField)
        #expect(failure([]) == .emptyBody)
    }

    @Test(
        arguments: [
            [5], [1, 2, 3], [1, 5], [5, 1], [1, 2, 3, 0xffff_ffff], [1, 1 << 40],
            [1, 2, 1 << 63, 0],
        ] as [[UInt64]])
    func aSeriesThatRefersToNothingHasNoLabels(references: [UInt64]) throws {
        let body =
            Self.symbols
            + Protobuf.series2(Protobuf.references(references) + Protobuf.sample(1, 1))
            + Protobuf.series2(Protobuf.references([1, 2]) + Protobuf.sample(1, 1))
        let batch = try decoded2(body)
        #expect(batch.labels(of: batch.series[0]) == .failure(.badReference))
        #expect(batch.labels(of: batch.series[1]) == .success([RawLabel("__name__", "m")]))
        #expect(batch.series[0].key == .unresolvable && batch.timestamps.count == 2)
    }

    @Test func metadataThatRefersToNothingTakesTheLabelsFromItsSeries() throws {
        let good = Protobuf.references([1, 2])
        func metadata(_ help: Int64, _ unit: Int64) -> [UInt8] {
            Protobuf.bytes(5, Protobuf.integer(3, help) + Protobuf.integer(4, unit))
        }
        #expect(throws: Never.self) { try labels(good + metadata(4, 0)).get() }
        #expect(try labels(good + metadata(5, 0)) == .failure(.badReference))
        #expect(try labels(good + metadata(0, -1)) == .failure(.badReference))
        let batch = try decoded2(Self.symbols + Protobuf.series2(good + metadata(5, 0)))
        #expect(batch.metadata.isEmpty)
    }

    @Test func referencesInSeveralRunsAreOneList() throws {
        let whole = [RawLabel("__name__", "m"), RawLabel("job", "api")]
        let one = Protobuf.references([1, 2, 3, 4])
        let key = try decoded2(Self.symbols + Protobuf.series2(one)).series[0].key
        let split: [[UInt8]] = [
            Protobuf.references([1]) + Protobuf.references([2, 3, 4]),
            Protobuf.references([]) + Protobuf.sample(1, 1) + Protobuf.references([1, 2, 3, 4]),
            [1, 2, 3, 4].flatMap { Protobuf.integer(1, $0) },
            Protobuf.references([1, 2]) + Protobuf.sample(1, 1) + Protobuf.integer(1, 3)
                + Protobuf.references([4]),
        ]
        for fields in split {
            #expect(try labels(fields) == .success(whole))
            #expect(try decoded2(Self.symbols + Protobuf.series2(fields)).series[0].key == key)
        }
        // A run does not go on in the next one.
        let torn = Protobuf.bytes(1, [1, 0x82]) + Protobuf.bytes(1, [0])
        #expect(failure(Self.symbols + Protobuf.series2(torn)) != nil)
    }

    @Test func theSamplesOwnStartGoesBeforeTheSeries() throws {
        let fields =
            Protobuf.references([1, 2]) + Protobuf.sample(100, 1)
            + Protobuf.sample2(200, 2, start: 7) + Protobuf.integer(6, 5)
        let plain = Protobuf.series2(Protobuf.references([1, 2]) + Protobuf.sample(100, 1))
        let batch = try decoded2(Self.symbols + plain + Protobuf.series2(fields) + plain)
        #expect(batch.starts == [0, 5, 7, 0])
        #expect(try decoded2(Self.symbols + plain).starts.isEmpty)
    }

    @Test func eachLimitHoldsAtItsValueAndRefusesOnePast() throws {
        let limits = WireLimits(bodyBytes: 1000, series: 2, samples: 3, symbols: 5)
        func series(_ samples: Int) -> [UInt8] {
            Protobuf.series2((0..<samples).flatMap { Protobuf.sample(Int64($0), 1) })
        }
        #expect(failure(Self.symbols + series(1) + series(2), limits) == nil)
        #expect(
            failure(Self.symbols + series(1) + series(1) + series(1), limits)
                == .tooManySeries(limit: 2))
        #expect(
            failure(Self.symbols + series(1) + series(3), limits) == .tooManySamples(limit: 3))
        #expect(
            failure(Self.symbols + Protobuf.symbol("x"), limits) == .tooManySymbols(limit: 5))
    }

    @Test func knownFieldsOfAnotherTypeAreRefused() {
        let wrong: [[UInt8]] = [
            Protobuf.integer(4, 1), Protobuf.integer(5, 1),
            Protobuf.series2(Protobuf.fixed64(1, 1)), Protobuf.series2(Protobuf.integer(2, 1)),
            Protobuf.series2(Protobuf.integer(3, 1)), Protobuf.series2(Protobuf.fixed32(4, 1)),
            Protobuf.series2(Protobuf.integer(5, 1)), Protobuf.series2(Protobuf.bytes(6, [])),
            Protobuf.series2(Protobuf.bytes(2, Protobuf.integer(1, 1))),
            Protobuf.series2(Protobuf.bytes(2, Protobuf.fixed64(3, 1))),
            Protobuf.series2(Protobuf.bytes(4, Protobuf.fixed64(1, 1))),
            Protobuf.series2(Protobuf.bytes(5, Protobuf.bytes(3, []))),
        ]
        for body in wrong {
            guard case .badTag = failure(Self.symbols + body) else {
                Issue.record("\(body) is taken")
                continue
            }
        }
    }
}

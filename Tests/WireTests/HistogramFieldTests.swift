import Model
import Testing

@testable import Wire

/// What the two decoders make of Histogram messages that are odd but not random.
@Suite struct HistogramFieldTests {
    private static let symbols = Protobuf.symbol("") + Protobuf.symbol("__name__")

    private func first(_ message: [UInt8]) throws -> HistogramEntry {
        try #require(try decoded(Protobuf.series(Protobuf.bytes(4, message))).histograms.first)
    }

    private func second(_ series: [UInt8]) throws -> HistogramEntry {
        try #require(try decoded2(Self.symbols + Protobuf.series2(series)).histograms.first)
    }

    @Test func theGoldenOnesReadAsTheyWereWritten() throws {
        let integer = try first(GoldenHistogram.integer)
        #expect(integer.fault == nil && integer.timestamp == 1_700_000_000_000)
        var made = Histogram()
        made.isInteger = true
        (made.schema, made.resetHint, made.count, made.sum) = (3, .noReset, 11, 18.4)
        (made.zeroThreshold, made.zeroCount) = (1e-128, 1)
        made.negative = .init(spans: [.init(offset: -4, length: 1)], counts: [3])
        made.positive = .init(spans: [.init(offset: 1, length: 2)], counts: [2, 5])
        #expect(integer.histogram == made)

        let float = try first(GoldenHistogram.float)
        #expect(float.fault == nil && !float.histogram.isInteger)
        #expect(float.histogram.resetHint == .gauge && float.histogram.count == 2.5)
        #expect(float.histogram.positive.counts == [1.5, 0.5])
        #expect(float.histogram.positive.spans.map(\.offset) == [0, 3])

        let custom = try first(GoldenHistogram.custom)
        #expect(custom.fault == nil && custom.histogram.customBounds == [0.1, 5])
        #expect(custom.histogram.positive.counts == [1, 2, 3])
    }

    @Test func aStaleMarkerIsGood() throws {
        let sum = Protobuf.fixed64(3, staleMarkerBits)
        for message in [sum, Protobuf.integer(1, 0) + sum, Protobuf.double(2, 0) + sum] {
            let entry = try first(message)
            #expect(entry.fault == nil && entry.histogram.isStaleMarker)
        }
        #expect(try first(Protobuf.double(2, 0) + sum).histogram.isInteger == false)
        #expect(try first(sum).histogram.isInteger, "no count is a whole number")
    }

    @Test func theStartIsItsOwnOrElseItsSeries() throws {
        let own = Protobuf.bytes(3, GoldenHistogram.integer + Protobuf.integer(17, 7))
        let none = Protobuf.bytes(3, GoldenHistogram.integer)
        let created = Protobuf.integer(6, 5)
        #expect(try second(own).start == 7)
        #expect(try second(none).start == 0)
        #expect(try second(created + none).start == 5)
        #expect(try second(none + created).start == 5)
        #expect(try second(own + created).start == 7)
        let body =
            Self.symbols + Protobuf.series2(none) + Protobuf.series2(own + none + created + none)
            + Protobuf.series2(none)
        let batch = try decoded2(body)
        #expect(batch.histograms.map(\.start) == [0, 7, 5, 5, 0])
        #expect(batch.histograms.map(\.series) == [0, 1, 1, 1, 2])
        #expect(batch.starts.isEmpty && batch.timestamps.isEmpty)
        // Remote write 1.0 has no field 17.
        #expect(try first(GoldenHistogram.integer + Protobuf.integer(17, 7)).start == 0)
    }

    @Test func theLastOfAOneofCounts() throws {
        let entry = try first(
            Protobuf.double(2, 9) + Protobuf.integer(1, 4) + Protobuf.double(7, 9)
                + Protobuf.integer(6, 4))
        #expect(entry.fault == nil && entry.histogram.isInteger)
        #expect(entry.histogram.count == 4 && entry.histogram.zeroCount == 4)
    }

    @Test(
        arguments: [
            Protobuf.integer(1, 1) + Protobuf.double(7, 1),
            Protobuf.double(2, 1) + Protobuf.integer(6, 1),
            Protobuf.integer(1, 0) + Protobuf.double(13, 1),
            Protobuf.double(2, 1) + Protobuf.bytes(9, [2]),
            Protobuf.bytes(10, [UInt8](repeating: 0, count: 8)),
        ])
    func fieldsOfBothFormsAreAFault(message: [UInt8]) throws {
        #expect(try first(message).fault == .mixedForms)
    }

    @Test func deltasThatLeave64BitsAreAFaultAndNoTrap() throws {
        let most = Protobuf.varint(Protobuf.zigzag(.max))
        let least = Protobuf.varint(Protobuf.zigzag(.min))
        for deltas in [
            most + most, least + least, least + most + most + most, most + most + [4, 2],
        ] {
            let message = Protobuf.span(11, 0, 2) + Protobuf.bytes(12, deltas)
            #expect(try first(message).fault == .inexactCount)
        }
        let count = Protobuf.integer(1, -1) + Protobuf.integer(6, -1)
        #expect(try first(count).fault == .inexactCount, "2^64 - 1 observations")
    }

    @Test func aSpanOfAllBitsTakesNoMemory() throws {
        let span = Protobuf.span(11, 0, .max)
        #expect(try first(span).fault == .spanMismatch)
        #expect(try first(span + span + span).fault == .bucketIndex)
        let far = Protobuf.span(11, .max, .max)
        #expect(try first(far + far).fault == .bucketIndex)
        #expect(try first(Protobuf.signed(4, -53) + far).fault == .bucketIndex)
    }

    @Test func aResetHintThatIsNotKnownIsNone() throws {
        for (number, hint) in [
            (0, .unknown), (1, .reset), (2, .noReset), (3, .gauge), (4, .unknown),
        ]
            as [(Int64, Histogram.ResetHint)]
        {
            #expect(try first(Protobuf.integer(14, number)).histogram.resetHint == hint)
        }
        #expect(try first(Protobuf.integer(14, 259)).histogram.resetHint == .unknown)
        #expect(try first(Protobuf.integer(14, -1)).histogram.resetHint == .unknown)
        // An enum has 32 bits on the wire; what is above them is dropped.
        #expect(try first(Protobuf.integer(14, 1 << 32 + 3)).histogram.resetHint == .gauge)
    }

    @Test func knownFieldsOfAnotherTypeAreRefused() {
        for number in 1...17 {
            for type in [0, 1, 2, 5] {
                let content = [UInt8](repeating: 0, count: [0: 1, 1: 8, 2: 1, 5: 4][type] ?? 0)
                let message = Protobuf.tag(number, type) + content
                let takes: [Int]
                switch number {
                case 1, 4, 6, 14, 15, 17: takes = [0]
                case 2, 3, 5, 7: takes = [1]
                case 8, 11: takes = [2]
                case 9, 12: takes = [0, 2]
                default: takes = [1, 2]
                }
                let isTaken = takes.contains(type)
                let newer = verdict2(Self.symbols + Protobuf.series2(Protobuf.bytes(3, message)))
                #expect(newer.isSuccess == isTaken, "field \(number), type \(type)")
                let older = verdict(Protobuf.series(Protobuf.bytes(4, message)))
                #expect(older.isSuccess == (isTaken || number == 17))
            }
        }
        for (number, type) in [(1, 1), (1, 2), (2, 2), (2, 5)] {
            let content = Protobuf.tag(number, type) + [UInt8](repeating: 0, count: 8)
            let span = Protobuf.bytes(4, Protobuf.bytes(11, Array(content)))
            #expect(!verdict(Protobuf.series(span)).isSuccess)
        }
    }

    @Test func aRunThatEndsInsideANumberIsRefused() {
        for message in [
            Protobuf.bytes(12, [2, 0x80]), Protobuf.bytes(13, [0, 0, 0, 0, 0, 0, 0]),
            Protobuf.bytes(16, [UInt8](repeating: 1, count: 9)), Protobuf.bytes(9, [0x80]),
        ] {
            #expect(!verdict(Protobuf.series(Protobuf.bytes(4, message))).isSuccess)
        }
    }
}

extension Result {
    var isSuccess: Bool { if case .success = self { true } else { false } }
}

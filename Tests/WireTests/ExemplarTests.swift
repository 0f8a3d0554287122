import Model
import Testing

@testable import Wire

/// Exemplars of both versions; random ones are compared with protobuf-c elsewhere.
@Suite struct ExemplarTests {
    private func both(_ labels: [(String, String)]) throws -> [ExemplarEntry] {
        let end = Protobuf.double(2, 0.5) + Protobuf.integer(3, 7)
        let fields = labels.flatMap { Protobuf.label($0.0, $0.1) }
        let first = try decoded(Protobuf.series(Protobuf.bytes(3, fields + end)))
        let texts = [""] + labels.flatMap { [$0.0, $0.1] }
        let references = Protobuf.references((1..<UInt64(texts.count)).map { $0 })
        let second = try decoded2(
            texts.flatMap { Protobuf.symbol($0) }
                + Protobuf.series2(Protobuf.bytes(4, references + end)))
        return first.exemplars + second.exemplars
    }

    private func expect(
        _ labels: [(String, String)], _ result: Result<Labels, ExemplarFault>,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let entries = try both(labels)
        #expect(entries.count == 2, sourceLocation: location)
        for entry in entries {
            #expect(entry.value == 0.5 && entry.timestamp == 7 && entry.series == 0)
            switch result {
            case .success(let labels):
                #expect(entry.fault == nil && entry.labels == labels, sourceLocation: location)
            case .failure(let fault):
                #expect(entry.fault == fault, sourceLocation: location)
                #expect(entry.labels.isEmpty, sourceLocation: location)
            }
        }
    }

    @Test func labelsAreCanonical() throws {
        try expect([], .success(.empty))
        try expect(
            [("trace_id", "b"), ("span_id", "é☃"), ("none", "")],
            .success(Labels([("span_id", "é☃"), ("trace_id", "b")])))
    }

    @Test func labelsThatAreWrongAreAFaultOfTheExemplar() throws {
        try expect([("", "x")], .failure(.emptyName))
        try expect([("a", "x"), ("a", "y")], .failure(.duplicateName))
        let bad = Protobuf.bytes(1, Protobuf.bytes(1, [0x61]) + Protobuf.bytes(2, [0xff]))
        let batch = try decoded(
            Protobuf.series(Protobuf.label("__name__", "m") + Protobuf.bytes(3, bad)))
        #expect(batch.exemplars[0].fault == .invalidUTF8)
        #expect(batch.labels(of: batch.series[0]) == .success([RawLabel("__name__", "m")]))
        let torn = Protobuf.bytes(1, [0x0a, 9])
        #expect(
            try decoded(Protobuf.series(Protobuf.bytes(3, torn))).exemplars[0].fault == .malformed)
    }

    /// OpenMetrics counts characters, not bytes, of names and values together.
    @Test(arguments: ["x", "é", "☃", "😀"])
    func labelsOf128CharactersAreTaken(character: String) throws {
        let value = String(repeating: character, count: 62)
        let full = [("ab", value), ("cd", value)]
        try expect(full, .success(Labels(full)))
        try expect([("ab", value), ("cd", value + "x")], .failure(.tooLong))
        try expect([("ab", String(repeating: character, count: 127))], .failure(.tooLong))
        try expect([("ab", String(repeating: character, count: 9000))], .failure(.tooLong))
    }

    @Test func referencesToNothingAreAFaultOfTheExemplarAlone() throws {
        let symbols = ["", "__name__", "m", "id", "1"].flatMap { Protobuf.symbol($0) }
        let wrong: [[UInt64]] = [[3], [3, 5], [5, 4], [3, 4, 3], [.max, 4], [3, 0xffff_ffff]]
        for references in wrong {
            let runs = [
                Protobuf.references(references),
                references.flatMap { Protobuf.tag(1, 0) + Protobuf.varint($0) },
            ]
            for run in runs {
                let batch = try decoded2(
                    symbols
                        + Protobuf.series2(
                            Protobuf.references([1, 2]) + Protobuf.bytes(4, run)
                                + Protobuf.bytes(4, Protobuf.references([3, 4]))))
                #expect(batch.exemplars.map(\.fault) == [.badReference, nil])
                #expect(batch.exemplars[1].labels == Labels([("id", "1")]))
                #expect(batch.labels(of: batch.series[0]) == .success([RawLabel("__name__", "m")]))
            }
        }
    }

    /// 50,000 exemplars with one symbol of a megabyte: measured, never walked.
    @Test func aLongSymbolIsNotWalkedForEachExemplar() throws {
        let long = String(repeating: "x", count: 1 << 20)
        let exemplar = Protobuf.bytes(4, Protobuf.references([1, 2]))
        let batch = try decoded2(
            Protobuf.symbol("") + Protobuf.symbol("a") + Protobuf.symbol(long)
                + Protobuf.series2(Array(repeatElement(exemplar, count: 50_000).joined())))
        #expect(batch.exemplars.allSatisfy { $0.fault == .tooLong })
    }

    @Test func knownFieldsOfAnotherTypeAreRefused() {
        for field in [
            Protobuf.integer(1, 1), Protobuf.integer(2, 1), Protobuf.bytes(3, []),
            Protobuf.fixed32(2, 1),
        ] {
            #expect(!verdict(Protobuf.series(Protobuf.bytes(3, field))).isSuccess)
        }
    }

    @Test func everyFaultHasAWordOfItsOwnAndAdvice() {
        let faults = ExemplarFault.allCases
        #expect(Set(faults.map(\.advice)).count == faults.count)
        #expect(faults.allSatisfy { $0.rawValue.hasPrefix("exemplar_") })
    }
}

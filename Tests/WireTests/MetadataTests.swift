import Model
import Testing

@testable import Wire

/// Metadata of both versions; random entries are compared with protobuf-c elsewhere.
@Suite struct MetadataTests {
    private func first(_ fields: [UInt8]) throws -> (WriteBatch, MetadataEntry) {
        let batch = try decoded(Protobuf.bytes(3, fields))
        return (batch, try #require(batch.metadata.first))
    }

    private func second(_ parts: [[UInt8]], _ texts: [String]) throws -> (WriteBatch, MetadataEntry)
    {
        let batch = try decoded2(
            ([""] + texts).flatMap { Protobuf.symbol($0) } + Protobuf.series2([])
                + Protobuf.series2(parts.flatMap { Protobuf.bytes(5, $0) }))
        return (batch, try #require(batch.metadata.first))
    }

    private func fault(_ said: (batch: WriteBatch, entry: MetadataEntry)) -> MetadataFault? {
        do throws(MetadataFault) {
            _ = try said.batch.metricMetadata(of: said.entry)
            return nil
        } catch {
            return error
        }
    }

    @Test func allKindsAreReadInBothVersions() throws {
        for kind in MetricMetadata.Kind.allCases {
            let number = Int64(kind.rawValue)
            let (batch, entry) = try first(
                Protobuf.integer(1, number) + Protobuf.bytes(2, Array("lag".utf8))
                    + Protobuf.bytes(4, Array("Wie spät".utf8)) + Protobuf.bytes(5, [0x73]))
            #expect(
                try batch.metricMetadata(of: entry)
                    == MetricMetadata(family: "lag", kind: kind, help: "Wie spät", unit: "s"))
            #expect(entry.series == nil)
            let (newer, said) = try second(
                [Protobuf.integer(1, number) + Protobuf.integer(3, 1) + Protobuf.integer(4, 2)],
                ["Wie spät", "s"])
            #expect(
                try newer.metricMetadata(of: said)
                    == MetricMetadata(kind: kind, help: "Wie spät", unit: "s"))
            #expect(said.series == 1 && newer.metadata.count == 1)
            #expect(said.fingerprint == entry.fingerprint, "one text, one fingerprint")
        }
    }

    @Test func aKindThatIsNotKnownIsUnknown() throws {
        for number in [8, 100, 256 + 1, -1] as [Int64] {
            #expect(try first(Protobuf.integer(1, number)).1.kind == .unknown)
            #expect(try second([Protobuf.integer(1, number)], []).1.kind == .unknown)
        }
    }

    @Test func eachPartChangesTheFingerprint() throws {
        let parts: [[UInt8]] = [
            [], Protobuf.integer(1, 1), Protobuf.integer(1, 2), Protobuf.integer(3, 1),
            Protobuf.integer(3, 2), Protobuf.integer(4, 1),
            Protobuf.integer(3, 1) + Protobuf.integer(4, 1),
            Protobuf.integer(3, 1) + Protobuf.integer(4, 2),
        ]
        let prints = try parts.map { try second([$0], ["a", "b"]).1.fingerprint }
        #expect(Set(prints).count == parts.count)
        #expect(try second([parts[3]], ["a", "b"]).1.fingerprint == prints[3])
        #expect(try second([parts[4]], ["x", "a"]).1.fingerprint == prints[3])
    }

    @Test func partsOfOneSeriesAreMerged() throws {
        let (batch, entry) = try second(
            [
                Protobuf.integer(1, 1) + Protobuf.integer(3, 1), Protobuf.integer(4, 2), [],
                Protobuf.integer(1, 2),
            ], ["help", "s"])
        #expect(batch.metadata.count == 1)
        #expect(
            try batch.metricMetadata(of: entry)
                == MetricMetadata(kind: .gauge, help: "help", unit: "s"))
    }

    @Test func textsOverTheirLimitAreAFault() throws {
        let limits = WireLimits.standard
        func text(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x61, count: count) }
        let family = Protobuf.bytes(2, [0x6d])
        let cases: [(Int, Int, MetadataFault)] = [
            (4, limits.helpBytes, .helpTooLong), (5, limits.unitBytes, .unitTooLong),
            (2, limits.familyBytes, .familyTooLong),
        ]
        for (number, most, what) in cases {
            let full = try first(family + Protobuf.bytes(number, text(most)))
            #expect(fault(full) == nil && full.1.fault == nil)
            let over = try first(family + Protobuf.bytes(number, text(most + 1)))
            #expect(fault(over) == what && over.1.fault == what)
        }
        #expect(fault(try first(Protobuf.integer(1, 1))) == .missingFamily)
        let long = String(repeating: "x", count: limits.unitBytes + 1)
        #expect(fault(try second([Protobuf.integer(4, 1)], [long])) == .unitTooLong)
        let longer = String(repeating: "x", count: limits.helpBytes + 1)
        #expect(fault(try second([Protobuf.integer(3, 1)], [longer])) == .helpTooLong)
    }

    @Test func textThatIsNotUTF8IsAFaultWhenItIsRead() throws {
        for number in [2, 4, 5] {
            let said = try first(Protobuf.bytes(2, [0x6d]) + Protobuf.bytes(number, [0x61, 0xff]))
            #expect(said.1.fault == nil && fault(said) == .invalidUTF8)
        }
    }

    @Test func knownFieldsOfAnotherTypeAreRefused() {
        for field in [
            Protobuf.bytes(1, []), Protobuf.integer(2, 1), Protobuf.integer(4, 1),
            Protobuf.fixed64(5, 1),
        ] {
            #expect(!verdict(Protobuf.bytes(3, field)).isSuccess)
        }
    }

    @Test func everyFaultHasAWordOfItsOwnAndAdvice() {
        let faults = MetadataFault.allCases
        #expect(Set(faults.map(\.advice)).count == faults.count)
        #expect(faults.allSatisfy { $0.rawValue.hasPrefix("metadata_") })
    }
}

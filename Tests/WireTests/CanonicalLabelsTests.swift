import Model
import Testing

@testable import Wire

@Suite struct CanonicalLabelsTests {
    private static let limits = LabelLimits(labels: 4, nameBytes: 10, valueBytes: 6)

    private static let name = Protobuf.label("__name__", "m")

    private func canonical(
        _ block: [UInt8], limits: LabelLimits = CanonicalLabelsTests.limits
    ) -> Result<Labels, LabelFault> {
        do throws(LabelFault) {
            return .success(try canonicalLabels(of: block, in: 0..<block.count, limits: limits))
        } catch {
            return .failure(error)
        }
    }

    private static func raw(_ name: [UInt8], _ value: [UInt8]) -> [UInt8] {
        Protobuf.bytes(1, Protobuf.bytes(1, name) + Protobuf.bytes(2, value))
    }

    private static let faulty: [(LabelFault, what: String, block: [UInt8])] = [
        (.malformed, "not a label field", name + [0x12, 0]),
        (.malformed, "a label past the end", name + [0x0a, 5, 1]),
        (.malformed, "a name past its label", [0x0a, 2, 0x0a, 9]),
        (.malformed, "a group", [0x0a, 1, 0x0b]),
        (.malformed, "half an unknown varint", [0x0a, 2, 0x18, 0x80]),
        (.malformed, "half an unknown fixed64", [0x0a, 4, 0x19, 1, 2, 3]),
        (.malformed, "half an unknown fixed32", [0x0a, 3, 0x1d, 1, 2]),
        (.malformed, "half an unknown text", [0x0a, 3, 0x1a, 2, 1]),
        (.missingMetricName, "no labels", []),
        (.missingMetricName, "only others", Protobuf.label("job", "api")),
        (.missingMetricName, "an empty metric name", Protobuf.label("__name__", "")),
        (.emptyName, "an empty name", name + Protobuf.label("", "x")),
        (.emptyName, "neither name nor value", name + Protobuf.label("", "")),
        (.emptyName, "a label of nothing", name + [0x0a, 0]),
        (.duplicateName, "a pair twice", name + name),
        (.duplicateName, "apart", Protobuf.label("a", "1") + name + Protobuf.label("a", "2")),
        (.invalidUTF8, "a name", name + raw([0xff], [0x61])),
        (.invalidUTF8, "a value", name + raw([0x61], [0xc3])),
        (.invalidUTF8, "an overlong slash", name + raw([0x61], [0xc0, 0xaf])),
        (.invalidUTF8, "a surrogate", name + raw([0x61], [0xed, 0xa0, 0x80])),
        (.tooMany, "five", name + (1...4).flatMap { Protobuf.label("l\($0)", "x") }),
        (.tooLong, "a name of 11", name + Protobuf.label("abcdefghijk", "x")),
        (.tooLong, "a value of 7", name + Protobuf.label("a", "1234567")),
    ]

    @Test(arguments: faulty.indices)
    func eachFaultIsFound(index: Int) {
        let (fault, what, block) = Self.faulty[index]
        #expect(canonical(block) == .failure(fault), "\(what)")
    }

    @Test func everyFaultHasACase() {
        // References are remote write 2.0's: see Request2Tests.
        #expect(
            Set(Self.faulty.map(\.0)) == Set(LabelFault.allCases).subtracting([.badReference]))
    }

    @Test func limitsHoldAtTheirValue() throws {
        let full =
            Self.name + Protobuf.label("abcdefghij", "123456") + Protobuf.label("b", "x")
            + Protobuf.label("c", "x")
        #expect(try canonical(full).get().pairs.count == 4)
        // What is not kept does not count.
        #expect(try canonical(full + Protobuf.label("d", "")).get().pairs.count == 4)
    }

    @Test func labelsAreSortedByBytesAndEmptyValuesAreDropped() throws {
        let block =
            Protobuf.label("é", "1") + Protobuf.label("z", "2") + Protobuf.label("Z", "")
            + Protobuf.label("a", "3") + Self.name
        let labels = try canonical(block, limits: .standard).get()
        #expect(labels.pairs.map(\.name) == ["__name__", "a", "z", "é"])
        #expect(labels == Labels([("é", "1"), ("z", "2"), ("a", "3"), ("__name__", "m")]))
    }

    @Test func namesThatLookAlikeAreDifferentNames() throws {
        // Precomposed and decomposed: equal as Swift strings, different to Prometheus.
        let block = Self.name + Protobuf.label("e\u{301}", "1") + Protobuf.label("\u{e9}", "2")
        #expect(try canonical(block).get().raw.count == 3)
    }

    @Test func anyOrderAndEncodingGivesEqualLabels() throws {
        var random = SplitMix64(21)
        for _ in 0..<500 {
            var pairs = [("__name__", "m")]
            for index in 0..<Int.random(in: 0...10, using: &random) {
                pairs.append(("l\(index)", "v\(Int.random(in: 0...99, using: &random))"))
            }
            let expected = Labels(pairs)
            pairs.shuffle(using: &random)
            let block = pairs.flatMap { encoded($0.0, $0.1, &random) }
            #expect(canonical(block, limits: .standard) == .success(expected))
        }
    }

    /// One of the many ways to write a label.
    private func encoded(_ name: String, _ value: String, _ random: inout SplitMix64) -> [UInt8] {
        let padding = Int.random(in: 0...4, using: &random)
        var fields = [
            Protobuf.bytes(1, Array(name.utf8), padding: padding),
            Protobuf.bytes(2, Array(value.utf8)),
        ]
        if Bool.random(using: &random) { fields.reverse() }
        switch Int.random(in: 0...4, using: &random) {
        case 0: fields.append(Protobuf.integer(3, -1))
        case 1: fields.insert(Protobuf.fixed64(4, 7), at: 1)
        case 2: fields.insert(Protobuf.bytes(1, [0x78]), at: 0)
        case 3: fields.append(Protobuf.fixed32(99, 7))
        default: break
        }
        return Protobuf.bytes(1, fields.flatMap { $0 }, padding: padding)
    }

    @Test func everyTruncationIsAFaultOrFewerLabels() {
        let block = Self.name + Protobuf.label("a", "1") + Protobuf.label("b", "2")
        let whole = [Self.name.count, Self.name.count + 8, block.count]
        for length in 0..<block.count {
            let short = Array(block[..<length])
            if whole.contains(length) {
                #expect(throws: Never.self) { try canonical(short).get() }
            } else {
                let expected: LabelFault = length == 0 ? .missingMetricName : .malformed
                #expect(canonical(short) == .failure(expected), "\(length) bytes")
            }
        }
    }
}

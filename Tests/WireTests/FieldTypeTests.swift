import Testing

@testable import Wire

/// A known field of another wire type means that sender and receiver disagree on the schema.
/// Skipping it would store a sample that nobody sent: value 0, or time 0.
@Suite struct FieldTypeTests {
    private static let label = Protobuf.label("__name__", "m")

    private static let bodies: [(what: String, body: [UInt8])] = [
        ("value as an integer", Protobuf.series(label + Protobuf.bytes(2, Protobuf.integer(1, 5)))),
        ("time as a double", Protobuf.series(label + Protobuf.bytes(2, Protobuf.fixed64(2, 5)))),
        ("value with a padded tag", Protobuf.series(label + Protobuf.bytes(2, [0x89, 0] + zeros))),
        ("label as an integer", Protobuf.series(label + Protobuf.integer(1, 5))),
        ("label with a padded tag", Protobuf.series(label + [0x8a, 0, 0])),
        ("sample as an integer", Protobuf.series(label + Protobuf.integer(2, 5))),
        ("sample with a padded tag", Protobuf.series(label + [0x92, 0, 0])),
        ("exemplar as an integer", Protobuf.series(label + Protobuf.integer(3, 5))),
        ("histogram as an integer", Protobuf.series(label + Protobuf.integer(4, 5))),
        ("series as an integer", Protobuf.integer(1, 5)),
        ("metadata as a double", Protobuf.fixed64(3, 5)),
    ]
    private static let zeros = [UInt8](repeating: 0, count: 8)

    @Test(arguments: bodies.indices)
    func aKnownFieldOfAnotherTypeIsRefused(index: Int) {
        let (what, body) = Self.bodies[index]
        guard case .failure(.badTag) = verdict(body) else {
            Issue.record("\(what): \(verdict(body))")
            return
        }
    }

    @Test(arguments: [
        [0x08, 5], [0x10, 5], [0x00, 5], [0x02, 0], [0x0b], [0x0c], [0x0e], [0x0f],
        [0x80, 0x80, 0x80, 0x80, 0x10, 0],
    ])
    func aLabelOfOtherFieldsIsMalformed(content: [UInt8]) throws {
        let good = Protobuf.bytes(1, Array("__name__".utf8)) + Protobuf.bytes(2, [0x6d])
        let batch = try decoded(Protobuf.series(Protobuf.bytes(1, good + content)))
        #expect(batch.labels(of: batch.series[0]) == .failure(.malformed))
    }
}

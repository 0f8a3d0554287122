import Testing

@testable import Wire

// What happens to damaged bodies, against protobuf-c 1.4.1. The two differ on purpose where:
//
// - The decoder looks into labels only when a series is new, and takes malformed labels of an
//   exemplar for a fault of it: here a malformed label block counts as a refusal.
// - It refuses field number 0 and numbers from 2^29, which the encoding guide forbids.
// - It refuses a tenth varint byte above 1, whose bits protobuf-c drops.
// - It refuses an empty body, and one without a known field: most likely another protocol.
// - It takes lengths and tags of more than five varint bytes, and refuses padded tags of known
//   fields; one changed byte makes neither.

@Suite struct DamageTests {
    private static let golden: [[UInt8]] = [
        Protobuf.series(
            Protobuf.label("__name__", "up") + Protobuf.label("job", "api")
                + Protobuf.sample(1_700_000_000_000, 1)),
        Protobuf.series(
            Protobuf.label("__name__", "http_requests_total") + Protobuf.label("code", "200")
                + Protobuf.sample(1_700_000_000_000, 1027) + Protobuf.sample(-1, -0.5))
            + Protobuf.integer(9, 300)
            + Protobuf.series(
                Protobuf.sample(3, .nan) + Protobuf.label("__name__", "late")
                    + Protobuf.fixed32(7, 0x0102_0304) + Protobuf.label("ünïcode", "☃")),
        Protobuf.fixed64(11, 42) + Protobuf.series([])
            + Protobuf.series(
                Protobuf.label("__name__", String(repeating: "n", count: 120))
                    + Protobuf.bytes(6, [1, 2, 3]) + Protobuf.sample(.min, .infinity)),
        Protobuf.series(
            Protobuf.label("__name__", "h") + Protobuf.bytes(4, GoldenHistogram.integer)
                + Protobuf.bytes(
                    3,
                    Protobuf.label("trace_id", "ab") + Protobuf.double(2, 0.5)
                        + Protobuf.integer(3, 1_700_000_000_000))
                + Protobuf.bytes(4, GoldenHistogram.float))
            + Protobuf.bytes(
                3,
                Protobuf.integer(1, 3) + Protobuf.bytes(2, [0x68])
                    + Protobuf.bytes(4, Array("Wie lange".utf8)) + Protobuf.bytes(5, [0x73])),
        Protobuf.series(
            Protobuf.label("__name__", "c") + Protobuf.bytes(4, GoldenHistogram.custom)),
    ]

    private enum Reading: Equatable {
        case refused
        case series([[RawSample]], [Result<[RawLabel], LabelFault>])
    }

    /// The decoder's reading, with a malformed label block counted as a refusal.
    private func reading(_ verdict: Result<WriteBatch, WireError>) -> Reading {
        guard case .success(let batch) = verdict else { return .refused }
        let labels = batch.series.map { batch.labels(of: $0) }
        if labels.contains(.failure(.malformed)) { return .refused }
        if batch.exemplars.contains(where: { $0.fault == .malformed }) { return .refused }
        return .series(batch.series.map { batch.samples(of: $0) }, labels)
    }

    private func reading(_ oracle: OracleRequest?) -> Reading {
        guard let oracle else { return .refused }
        return .series(oracle.series.map(\.samples), oracle.series.map { $0.canonical() })
    }

    /// What the two do not agree on; nil where nothing, or where they differ on purpose.
    private func difference(_ body: [UInt8]) -> String? {
        let verdict = verdict(body)
        let oracle = OracleRequest(body)
        let (ours, theirs) = (reading(verdict), reading(oracle))
        if ours != theirs {
            return isStricterOrLazier(body, verdict) ? nil : "\(ours) is \(theirs)"
        }
        guard case .success(let batch) = verdict, ours != .refused else { return nil }
        return oracle?.columns.disagreement(with: batch)
    }

    /// Whether the decoder differs from protobuf-c on purpose; see above.
    private func isStricterOrLazier(
        _ body: [UInt8], _ verdict: Result<WriteBatch, WireError>
    ) -> Bool {
        switch verdict {
        case .success: return false
        case .failure(.emptyBody), .failure(.noKnownField): return true
        case .failure(.badVarint(let end)):
            guard end >= 10 else { return false }
            return body[end - 1] > 1 && body[(end - 10)..<(end - 1)].allSatisfy { $0 >= 128 }
        case .failure(.badTag(let at)):
            var raw: UInt64 = 0
            for (index, byte) in body[at...].prefix(5).enumerated() {
                raw |= UInt64(byte & 127) << UInt64(7 * index)
                if byte < 128 { break }
            }
            return raw >> 3 == 0 || raw >> 3 >= 1 << 29
        case .failure: return false
        }
    }

    @Test(arguments: golden.indices)
    func everyTruncationReadsAsProtobufCReadsIt(index: Int) {
        let body = Self.golden[index]
        for length in 0..<body.count {
            let difference = difference(Array(body[..<length]))
            #expect(difference == nil, "\(length) bytes of body \(index)")
        }
    }

    @Test(arguments: golden.indices)
    func everyChangedByteReadsAsProtobufCReadsIt(index: Int) {
        var body = Self.golden[index]
        for at in body.indices {
            let good = body[at]
            for other in UInt8.min...UInt8.max where other != good {
                body[at] = other
                guard let difference = difference(body) else { continue }
                Issue.record("body \(index), byte \(at) \(good) as \(other): \(difference)")
            }
            body[at] = good
        }
    }
}

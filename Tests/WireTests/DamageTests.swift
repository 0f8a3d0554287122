import Testing

@testable import Wire

// What happens to damaged bodies, against protobuf-c 1.4.1. The two differ on purpose where:
//
// - The decoder does not look into exemplars, histograms and metadata, and into labels only when a
//   series is new (`canonicalLabels`). The bodies here have no metadata, exemplars or histograms,
//   and a malformed label block counts as a refusal.
// - It refuses field number 0 and numbers from 2^29, which the encoding guide forbids.
// - It refuses a tenth varint byte above 1, whose bits protobuf-c drops.
// - It takes lengths and tags of more than five varint bytes; protobuf-c does not.
// - It refuses an empty body, and one without a known field: most likely another protocol.

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
                Protobuf.label("__name__", String(repeating: "n", count: 200))
                    + Protobuf.bytes(6, [1, 2, 3]) + Protobuf.sample(.min, .infinity)),
    ]

    private enum Reading: Equatable {
        case refused
        case series([[RawSample]], [Result<[RawLabel], LabelFault>])
    }

    /// The decoder's reading, with a malformed label block counted as a refusal.
    private func reading(_ body: [UInt8]) -> Reading {
        guard case .success(let batch) = verdict(body) else { return .refused }
        let labels = batch.series.map { batch.labels(of: $0) }
        if labels.contains(.failure(.malformed)) { return .refused }
        return .series(batch.series.map { batch.samples(of: $0) }, labels)
    }

    private func oracleReading(_ body: [UInt8]) -> Reading {
        guard let request = OracleRequest(body) else { return .refused }
        return .series(request.series.map(\.samples), request.series.map { $0.canonical() })
    }

    /// Whether the decoder refused for a reason that protobuf-c does not have.
    private func isStricter(_ body: [UInt8]) -> Bool {
        guard case .failure(let error) = verdict(body) else { return false }
        switch error {
        case .emptyBody, .noKnownField: return true
        case .badSnappy, .tooLarge, .tooManySeries, .tooManySamples: return false
        case .truncated, .badVarint, .badTag: return false
        }
    }

    @Test(arguments: golden.indices)
    func everyTruncationReadsAsProtobufCReadsIt(index: Int) {
        let body = Self.golden[index]
        for length in 0..<body.count {
            let short = Array(body[..<length])
            if isStricter(short) { continue }
            #expect(reading(short) == oracleReading(short), "\(length) bytes of body \(index)")
        }
    }

    @Test(arguments: golden.indices)
    func everyChangedByteReadsAsProtobufCReadsIt(index: Int) {
        var body = Self.golden[index]
        for at in body.indices {
            let good = body[at]
            for other in UInt8.min...UInt8.max where other != good {
                body[at] = other
                if isStricter(body) { continue }
                #expect(
                    reading(body) == oracleReading(body),
                    "body \(index), byte \(at) as \(other) was \(good)")
            }
            body[at] = good
        }
    }
}

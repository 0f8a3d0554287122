import Testing

@testable import Wire

// Damaged 2.0 bodies, against protobuf-c 1.4.1. The two differ on purpose where DamageTests says,
// and here:
//
// - It refuses symbols that do not begin with the empty string.

@Suite struct Damage2Tests {
    private static let golden: [[UInt8]] = [
        Protobuf.symbol("") + Protobuf.symbol("__name__") + Protobuf.symbol("up")
            + Protobuf.symbol("job") + Protobuf.symbol("api")
            + Protobuf.series2(
                Protobuf.references([1, 2, 3, 4]) + Protobuf.sample(1_700_000_000_000, 1)),
        ["", "__name__", "http_requests_total", "code", "200", "500"]
            .flatMap { Protobuf.symbol($0) }
            + Protobuf.series2(
                Protobuf.references([1, 2, 3, 4])
                    + Protobuf.sample2(1_700_000_000_000, 1027, start: 1_699_999_000_000)
                    + Protobuf.sample(-1, -0.5)
                    + Protobuf.bytes(5, Protobuf.integer(1, 1) + Protobuf.integer(3, 2)))
            + Protobuf.integer(9, 300)
            + Protobuf.series2(
                Protobuf.integer(6, 1_699_999_000_000) + Protobuf.sample(3, .nan)
                    + Protobuf.references([1, 2]) + Protobuf.fixed32(8, 0x0102_0304)
                    + Protobuf.integer(1, 3) + Protobuf.integer(1, 5)),
        Protobuf.series2([]) + Protobuf.fixed64(11, 42)
            + Protobuf.series2(
                Protobuf.references([1, 130])
                    + Protobuf.bytes(4, Protobuf.references([1, 2]) + Protobuf.fixed64(2, 7))
                    + Protobuf.sample(.min, .infinity))
            + (0...130).flatMap { Protobuf.symbol($0 == 0 ? "" : $0 == 1 ? "__name__" : "s\($0)") },
        ["", "__name__", "h", "trace_id", "ab", "Wie lange"].flatMap { Protobuf.symbol($0) }
            + Protobuf.series2(
                Protobuf.references([1, 2]) + Protobuf.bytes(3, GoldenHistogram.integer)
                    + Protobuf.bytes(
                        4,
                        Protobuf.references([3, 4]) + Protobuf.double(2, 0.5)
                            + Protobuf.integer(3, 1_700_000_000_000))
                    + Protobuf.integer(6, 1_699_999_000_000)
                    + Protobuf.bytes(
                        3, GoldenHistogram.float + Protobuf.integer(17, 1_699_999_500_000))
                    + Protobuf.bytes(5, Protobuf.integer(1, 3) + Protobuf.integer(3, 5))),
        Protobuf.symbol("")
            + Protobuf.series2(
                Protobuf.bytes(3, GoldenHistogram.custom)
                    + Protobuf.bytes(4, Protobuf.integer(1, 0) + Protobuf.integer(1, 0))),
    ]

    private enum Reading: Equatable {
        case refused
        case series([[RawSample]], [[Int64]], [Result<[RawLabel], LabelFault>])
    }

    private func reading(_ verdict: Result<WriteBatch, WireError>) -> Reading {
        guard case .success(let batch) = verdict else { return .refused }
        return .series(
            batch.series.map { batch.samples(of: $0) }, batch.series.map { batch.starts(of: $0) },
            batch.series.map { batch.labels(of: $0) })
    }

    private func reading(_ oracle: Oracle2Request?) -> Reading {
        guard let oracle else { return .refused }
        return .series(
            oracle.series.map(\.samples), oracle.series.map(\.starts),
            oracle.series.map { oracle.labels(of: $0) })
    }

    /// What the two do not agree on; nil where nothing, or where they differ on purpose.
    private func difference(_ body: [UInt8]) -> String? {
        let verdict = verdict2(body)
        let oracle = Oracle2Request(body)
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
        case .failure(.emptyBody): return true
        case .failure(.noKnownField):
            return Oracle2Request(body).map { $0.series.isEmpty && $0.symbols.isEmpty } ?? true
        case .failure(.badSymbols): return Oracle2Request(body)?.symbols.first != []
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

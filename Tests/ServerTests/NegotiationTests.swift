import Testing

@testable import Server

/// Which Content-Type and Content-Encoding are remote write's.
@Suite struct NegotiationTests {
    private static let taken: [[(String, String)]] = [
        [],
        [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy")],
        [("Content-Type", "application/x-protobuf")],
        [("Content-Encoding", "snappy")],
        [("Content-Encoding", "Snappy")],
        [("Content-Encoding", "  snappy  ")],
        [("Content-Encoding", "")],
        [("Content-Type", "")],
        [("Content-Type", "Application/X-Protobuf")],
        [("Content-Type", "  application/x-protobuf\t")],
        [("Content-Type", "application/x-protobuf;proto=prometheus.WriteRequest")],
        [("Content-Type", "application/x-protobuf; proto=prometheus.WriteRequest")],
        [("Content-Type", "application/x-protobuf ;\t Proto=prometheus.WriteRequest ")],
        [("Content-Type", "application/x-protobuf;charset=utf-8;proto=prometheus.WriteRequest")],
        [("Content-Type", "application/x-protobuf;")],
        [
            ("content-type", "application/x-protobuf"),
            ("X-Prometheus-Remote-Write-Version", "0.1.0"),
        ],
    ]

    private static let refused: [[(String, String)]] = [
        [("Content-Encoding", "gzip")],
        [("Content-Encoding", "identity")],
        [("Content-Encoding", "snappy, gzip")],
        [("Content-Encoding", "snappyx")],
        [("Content-Type", "application/json")],
        [("Content-Type", "text/plain; proto=prometheus.WriteRequest")],
        [("Content-Type", "application/x-protobufx")],
        [("Content-Type", ";proto=prometheus.WriteRequest")],
        [("Content-Type", "application/x-protobuf;proto=io.example.Unknown")],
        [("Content-Type", "application/x-protobuf; proto=")],
        [("Content-Type", "application/x-protobuf;proto=prometheus.writerequest")],
        [("Content-Type", "application/x-protobuf; proto=prometheus.WriteRequestX")],
    ]

    @Test func remoteWritesOwnHeadersAreTaken() throws {
        let world = try AgentWorld()
        for (index, headers) in Self.taken.enumerated() {
            let body = Sent.body([Sent(instance: "\(index)", value: 1, ago: 1)])
            let answer = try world.post("/api/v1/write", headers, body)
            #expect(answer.status == 204, "\(headers): \(answer.text)")
        }
        #expect(
            try world.metric("pitot_samples_stored_total") == Double(Self.taken.count))
    }

    @Test func otherHeadersAreRefusedAndNothingIsStored() throws {
        let world = try AgentWorld()
        for headers in Self.refused {
            let body = Sent.body([Sent(value: 1, ago: 1)])
            let answer = try world.post("/api/v1/write", headers, body)
            #expect(answer.status == 415 && answer.isOneLine, "\(headers)")
            #expect(answer.text.contains("is not supported; expected"))
        }
        #expect(try world.metric("pitot_samples_received_total") == 0)
        let name = "pitot_write_bodies_refused_total{reason=\"unsupported_media_type\"}"
        #expect(try world.metric(name) == Double(Self.refused.count))
    }
}

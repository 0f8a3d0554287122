import Model
import Testing

@testable import Wire

/// The decoder reads what protobuf-c 1.4 reads, on bodies that are well-formed.
@Suite struct OracleAgreementTests {
    /// Records an issue for each thing the two do not agree on.
    private func compare(_ body: [UInt8], _ what: String) throws {
        let oracle = try #require(OracleRequest(body), "protobuf-c refuses \(what)")
        let batch = try decoded(body)
        try #require(batch.series.count == oracle.series.count, "series of \(what)")
        for (block, series) in zip(batch.series, oracle.series) {
            #expect(batch.samples(of: block) == series.samples, "samples of \(what)")
            #expect(batch.labels(of: block) == series.canonical(), "labels of \(what)")
        }
        #expect(batch.timestamps.count == batch.values.count)
        #expect(batch.timestamps.count == oracle.series.reduce(0) { $0 + $1.samples.count })
        #expect(oracle.columns.disagreement(with: batch) == nil, "columns of \(what)")
    }

    @Test(arguments: 0..<8)
    func randomRequestsReadAsProtobufCReadsThem(stream: UInt64) throws {
        var generator = RequestGenerator(seed: stream)
        for index in 0..<250 { try compare(generator.request(), "request \(index) of \(stream)") }
    }

    @Test(arguments: 0..<8)
    func whatProtobufCPacksReadsTheSame(stream: UInt64) throws {
        var generator = RequestGenerator(seed: 1000 + stream)
        for index in 0..<250 {
            let request = generator.request()
            let packed = try #require(OracleRequest.repacked(request))
            if packed.isEmpty { continue }
            try compare(packed, "repacked request \(index) of \(stream)")
        }
    }

    /// The generator reaches what it was written for; otherwise agreement means little.
    @Test func theRandomRequestsCoverTheFormat() throws {
        var faults: Set<LabelFault> = []
        var good = 0
        var scattered = 0
        var columns = ColumnCoverage()
        var stale = 0
        for stream in 0..<8 {
            var generator = RequestGenerator(seed: UInt64(stream))
            for _ in 0..<250 {
                let body = generator.request()
                let batch = try decoded(body)
                for block in batch.series {
                    if block.labelsStart >= body.count { scattered += 1 }
                    switch batch.labels(of: block) {
                    case .success: good += 1
                    case .failure(let fault): faults.insert(fault)
                    }
                }
                columns.add(batch)
                stale += batch.values.count { isStaleMarker($0) }
            }
        }
        let reached = Set(LabelFault.allCases).subtracting([.malformed, .badReference])
        #expect(faults == reached)
        #expect(good > 1000 && scattered > 500 && stale > 50)
        columns.expectAllBut(exemplarFaults: [.malformed, .badReference], metadataFaults: [])
    }

    @Test func whatTheEncoderWritesReadsBack() throws {
        var random = SplitMix64(5)
        for _ in 0..<200 {
            let outgoing = (0..<Int.random(in: 1...5, using: &random)).map { index in
                OutgoingSeries(
                    labels: Labels([("__name__", "m\(index)"), ("ключ", "значение \(index)")]),
                    samples: (0..<Int.random(in: 0...3, using: &random)).map { _ in
                        (
                            Timestamp(millis: Int64(bitPattern: random.next())),
                            Double(bitPattern: random.next())
                        )
                    })
            }
            let body = RemoteWriteEncoder.encode(outgoing)
            try compare(body, "an encoded request")
            let batch = try decoded(body)
            for (block, series) in zip(batch.series, outgoing) {
                #expect(batch.labels(of: block) == .success(series.labels.raw))
                #expect(
                    batch.samples(of: block)
                        == series.samples.map {
                            RawSample(timestamp: $0.time.millis, bits: $0.value.bitPattern)
                        })
            }
        }
    }
}

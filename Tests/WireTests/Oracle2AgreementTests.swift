import Testing

@testable import Wire

/// The 2.0 decoder reads what protobuf-c 1.4 reads, on bodies that are well-formed.
@Suite struct Oracle2AgreementTests {
    private func compare(_ body: [UInt8], _ what: String) throws {
        let oracle = try #require(Oracle2Request(body), "protobuf-c refuses \(what)")
        let batch = try decoded2(body)
        try #require(batch.series.count == oracle.series.count, "series of \(what)")
        for (block, series) in zip(batch.series, oracle.series) {
            #expect(batch.samples(of: block) == series.samples, "samples of \(what)")
            #expect(batch.starts(of: block) == series.starts, "starts of \(what)")
            #expect(batch.labels(of: block) == oracle.labels(of: series), "labels of \(what)")
        }
        #expect(batch.timestamps.count == batch.values.count)
        #expect(batch.starts.isEmpty || batch.starts.count == batch.values.count)
        #expect(oracle.columns.disagreement(with: batch) == nil, "columns of \(what)")
    }

    @Test(arguments: 0..<8)
    func randomRequestsReadAsProtobufCReadsThem(stream: UInt64) throws {
        var generator = Request2Generator(seed: stream)
        for index in 0..<400 { try compare(generator.request(), "request \(index) of \(stream)") }
    }

    @Test(arguments: 0..<8)
    func whatProtobufCPacksReadsTheSame(stream: UInt64) throws {
        var generator = Request2Generator(seed: 1000 + stream)
        for index in 0..<250 {
            let packed = try #require(Oracle2Request.repacked(generator.request()))
            try compare(packed, "repacked request \(index) of \(stream)")
        }
    }

    /// The generator reaches what it was written for; otherwise agreement means little.
    @Test func theRandomRequestsCoverTheFormat() throws {
        var faults: Set<LabelFault> = []
        var (good, gathered, withStarts, withoutStarts) = (0, 0, 0, 0)
        var columns = ColumnCoverage()
        for stream in 0..<8 {
            var generator = Request2Generator(seed: UInt64(stream))
            for _ in 0..<400 {
                let body = generator.request()
                let batch = try decoded2(body)
                for block in batch.series {
                    if block.labelsStart >= body.count { gathered += 1 }
                    switch batch.labels(of: block) {
                    case .success: good += 1
                    case .failure(let fault): faults.insert(fault)
                    }
                }
                withStarts += batch.starts.count { $0 != 0 }
                withoutStarts += batch.starts.count { $0 == 0 }
                columns.add(batch)
            }
        }
        #expect(faults == Set(LabelFault.allCases).subtracting([.malformed]))
        #expect(good > 3000 && gathered > 500 && withStarts > 1000 && withoutStarts > 1000)
        columns.expectAllBut(
            exemplarFaults: [.malformed], metadataFaults: [.missingFamily, .unitTooLong])
    }

    /// One text, one key, whatever the numbers; another text, another key.
    @Test func theKeyFollowsTheTextOfTheLabelsAndNotTheirNumbers() throws {
        var keys: [[[UInt8]]: SeriesKey] = [:]
        var repeated = 0
        var seen: Set<SeriesKey> = []
        for stream in 0..<8 {
            var generator = Request2Generator(seed: UInt64(stream))
            for _ in 0..<400 {
                let body = generator.request()
                let oracle = try #require(Oracle2Request(body))
                let batch = try decoded2(body)
                for (block, series) in zip(batch.series, oracle.series) {
                    if oracle.labels(of: series) == .failure(.badReference) {
                        #expect(block.key == .unresolvable)
                        continue
                    }
                    let texts = series.references.map { oracle.symbols[Int($0)] }
                    if let known = keys[texts] {
                        #expect(known == block.key)
                        repeated += 1
                    } else {
                        keys[texts] = block.key
                        seen.insert(block.key)
                    }
                }
            }
        }
        #expect(seen.count == keys.count && seen.count > 3000 && repeated > 100)
    }
}

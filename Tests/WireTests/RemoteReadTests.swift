import Model
import Testing

@testable import Wire

@Suite struct RemoteReadTests {
    /// A request with everything in it.
    private var request: [UInt8] {
        func matcher(_ type: UInt64, _ name: String, _ value: String) -> [UInt8] {
            var out = ByteWriter()
            out.integer(1, type)
            out.field(2, name.utf8)
            out.field(3, value.utf8)
            return out.bytes
        }
        var hints = ByteWriter()
        hints.integer(1, 15_000)
        hints.field(2, "rate".utf8)
        hints.integer(3, 1_000)
        hints.integer(4, 2_000)
        hints.field(5, "job".utf8)
        var query = ByteWriter()
        query.integer(1, Timestamp(millis: -5))
        query.integer(2, 3_000)
        for (place, name) in ["a", "b", "c", "d"].enumerated() {
            query.field(3, matcher(UInt64(place), name, "x.*"))
        }
        query.field(4, hints.bytes)
        var out = ByteWriter()
        out.field(1, query.bytes)
        out.integer(2, 1)
        out.integer(2, 0)
        return out.bytes
    }

    @Test func aRequestIsRead() throws {
        let read = try RemoteReadRequest(snappy: Snappy.compress(request))
        #expect(read.accepted == [.streamedChunks, .samples])
        #expect(read.responseType == .streamedChunks)
        let query = try #require(read.queries.first)
        #expect(query.start.millis == -5 && query.end.millis == 3000)
        #expect(
            query.matchers == [
                Matcher("a", .equal, "x.*"), Matcher("b", .notEqual, "x.*"),
                Matcher("c", .matches, "x.*"), Matcher("d", .notMatches, "x.*"),
            ])
        #expect(query.hints?.function == "rate")
        #expect(query.hints?.start.millis == 1000 && query.hints?.end.millis == 2000)
    }

    @Test func whoNamesNoTypeGetsSamples() throws {
        #expect(try RemoteReadRequest(decoding: []).responseType == .samples)
        var unknown = ByteWriter()
        unknown.integer(2, 9)
        #expect(try RemoteReadRequest(decoding: unknown.bytes).responseType == nil)
        unknown.field(2, [0])
        #expect(try RemoteReadRequest(decoding: unknown.bytes).responseType == .samples)
    }

    @Test func everyTruncationAndFlipIsReadOrRefused() {
        for count in 0..<request.count {
            _ = try? RemoteReadRequest(decoding: Array(request[..<count]))
            for flip in [1, 2, 4, 8, 16, 32, 64, 128] as [UInt8] {
                var changed = request
                changed[count] ^= flip
                guard let read = try? RemoteReadRequest(decoding: changed) else { continue }
                #expect(read.queries.count <= 2)
            }
        }
    }

    @Test func whatIsTooMuchIsRefused() {
        var many = ByteWriter()
        for _ in 0...RemoteReadLimits.queries { many.field(1, []) }
        #expect(throws: WireError.tooManySeries(limit: RemoteReadLimits.queries)) {
            try RemoteReadRequest(decoding: many.bytes)
        }
        var query = ByteWriter()
        for _ in 0...RemoteReadLimits.matchers { query.field(3, []) }
        var one = ByteWriter()
        one.field(1, query.bytes)
        #expect(throws: WireError.tooManySymbols(limit: RemoteReadLimits.matchers)) {
            try RemoteReadRequest(decoding: one.bytes)
        }
        let long = [UInt8](repeating: 0, count: RemoteReadLimits.bytes + 1)
        #expect(throws: WireError.tooLarge(limit: RemoteReadLimits.bytes)) {
            try RemoteReadRequest(snappy: Snappy.compress(long))
        }
        #expect(throws: WireError.emptyBody) { try RemoteReadRequest(snappy: []) }
        #expect(throws: WireError.badSnappy) { try RemoteReadRequest(snappy: [255, 255]) }
    }

    @Test func framesHaveALengthAndAChecksumBeforeThem() throws {
        var stream = RemoteReadStream(frameBytes: 10)
        let chunk = RemoteReadChunk(
            first: Timestamp(millis: 1), last: Timestamp(millis: 2), encoding: .xor,
            bytes: [1, 2, 3])
        stream.add(Labels([("a", "b")]), [chunk, chunk, chunk], query: 7)
        var reader = ByteReader(stream.bytes)
        var frames = 0
        while !reader.isAtEnd {
            let size = reader.varint()
            let length = Int(try #require(size))
            var checksum: UInt32 = 0
            for _ in 0..<4 { checksum = checksum << 8 | UInt32(reader.byte() ?? 0) }
            let start = reader.position
            for _ in 0..<length { _ = reader.byte() }
            let range = start..<start + length
            #expect(CRC32C.of(stream.bytes, in: range) == checksum)
            #expect(Array(stream.bytes[range].suffix(2)) == [2 << 3, 7])
            frames += 1
        }
        #expect(frames == 3)
    }
}

/// Chunks of floats read by a reader written from the format's description.
@Suite struct RemoteReadChunkTests {
    private func read(_ chunk: RemoteReadChunk) -> [(time: Int64, bits: UInt64)] {
        var bits = ChunkBits(bytes: chunk.bytes)
        let count = Int(bits.take(16))
        var found: [(time: Int64, bits: UInt64)] = []
        var (delta, leading, trailing): (Int64, Int, Int) = (0, 0, 0)
        for place in 0..<count {
            guard place > 0, let last = found.last else {
                let raw = bits.uvarint()
                found.append((Int64(raw >> 1) ^ -Int64(raw & 1), bits.take(64)))
                continue
            }
            if place == 1 {
                delta = Int64(bits.uvarint())
            } else if bits.take(1) == 1 {
                if bits.take(1) == 0 {
                    delta += bits.signed(14)
                } else if bits.take(1) == 0 {
                    delta += bits.signed(17)
                } else if bits.take(1) == 0 {
                    delta += bits.signed(20)
                } else {
                    delta += Int64(bitPattern: bits.take(64))
                }
            }
            var value = last.bits
            if bits.take(1) == 1 {
                if bits.take(1) == 1 {
                    leading = Int(bits.take(5))
                    let significant = Int(bits.take(6))
                    trailing = 64 - leading - (significant == 0 ? 64 : significant)
                }
                value ^= bits.take(64 - leading - trailing) << UInt64(trailing)
            }
            found.append((last.time + delta, value))
        }
        return found
    }

    @Test(arguments: 0..<20)
    func floatsReadBack(seed: UInt64) {
        var random = SplitMix64(seed)
        var (time, value): (Int64, Double) = (1_700_000_000_000, 0)
        var times: [Timestamp] = []
        var values: [Double] = []
        for _ in 0..<400 {
            let steps: [Int64] = [15_000, 15_001, 1, 70_000, 600_000, 40_000_000, 1 << 40]
            time += steps[Int.random(in: 0..<(seed % 2 == 0 ? 2 : steps.count), using: &random)]
            switch Int.random(in: 0..<10, using: &random) {
            case 0: value = Double(bitPattern: staleMarkerBits)
            case 1: value = .random(in: -1e9...1e9, using: &random)
            case 2: value = .infinity
            case 3: value = Double(bitPattern: .random(in: 0...UInt64.max, using: &random))
            default: value = Double(Int.random(in: 0..<99, using: &random))
            }
            times.append(Timestamp(millis: time))
            values.append(value)
        }
        let chunks = RemoteReadChunks.encode(
            times: times, values: values, histogramTimes: [], histograms: [])
        let back = chunks.flatMap { read($0) }
        #expect(back.map(\.time) == times.map(\.millis))
        #expect(back.map(\.bits) == values.map(\.bitPattern))
        #expect(chunks.allSatisfy { $0.encoding == .xor && read($0).count <= 120 })
        for chunk in chunks {
            #expect(chunk.first.millis == read(chunk).first?.time)
            #expect(chunk.last.millis == read(chunk).last?.time)
        }
    }

    private func histogram(_ counts: [Double], hint: Histogram.ResetHint = .unknown) -> Histogram {
        var histogram = Histogram()
        histogram.isInteger = true
        histogram.positive = Histogram.Buckets(
            spans: [Histogram.Span(offset: 0, length: UInt32(counts.count))], counts: counts)
        histogram.count = counts.reduce(0, +)
        histogram.resetHint = hint
        return histogram
    }

    private func counts(_ histograms: [Histogram]) -> [(samples: Int, flags: UInt8)] {
        let times = histograms.indices.map { Timestamp(millis: Int64($0) * 1000) }
        return RemoteReadChunks.encode(
            times: [], values: [], histogramTimes: times, histograms: histograms
        ).map { (Int($0.bytes[0]) << 8 | Int($0.bytes[1]), $0.bytes[2]) }
    }

    @Test func aChunkOfHistogramsHasOneLayoutAndNoReset() {
        var stale = Histogram()
        stale.isInteger = true
        stale.sum = Double(bitPattern: staleMarkerBits)
        let found = counts([
            histogram([1, 2]), histogram([1, 3]), histogram([1, 3, 1]), histogram([0, 1, 0]), stale,
            histogram([1, 1, 1], hint: .gauge), histogram([1, 0, 1], hint: .gauge),
        ])
        #expect(found.map(\.samples) == [2, 1, 1, 1, 2])
        #expect(found.map(\.flags) == [0, 0, 0x80, 0, 0xc0])
    }

    @Test func chunksOfBothKindsDoNotOverlap() {
        let times = [1, 2, 5, 6].map { Timestamp(millis: $0) }
        let chunks = RemoteReadChunks.encode(
            times: times, values: [1, 2, 3, 4],
            histogramTimes: [3, 4, 7].map { Timestamp(millis: $0) },
            histograms: Array(repeating: histogram([1]), count: 3))
        #expect(chunks.map(\.first.millis) == [1, 3, 5, 7])
        #expect(chunks.map(\.last.millis) == [2, 4, 6, 7])
        #expect(chunks.map(\.encoding) == [.xor, .histogram, .xor, .histogram])
    }
}

import Model
import Testing

@testable import Wire

/// What our server writes a client reads, and what is damaged is refused.
@Suite struct RemoteReadAnswerTests {
    private func random(_ seed: UInt64) -> [RemoteReadSeries] {
        var random = SplitMix64(seed)
        return (0..<3).map { place in
            var one = RemoteReadSeries(
                labels: Labels([("__name__", "m\(place)"), ("a", "\(seed)")]))
            var time: Int64 = 1_700_000_000_000
            for _ in 0..<Int.random(in: 1...300, using: &random) {
                let steps: [Int64] = [15_000, 15_000, 15_001, 1, 600_000, 1 << 40]
                time += steps[Int.random(in: steps.indices, using: &random)]
                one.times.append(Timestamp(millis: time))
                switch Int.random(in: 0..<8, using: &random) {
                case 0: one.values.append(Double(bitPattern: staleMarkerBits))
                case 1:
                    one.values.append(
                        Double(bitPattern: .random(in: 0...UInt64.max, using: &random)))
                default: one.values.append(Double(Int.random(in: 0..<9999, using: &random)))
                }
            }
            return one
        }
    }

    private func streamed(_ series: [RemoteReadSeries], frame: Int = 300) -> [UInt8] {
        var stream = RemoteReadStream(frameBytes: frame)
        for one in series {
            stream.add(
                one.labels,
                RemoteReadChunks.encode(
                    times: one.times, values: one.values, histogramTimes: [], histograms: []),
                query: 0)
        }
        return stream.bytes
    }

    private func isSame(_ left: [RemoteReadSeries], _ right: [RemoteReadSeries]) -> Bool {
        guard left.count == right.count else { return false }
        for (one, other) in zip(left, right) {
            guard one.labels == other.labels, one.times == other.times,
                one.values.map(\.bitPattern) == other.values.map(\.bitPattern)
            else { return false }
        }
        return true
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func framesReadBackBitForBit(seed: UInt64) throws {
        let series = random(seed)
        #expect(isSame(try RemoteReadAnswer(streamed: streamed(series)).series, series))
        #expect(isSame(try RemoteReadAnswer(streamed: streamed(series, frame: 9)).series, series))
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func samplesReadBackBitForBit(seed: UInt64) throws {
        let series = random(seed)
        var response = RemoteReadResponse()
        for one in series {
            response.add(
                OutgoingSeries(
                    labels: one.labels,
                    samples: zip(one.times, one.values).map { (time: $0, value: $1) }))
        }
        response.endQuery()
        #expect(isSame(try RemoteReadAnswer(snappy: response.compressed()).series, series))
    }

    @Test func aRequestIsWhatTheServerReads() throws {
        var request = RemoteReadRequest()
        var query = RemoteReadRequest.Query()
        query.start = Timestamp(millis: 5)
        query.end = Timestamp(millis: 99)
        query.matchers = [
            Matcher("a", .equal, "x"), Matcher("b", .notEqual, ""), Matcher("c", .matches, "y.*"),
            Matcher("d", .notMatches, "ü"),
        ]
        request.queries = [query]
        request.accepted = [.streamedChunks, .samples]
        let read = try RemoteReadRequest(snappy: request.compressed())
        #expect(read == request)
    }

    @Test func histogramsArePassedOverAndCounted() throws {
        var histogram = Histogram()
        histogram.isInteger = true
        histogram.count = 3
        let chunks = RemoteReadChunks.encode(
            times: [Timestamp(millis: 5)], values: [1], histogramTimes: [Timestamp(millis: 9)],
            histograms: [histogram])
        var stream = RemoteReadStream()
        stream.add(Labels([("a", "b")]), chunks, query: 0)
        let answer = try RemoteReadAnswer(streamed: stream.bytes)
        #expect(answer.histograms == 1 && answer.series.first?.values == [1])
    }

    @Test func everyTruncationAndFlipIsRefusedOrHarmless() {
        let bytes = streamed(
            random(3).map { one in
                var short = one
                short.times = Array(one.times.prefix(9))
                short.values = Array(one.values.prefix(9))
                return short
            })
        for count in 1..<bytes.count {
            let cut = try? RemoteReadAnswer(streamed: Array(bytes[..<count]))
            #expect(cut == nil || cut?.series.count ?? 9 < 3)
            for flip in [1, 16, 128] as [UInt8] {
                var changed = bytes
                changed[count] ^= flip
                #expect((try? RemoteReadAnswer(streamed: changed)) == nil)
            }
        }
    }

    @Test func damageBehindAGoodChecksumIsRefusedOrHarmless() {
        let chunk = RemoteReadChunks.encode(
            times: (0..<20).map { Timestamp(millis: $0 * 1000) },
            values: (0..<20).map { Double($0) }, histogramTimes: [], histograms: [])[0]
        for place in chunk.bytes.indices {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128] as [UInt8] {
                var damaged = chunk
                damaged.bytes[place] ^= flip
                var stream = RemoteReadStream()
                stream.add(Labels([("a", "b")]), [damaged], query: 0)
                guard let answer = try? RemoteReadAnswer(streamed: stream.bytes) else { continue }
                #expect(answer.series[0].times.count <= 1 << 16)
            }
        }
    }
}

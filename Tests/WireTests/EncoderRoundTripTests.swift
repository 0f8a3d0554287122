import Model
import Testing

@testable import Wire

/// What the encoders write is what both decoders and protobuf-c read.
@Suite struct EncoderRoundTripTests {
    private static func outgoing(
        _ index: Int, _ random: inout SplitMix64, _ histograms: inout HistogramGenerator
    ) -> OutgoingSeries {
        var series = OutgoingSeries(
            labels: Labels([("__name__", "m\(index)"), ("ключ", "значение")]))
        let time = { (random: inout SplitMix64) in
            Timestamp(millis: Int64(bitPattern: random.next()))
        }
        series.samples = (0..<Int.random(in: 0...2, using: &random)).map { _ in
            (time(&random), Double(bitPattern: random.next()))
        }
        if Bool.random(using: &random) { series.start = time(&random) }
        series.histograms = (0..<Int.random(in: 0...3, using: &random)).map { place in
            OutgoingHistogram(
                time: time(&random), histogram: histograms.good(),
                start: place == 1 ? time(&random) : nil)
        }
        series.exemplars = (0..<Int.random(in: 0...2, using: &random)).map { place in
            OutgoingExemplar(
                labels: Labels(place == 0 ? [("trace_id", "\(index)"), ("a", "é")] : []),
                value: Double(bitPattern: random.next()), time: time(&random))
        }
        if Bool.random(using: &random) {
            series.metadata = MetricMetadata(
                family: "m\(index)", kind: .allCases[index % 8], help: "Hilfe \(index % 3)",
                unit: index % 2 == 0 ? "" : "s")
        }
        return series
    }

    /// Histograms and exemplars of the batch against what was sent.
    private func compare(_ batch: WriteBatch, _ sent: [OutgoingSeries], hasStart: Bool) throws {
        let histograms = sent.enumerated().flatMap { index, one in
            one.histograms.map { (UInt32(index), one.start, $0) }
        }
        try #require(batch.histograms.count == histograms.count)
        for (entry, (index, start, sent)) in zip(batch.histograms, histograms) {
            #expect(entry.series == index && entry.timestamp == sent.time.millis)
            #expect(entry.start == (hasStart ? (sent.start ?? start)?.millis ?? 0 : 0))
            #expect(entry.fault == nil && entry.histogram == sent.histogram)
            #expect(entry.histogram.bits == sent.histogram.bits)
        }
        let exemplars = sent.enumerated().flatMap { index, one in
            one.exemplars.map { (UInt32(index), $0) }
        }
        try #require(batch.exemplars.count == exemplars.count)
        for (entry, (index, sent)) in zip(batch.exemplars, exemplars) {
            #expect(entry.series == index && entry.timestamp == sent.time.millis)
            #expect(entry.fault == nil && entry.labels == sent.labels)
            #expect(entry.value.bitPattern == sent.value.bitPattern)
        }
        for (block, one) in zip(batch.series, sent) {
            #expect(batch.labels(of: block) == .success(one.labels.raw))
            let samples = one.samples.map {
                RawSample(timestamp: $0.time.millis, bits: $0.value.bitPattern)
            }
            #expect(batch.samples(of: block) == samples)
        }
    }

    @Test(arguments: 0..<4)
    func whatIsEncodedDecodes(stream: UInt64) throws {
        var random = SplitMix64(stream)
        var histograms = HistogramGenerator(seed: 100 + stream)
        var total = 0
        for _ in 0..<150 {
            let sent = (0..<Int.random(in: 1...6, using: &random)).map {
                Self.outgoing($0, &random, &histograms)
            }
            total += sent.reduce(0) { $0 + $1.histograms.count }
            let alone = MetricMetadata(family: "alone", kind: .info, help: "", unit: "")
            let body = RemoteWriteEncoder.encode(sent, metadata: [alone])
            let batch = try decoded(body)
            try compare(batch, sent, hasStart: false)
            #expect(
                try batch.metadata.map { try batch.metricMetadata(of: $0) }
                    == sent.compactMap(\.metadata) + [alone])
            #expect(try #require(OracleRequest(body)).columns.disagreement(with: batch) == nil)

            let body2 = RemoteWrite2Encoder.encode(sent)
            let batch2 = try decoded2(body2)
            try compare(batch2, sent, hasStart: true)
            var expected = sent.enumerated().filter { $1.metadata != nil }
            for entry in batch2.metadata {
                let (index, one) = expected.removeFirst()
                let said = try batch2.metricMetadata(of: entry)
                #expect(Int(entry.series ?? .max) == index && said.family == nil)
                #expect(said.kind == one.metadata?.kind && said.help == one.metadata?.help)
                #expect(said.unit == one.metadata?.unit)
            }
            #expect(expected.isEmpty)
            #expect(try #require(Oracle2Request(body2)).columns.disagreement(with: batch2) == nil)
        }
        #expect(total > 300)
    }

    /// decode(encode(h)) == h, and every good histogram is one.
    @Test func everyGoodHistogramSurvivesBothVersions() throws {
        var generator = HistogramGenerator(seed: 9)
        for _ in 0..<2000 {
            let histogram = generator.good()
            #expect(histogram.fault == nil)
            var series = OutgoingSeries(labels: Labels([("__name__", "m")]))
            series.histograms = [
                OutgoingHistogram(time: Timestamp(millis: 1), histogram: histogram)
            ]
            let first = try decoded(RemoteWriteEncoder.encode([series])).histograms
            let second = try decoded2(RemoteWrite2Encoder.encode([series])).histograms
            #expect(first.map(\.histogram) == [histogram] && first == second)
        }
    }
}

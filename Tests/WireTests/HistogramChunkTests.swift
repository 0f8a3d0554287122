import Model
import Testing

@testable import Wire

/// What a reader of the format gets from our chunks of native histograms.
@Suite struct HistogramChunkTests {
    // MARK: The reader, from tsdb/docs/format/chunks.md

    private struct Reader {
        var bits: ChunkBits
        let count: Int
        let flags: UInt8
        private(set) var layout = Histogram()

        init(_ chunk: RemoteReadChunk) {
            bits = ChunkBits(bytes: chunk.bytes)
            count = Int(bits.take(16))
            flags = UInt8(bits.take(8))
            let threshold = bits.take(8)
            switch threshold {
            case 0: layout.zeroThreshold = 0
            case 255: layout.zeroThreshold = bits.double()
            default: layout.zeroThreshold = Self.power(Int(threshold) - 244)
            }
            layout.schema = Int32(bits.varbit())
            layout.isInteger = chunk.encoding == .histogram
            layout.positive.spans = spans()
            layout.negative.spans = spans()
            guard layout.schema == -53 else { return }
            for _ in 0..<bits.varbitUnsigned() {
                var ahead = bits
                if ahead.take(1) == 0 {
                    _ = bits.take(1)
                    layout.customBounds.append(bits.double())
                } else {
                    layout.customBounds.append(Double(bits.varbitUnsigned() - 1) / 1000)
                }
            }
        }

        /// 1 stands for 2^-243.
        private static func power(_ exponent: Int) -> Double {
            var value = 1.0
            for _ in 0..<abs(exponent) { value = exponent < 0 ? value / 2 : value * 2 }
            return value
        }

        private mutating func spans() -> [Histogram.Span] {
            (0..<Int(bits.varbitUnsigned())).map { _ in
                let length = UInt32(bits.varbitUnsigned())
                return Histogram.Span(offset: Int32(bits.varbit()), length: length)
            }
        }

        private var buckets: (positive: Int, negative: Int) {
            (
                layout.positive.spans.reduce(0) { $0 + Int($1.length) },
                layout.negative.spans.reduce(0) { $0 + Int($1.length) }
            )
        }

        mutating func samples() -> [(time: Int64, histogram: Histogram)] {
            layout.isInteger ? integers() : floats()
        }

        private mutating func integers() -> [(time: Int64, histogram: Histogram)] {
            var (time, distance): (Int64, Int64) = (bits.varbit(), 0)
            // Count, zero count, then differences of neighbouring buckets.
            var numbers = [Int64(bits.varbitUnsigned()), Int64(bits.varbitUnsigned())]
            var sum = ChunkXOR(bits.double())
            for _ in 0..<(buckets.positive + buckets.negative) { numbers.append(bits.varbit()) }
            var deltas = numbers.map { _ in Int64(0) }
            var found = [(time: time, histogram: integer(numbers, Double(bitPattern: sum.bits)))]
            for place in 1..<max(count, 1) {
                distance = place == 1 ? Int64(bits.varbitUnsigned()) : distance + bits.varbit()
                time += distance
                var total = 0.0
                for index in numbers.indices {
                    deltas[index] += bits.varbit()
                    numbers[index] += deltas[index]
                    if index == 1 { total = sum.next(&bits) }
                }
                found.append((time, integer(numbers, total)))
            }
            return found
        }

        private func integer(_ numbers: [Int64], _ sum: Double) -> Histogram {
            func absolute(_ differences: ArraySlice<Int64>) -> [Double] {
                var last: Int64 = 0
                return differences.map {
                    last += $0
                    return Double(last)
                }
            }
            return filled(
                Double(numbers[0]), Double(numbers[1]), sum,
                absolute(numbers[2..<(2 + buckets.positive)])
                    + absolute(numbers[(2 + buckets.positive)...]))
        }

        private mutating func floats() -> [(time: Int64, histogram: Histogram)] {
            var (time, distance): (Int64, Int64) = (bits.varbit(), 0)
            var columns = (0..<(3 + buckets.positive + buckets.negative)).map { _ in
                ChunkXOR(bits.double())
            }
            func histogram() -> Histogram {
                let values = columns.map { Double(bitPattern: $0.bits) }
                return filled(values[0], values[1], values[2], Array(values[3...]))
            }
            var found = [(time: time, histogram: histogram())]
            for place in 1..<max(count, 1) {
                distance = place == 1 ? Int64(bits.varbitUnsigned()) : distance + bits.varbit()
                time += distance
                for index in columns.indices { _ = columns[index].next(&bits) }
                found.append((time, histogram()))
            }
            return found
        }

        private func filled(
            _ count: Double, _ zero: Double, _ sum: Double, _ all: [Double]
        ) -> Histogram {
            var histogram = layout
            (histogram.count, histogram.zeroCount, histogram.sum) = (count, zero, sum)
            histogram.positive.counts = Array(all.prefix(buckets.positive))
            histogram.negative.counts = Array(all.dropFirst(buckets.positive))
            return histogram
        }
    }

    // MARK: Worlds

    private struct World {
        var random: SplitMix64
        var time: Int64 = 1_700_000_000_000

        func buckets(
            _ random: inout SplitMix64, isCustom: Bool, isInteger: Bool
        ) -> Histogram.Buckets {
            var buckets = Histogram.Buckets.none
            for place in 0..<Int.random(in: 0...3, using: &random) {
                let offset = Int32.random(
                    in: place == 0 && !isCustom ? -70_000...70_000 : 0...300, using: &random)
                let length = UInt32.random(in: 1...5, using: &random)
                buckets.spans.append(Histogram.Span(offset: offset, length: length))
                for _ in 0..<length { buckets.counts.append(0) }
            }
            return buckets
        }

        mutating func layout() -> Histogram {
            var histogram = Histogram()
            histogram.isInteger = Bool.random(using: &random)
            let isCustom = Int.random(in: 0..<3, using: &random) == 0
            histogram.schema = isCustom ? -53 : Int32.random(in: -4...8, using: &random)
            if Int.random(in: 0..<3, using: &random) == 0 { histogram.resetHint = .gauge }
            histogram.positive = buckets(&random, isCustom: isCustom, isInteger: true)
            if isCustom {
                histogram.customBounds = (0..<20).map { place in
                    let tidy = [0.005, 0.25, 1, 33_554.43][place % 4] + Double(place) * 1e5
                    return place % 3 == 0 ? .pi * Double(place - 3) : tidy
                }
            } else {
                histogram.negative = buckets(&random, isCustom: false, isInteger: true)
                let thresholds = [
                    0, 1e-128, 0x1p-128, 1, 1024, 0x1p-243, 0x1p-244, 2048, 0.001,
                    .leastNonzeroMagnitude,
                ]
                histogram.zeroThreshold = thresholds.randomElement(using: &random) ?? 0
            }
            return histogram
        }

        mutating func grow(_ histogram: inout Histogram) {
            let wide = Int.random(in: 0..<20, using: &random) == 0
            func more(_ random: inout SplitMix64) -> Double {
                let most = wide ? 1 << 40 : 9
                let step = Double(Int.random(in: 0...most, using: &random))
                return histogram.isInteger ? step : step / 7
            }
            let gauge = histogram.resetHint == .gauge
            let sign = gauge && Bool.random(using: &random) ? -1.0 : 1.0
            for index in histogram.positive.counts.indices {
                let step = more(&random)
                histogram.positive.counts[index] = max(
                    0, histogram.positive.counts[index] + sign * step)
            }
            for index in histogram.negative.counts.indices {
                let step = more(&random)
                histogram.negative.counts[index] = max(
                    0, histogram.negative.counts[index] + sign * step)
            }
            if !histogram.hasCustomBounds { histogram.zeroCount += more(&random) }
            histogram.sum += .random(in: -5...5, using: &random)
            histogram.count =
                histogram.zeroCount
                + (histogram.positive.counts + histogram.negative.counts)
                .reduce(0, +)
            let steps: [Int64] = [15_000, 15_000, 15_000, 15_003, 1, 600_000, 1 << 36]
            time += steps.randomElement(using: &random) ?? 1
        }
    }

    @Test(arguments: 0..<60)
    func histogramsReadBack(seed: UInt64) {
        var world = World(random: SplitMix64(seed))
        var times: [Timestamp] = []
        var written: [Histogram] = []
        for _ in 0..<Int.random(in: 1...4, using: &world.random) {
            var histogram = world.layout()
            for _ in 0..<Int.random(in: 1...150, using: &world.random) {
                world.grow(&histogram)
                times.append(Timestamp(millis: world.time))
                written.append(histogram)
            }
        }
        let chunks = RemoteReadChunks.encode(
            times: [], values: [], histogramTimes: times, histograms: written)
        var readTimes: [Int64] = []
        var read: [Histogram] = []
        for chunk in chunks {
            var reader = Reader(chunk)
            let samples = reader.samples()
            #expect(reader.bits.isAtEnd && samples.count == reader.count && reader.count <= 120)
            #expect(chunk.first.millis == samples.first?.time)
            #expect(chunk.last.millis == samples.last?.time)
            for (time, histogram) in samples {
                var histogram = histogram
                if reader.flags == 0xc0 { histogram.resetHint = .gauge }
                readTimes.append(time)
                read.append(histogram)
            }
        }
        #expect(readTimes == times.map(\.millis))
        #expect(read == written)
    }

    /// Bytes worked out by hand from the format: one sample at 1 s, count 2, one bucket.
    @Test func theBitsOfASmallChunkAreThoseOfTheFormat() throws {
        var histogram = Histogram()
        histogram.isInteger = true
        histogram.count = 2
        histogram.sum = 1
        histogram.positive = Histogram.Buckets(
            spans: [Histogram.Span(offset: 0, length: 1)], counts: [2])
        let chunk = try #require(
            RemoteReadChunks.encode(
                times: [], values: [], histogramTimes: [Timestamp(millis: 1000)],
                histograms: [histogram]
            ).first)
        var bits = "0000000000000001" + "00000000" + "00000000"
        bits += "0"  // schema 0
        bits += "10" + "001" + "10" + "001" + "0"  // one span: length 1, offset 0
        bits += "0"  // no negative span
        bits += "11110" + "001111101000"  // 1000 ms: behind the fourth prefix, 12 bits
        bits += "10" + "010" + "0"  // count 2, zero count 0
        bits += "0011111111110000" + String(repeating: "0", count: 48)  // 1.0
        bits += "10" + "010"  // the bucket
        while bits.count % 8 != 0 { bits += "0" }
        let bytes = stride(from: 0, to: bits.count, by: 8).compactMap { place in
            UInt8(bits.dropFirst(place).prefix(8), radix: 2)
        }
        #expect(chunk.bytes == bytes)
    }

    @Test func aStaleMarkerIsAChunkWithoutBuckets() throws {
        var stale = Histogram()
        stale.isInteger = true
        stale.sum = Double(bitPattern: staleMarkerBits)
        stale.positive = Histogram.Buckets(
            spans: [Histogram.Span(offset: 3, length: 1)], counts: [7])
        let chunk = try #require(
            RemoteReadChunks.encode(
                times: [], values: [], histogramTimes: [Timestamp(millis: -5)],
                histograms: [stale]
            ).first)
        var reader = Reader(chunk)
        let samples = reader.samples()
        #expect(samples.map(\.time) == [-5])
        #expect(samples[0].histogram.isStaleMarker && samples[0].histogram.positive == .none)
    }
}

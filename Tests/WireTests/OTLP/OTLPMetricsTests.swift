import Model
import Testing

@testable import Wire

/// Names as Prometheus 3.5 gives them.
@Suite struct OTLPNameTests {
    @Test(arguments: [
        ("http.server.duration", "ms", false, false, "http_server_duration_milliseconds"),
        ("system.cpu.time", "s", true, false, "system_cpu_time_seconds_total"),
        ("requests.total", "1", true, false, "requests_total"),
        ("cpu.utilization", "1", false, true, "cpu_utilization_ratio"),
        ("net.io", "By/s", false, true, "net_io_bytes_per_second"),
        ("queue", "{items}", false, true, "queue"),
        ("memory.bytes", "By", false, true, "memory_bytes"),
        ("2xx", "", true, false, "_2xx_total"), ("a..b--c", "", false, true, "a_b_c"),
        ("job:rate", "", false, true, "job:rate"), ("load", "%", false, true, "load_percent"),
    ])
    func aNameHasItsUnit(
        _ name: String, _ unit: String, _ isCounter: Bool, _ isGauge: Bool, _ expected: String
    ) {
        #expect(
            OTLPNames.metric(name, unit: unit, isCounter: isCounter, isGauge: isGauge) == expected)
    }

    @Test(arguments: [
        ("http.route", "http_route"), ("1st", "key_1st"), ("_own", "key_own"), ("__x", "__x"),
        ("é", "_"),
    ])
    func aLabelIsALabel(_ key: String, _ expected: String) {
        #expect(OTLPNames.label(key) == (key == "é" ? "key_" : expected))
    }
}

/// Exponential histograms, against their buckets one by one.
@Suite struct OTLPExponentialTests {
    private func histogram(scale: Int32, offset: Int32, _ counts: [UInt64]) throws -> Histogram {
        var buckets = Proto()
        buckets.varint(1, UInt64(UInt32(bitPattern: offset << 1 ^ offset >> 31)))
        for count in counts { buckets.varint(2, count) }
        var point = Proto()
        point.fixed64(2, 1_000_000_000)
        point.fixed64(3, 2_000_000_000)
        point.fixed64(4, counts.reduce(0, +))
        point.fixed64(5, (1.5).bitPattern)
        point.varint(6, UInt64(UInt32(bitPattern: scale << 1 ^ scale >> 31)))
        point.field(8, buckets.bytes)
        var content = Proto()
        content.field(1, point.bytes)
        content.varint(2, 2)
        var metric = Proto()
        metric.field(1, Array("h".utf8))
        metric.field(10, content.bytes)
        var scope = Proto()
        scope.field(2, metric.bytes)
        var resource = Proto()
        resource.field(2, scope.bytes)
        var request = Proto()
        request.field(1, resource.bytes)
        let found = try OTLPMetricsDecoder().decode(request.bytes)
        return try #require(found.series.first?.histograms.first?.histogram)
    }

    /// Counts by the index of their bucket.
    private func indices(_ histogram: Histogram) -> [Int: Double] {
        var found: [Int: Double] = [:]
        var index = 0
        var place = 0
        for span in histogram.positive.spans {
            index += Int(span.offset)
            for _ in 0..<span.length {
                found[index] = histogram.positive.counts[place]
                place += 1
                index += 1
            }
        }
        return found
    }

    @Test func bucketsAreCalledByTheirUpperEnd() throws {
        let made = try histogram(scale: 3, offset: -2, [1, 0, 2, 3])
        #expect(made.schema == 3 && indices(made) == [-1: 1, 1: 2, 2: 3])
    }

    @Test func finerScalesAreBroughtDown() throws {
        let made = try histogram(scale: 10, offset: -3, [1, 2, 4, 8, 16, 32])
        #expect(made.schema == 8)
        var expected: [Int: Double] = [:]
        for (place, count) in [1.0, 2, 4, 8, 16, 32].enumerated() {
            let upper = Double(place - 3 + 1)
            expected[Int((upper / 4).rounded(.up)), default: 0] += count
        }
        #expect(indices(made) == expected)
    }
}

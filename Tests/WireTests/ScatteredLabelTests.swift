import Testing

@testable import Wire

@Suite struct ScatteredLabelTests {
    /// A series with `runs` runs of one label each, an unknown field between them.
    private func scattered(runs: Int) -> [UInt8] {
        Protobuf.series(
            Protobuf.label("__name__", "m") + Protobuf.sample(1, 2)
                + (0..<runs).flatMap { Protobuf.integer(5, 0) + Protobuf.label("l\($0)", "v") })
    }

    @Test func scatteredLabelsAreGatheredInTheirOrder() throws {
        let batch = try decoded(scattered(runs: 3))
        let expected = [RawLabel("__name__", "m")] + (0..<3).map { RawLabel("l\($0)", "v") }
        #expect(batch.labels(of: batch.series[0]) == .success(expected))
    }

    @Test func scatteredLabelsHaveTheKeyOfTheSameLabelsInOneRun() throws {
        let one = try decoded(
            Protobuf.series(
                Protobuf.label("__name__", "m") + Protobuf.label("l0", "v")
                    + Protobuf.label("l1", "v") + Protobuf.sample(1, 2)))
        #expect(try decoded(scattered(runs: 2)).series[0].key == one.series[0].key)
    }

    /// Copying the labels so far for each further run took memory with the square of the body:
    /// 54 KB of one-label runs took 44 MB, so a body at the limit would have taken terabytes.
    @Test func gatheringTakesNoMoreThanTheBody() throws {
        let body = scattered(runs: 2000)
        let batch = try decoded(body + scattered(runs: 2000))
        #expect(batch.bytes.count <= 2 * (2 * body.count))
        for block in batch.series {
            let limits = LabelLimits(labels: 3000, nameBytes: 100, valueBytes: 100)
            #expect(try batch.labels(of: block, limits: limits).get().count == 2001)
        }
    }
}

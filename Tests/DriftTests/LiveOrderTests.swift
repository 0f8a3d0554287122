import Drift
import Model
import Testing

// A shuffled training file tells nothing of dependence; live rows do.

@Suite struct LiveOrderTests {
    private func autoregression(_ rows: Int, _ factor: Double, _ random: inout SplitMix64)
        -> [Double]
    {
        var level = 0.0
        return (0..<rows).map { _ in
            level = factor * level + (1 - factor * factor).squareRoot() * random.normal()
            return level
        }
    }

    /// A monitor whose baseline comes of a shuffled file.
    private func monitor(_ seed: UInt64) throws -> DriftMonitor {
        var random = SplitMix64(seed)
        let table = try DriftWorld.table([("x", .numbers(DriftWorld.normals(4000, &random)))])
        let built = try BaselineBuilder.build(
            table, BaselineSettings(model: "m", version: "1"))
        return DriftMonitor(built.baseline, MonitorSettings(seed: 4))
    }

    private func feed(_ values: [Double], _ monitor: inout DriftMonitor) {
        let plan = RowPlan(monitor.baseline, columns: ["x"])
        var cells: [UInt8] = []
        var refusals = RefusalCounts()
        for (row, value) in values.enumerated() {
            plan.encode([.number(value)], into: &cells, refusals: &refusals)
            _ = monitor.observe(cells, at: DriftWorld.start + .seconds(Int64(row)))
        }
    }

    @Test func independentRowsBringTheGuarantee() throws {
        var monitor = try monitor(140)
        #expect(!monitor.isGuaranteed && monitor.oneRowIn == 1)
        #expect(monitor.guarantee.contains("0 of 10000 live rows judged"))
        var random = SplitMix64(141)
        feed(DriftWorld.normals(10_001, &random), &monitor)
        #expect(monitor.isGuaranteed && monitor.oneRowIn <= 12)
        #expect(monitor.guarantee.contains("by the order of live rows"))
    }

    @Test func dependentRowsAreThinnedAsFarAsTheyMust() throws {
        var monitor = try monitor(142)
        var random = SplitMix64(143)
        feed(autoregression(10_001, 0.9, &random), &monitor)
        #expect((15...512).contains(monitor.oneRowIn), "\(monitor.oneRowIn)")
        let used = monitor.used
        feed(autoregression(5120, 0.9, &random), &monitor)
        let expected = 5120 / UInt64(monitor.oneRowIn)
        #expect(monitor.isLatched || (expected...expected + 1).contains(monitor.used - used))
    }

    @Test func whatLastsHasNoGuarantee() throws {
        var monitor = try monitor(144)
        feed((0..<10_001).map { Double($0) / 5000 - 1 }, &monitor)
        #expect(!monitor.isGuaranteed)
        #expect(monitor.guarantee.contains("dependent: no guarantee"))
    }

    @Test(arguments: [500, 10_000, 10_001, 10_500])
    func aCheckpointAtAnyRowChangesNothing(cut: Int) throws {
        var random = SplitMix64(145)
        let rows = autoregression(11_000, 0.5, &random)
        var whole = try monitor(146)
        feed(Array(rows[..<cut]), &whole)
        var written = Archive()
        whole.archiveState(&written)
        var read = try monitor(146)
        var archive = Archive(reading: written.bytes)
        read.archiveState(&archive)
        #expect(archive.isComplete)
        feed(Array(rows[cut...]), &whole)
        feed(Array(rows[cut...]), &read)
        var (one, other) = (Archive(), Archive())
        whole.archiveState(&one)
        read.archiveState(&other)
        #expect(one.bytes == other.bytes)
        #expect(read.guarantee == whole.guarantee)
    }

    @Test func aDeclaredLagIsNotJudged() throws {
        var random = SplitMix64(147)
        let baseline = try DriftWorld.baseline([("x", DriftWorld.normals(500, &random))])
        let monitor = DriftMonitor(baseline, MonitorSettings(seed: 1))
        #expect(monitor.guarantee == baseline.guarantee && monitor.isGuaranteed)
    }
}

import Drift
import Testing

// The short gate of the promise; `make drift-sim` is the long one. Of 200 clean runs of 10,000 rows
// at c = 100,000 at most a tenth may alarm on average; more than 34 of 200 happen by chance in less
// than one gate of a thousand.

@Suite struct FalseAlarmTests {
    static let runs = 200
    static let alarmsMax = 34

    @Test func orderedStreamsKeepTheBudget() {
        var alarms = 0
        for run in 0..<Self.runs {
            var random = SplitMix64(UInt64(run) &* 77 &+ 1)
            // Ranks depend on the order of values only, so uniform values stand for all.
            let sorted = (0..<1000).map { _ in random.uniform() }.sorted()
            let cuts = CellCuts((1..<31).map { sorted[$0 * 1000 / 31] })
            var counts = CellCounts()
            for value in sorted { counts.add(cuts.cell(of: value)) }
            var detector = OrderedDetector(baseline: counts, isCutAtRows: true)
            let start = UniformHash(seed: UInt64(run), version: 1).start(stream: 0)
            for row: UInt64 in 0..<10_000 {
                let cell = cuts.cell(of: random.uniform())
                let uniform = UniformHash.uniform(start: start, row: row)
                if detector.observe(cell, uniform: uniform) >= 1e5 {
                    alarms += 1
                    break
                }
            }
        }
        #expect(alarms <= Self.alarmsMax)
        // A detector that never alarms would keep any budget.
        #expect(alarms >= 3)
    }

    @Test(arguments: [0.01, 0.1]) func binaryStreamsKeepTheBudget(_ probability: Double) {
        var alarms = 0
        for run in 0..<Self.runs {
            var random = SplitMix64(UInt64(run) &* 79 &+ 2)
            let ones = (0..<1000).count { _ in random.uniform() < probability }
            var detector = StepDetector(ones: UInt32(ones), total: 1000)
            let start = UniformHash(seed: UInt64(run), version: 1).start(stream: 0)
            for row: UInt64 in 0..<10_000 {
                let uniform = UniformHash.uniform(start: start, row: row)
                if detector.observe(random.uniform() < probability, uniform: uniform) >= 1e5 {
                    alarms += 1
                    break
                }
            }
        }
        #expect(alarms <= Self.alarmsMax)
        #expect(alarms >= 2)
    }
}

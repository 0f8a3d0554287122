import Drift
import Model

/// How detection slows when rows are spread over nodes: each node on its own and the sum of their
/// wealth compared with the budget, or an evaluator that has the merged counts of each interval.
enum NodeTable {
    static let change = 5000
    static let runsMax = 500
    static let interval = 50

    static func print(_ runs: Int) -> Bool {
        let count = min(runs, runsMax)
        Simulation.line(
            "+1 sigma at row 5,000, rows spread over nodes: all rows from change to alarm, "
                + "median (95th percentile); \(count) runs; intervals of \(interval) rows")
        Simulation.row(["nodes", "sum of wealth", "early", "evaluator", "early"])
        for nodes in [1, 2, 4, 10] {
            var sums = Outcomes()
            var merged = Outcomes()
            for run in 0..<count {
                sums.add(alarm: sumAlarm(nodes, UInt64(run)), change: change)
                merged.add(alarm: evaluatorAlarm(nodes, UInt64(run)), change: change)
            }
            Simulation.row([
                "\(nodes)", "\(sums.median ?? 0) (\(sums.percentile(0.95) ?? 0))",
                Simulation.percent(sums.early, of: count),
                "\(merged.median ?? 0) (\(merged.percentile(0.95) ?? 0))",
                Simulation.percent(merged.early, of: count),
            ])
        }
        return true
    }

    private static func sample(_ chance: inout Chance) -> [Double] {
        (0..<1000).map { _ in chance.normal() }
    }

    private static func sumAlarm(_ nodes: Int, _ run: UInt64) -> Int? {
        var chance = Chance(run &* 32_452_843 &+ 5)
        let (cuts, counts, isCutAtRows) = CellCuts.fitted(sample(&chance))
        var detectors = (0..<nodes).map { _ in
            OrderedDetector(baseline: counts, isCutAtRows: isCutAtRows)
        }
        var sums = [Double](repeating: 0, count: nodes)
        let hash = UniformHash(seed: run, version: 1)
        for row in 1...(change + 5000) {
            let node = row % nodes
            let value = chance.normal() + (row >= change ? 1 : 0)
            sums[node] = detectors[node].observe(
                cuts.cell(of: value),
                uniform: hash.uniform(stream: UInt32(node), row: UInt64(row)))
            if sums.reduce(0, +) >= Watcher.limit { return row }
        }
        return nil
    }

    /// Through the monitor: the alarm is told when its interval is closed.
    private static func evaluatorAlarm(_ nodes: Int, _ run: UInt64) -> Int? {
        var chance = Chance(run &* 32_452_843 &+ 5)
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        let numbers = TrainingColumn.numbers(sample(&chance))
        guard let table = TrainingTable(names: ["x"], columns: [numbers], isInOrder: false),
            let built = try? BaselineBuilder.build(table, settings)
        else { return nil }
        var monitor = DriftMonitor(built.baseline, MonitorSettings(seed: run))
        let feature = built.baseline.features[0]
        let empty = IntervalCounts(of: built.baseline)
        var parts = [IntervalCounts](repeating: empty, count: nodes)
        for row in 1...(change + 5000) {
            let value = chance.normal() + (row >= change ? 1 : 0)
            guard let cell = feature.cell(of: value) else { return nil }
            parts[row % nodes].add([UInt8(cell)], slot: 0)
            guard row % interval == 0 else { continue }
            var whole = empty
            for node in parts.indices {
                guard whole.merge(parts[node]) else { return nil }
                parts[node] = empty
            }
            let time = Timestamp(millis: Int64(row) * 1000)
            if monitor.absorb(whole, at: time)?.isEmpty == false { return row }
        }
        return nil
    }
}

import Drift
import Model

/// A hundred features on one budget, one of which moves; through the monitor, missing-value
/// streams included.
enum FeatureTable {
    static let features = 100
    static let baseline = 2000
    static let change = 5000
    static let runsMax = 300

    static func print(_ runs: Int) -> Bool {
        let count = min(runs, runsMax)
        Simulation.line(
            "100 features on one budget of 100,000 rows, baseline of 2,000 rows, one feature moves "
                + "by +1 sigma at row 5,000; \(count) runs")
        var outcomes = Outcomes()
        var named = 0
        var isWhole = true
        for run in 0..<count {
            guard let result = alarm(UInt64(run)) else {
                isWhole = false
                continue
            }
            outcomes.add(alarm: result.row, change: change)
            if result.isNamed { named += 1 }
        }
        let median = outcomes.median ?? .max
        let share = Double(named) / Double(max(1, outcomes.detected))
        let isKept = isWhole && median <= 55 && share >= 0.95
        Simulation.row(["median (95th percentile)", "early", "named rightly", "at most"])
        Simulation.row([
            "\(median) (\(outcomes.percentile(0.95) ?? 0))",
            Simulation.percent(outcomes.early, of: count),
            Simulation.percent(named, of: outcomes.detected), "55" + (isKept ? "" : " BROKEN"),
        ])
        return isKept
    }

    private static func alarm(_ run: UInt64) -> (row: Int?, isNamed: Bool)? {
        var chance = Chance(run &* 15_485_863 &+ 3)
        let names = (0..<features).map { "f\($0)" }
        let columns = names.map { _ in
            TrainingColumn.numbers((0..<baseline).map { _ in chance.normal() })
        }
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        guard let table = TrainingTable(names: names, columns: columns, isInOrder: false),
            let built = try? BaselineBuilder.build(table, settings)
        else { return nil }
        var monitor = DriftMonitor(built.baseline, MonitorSettings(seed: run))
        let plan = RowPlan(built.baseline, columns: names)
        var cells: [UInt8] = []
        var refusals = RefusalCounts()
        var row = [FeatureValue](repeating: .missing, count: features)
        let moved = Int(run) % features
        for number in 1...(change + 500) {
            for feature in 0..<features { row[feature] = .number(chance.normal()) }
            if number >= change, case .number(let value) = row[moved] {
                row[moved] = .number(value + 1)
            }
            plan.encode(row, into: &cells, refusals: &refusals)
            let time = Timestamp(millis: Int64(number) * 1000)
            if case .alarm(let alarm) = monitor.observe(cells, at: time) {
                return (number, number >= change && alarm.streams.first?.feature == "f\(moved)")
            }
        }
        return (nil, false)
    }
}

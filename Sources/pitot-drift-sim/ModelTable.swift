import CMath
import Drift
import Model

/// A clean model with features of every kind, through builder, plan and monitor: numbers, numbers
/// that are missing now and then, flags, a few levels, and more levels than have cells.
enum ModelTable {
    static let rows = 10_000
    static let runsMax = 1000
    private static let names = ["amount", "age", "flag", "plan", "city", "note"]

    static func print(_ runs: Int) -> Bool {
        let count = min(runs, runsMax)
        let most = Simulation.alarmsMax(count)
        Simulation.line(
            "A clean model of 6 features (numbers, missing values, flags, 4 levels, 200 levels, "
                + "text mostly missing); runs of 10,000 rows that alarm, of \(count)")
        Simulation.row(["baseline rows", "alarms", "at most"])
        var isKept = true
        for size in [100, 1000, 10_000] {
            let alarms = (0..<count).count { isAlarmed(UInt64($0), size) }
            let isGood = alarms <= most
            isKept = isKept && isGood
            Simulation.row(["\(size)", "\(alarms)", "\(most)" + (isGood ? "" : " BROKEN")])
        }
        return isKept
    }

    private static func row(_ chance: inout Chance) -> [FeatureValue] {
        let isKnown = chance.uniform() > 0.05
        let age = pitot_exp(chance.normal())
        let flag = chance.uniform() < 0.03 ? 1.0 : 0
        let plan = Int(chance.uniform() * chance.uniform() * 4)
        // Frequencies fall with the rank: most cities are rare, and new ones keep coming.
        let city = Int(pitot_exp(chance.uniform() * pitot_log(200)))
        let note = chance.uniform()
        return [
            .number(chance.normal()), isKnown ? .number(age) : .missing, .number(flag),
            .text("plan\(plan)"), .text("city\(city)"),
            note < 0.02 ? .text("note\(Int(note * 10_000))") : .missing,
        ]
    }

    private static func isAlarmed(_ run: UInt64, _ size: Int) -> Bool {
        var chance = Chance(run &* 86_028_121 &+ UInt64(size))
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        guard var collector = BaselineCollector(rows: size, columns: names, settings) else {
            return true
        }
        for number in 0..<size {
            collector.observe(row(&chance), at: Timestamp(millis: Int64(number)))
        }
        guard let built = try? collector.build() else { return true }
        var monitor = DriftMonitor(built.baseline, MonitorSettings(seed: run))
        let plan = RowPlan(built.baseline, columns: names)
        var cells: [UInt8] = []
        var refusals = RefusalCounts()
        return (0..<rows).contains { number in
            plan.encode(row(&chance), into: &cells, refusals: &refusals)
            let time = Timestamp(millis: Int64(size + number))
            if case .alarm = monitor.observe(cells, at: time) { return true }
            return false
        }
    }
}

import CMath
import Drift
import Model

/// Streams that are not exchangeable, with the guards on: rows thinned by the lag that the baseline
/// shows, counts per hour of the day. Alarms are per 10,000 raw rows.
enum GuardTable {
    static let rows = 10_000

    private struct Case {
        let name: String
        let baselineRows: Int
        let rowsPerDay: Int
        let phases: PhaseKind
        var runsMax = 2000
        /// Printed, not judged.
        var isKnownLimit = false
        let make: () -> (inout Chance, Int) -> Double
    }

    private static var cases: [Case] {
        [
            Case(name: "white noise", baselineRows: 10_000, rowsPerDay: 1440, phases: .none) {
                { chance, _ in chance.normal() }
            },
            Case(name: "AR(1) 0.9", baselineRows: 40_000, rowsPerDay: 1440, phases: .none) {
                var level = 0.0
                return { chance, _ in
                    level = 0.9 * level + (1 - 0.81).squareRoot() * chance.normal()
                    return level
                }
            },
            Case(
                name: "90 % white + 10 % AR(.99)", baselineRows: 40_000, rowsPerDay: 1440,
                phases: .none
            ) {
                var level = 0.0
                return { chance, _ in
                    level = 0.99 * level + (1 - 0.9801).squareRoot() * chance.normal()
                    return 0.9.squareRoot() * chance.normal() + 0.1.squareRoot() * level
                }
            },
            Case(
                name: "season .5 sigma, 1,440 a day", baselineRows: 7 * 1440, rowsPerDay: 1440,
                phases: .hourOfDay
            ) { season(1440) },
            Case(
                name: "season, 144,000 a day", baselineRows: 7 * 144_000, rowsPerDay: 144_000,
                phases: .hourOfDay, runsMax: 20, isKnownLimit: true
            ) { season(144_000) },
            Case(
                name: "season, daily level sd .1", baselineRows: 7 * 1440, rowsPerDay: 1440,
                phases: .hourOfDay, runsMax: 500, isKnownLimit: true
            ) {
                var (day, level) = (-1, 0.0)
                let seasonal = season(1440)
                return { chance, row in
                    if row / 1440 != day {
                        day = row / 1440
                        level = 0.1 * chance.normal()
                    }
                    return seasonal(&chance, row) + level
                }
            },
        ]
    }

    private static func season(_ rowsPerDay: Int) -> (inout Chance, Int) -> Double {
        { chance, row in
            let angle = 2 * Double.pi * Double(row % rowsPerDay) / Double(rowsPerDay)
            return chance.normal() + 0.5 * pitot_cos(angle)
        }
    }

    static func print(_ runs: Int) -> Bool {
        Simulation.line(
            "Guards on: runs of 10,000 raw rows that alarm; raw rows from +1 sigma at row 5,000 "
                + "to the alarm")
        Simulation.row([
            "stream", "runs", "alarms", "at most", "flagged", "stride", "delay +1 sigma",
        ])
        var isKept = true
        for each in cases { isKept = line(each, min(runs, each.runsMax)) && isKept }
        return isKept
    }

    private static func line(_ each: Case, _ runs: Int) -> Bool {
        var (alarms, flagged, strides) = (0, 0, [Int]())
        var delays = Outcomes()
        for run in 0..<runs {
            // No baseline: too few rows are left, and nothing is watched.
            guard let clean = first(each, UInt64(run), shift: 0) else {
                flagged += 1
                continue
            }
            strides.append(clean.stride)
            if !clean.isGuaranteed { flagged += 1 } else if clean.alarm != nil { alarms += 1 }
            // The delay needs fewer runs.
            if run < max(20, runs / 10), let moved = first(each, UInt64(run), shift: 1) {
                delays.add(alarm: moved.alarm, change: 5000)
            }
        }
        let most = Simulation.alarmsMax(runs)
        let isGood = each.isKnownLimit || alarms <= most
        strides.sort()
        Simulation.row([
            each.name, "\(runs)", "\(alarms)",
            each.isKnownLimit ? "known limit" : "\(most)" + (isGood ? "" : " BROKEN"),
            "\(flagged)", "\(strides.first ?? 0)-\(strides.last ?? 0)",
            "\(delays.median.map(String.init) ?? "-") (\(delays.detected)/\(delays.runs))",
        ])
        return isGood
    }

    /// One run: the first alarm of 10,000 raw rows that follow the baseline's.
    private static func first(
        _ each: Case, _ run: UInt64, shift: Double
    ) -> (alarm: Int?, isGuaranteed: Bool, stride: Int)? {
        var chance = Chance(run &* 49_979_687 &+ 11)
        let draw = each.make()
        let step = 86_400_000 / Int64(each.rowsPerDay)
        let values = (0..<each.baselineRows).map { draw(&chance, $0) }
        let times = (0..<each.baselineRows).map { Timestamp(millis: Int64($0) * step) }
        var settings = BaselineSettings(model: "m", version: "1")
        settings.phases = each.phases
        let columns = [TrainingColumn.numbers(values)]
        guard
            let table = TrainingTable(
                names: ["x"], columns: columns, times: times, isInOrder: true),
            let built = try? BaselineBuilder.build(table, settings)
        else { return nil }
        let baseline = built.baseline
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: run))
        var alarm: Int?
        for number in 1...rows {
            let row = each.baselineRows + number - 1
            let value = draw(&chance, row) + (number >= 5000 ? shift : 0)
            guard let cell = baseline.features[0].cell(of: value) else { return nil }
            let time = Timestamp(millis: Int64(row) * step)
            if case .alarm = monitor.observe([UInt8(cell)], at: time) {
                alarm = number
                break
            }
        }
        return (alarm, baseline.isGuaranteed, baseline.stride)
    }
}

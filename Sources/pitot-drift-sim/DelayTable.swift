import Drift

/// Rows from a change to the alarm: the change is at row 5,000, the baseline has 1,000 rows.
enum DelayTable {
    static let change = 5000
    static let rows = 10_000
    static let baseline = 1000
    static let peerRuns = 200

    private struct Case {
        let name: String
        let isBinary: Bool
        /// The most that the median may be.
        let most: Int?
        let draw: (inout Chance, Bool) -> Double
    }

    private static var cases: [Case] {
        [
            ordered("+1 sigma", 38, .shift(1)), ordered("-1 sigma", 38, .shift(-1)),
            ordered("+0.5 sigma", 94, .shift(0.5)), ordered("+0.25 sigma", nil, .shift(0.25)),
            ordered("sd x2", 55, .spread(2)),
            ordered("variance x2", 132, .spread(2.0.squareRoot())),
            binary(0.1, 0.3, 65), binary(0.1, 0.2, 190), binary(0.3, 0.1, 85),
        ]
    }

    private static func ordered(_ name: String, _ most: Int?, _ change: Change) -> Case {
        Case(name: name, isBinary: false, most: most) { chance, isChanged in
            let value = chance.normal()
            return isChanged ? change.apply(value) : value
        }
    }

    private static func binary(_ before: Double, _ after: Double, _ most: Int) -> Case {
        Case(name: "Bernoulli \(before) -> \(after)", isBinary: true, most: most) {
            chance, isChanged in
            chance.uniform() < (isChanged ? after : before) ? 1 : 0
        }
    }

    static func print(_ runs: Int) -> Bool {
        Simulation.line(
            "Rows from a change at row 5,000 to the alarm: median (95th percentile), early alarms; "
                + "\(runs) runs, \(min(runs, peerRuns)) of the others")
        Simulation.row(
            [
                "change", "Pitot", "early", "at most", "ADWIN clock 1", "early", "Page-Hinkley",
                "early",
            ])
        var isKept = true
        for each in cases {
            var cells = [each.name]
            for kind in Watcher.Kind.allCases {
                let count = kind == .pitot ? runs : min(runs, peerRuns)
                let outcomes = outcomes(kind, each, count)
                let median = outcomes.median.map(String.init) ?? "-"
                cells.append("\(median) (\(outcomes.percentile(0.95).map(String.init) ?? "-"))")
                cells.append(Simulation.percent(outcomes.early, of: outcomes.runs))
                guard kind == .pitot else { continue }
                let isGood = each.most.map { (outcomes.median ?? .max) <= $0 } ?? true
                cells.append(
                    (each.most.map(String.init) ?? "") + (isGood ? "" : " BROKEN"))
                isKept = isKept && isGood
            }
            Simulation.row(cells)
        }
        return isKept
    }

    private static func outcomes(_ kind: Watcher.Kind, _ each: Case, _ runs: Int) -> Outcomes {
        var outcomes = Outcomes()
        for run in 0..<runs {
            var chance = Chance(UInt64(run) &* 104_729 &+ 17)
            let sample = (0..<baseline).map { _ in each.draw(&chance, false) }
            var watcher = Watcher(
                kind, baseline: sample, isBinary: each.isBinary, seed: UInt64(run))
            let alarm = (1...rows).first { row in
                watcher.alarms(each.draw(&chance, row >= change))
            }
            outcomes.add(alarm: alarm, change: change)
        }
        return outcomes
    }
}

import Drift

/// Clean runs of 10,000 rows that alarm, for baselines of 100, 1,000 and 10,000 rows at c = 1e5.
enum CleanTable {
    static let rows = 10_000
    static let baselines = [100, 1000, 10_000]
    /// Runs of the detectors beside: they are slow.
    static let peerRuns = 100

    static func print(_ runs: Int) -> Bool {
        let most = Simulation.alarmsMax(runs)
        Simulation.line(
            "Clean runs of 10,000 rows that alarm, of \(runs); c = 100,000; at most \(most)")
        Simulation.row(
            ["stream"] + baselines.map { "baseline \($0)" } + ["ADWIN clock 1", "Page-Hinkley"])
        var isKept = true
        for shape in Shape.allCases {
            isKept = line(shape.rawValue, runs, most, isBinary: false) { shape.draw(&$0) } && isKept
        }
        for probability in [0.01, 0.1, 0.4] {
            isKept =
                line("Bernoulli \(probability)", runs, most, isBinary: true) {
                    $0.uniform() < probability ? 1 : 0
                } && isKept
        }
        return isKept
    }

    private static func line(
        _ name: String, _ runs: Int, _ most: Int, isBinary: Bool, _ draw: (inout Chance) -> Double
    ) -> Bool {
        var cells = [name]
        var isKept = true
        for size in baselines {
            let alarms = count(.pitot, runs, size, isBinary, draw)
            isKept = isKept && alarms <= most
            cells.append("\(alarms)\(alarms <= most ? "" : " BROKEN")")
        }
        for peer in [Watcher.Kind.adwin, .pageHinkley] {
            let alarms = count(peer, min(runs, peerRuns), 0, isBinary, draw)
            cells.append(Simulation.percent(alarms, of: min(runs, peerRuns)))
        }
        Simulation.row(cells)
        return isKept
    }

    private static func count(
        _ kind: Watcher.Kind, _ runs: Int, _ size: Int, _ isBinary: Bool,
        _ draw: (inout Chance) -> Double
    ) -> Int {
        (0..<runs).count { run in
            var chance = Chance(UInt64(run) &* 7919 &+ UInt64(size))
            let baseline = (0..<size).map { _ in draw(&chance) }
            var watcher = Watcher(
                kind, baseline: baseline, isBinary: isBinary, seed: UInt64(run))
            return (0..<rows).contains { _ in watcher.alarms(draw(&chance)) }
        }
    }
}

import Drift
import Model

// Drift on one core. A row's cells are what a decoder hands over; values are numbers of N(0, 1)
// drawn beforehand.

/// The benchmarks of the Drift module.
enum DriftBench {
    static func run() -> [Measurement] {
        [detector(), encoded(), window(1000), window(10_000), report(), monitor()]
    }

    private static func normals(_ count: Int, seed: UInt64) -> [Double] {
        // Sums of twelve uniforms: normal enough for a benchmark.
        var random = SeededOrder(seed: seed)
        return (0..<count).map { _ in
            (0..<12).reduce(-6) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 }
        }
    }

    /// From a value to the sum of all wealth: cell, rank, sixteen bets.
    private static func detector() -> Measurement {
        let (cuts, counts, isCutAtRows) = CellCuts.fitted(normals(10_000, seed: 1))
        let values = normals(1 << 16, seed: 2)
        var detector = OrderedDetector(baseline: counts, isCutAtRows: isCutAtRows)
        let start = UniformHash(seed: 1, version: 1).start(stream: 1)
        let rows = 20_000_000
        var row: UInt64 = 0
        var largest = 0.0
        var measured = Measurement.take(
            "drift.detector", unit: "update", operations: rows, allocationsMax: 0
        ) {
            for index in 0..<rows {
                row += 1
                let uniform = UniformHash.uniform(start: start, row: row)
                let cell = cuts.cell(of: values[index & 0xffff])
                largest = max(largest, detector.observe(cell, uniform: uniform))
            }
        }
        measured.extra = [("largest", largest)]
        return measured
    }

    /// A table of columns of normals.
    private static func baseline(features: Int, rows: Int) -> Baseline {
        let names = (0..<features).map { "f\($0)" }
        let columns = names.indices.map { TrainingColumn.numbers(normals(rows, seed: UInt64($0))) }
        var settings = BaselineSettings(model: "bench", version: "1")
        settings.stride = 1
        guard let table = TrainingTable(names: names, columns: columns, isInOrder: false),
            let built = try? BaselineBuilder.build(table, settings)
        else { preconditionFailure("the bench's own table is good") }
        return built.baseline
    }

    /// Named values to cells, a hundred features a row.
    private static func encoded() -> Measurement {
        let baseline = baseline(features: 100, rows: 1000)
        let plan = RowPlan(baseline, columns: (0..<100).map { "f\($0)" })
        let row = normals(100, seed: 5).map(FeatureValue.number)
        var cells: [UInt8] = []
        var refusals = RefusalCounts()
        plan.encode(row, into: &cells, refusals: &refusals)
        let rows = 20_000
        return Measurement.take(
            "drift.encode", unit: "value", operations: rows * 100, allocationsMax: 0
        ) {
            for _ in 0..<rows { plan.encode(row, into: &cells, refusals: &refusals) }
        }
    }

    /// A hundred features a row through guards, window, bets and missing-value streams.
    private static func monitor() -> Measurement {
        let baseline = baseline(features: 100, rows: 2000)
        var settings = MonitorSettings(seed: 1)
        // Out of reach: a latched monitor rests.
        settings.budget = .rows(1e18)
        var monitor = DriftMonitor(baseline, settings)
        var random = SeededOrder(seed: 9)
        var cells = [UInt8](repeating: 0, count: 100)
        let count = 5000
        var time = BenchWorld.start
        return Measurement.take(
            "drift.monitor", unit: "value", operations: count * 100, allocationsMax: 1
        ) {
            for _ in 0..<count {
                time = time + .seconds(1)
                for feature in cells.indices {
                    cells[feature] = UInt8(random.next().multipliedFullWidth(by: 31).high)
                }
                precondition(monitor.observe(cells, at: time) == .used)
            }
        }
    }

    /// ADWIN with a look at every sample, at a window that stays about this wide.
    private static func window(_ width: Int) -> Measurement {
        let values = normals(width, seed: 3)
        var full = AdaptiveWindow(AdaptiveWindowSettings(clock: 1))
        for value in values { _ = full.observe(value) }
        let more = normals(width / 10, seed: 4)
        let passes = 2_000_000 / more.count
        return Measurement.take(
            "drift.adwin.window\(width)", unit: "update", operations: passes * more.count,
            allocationsMax: 20
        ) {
            for _ in 0..<passes {
                var window = full
                for value in more { _ = window.observe(value) }
            }
        }
    }

    /// All level measures of 100 features, 10,000 rows against 10,000, from counters.
    private static func report() -> Measurement {
        let baseline = baseline(features: 100, rows: 10_000)
        let scale = LevelScale(baseline)
        var interval = IntervalCounts(of: baseline)
        let columns = baseline.features.indices.map { normals(10_000, seed: UInt64(1000 + $0)) }
        for row in 0..<10_000 {
            interval.add(
                baseline.features.indices.map {
                    UInt8(baseline.features[$0].cell(of: columns[$0][row]) ?? 0)
                }, slot: 0)
        }
        return Measurement.take(
            "drift.report.100features", unit: "round", operations: 100, allocationsMax: 3_000_000
        ) {
            for _ in 0..<100 { precondition(scale.report(interval).features.count == 100) }
        }
    }
}

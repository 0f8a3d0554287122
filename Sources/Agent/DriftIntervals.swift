import Drift
import Model

// Closed windows' counters, for whoever merges those of several nodes. Windows end on multiples of
// their length, on every node; what rows ended earlier is added to the interval it lies in.

/// The newest closed intervals of a watch.
struct DriftIntervals: Sendable, Archivable {
    static let blank = DriftIntervals()
    static let intervalsMax = 24
    /// Of all intervals of a watch.
    static let cellsMax = 20_000

    struct Interval: Sendable, Archivable {
        static let blank = Interval(end: .distantPast, rows: 0, cells: [])

        var end: Timestamp
        var rows: UInt64
        var cells: [FilledCell]

        mutating func archive(_ archive: inout Archive) {
            archive.field(&end)
            archive.field(&rows)
            archive.array(&cells, blank: FilledCell(feature: 0, slot: 0, cell: 0, rows: 0)) {
                $0.field(&$1.feature)
                $0.field(&$1.slot)
                $0.field(&$1.cell)
                $0.field(&$1.rows)
            }
        }
    }

    private(set) var all: [Interval] = []
    /// Intervals that gave way to newer ones, or were too large.
    private(set) var leftOut: UInt64 = 0

    /// Adds the rows of a window that lies in the interval that ends there.
    mutating func add(_ counts: IntervalCounts, _ baseline: Baseline, end: Timestamp) {
        guard counts.rows > 0 else { return }
        var sum = counts
        if let last = all.last, last.end == end {
            all.removeLast()
            guard
                let before = IntervalCounts(of: baseline, rows: last.rows, filled: last.cells),
                sum.merge(before)
            else {
                leftOut += 1
                return
            }
        }
        let cells = sum.filled(slots: baseline.phases.slotCount)
        guard cells.count <= Self.cellsMax else {
            leftOut += 1
            return
        }
        all.append(Interval(end: end, rows: sum.rows, cells: cells))
        while all.count > Self.intervalsMax
            || all.reduce(0, { $0 + $1.cells.count }) > Self.cellsMax
        {
            all.removeFirst()
            leftOut += 1
        }
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&all)
        archive.field(&leftOut)
    }
}

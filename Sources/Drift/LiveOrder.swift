internal import Model

// A training file is mostly shuffled, and tells nothing of how live rows depend on each other. So a
// monitor whose baseline knows nothing judges the first rows it sees, in their order of arrival:
// their cells are kept, a byte each, and once there are enough of them one feature a row is judged,
// so that nobody waits. Then one row in k is used, as if the baseline had said so.

/// Rows in their order of arrival, until their dependence is known.
struct LiveOrder: Sendable {
    /// Rows that are judged, at most, and cells that are kept.
    static let rowsMax = 10_000
    static let cellsMax = 1_000_000

    private let width: Int
    /// Rows to collect.
    let rows: Int
    private var cells: [UInt8] = []
    private var slots: [UInt8] = []
    /// Features judged so far, and the lag that the worst of them needs; nil when none is enough.
    private var judged = 0
    private var lag: Int? = 1

    /// Nil when there are too many features to keep enough rows.
    init?(_ baseline: Baseline) {
        width = baseline.features.count
        rows = min(Self.rowsMax, Self.cellsMax / max(1, width))
        guard width > 0, rows >= Dependence.rowsMin else { return nil }
    }

    /// Rows collected.
    var collected: Int { slots.count }

    /// Takes a row's cells; what is known, once it is. O(rows * lags) when it judges.
    mutating func observe(_ row: [UInt8], slot: Int, _ baseline: Baseline) -> Dependence? {
        guard collected >= rows else {
            cells += row
            slots.append(UInt8(truncatingIfNeeded: slot))
            return nil
        }
        if judged < width {
            // What many features need is not asked of more of them than must be.
            switch (lag, Dependence.estimate([scores(judged, baseline)])) {
            case (let lag?, .gone(let needed)): self.lag = max(lag, needed)
            default: lag = nil
            }
            judged = lag == nil ? width : judged + 1
        }
        guard judged == width else { return nil }
        return lag.map { .gone(lag: $0) }
            ?? .lasting(lagsTried: min(Dependence.lagMax, collected / 10))
    }

    /// Each row's rank among the baseline's rows of its slot, less one half.
    private func scores(_ feature: Int, _ baseline: Baseline) -> [Double] {
        let counts = baseline.features[feature].counts
        return slots.indices.map { row in
            let cell = Int(cells[row * width + feature])
            guard cell < CellCounts.missing else { return 0 }
            let slot = counts[Int(slots[row])]
            let middle = Double(slot.below(cell)) + Double(slot[cell]) / 2
            return middle / Double(max(1, slot.values)) - 0.5
        }
    }

    /// Passes what changes, for a checkpoint.
    mutating func archiveState(_ archive: inout Archive, _ baseline: Baseline) {
        archive.field(&cells)
        archive.field(&slots)
        archive.field(&judged)
        var hasLag = lag != nil
        var value = lag ?? 0
        archive.field(&hasLag)
        archive.field(&value)
        guard archive.isReading else { return }
        lag = hasLag ? value : nil
        let isSound =
            cells.count == slots.count * width && collected <= rows
            && (0...width).contains(judged) && value >= 0
            && slots.allSatisfy { Int($0) < baseline.phases.slotCount }
        if !isSound {
            (cells, slots, judged, lag) = ([], [], 0, 1)
            archive.fail()
        }
    }
}

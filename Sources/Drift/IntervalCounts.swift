public import Model

/// The rows of an interval, counted by feature, slot and cell: all that level measures, reports and
/// an evaluator need. Counts add exactly, so any split of the rows over nodes, restarts and
/// sub-intervals gives the same bytes.
public struct IntervalCounts: Hashable, Sendable {
    /// The baseline whose cells these are.
    public private(set) var baselineID: String
    /// Rows counted.
    public private(set) var rows: UInt64 = 0
    private var slots: Int
    private var counts: [CellCounts]

    /// No rows of a baseline's features.
    public init(of baseline: Baseline) { self.init(of: baseline, id: baseline.id) }

    init(of baseline: Baseline, id: String) {
        baselineID = id
        slots = baseline.phases.slotCount
        counts = [CellCounts](repeating: CellCounts(), count: slots * baseline.features.count)
    }

    /// Features counted.
    public var features: Int { slots == 0 ? 0 : counts.count / slots }

    /// Whether it has a baseline's features and slots.
    func fits(_ baseline: Baseline) -> Bool {
        slots == baseline.phases.slotCount && counts.count == slots * baseline.features.count
    }

    /// A feature's rows by cell, in a slot.
    public func counts(feature: Int, slot: Int) -> CellCounts { counts[feature * slots + slot] }

    /// Counts a row's cells, as `RowPlan.encode` gives them.
    public mutating func add(_ cells: [UInt8], slot: Int) {
        precondition(cells.count == features && slot < slots, "a row of this baseline")
        rows += 1
        for (feature, cell) in cells.enumerated() where cell != RowPlan.untouched {
            counts[feature * slots + slot].add(Int(cell))
        }
    }

    /// Tells how many rows there are, of counters that are put together; false for too many.
    mutating func count(rows: UInt64) -> Bool {
        self.rows = rows
        return rows <= 1 << 48
    }

    /// Adds a cell's rows; false when that is too many.
    mutating func add(_ cell: FilledCell) -> Bool {
        let place = cell.feature * slots + cell.slot
        let before = counts[place].total
        counts[place].add(cell.cell, rows: cell.rows)
        return counts[place].total - before == cell.rows
    }

    /// Adds the rows of another node or interval; false, and unchanged, when they are of another
    /// baseline or too many.
    public mutating func merge(_ other: IntervalCounts) -> Bool {
        guard baselineID == other.baselineID, slots == other.slots,
            counts.count == other.counts.count
        else { return false }
        var sum = self
        sum.rows += other.rows
        for index in counts.indices where !sum.counts[index].merge(other.counts[index]) {
            return false
        }
        self = sum
        return true
    }
}

extension IntervalCounts: Archivable {
    public static let blank = IntervalCounts(of: .blank, id: "")

    public mutating func archive(_ archive: inout Archive) {
        archive.field(&baselineID)
        archive.field(&rows)
        archive.field(&slots)
        archive.field(&counts)
        guard archive.isReading else { return }
        if slots < 1 || counts.count % max(1, slots) != 0 {
            self = .blank
            archive.fail()
        }
    }
}

public import Model

// A feature's rows are counted in 32 cells: up to 31 for values, the last for a missing value. Kept
// are running sums, because every question is about sums: how many rows lie below a cell is one
// load, and a row is added by one vector addition instead of a loop.

/// Counts of rows in 32 cells, as running sums; 128 bytes. They add exactly, whatever was split.
public struct CellCounts: Hashable, Sendable {
    /// Cells in all.
    public static let cellCount = 32
    /// The cell of a missing value.
    public static let missing = 31
    /// Most cells for values.
    public static let valueCellsMax = 31
    /// Rows after which no more are added: a running sum stays within 32 bits.
    public static let rowsMax: UInt32 = 1 << 31

    /// Rows in the cells up to and including each.
    var upTo: SIMD32<UInt32>

    /// No rows.
    public init() { upTo = .zero }

    /// The rows of each cell; cells that are not given hold none.
    public init(_ counts: [UInt32]) {
        self.init()
        precondition(counts.count <= Self.cellCount, "at most 32 cells")
        for (cell, count) in counts.enumerated() where count > 0 { add(cell, rows: count) }
    }

    /// All rows, those with a missing value too.
    public var total: UInt32 { upTo[Self.missing] }
    /// Rows that have a value.
    public var values: UInt32 { upTo[Self.missing - 1] }
    /// Whether no more rows are added.
    public var isFull: Bool { total >= Self.rowsMax }

    /// Rows in the cells before this one.
    public func below(_ cell: Int) -> UInt32 { cell == 0 ? 0 : upTo[cell - 1] }

    /// The rows of a cell.
    public subscript(cell: Int) -> UInt32 { upTo[cell] - below(cell) }

    /// The rows of each cell.
    public var counts: [UInt32] { (0..<Self.cellCount).map { self[$0] } }

    /// Adds one row, unless it is full.
    public mutating func add(_ cell: Int) {
        if !isFull { upTo = upTo &+ cellSteps[cell] }
    }

    /// Adds rows to a cell; past `rowsMax` they are left out.
    public mutating func add(_ cell: Int, rows: UInt32) {
        let fitting = min(rows, Self.rowsMax - min(total, Self.rowsMax))
        upTo = upTo &+ cellSteps[cell] &* SIMD32(repeating: fitting)
    }

    /// Adds other rows, exactly; false, and unchanged, when the sum would pass `rowsMax`.
    @discardableResult
    public mutating func merge(_ other: CellCounts) -> Bool {
        guard UInt64(total) + UInt64(other.total) <= UInt64(Self.rowsMax) else { return false }
        upTo = upTo &+ other.upTo
        return true
    }
}

extension CellCounts {
    /// One row in so many: running sums are divided, so nothing is lost to rounding but the rest.
    func divided(by divisor: UInt32) -> CellCounts {
        var fewer = self
        for cell in 0..<Self.cellCount { fewer.upTo[cell] = upTo[cell] / max(1, divisor) }
        return fewer
    }
}

extension CellCounts: Archivable {
    public static let blank = CellCounts()

    public mutating func archive(_ archive: inout Archive) {
        var counts = self.counts
        archive.array(&counts, blank: 0) { $0.field(&$1) }
        guard archive.isReading else { return }
        let total = counts.reduce(UInt64(0)) { $0 + UInt64($1) }
        guard counts.count == Self.cellCount, total <= UInt64(Self.rowsMax) else {
            self = .blank
            return archive.fail()
        }
        self = CellCounts(counts)
    }
}

/// What a row in each cell adds to the running sums.
let cellSteps: [SIMD32<UInt32>] = (0..<CellCounts.cellCount).map { cell in
    var step = SIMD32<UInt32>.zero
    for index in cell..<CellCounts.cellCount { step[index] = 1 }
    return step
}

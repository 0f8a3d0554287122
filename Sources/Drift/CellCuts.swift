// Where an ordered feature is cut into cells: the first cell is open downwards, the last upwards,
// so that every number has one. A cell holds its lower cut and not its upper.

/// At most 30 cuts, so at most 31 cells.
public struct CellCuts: Hashable, Sendable {
    /// Most cuts.
    public static let cutsMax = CellCounts.valueCellsMax - 1
    /// Places that are searched: five halvings.
    static let places = 31

    /// Ascending, without repeats.
    public let cuts: [Double]
    /// The same, filled up with infinity, so that the search needs no bounds of its own.
    private let padded: [Double]

    /// Cuts at these values; they are sorted, and repeats and NaN left out.
    public init(_ values: [Double]) {
        var cuts: [Double] = []
        for value in values.filter({ !$0.isNaN }).sorted() where cuts.last != value {
            // Zero has one sign.
            cuts.append(value + 0)
        }
        precondition(cuts.count <= Self.cutsMax, "at most 30 cuts")
        self.cuts = cuts
        padded = cuts + Array(repeating: .infinity, count: Self.places - cuts.count)
    }

    /// Cells.
    public var count: Int { cuts.count + 1 }

    /// The cell that holds a finite value. Five comparisons, without a branch.
    public func cell(of value: Double) -> Int {
        unsafe padded.withUnsafeBufferPointer { unsafe Self.search($0, from: 0, value) }
    }

    /// The cuts, filled up to `places`, for a search over those of many features.
    var searchable: [Double] { padded }

    /// The cell of a value among the `places` cuts that begin at `start`; they must be there.
    static func search(_ cuts: UnsafeBufferPointer<Double>, from start: Int, _ value: Double) -> Int
    {
        // In bounds: the steps sum to 31, and a step of s looks at s - 1 ahead.
        var cell = unsafe cuts[start + 15] <= value ? 16 : 0
        cell += unsafe cuts[start + cell + 7] <= value ? 8 : 0
        cell += unsafe cuts[start + cell + 3] <= value ? 4 : 0
        cell += unsafe cuts[start + cell + 1] <= value ? 2 : 0
        return unsafe cell + (cuts[start + cell] <= value ? 1 : 0)
    }

    /// Cuts that part sorted values into at most `cells` cells of as many rows each, at values of
    /// rows themselves, and whether each cut is the value of one row alone. A value that fills a
    /// cell or more gets a cell of its own, so that a constant that moves is seen. O(cells).
    static func even(_ sorted: [Double], cells: Int) -> (cuts: CellCuts, isCutAtRows: Bool) {
        let rows = sorted.count
        guard rows > 0, cells > 1 else { return (CellCuts([]), false) }
        var cuts: [Double] = []
        var isCutAtRows = true
        // How many cuts in a row would be at this value.
        var (last, hits) = (Double.nan, 0)
        for cut in 1..<cells {
            // The row with `place` rows before it: cut * (rows + 1) / cells gaps lie below.
            let place = min(rows, max(1, (cut * (rows + 1) + cells / 2) / cells)) - 1
            let value = sorted[place]
            let isTied =
                (place > 0 && sorted[place - 1] == value)
                || (place + 1 < rows && sorted[place + 1] == value)
            if isTied { isCutAtRows = false }
            hits = value == last ? hits + 1 : 1
            last = value
            switch hits {
            case 1 where value > sorted[0] || !isTied || rows == 1: cuts.append(value)
            case 2 where isTied:
                // The least value had no cut below it yet.
                if cuts.last != value { cuts.append(value) }
                cuts.append(value.nextUp)
            default: break
            }
        }
        return (CellCuts(cuts), isCutAtRows)
    }
}

extension CellCuts {
    /// Cells for an ordered feature of which `values` are the baseline, the rows in each, and
    /// whether each cut is one row's value. O(n log n).
    public static func fitted(
        _ values: [Double]
    ) -> (cuts: CellCuts, counts: CellCounts, isCutAtRows: Bool) {
        let (cuts, isCutAtRows) = even(values.sorted(), cells: CellCounts.valueCellsMax)
        var counts = CellCounts()
        for value in values { counts.add(cuts.cell(of: value)) }
        return (cuts, counts, isCutAtRows)
    }
}

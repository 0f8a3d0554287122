public import Model

// One feature of a baseline: how its values fall into cells, and how many rows of each phase fell
// into each cell. Cell 31 is always "missing". Levels have at most 29 cells of their own; cell 29
// holds the other levels the baseline knows, cell 30 what it has never seen.

/// How a feature's values become cells.
public enum FeatureCells: Hashable, Sendable {
    /// Numbers with an order, and the mean of the baseline's values in each cell.
    case ordered(cuts: CellCuts, means: [Double], isCutAtRows: Bool)
    /// Numbers of which the baseline has two at most, ascending.
    case flags([Double])
    /// The most frequent levels, the most frequent first.
    case levels([String])
}

/// What the rows of a slice share: a feature and its level.
public struct SliceKey: Hashable, Sendable, Comparable {
    public var feature: String
    public var level: String

    /// Rows whose `feature` is `level`.
    public init(feature: String, level: String) {
        self.feature = feature
        self.level = level
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.feature, left.level) < (right.feature, right.level)
    }
}

/// A feature's cells and counts. Immutable once made.
public struct FeatureBaseline: Hashable, Sendable {
    /// Levels with a cell of their own.
    public static let levelsMax = 29
    /// The cell of known levels that have none of their own.
    public static let other = 29
    /// The cell of levels the baseline does not know.
    public static let new = 30
    /// Other levels that are told from new ones, by their hash.
    public static let othersMax = 1024

    public private(set) var name: String
    /// The slice whose rows are counted; nil for all rows.
    public private(set) var slice: SliceKey?
    public private(set) var cells: FeatureCells
    /// Hashes of the other levels, ascending. Full means that others cannot be told from new ones,
    /// and that all count as others.
    public private(set) var others: [UInt64]
    /// Rows by cell, of each slot of the phase plan.
    public private(set) var counts: [CellCounts]

    init(
        name: String, slice: SliceKey?, cells: FeatureCells, others: [UInt64], counts: [CellCounts]
    ) {
        self.name = name
        self.slice = slice
        self.cells = cells
        self.others = others
        self.counts = counts
    }

    /// `name`, or `name{key=level}` in a slice.
    public var title: String {
        guard let slice else { return name }
        return "\(name){\(slice.feature)=\(slice.level)}"
    }

    /// Rows in all slots; of levels those that did not choose them.
    public var rows: UInt64 { counts.reduce(0) { $0 + UInt64($1.total) } }

    /// The cell of a finite number; nil when this feature has levels that are no numbers.
    public func cell(of value: Double) -> Int? {
        switch cells {
        case .ordered(let cuts, _, _): cuts.cell(of: value)
        case .flags(let flags): flags.firstIndex(of: value) ?? Self.new
        case .levels: nil
        }
    }

    /// The cell of a level that has no cell of its own.
    func cellOfUnlisted(_ level: String) -> Int {
        if others.count >= Self.othersMax { return Self.other }
        var hash = FNV1a64()
        hash.combine(level.utf8)
        var (low, high) = (0, others.count)
        while low < high {
            let middle = (low + high) / 2
            if others[middle] < hash.value { low = middle + 1 } else { high = middle }
        }
        return low < others.count && others[low] == hash.value ? Self.other : Self.new
    }

    /// What a cell is called: `[a, b)`, a level, `other`, `new` or `missing`.
    public func label(of cell: Int) -> String {
        if cell == CellCounts.missing { return "missing" }
        switch cells {
        case .ordered(let cuts, _, _):
            let low = cell == 0 ? "-inf" : cuts.cuts[cell - 1].description
            let high = cell < cuts.cuts.count ? cuts.cuts[cell].description : "inf"
            return "[\(low), \(high))"
        case .flags(let flags): return cell < flags.count ? flags[cell].description : "new"
        case .levels(let levels):
            if cell < levels.count { return levels[cell] }
            return cell == Self.other ? "other" : "new"
        }
    }

    /// The cells that values can fall into, ascending; without "missing".
    public var valueCells: [Int] {
        switch cells {
        case .ordered(let cuts, _, _): Array(0..<cuts.count)
        case .flags(let flags): Array(0..<flags.count) + [Self.new]
        case .levels(let levels): Array(0..<levels.count) + [Self.other, Self.new]
        }
    }
}

extension FeatureBaseline: Archivable {
    public static let blank = FeatureBaseline(
        name: "", slice: nil, cells: .levels([]), others: [], counts: [])

    public mutating func archive(_ archive: inout Archive) {
        archive.field(&name)
        archive.optional(&slice, blank: SliceKey(feature: "", level: "")) {
            $0.field(&$1.feature)
            $0.field(&$1.level)
        }
        cells.archive(&archive)
        archive.array(&others, blank: 0) { $0.field(&$1) }
        archive.field(&counts)
        guard archive.isReading else { return }
        let isAscending = zip(others, others.dropFirst()).allSatisfy { $0 < $1 }
        if !isAscending || others.count > Self.othersMax { archive.fail() }
    }
}

extension FeatureCells: Archivable {
    public static let blank = FeatureCells.levels([])

    public mutating func archive(_ archive: inout Archive) {
        var (kind, numbers, means): (UInt8, [Double], [Double]) = (2, [], [])
        var (names, isCutAtRows): ([String], Bool) = ([], false)
        switch self {
        case .ordered(let cuts, let itsMeans, let itsFlag):
            (kind, numbers, means, isCutAtRows) = (0, cuts.cuts, itsMeans, itsFlag)
        case .flags(let flags): (kind, numbers) = (1, flags)
        case .levels(let levels): names = levels
        }
        archive.field(&kind)
        archive.field(&numbers)
        archive.field(&means)
        archive.field(&names)
        archive.field(&isCutAtRows)
        guard archive.isReading else { return }
        self = .blank
        // Zero has one sign, or equal baselines would have two names.
        numbers = numbers.map { $0 + 0 }
        means = means.map { $0 + 0 }
        let isFinite = numbers.allSatisfy(\.isFinite) && means.allSatisfy(\.isFinite)
        let isAscending = zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
        switch kind {
        case 0
        where isFinite && isAscending && numbers.count <= CellCuts.cutsMax
            && means.count == numbers.count + 1:
            self = .ordered(cuts: CellCuts(numbers), means: means, isCutAtRows: isCutAtRows)
        case 1 where isFinite && isAscending && numbers.count <= 2: self = .flags(numbers)
        case 2 where names.count <= FeatureBaseline.levelsMax: self = .levels(names)
        default: archive.fail()
        }
    }
}

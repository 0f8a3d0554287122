internal import Model

/// From one feature's values to its cells.
struct CellLookup: Sendable {
    private let feature: FeatureBaseline
    private let levels: [String: Int]

    init(_ feature: FeatureBaseline) {
        self.feature = feature
        if case .levels(let names) = feature.cells {
            levels = Dictionary(zip(names, names.indices)) { first, _ in first }
        } else {
            levels = [:]
        }
    }

    /// The longest level that is looked at.
    static let levelBytesMax = 4096

    /// The value's cell, or nil and why it has none.
    func cell(of value: FeatureValue, _ refusal: inout FeatureRefusal?) -> Int? {
        switch value {
        case .missing: return CellCounts.missing
        case .number(let number):
            guard number.isFinite else {
                refusal = number.isNaN ? .notANumber : .infinite
                return nil
            }
            if let cell = feature.cell(of: number) { return cell }
            // Levels are written as numbers too.
            return cell(ofLevel: FeatureValue.level(number), &refusal)
        case .text(let text): return cell(ofLevel: text, &refusal)
        case .flag(let flag):
            // A flag where the baseline has numbers is 0 or 1.
            if let cell = feature.cell(of: flag ? 1 : 0) { return cell }
            return cell(ofLevel: FeatureValue.level(flag), &refusal)
        }
    }

    private func cell(ofLevel text: String, _ refusal: inout FeatureRefusal?) -> Int? {
        guard case .levels = feature.cells else {
            refusal = .wrongType
            return nil
        }
        if let cell = levels[text] { return cell }
        guard text.utf8.count <= Self.levelBytesMax else {
            refusal = .tooLong
            return nil
        }
        return feature.cellOfUnlisted(text)
    }
}

extension FeatureCells {
    /// Cells that fit the values of these rows, the hashes of levels without a cell, and the rows
    /// to be counted.
    ///
    /// Levels are chosen by one third of the rows and counted in the others. Chosen and counted by
    /// the same rows, frequent levels would look more frequent than they are, and a level that the
    /// rows do not hold would have a share of exactly nothing: clean rows would look like drift.
    static func fitting(
        _ column: TrainingColumn, _ rows: [Int], _ settings: BaselineSettings, isOneSlot: Bool
    ) -> (FeatureCells, others: [UInt64], counted: [Int]) {
        switch column {
        case .texts(let texts):
            // By a hash of the place: rows may have a rhythm.
            let choosing = rows.filter { mixed(UInt64($0) &+ golden) % 3 == 0 }
            let counted = rows.filter { mixed(UInt64($0) &+ golden) % 3 != 0 }
            let (cells, others) = levels(texts, choosing, settings)
            return (cells, others, counted)
        case .numbers(let numbers):
            let sorted = rows.compactMap { numbers[$0] }.filter(\.isFinite).sorted()
            return (ordered(sorted, cells: settings.cells, isOneSlot: isOneSlot), [], rows)
        }
    }

    /// Flags for two values, otherwise cells of as many rows each.
    private static func ordered(
        _ sorted: [Double], cells: Int, isOneSlot: Bool
    ) -> FeatureCells {
        // Nothing but missing values: whatever comes will be new.
        if sorted.isEmpty { return .levels([]) }
        if let least = sorted.first, let greatest = sorted.last, sorted.count > 1,
            least < greatest, sorted.allSatisfy({ $0 == least || $0 == greatest })
        {
            return .flags([least + 0, greatest + 0])
        }
        let wanted = min(max(2, cells), CellCounts.valueCellsMax)
        let (cuts, isCutAtRows) = CellCuts.even(sorted, cells: wanted)
        var sums = [Double](repeating: 0, count: cuts.count)
        var counts = [Double](repeating: 0, count: cuts.count)
        for value in sorted {
            let cell = cuts.cell(of: value)
            counts[cell] += 1
            // A running mean: a sum could overflow.
            sums[cell] += (value - sums[cell]) / counts[cell]
        }
        // An empty cell lies at the cut that bounds it; without cuts there is one cell, with rows.
        let means = sums.indices.map { cell in
            counts[cell] > 0 ? sums[cell] + 0 : cuts.cuts[max(0, cell - 1)]
        }
        // In phases, cuts at rows of all phases are as good as fixed for each.
        return .ordered(cuts: cuts, means: means, isCutAtRows: isCutAtRows && isOneSlot)
    }

    private static func levels(
        _ texts: [String?], _ rows: [Int], _ settings: BaselineSettings
    ) -> (FeatureCells, others: [UInt64]) {
        var counts: [String: Int] = [:]
        for row in rows {
            if let text = texts[row], text.utf8.count <= CellLookup.levelBytesMax {
                counts[text, default: 0] += 1
            }
        }
        let ranked = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        let own = min(max(1, settings.levels), FeatureBaseline.levelsMax)
        let others = Set(
            ranked.dropFirst(own).prefix(FeatureBaseline.othersMax).map { level in
                var hash = FNV1a64()
                hash.combine(level.utf8)
                return hash.value
            })
        return (.levels(Array(ranked.prefix(own))), others.sorted())
    }
}

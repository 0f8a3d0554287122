public import Model

// What a row brings, and what is wrong with it. A value that cannot be taken is counted by reason
// and touches no detector; the row's other values are used.

/// The value of one feature in one row.
public enum FeatureValue: Hashable, Sendable {
    case missing
    case number(Double)
    case text(String)
    case flag(Bool)

    /// A flag's level.
    static func level(_ flag: Bool) -> String { flag ? "true" : "false" }

    /// A number's level: a whole number has no fraction, whoever wrote it how.
    public static func level(_ number: Double) -> String {
        Int64(exactly: number).map { String($0) } ?? number.description
    }

    /// What a word says; nil for what is no single value.
    public init?(_ word: FeatureWord, texts: [String]) {
        switch word.content {
        case .number(let number): self = .number(number)
        case .missing: self = .missing
        case .flag(let flag): self = .flag(flag)
        case .text(let place):
            guard place < texts.count else { return nil }
            self = .text(texts[place])
        case .nested, .tooLong: return nil
        }
    }
}

/// Why a value or a row was not taken.
public enum FeatureRefusal: UInt8, CaseIterable, Hashable, Sendable, Error {
    /// NaN.
    case notANumber = 0
    case infinite = 1
    /// Text where numbers are expected.
    case wrongType = 2
    /// A feature that the baseline does not have.
    case unknownFeature = 3
    /// A row of another width than its plan.
    case wrongShape = 4
    /// A level longer than 4 KiB.
    case tooLong = 5

    /// For metrics and reports.
    public var label: String {
        switch self {
        case .notANumber: "not_a_number"
        case .infinite: "infinite"
        case .wrongType: "wrong_type"
        case .unknownFeature: "unknown_feature"
        case .wrongShape: "wrong_shape"
        case .tooLong: "too_long"
        }
    }
}

/// How often each refusal happened. They add.
public struct RefusalCounts: Hashable, Sendable {
    private var counts = [UInt64](repeating: 0, count: FeatureRefusal.allCases.count)

    public init() {}

    public subscript(refusal: FeatureRefusal) -> UInt64 { counts[Int(refusal.rawValue)] }
    /// All of them.
    public var total: UInt64 { counts.reduce(0, +) }

    /// Counts one, or several.
    public mutating func add(_ refusal: FeatureRefusal, times: UInt64 = 1) {
        counts[Int(refusal.rawValue)] += times
    }

    /// Adds others.
    public mutating func merge(_ other: RefusalCounts) {
        for index in counts.indices { counts[index] += other.counts[index] }
    }
}

/// Which columns of a source feed which features of a baseline; made once a source.
public struct RowPlan: Sendable {
    /// A cell that stands for "not taken": the detector is not touched.
    public static let untouched: UInt8 = 255

    /// Columns a row has.
    public let width: Int
    /// Columns that no feature of the baseline knows.
    public let unknown: Int
    /// Features for which there is no column, ascending: all their values are missing.
    public let absent: [String]
    private let features: [FeatureBaseline]
    /// The column of each feature; nil when the source has none: its value is missing.
    private let columns: [Int?]
    /// The column that tells each feature's slice.
    private let sliceColumns: [Int?]
    private let lookups: [CellLookup]
    /// The column of each feature that has an order and no slice; -1 of others.
    private let plain: [Int]
    /// The cuts of every feature, `CellCuts.places` each; of others than those none are looked at.
    private let cuts: [Double]

    /// For rows whose values come in the order of `names`.
    public init(_ baseline: Baseline, columns names: [String]) {
        let places = Dictionary(zip(names, names.indices)) { first, _ in first }
        width = names.count
        features = baseline.features
        columns = features.map { places[$0.name] }
        sliceColumns = features.map { $0.slice.flatMap { places[$0.feature] } }
        let known = Set(features.map(\.name))
        unknown = names.count { !known.contains($0) }
        absent = known.subtracting(names).sorted()
        lookups = features.map(CellLookup.init)
        plain = features.map { feature in
            guard case .ordered = feature.cells, feature.slice == nil else { return -1 }
            return places[feature.name] ?? -1
        }
        cuts = features.flatMap { feature in
            guard case .ordered(let cuts, _, _) = feature.cells else {
                return [Double](repeating: 0, count: CellCuts.places)
            }
            return cuts.searchable
        }
    }

    /// The cells of a row, one a feature of the baseline, into `cells`; refusals are counted.
    /// Allocates only to make room the first time.
    public func encode(
        _ row: [FeatureValue], into cells: inout [UInt8], refusals: inout RefusalCounts
    ) {
        if cells.count != features.count {
            cells = [UInt8](repeating: Self.untouched, count: features.count)
        }
        guard row.count == width else {
            refusals.add(.wrongShape)
            for index in cells.indices { cells[index] = Self.untouched }
            return
        }
        if unknown > 0 { refusals.add(.unknownFeature, times: UInt64(unknown)) }
        unsafe cuts.withUnsafeBufferPointer { cuts in
            for index in plain.indices {
                if plain[index] >= 0, case .number(let value) = row[plain[index]], value.isFinite {
                    // In bounds: `cuts` holds as many of each feature.
                    let start = index * CellCuts.places
                    let cell = unsafe CellCuts.search(cuts, from: start, value)
                    cells[index] = UInt8(truncatingIfNeeded: cell)
                } else {
                    cells[index] = cell(index, &refusals, { .success(row[$0]) })
                }
            }
        }
    }

    /// The same for a row of words that begins at a place, `width` of them.
    public func encode(
        _ words: [FeatureWord], from start: Int, texts: [String], into cells: inout [UInt8],
        refusals: inout RefusalCounts
    ) {
        precondition(start >= 0 && start + width <= words.count, "a row of this plan")
        if cells.count != features.count {
            cells = [UInt8](repeating: Self.untouched, count: features.count)
        }
        if unknown > 0 { refusals.add(.unknownFeature, times: UInt64(unknown)) }
        unsafe cuts.withUnsafeBufferPointer { cuts in
            unsafe words.withUnsafeBufferPointer { words in
                for index in plain.indices {
                    let column = plain[index]
                    // In bounds: a column is less than the width.
                    if column >= 0, unsafe words[start + column].isFinite {
                        let first = index * CellCuts.places
                        let cell = unsafe CellCuts.search(
                            cuts, from: first, words[start + column].double)
                        cells[index] = UInt8(truncatingIfNeeded: cell)
                    } else {
                        cells[index] = cell(
                            index, &refusals,
                            { unsafe Self.value(words[start + $0], texts) })
                    }
                }
            }
        }
    }

    private static func value(
        _ word: FeatureWord, _ texts: [String]
    ) -> Result<FeatureValue, FeatureRefusal> {
        if let value = FeatureValue(word, texts: texts) { return .success(value) }
        return .failure(word == .tooLong ? .tooLong : .wrongType)
    }

    private func cell(
        _ index: Int, _ refusals: inout RefusalCounts,
        _ value: (Int) -> Result<FeatureValue, FeatureRefusal>
    ) -> UInt8 {
        if let slice = features[index].slice {
            guard let column = sliceColumns[index], case .success(let key) = value(column),
                isIn(slice, key)
            else { return Self.untouched }
        }
        guard let column = columns[index] else { return UInt8(CellCounts.missing) }
        var refusal: FeatureRefusal?
        switch value(column) {
        case .success(let value):
            if let cell = lookups[index].cell(of: value, &refusal) { return UInt8(cell) }
        case .failure(let reason): refusal = reason
        }
        // A slice's value is refused once, with the whole.
        if let refusal, features[index].slice == nil { refusals.add(refusal) }
        return Self.untouched
    }

    private func isIn(_ slice: SliceKey, _ value: FeatureValue) -> Bool {
        switch value {
        case .text(let text): text == slice.level
        case .flag(let flag): FeatureValue.level(flag) == slice.level
        case .number, .missing: false
        }
    }
}

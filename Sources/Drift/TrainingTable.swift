public import Model

/// A column of training rows: numbers or texts, nil where the value is missing.
public enum TrainingColumn: Hashable, Sendable {
    case numbers([Double?])
    case texts([String?])

    /// Rows.
    public var count: Int {
        switch self {
        case .numbers(let values): values.count
        case .texts(let values): values.count
        }
    }

    /// The value of a row.
    public subscript(row: Int) -> FeatureValue {
        switch self {
        case .numbers(let values): values[row].map(FeatureValue.number) ?? .missing
        case .texts(let values): values[row].map(FeatureValue.text) ?? .missing
        }
    }
}

/// Rows from which a baseline is made: a training file, or the first rows seen live.
public struct TrainingTable: Hashable, Sendable {
    /// Values a table may hold.
    public static let valuesMax = 100_000_000

    /// Each column's name; unlike each other.
    public private(set) var names: [String]
    public private(set) var columns: [TrainingColumn]
    /// When each row was seen; without times there are no phases.
    public private(set) var times: [Timestamp]?
    /// Whether rows are in the order in which they arrived, so that dependence can be judged. A
    /// shuffled file looks independent and is not.
    public var isInOrder: Bool

    /// Nil when names repeat, or columns or times are of different lengths.
    public init?(
        names: [String], columns: [TrainingColumn], times: [Timestamp]? = nil, isInOrder: Bool
    ) {
        let rows = columns.first?.count ?? 0
        guard names.count == columns.count, Set(names).count == names.count,
            columns.allSatisfy({ $0.count == rows }), times.map({ $0.count == rows }) ?? true,
            rows * names.count <= Self.valuesMax
        else { return nil }
        self.names = names
        self.columns = columns
        self.times = times
        self.isInOrder = isInOrder
    }

    /// Rows.
    public var rows: Int { columns.first?.count ?? 0 }
}

public import Model

/// A baseline of the first rows seen live: it collects until it has enough, and raises nothing
/// before. Rows are kept whole until then, at most `rows` of them.
public struct BaselineCollector: Sendable {
    /// Rows to collect, and how the baseline is made of them.
    public let rows: Int
    public let settings: BaselineSettings
    private let names: [String]
    private var values: [[FeatureValue]]
    private var times: [Timestamp] = []
    /// Rows of another width than `names`.
    public private(set) var refusals = RefusalCounts()

    /// Collects `rows` rows whose values come in the order of `names`. Nil when that is more than a
    /// table may hold.
    public init?(rows: Int, columns names: [String], _ settings: BaselineSettings) {
        guard rows > 0, rows <= TrainingTable.valuesMax / max(1, names.count) else { return nil }
        self.rows = rows
        self.settings = settings
        self.names = names
        values = Array(repeating: [], count: names.count)
    }

    /// Rows collected so far.
    public var collected: Int { times.count }
    /// Whether the baseline can be made.
    public var isComplete: Bool { collected >= rows }

    /// Takes a row in its order of arrival; once complete, no more.
    public mutating func observe(_ row: [FeatureValue], at time: Timestamp) {
        guard !isComplete else { return }
        guard row.count == names.count else { return refusals.add(.wrongShape) }
        times.append(time)
        for (column, value) in row.enumerated() { values[column].append(value) }
    }

    /// The baseline of the rows collected; nil until complete.
    public func build() throws(BaselineError) -> BuiltBaseline? {
        guard isComplete else { return nil }
        let columns = values.map { TrainingColumn($0) }
        guard
            let table = TrainingTable(
                names: names, columns: columns, times: times, isInOrder: true)
        else { return nil }
        return try BaselineBuilder.build(table, settings)
    }
}

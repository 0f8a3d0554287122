internal import Model

// Rows become columns. A column whose values are all numbers or missing has an order; any text
// makes it one of levels.

/// Collects rows of named values.
struct TableBuilder {
    static let columnsMax = 10_000

    private(set) var names: [String] = []
    private var places: [String: Int] = [:]
    private var columns: [[FeatureValue]] = []
    private(set) var rows = 0

    /// The column of a name; a new one has missed all rows so far.
    mutating func column(_ name: String, line: Int) throws(TableError) -> Int {
        if let place = places[name] { return place }
        guard names.count < Self.columnsMax else {
            throw TableError(line: line, .tooManyColumns(most: Self.columnsMax))
        }
        guard rows * (names.count + 1) <= TrainingTable.valuesMax else {
            throw TableError(line: line, .tooManyValues(most: TrainingTable.valuesMax))
        }
        places[name] = names.count
        names.append(name)
        columns.append(Array(repeating: .missing, count: rows))
        return names.count - 1
    }

    /// Begins a row in which everything is missing.
    mutating func beginRow(line: Int) throws(TableError) {
        guard (rows + 1) * max(1, names.count) <= TrainingTable.valuesMax else {
            throw TableError(line: line, .tooManyValues(most: TrainingTable.valuesMax))
        }
        rows += 1
        for column in columns.indices { columns[column].append(.missing) }
    }

    /// Sets a value of the row that was begun last.
    mutating func set(_ column: Int, _ value: FeatureValue) { columns[column][rows - 1] = value }

    /// The table; the column `time` becomes its times.
    func table(time: String?, isInOrder: Bool) throws(TableError) -> TrainingTable {
        guard rows > 0, !names.isEmpty else { throw TableError(line: 1, .empty) }
        var times: [Timestamp]?
        var kept = Array(names.indices)
        if let time {
            guard let place = places[time] else {
                throw TableError(line: 1, .noSuchTimeColumn(time))
            }
            var read: [Timestamp] = []
            for (row, value) in columns[place].enumerated() {
                read.append(try Self.time(value, line: row + 1))
            }
            times = read
            kept.removeAll { $0 == place }
        }
        guard
            let table = TrainingTable(
                names: kept.map { names[$0] }, columns: kept.map { TrainingColumn(columns[$0]) },
                times: times, isInOrder: isInOrder)
        else { throw TableError(line: 1, .tooManyValues(most: TrainingTable.valuesMax)) }
        return table
    }

    /// Numbers from 1e11 on are milliseconds: as seconds they lie beyond the year 5000.
    private static func time(_ value: FeatureValue, line: Int) throws(TableError) -> Timestamp {
        guard case .number(let number) = value, abs(number) < 1e15 else {
            throw TableError(line: line, .badTime("\(value)"))
        }
        return Timestamp(millis: Int64((abs(number) >= 1e11 ? number : number * 1000).rounded()))
    }
}

extension TrainingColumn {
    /// Numbers if all values are numbers or missing, levels otherwise.
    public init(_ values: [FeatureValue]) {
        let isNumeric = values.allSatisfy { value in
            switch value {
            case .number, .missing: true
            case .text, .flag: false
            }
        }
        if isNumeric {
            self = .numbers(
                values.map { if case .number(let number) = $0 { number } else { nil } })
            return
        }
        self.init(levels: values)
    }

    /// Levels, whatever the values are.
    public init(levels values: [FeatureValue]) {
        self = .texts(
            values.map { value in
                switch value {
                case .missing: nil
                case .number(let number): FeatureValue.level(number)
                case .text(let text): text
                case .flag(let flag): FeatureValue.level(flag)
                }
            })
    }
}

/// A number as files write it: decimal, or one of the words for what is none.
func fileNumber(_ text: String) -> Double? {
    guard let first = text.utf8.first else { return nil }
    switch first {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
        UInt8(ascii: "."):
        if text.utf8.contains(UInt8(ascii: "x")) || text.utf8.contains(UInt8(ascii: "X")) {
            return nil
        }
        return Double(text)
    default:
        return ["nan", "inf", "infinity"].contains(text.lowercased()) ? Double(text) : nil
    }
}

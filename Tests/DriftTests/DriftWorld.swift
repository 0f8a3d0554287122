import Drift
import Model

/// Tables, baselines and rows for tests.
enum DriftWorld {
    static let start = Timestamp(millis: 1_790_000_000_000)

    /// A baseline of columns of numbers.
    static func baseline(
        _ columns: [(String, [Double])], stride: Int = 1
    ) throws -> Baseline {
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = stride
        let table = try table(columns.map { ($0.0, .numbers($0.1)) })
        return try BaselineBuilder.build(table, settings).baseline
    }

    static func table(
        _ columns: [(String, TrainingColumn)], times: [Timestamp]? = nil, isInOrder: Bool = false
    ) throws -> TrainingTable {
        guard
            let table = TrainingTable(
                names: columns.map(\.0), columns: columns.map(\.1), times: times,
                isInOrder: isInOrder)
        else { throw DriftWorldError.badTable }
        return table
    }

    static func normals(_ count: Int, _ random: inout SplitMix64) -> [Double] {
        (0..<count).map { _ in random.normal() }
    }
}

enum DriftWorldError: Error { case badTable }

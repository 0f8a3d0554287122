import Agent
import Drift
import Model
import Wire

// From NDJSON to the sum of all evidence: simdjson, words, the log's bytes, cells, guards, window
// and detectors. One body of a thousand rows, again and again; the budget is out of reach, for a
// latched monitor rests.

/// The benchmarks of the path that features take.
enum FeatureBench {
    static func run() -> [Measurement] {
        [parsed(), counted(features: 20), counted(features: 100)]
    }

    private static let rows = 1000

    private static func normals(_ count: Int, seed: UInt64) -> [Double] {
        var random = SeededOrder(seed: seed)
        return (0..<count).map { _ in
            (0..<12).reduce(-6) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 }
        }
    }

    /// Rows as a client writes them: seven digits.
    private static func body(features: Int) -> [UInt8] {
        let values = normals(rows * features, seed: 3)
        var text = ""
        for row in 0..<rows {
            let members = (0..<features).map { feature in
                let value = (values[row * features + feature] * 1_000_000).rounded() / 1_000_000
                return "\"feature_\(feature)\":\(value)"
            }
            text += "{" + members.joined(separator: ",") + "}\n"
        }
        return Array(text.utf8)
    }

    private static func parsed() -> Measurement {
        let body = body(features: 20)
        guard let reader = FeatureRows() else { preconditionFailure("there is memory") }
        let rounds = 200
        return Measurement.take(
            "features.parse.20", unit: "value", operations: rounds * rows * 20,
            allocationsMax: 100
        ) {
            for _ in 0..<rounds {
                precondition(reader.read(body).frames[0].rows == rows, "all rows are read")
            }
        }
    }

    private static func counted(features: Int) -> Measurement {
        let names = (0..<features).map { "feature_\($0)" }
        let columns = names.indices.map { TrainingColumn.numbers(normals(2000, seed: UInt64($0))) }
        var settings = BaselineSettings(model: "bench", version: "")
        settings.stride = 1
        guard let table = TrainingTable(names: names, columns: columns, isInOrder: false),
            let built = try? BaselineBuilder.build(table, settings)
        else { preconditionFailure("the bench's own table is good") }
        let rules = """
            apiVersion: pitot/v1
            kind: DriftModels
            models: [{model: bench, baseline: {file: b}, budget: {rows: 1e18}}]
            """
        var agent = AgentCore()
        var effects: [PlannedEffect] = []
        let files = ConfigurationFiles(
            config: nil, rules: [SourceFile(path: "d.yaml", bytes: Array(rules.utf8))],
            baselines: [SourceFile(path: "b", bytes: built.baseline.bytes)])
        agent.handle(.configured(files), at: BenchWorld.start, into: &effects)
        let body = body(features: features)
        guard let reader = FeatureRows() else { preconditionFailure("there is memory") }
        let rounds = 2000 / features
        var logged = 0
        let measured = Measurement.take(
            "features.body-to-detectors.\(features)", unit: "value",
            operations: rounds * rows * features, allocationsMax: 200
        ) {
            for _ in 0..<rounds {
                var batch = FeatureBatch()
                for frame in reader.read(body).frames {
                    var event = FeatureEvent(.rows)
                    event.model = "bench"
                    event.frame = frame
                    batch.events.append(event)
                }
                agent.handle(.features(batch, nil), at: BenchWorld.start, into: &effects)
                logged += agent.takeLog().count
                effects.removeAll(keepingCapacity: true)
            }
        }
        precondition(logged > 8 * rounds * rows * features, "the values are logged")
        return measured
    }
}

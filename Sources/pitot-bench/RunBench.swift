import Agent
import Model
import Runs
import Wire

// From OpenLineage's JSON to the counts of two SLOs: simdjson, the fold of runs, verdicts, ledger
// and the log's bytes. Each run starts and completes, with facets such as Airflow's provider sends;
// some 800 bytes an event. Once in batches of a hundred, once event by event.

/// The benchmarks of the path that runs take.
enum RunBench {
    static func run() -> [Measurement] {
        [counted(perBody: 100), counted(perBody: 1)]
    }

    private static let runs = 20_000

    private static func event(_ number: Int, isEnd: Bool) -> String {
        let second = number / 1000 % 60
        let time = "2026-11-24T10:\(isEnd ? 31 : 30):\(second < 10 ? "0" : "")\(second).5Z"
        let outputs =
            isEnd
            ? "[{\"namespace\":\"s3://models\",\"name\":\"model-\(number % 50)\",\"facets\":{},"
                + "\"outputFacets\":{\"outputStatistics\":{\"rowCount\":10,\"size\":5}}}]" : "[]"
        return "{\"eventTime\":\"\(time)\",\"eventType\":\"\(isEnd ? "COMPLETE" : "START")\","
            + "\"job\":{\"namespace\":\"team-\(number % 10)\","
            + "\"name\":\"pipeline-\(number % 200)\","
            + "\"facets\":{\"jobType\":{\"_producer\":\"https://example.org\",\"_schemaURL\":"
            + "\"https://openlineage.io/spec/facets/2-0-3/JobTypeJobFacet.json\","
            + "\"processingType\":\"BATCH\",\"integration\":\"AIRFLOW\",\"jobType\":\"DAG\"}}},"
            + "\"inputs\":[],\"outputs\":\(outputs),\"producer\":\"https://example.org/producer\","
            + "\"run\":{\"runId\":\"01a2092a-9a3c-7458-91ad-\(100_000_000_000 + number)\","
            + "\"facets\":{\"nominalTime\":{\"_producer\":\"https://example.org\",\"_schemaURL\":"
            + "\"https://openlineage.io/spec/facets/1-0-1/NominalTimeRunFacet.json\","
            + "\"nominalStartTime\":\"2026-11-24T10:30:00Z\"}}},\"schemaURL\":"
            + "\"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent\"}"
    }

    private static func bodies(perBody: Int) -> [[UInt8]] {
        let events = (0..<runs).flatMap { number in
            [event(number, isEnd: false), event(number, isEnd: true)]
        }
        return stride(from: 0, to: events.count, by: perBody).map { first in
            let part = events[first..<min(first + perBody, events.count)]
            let text = part.joined(separator: ",")
            return Array((perBody == 1 ? text : "[" + text + "]").utf8)
        }
    }

    private static let rules = """
        apiVersion: pitot/v1
        kind: SLOs
        service: bench
        slos:
          - {name: success, objective: 99, by: [namespace],
             sli: {runs: {select: '{job=~"pipeline-.*"}', good: success, deadline: 1h}}}
          - {name: quick, objective: 95, by: [namespace],
             sli: {runs: {select: '{kind="DAG"}', good: duration, within: 30m}}}
        """

    private static func counted(perBody: Int) -> Measurement {
        let bodies = bodies(perBody: perBody)
        let files = ConfigurationFiles(
            config: nil, rules: [SourceFile(path: "r.yaml", bytes: Array(rules.utf8))])
        guard let reader = PipelineReader(),
            let now = Timestamp(rfc3339: "2026-11-24T10:00:00Z")
        else { preconditionFailure("there is memory") }
        return Measurement.take(
            "runs.body-to-counted.\(perBody)", unit: "event", operations: 2 * runs, rounds: 3,
            allocationsMax: 60_000
        ) {
            // Anew each time: what is told again is another, faster path.
            var agent = AgentCore()
            var effects: [PlannedEffect] = []
            agent.handle(.configured(files), at: now, into: &effects)
            var logged = 0
            for (number, body) in bodies.enumerated() {
                let batch = PipelineBatch(reader.lineage(body, isBatch: perBody > 1))
                agent.handle(
                    .pipeline(batch, RequestID(UInt64(number))), at: now + .minutes(32),
                    into: &effects)
                logged += agent.takeLog().count
                effects.removeAll(keepingCapacity: true)
            }
            precondition(agent.runs.tally.begun == UInt64(runs), "each run is one")
            precondition(logged > 100 * runs, "the reports are logged")
        }
    }
}

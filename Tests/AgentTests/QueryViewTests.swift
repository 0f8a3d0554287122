import Agent
import Model
import Query
import Testing
import Text

@Suite struct QueryViewTests {
    @Test func anEmptyAgentAnswersQueriesWithNothing() throws {
        let agent = AgentCore()
        let view = agent.queryView()
        let query = try Query(parsing: "count({__name__=~\".+\"})")
        let result = try query.evaluate(at: at(0), on: view)
        guard case .vector(let samples) = result.value else { throw Unexpected() }
        #expect(samples.isEmpty && result.annotations.isEmpty)
        #expect(try view.labelNames(matching: []) == [])
    }

    @Test func queriesAreLimitedByTheConfiguration() {
        let settings = read(
            "queries: {concurrency: 4, timeout: 30s, samples: 7, lookback: 1m, "
                + "features: [promql-duration-expr], corsOrigin: x}"
        ).queries
        #expect(settings.corsOrigin == "x" && QuerySettings().corsOrigin == ".*")
        #expect(settings.features.durationExpressions)
        #expect(!settings.features.experimentalFunctions)
        #expect(settings.concurrency == 4 && settings.timeout == .seconds(30))
        #expect(settings.samplesMax == 7 && settings.lookback == .minutes(1))
    }

    @Test(arguments: [
        "concurrency: 0", "concurrency: 65", "timeout: 0s", "timeout: 2h", "samples: 0",
        "lookback: 0s", "workers: 2", "corsOrigin: '('", "features: [promql-everything]",
    ])
    func limitsThatMakeNoSenseAreErrors(text: String) {
        #expect(read("queries: {\(text)}").hasErrors)
    }

    private func read(_ text: String) -> Configuration {
        let file = SourceFile(path: "pitot.yaml", bytes: Array(text.utf8))
        return Configuration.read(ConfigurationFiles(config: file, rules: []))
    }

    private struct Unexpected: Error {}
}

import Testing
import Text

@testable import pitot

@Suite struct QueryCommandTests {
    private func asked(_ line: String) throws -> String {
        let options = Options(
            line.split(separator: " ").map(String.init),
            valued: ["--time", "--start", "--end", "--step"])
        let question = try QueryCommand.question("up", options, now: 7200)
        return question.path + "?"
            + question.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    @Test(arguments: [
        ("", "query?query=up"), ("--time 5.25", "query?query=up&time=5.250"),
        ("--time 1970-01-01T01:00:00Z", "query?query=up&time=3600.000"),
        ("--time -1h", "query?query=up&time=3600.000"),
        ("--start -1h", "query_range?query=up&start=3600.000&end=7200.000&step=60.0"),
        ("--start 0 --end 90 --step 30s", "query_range?query=up&start=0.000&end=90.000&step=30.0"),
        ("--start 5 --end 5", "query_range?query=up&start=5.000&end=5.000&step=1.0"),
    ])
    func aLineIsOneQuestion(line: String, expected: String) throws {
        #expect(try asked(line) == "/api/v1/" + expected)
    }

    private func lines(_ format: OutputFormat, _ json: String) throws -> [String] {
        format.lines(of: try JSONValue.parse(Array(json.utf8)))
    }

    private let vector = """
        {"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[5,"1"]},
         {"metric":{"no":"é"},
          "histogram":[5,{"count":"3","sum":"4.5","buckets":[[0,"1","2","3"]]}]}]}
        """

    @Test func tablesAlignTheirColumns() throws {
        #expect(
            try lines(.table, vector)
                == [
                    "METRIC       VALUE", "up{job=\"a\"}  1",
                    "{no=\"é\"}     count 3, sum 4.5",
                ])
        #expect(try lines(.table, "{\"resultType\":\"scalar\",\"result\":[5,\"2\"]}") == ["2"])
        #expect(try lines(.table, "{\"resultType\":\"vector\",\"result\":[]}") == ["no data"])
        let matrix = """
            {"resultType":"matrix",
             "result":[{"metric":{"a":"b"},"values":[[1.5,"1"],[61.5,"NaN"]]}]}
            """
        #expect(
            try lines(.table, matrix) == [
                "{a=\"b\"}", "  1970-01-01T00:00:01.500Z  1", "  1970-01-01T00:01:01.500Z  NaN",
            ])
    }

    @Test func yamlReadsBackAsTheSameValue() throws {
        let text = try lines(.yaml, vector).joined(separator: "\n")
        #expect(
            text.hasPrefix("resultType: \"vector\"\nresult:\n  - metric:\n      __name__: \"up\""))
        let node = try YAML.parse(Array(text.utf8), file: "y")[0]
        #expect(node["result"]?.elements[1]["metric"]?["no"]?.asString == "é")
        #expect(node["result"]?.elements[0]["value"]?.elements[1].asString == "1")
        #expect(
            node["result"]?.elements[1]["histogram"]?.elements[1]["buckets"]?.elements[0].elements
                .count == 4)
    }

    @Test func jsonIsTheAnswersData() throws {
        let lines = try lines(.json, vector)
        #expect(try JSONValue.parse(Array(lines[0].utf8)) == JSONValue.parse(Array(vector.utf8)))
    }
}

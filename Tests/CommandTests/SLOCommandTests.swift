import Foundation
import Testing
import Text

@testable import pitot

@Suite struct SLOCommandTests {
    @Test(arguments: [
        ["slo"], ["slo", "lst"], ["slo", "list", "a/b"], ["slo", "show"], ["slo", "show", "a"],
        ["slo", "explain", "a/b", "c/d"], ["slo", "show", "/b"], ["slo", "list", "-o", "xml"],
        ["slo", "list", "--agnt", "x"],
    ])
    func wrongUsageEndsWithTwo(arguments: [String]) {
        #expect(SLOCommand.run(Array(arguments.dropFirst())) == 2)
    }

    @Test func wrongUsageIsToldOnStandardError() throws {
        let ended = try Pitot.run("slo", "show", "availability")
        #expect(ended.code == 2 && ended.out == "")
        #expect(ended.err.hasPrefix("pitot slo: expected SERVICE/NAME\n"))
        #expect(ended.err.contains("usage: pitot slo list"))
    }

    @Test func noAgentEndsWithOneAndSaysWhere() throws {
        let ended = try Pitot.run("slo", "list", "--agent", "http://127.0.0.1:1")
        #expect(ended.code == 1)
        #expect(ended.err.contains("http://127.0.0.1:1/api/v1/slos: no answer"))
    }

    private func slo() throws -> JSONValue {
        try JSONValue.parse(
            Array(
                """
                {"service":"recommender","name":"availability","labels":{"namespace":"a"},
                 "objective":0.999,"period":"30d","evidence":"partial",
                 "budget":{"remaining":0.5,"best":0.75,"worst":null,"exhaustedIn":3660.5},
                 "windows":[{"window":"1h","evidence":"complete","bad":3,"total":1000,
                             "errorRatio":0.003,"burnRate":3.0}],
                 "alerts":[{"severity":"page","window":"1h","state":"firing","factor":14.4}],
                 "maintenance":[{"name":"upgrade","bad":3,"total":10,"effect":"excluded",
                                 "who":"jana","why":"x"}],
                 "adjustments":[{"name":"credit","good":-5,"bad":0,"who":"omar","why":"y"}]}
                """.utf8))
    }

    @Test func aListHasALinePerGroupAndNothingUnknownIsANumber() throws {
        #expect(
            try SLOTable.list([slo()]) == [
                "SLO                       GROUP        OBJECTIVE  PERIOD  EVIDENCE  BUDGET LEFT  "
                    + "EXHAUSTED IN  FIRING",
                "recommender/availability  namespace=a  99.900 %   30d     partial   50.000 %     "
                    + "1h1m          page 1h",
            ])
    }

    @Test func oneSLOShowsItsWindowsAndWhoChangedWhat() throws {
        #expect(
            try SLOTable.show(slo()) == [
                "recommender/availability namespace=a",
                "objective 99.900 % over 30d, evidence partial, budget left 50.000 % "
                    + "(- to 75.000 %)",
                "maintenance upgrade: 3 bad of 10 events excluded (jana: x)",
                "adjustment credit: good -5, bad 0 (omar: y)",
                "WINDOW  EVIDENCE  BAD  TOTAL  ERRORS   BURN",
                "1h      complete  3    1000   0.300 %  3.000",
                "ALERT    WHEN              STATE", "page 1h  burn above 14.40  firing",
            ])
    }

    @Test func yamlReadsBackAsTheJSONItWas() throws {
        let json = try JSONValue.parse(
            Array(#"{"a":[{"b":1.5,"c":"x: \"y\""},[],[1,[2,{}]]],"d":null,"e":{"f":true}}"#.utf8))
        let text = YAMLText.lines(json).joined(separator: "\n") + "\n"
        let document = try #require(try YAML.parse(Array(text.utf8), file: "x").first)
        #expect(same(document, json), "\(text)")
        #expect(
            text.hasPrefix("a:\n  - b: 1.5\n    c: \"x: \\\"y\\\"\"\n  - []\n  - - 1\n    - - 2\n"))
    }

    private func same(_ node: YAMLNode, _ json: JSONValue) -> Bool {
        switch json {
        case .null: node.isNull
        case .bool(let bool): node.asBool == bool
        case .number(let number): node.asDouble == number
        case .string(let text): node.asString == text
        case .array(let elements):
            node.elements.count == elements.count
                && zip(node.elements, elements).allSatisfy { same($0, $1) }
        case .object(let members):
            members.allSatisfy { member in node[member.key].map { same($0, member.value) } ?? false
            }
        }
    }
}

import Foundation
import Model
import Testing
import Text

@testable import Server

/// Rules in the running agent: the API's parameters, and files that change under it.
@Suite struct RuleServingTests {
    private static let file = """
        groups:
          - name: b
            interval: 1h
            rules:
              - {record: one, expr: vector(1)}
              - {alert: A, expr: vector(1), labels: {severity: page}, annotations: {a: b}}
          - {name: a, interval: 1h, rules: [{record: two, expr: vector(2)}]}
        """

    private func names(_ world: AgentWorld, _ query: String) throws -> [String] {
        let answer = try world.get("/api/v1/rules?" + query)
        #expect(answer.status == 200, "\(answer.text)")
        let groups = try JSONValue.parse(Array(answer.body))["data"]?["groups"]?.elements ?? []
        return groups.flatMap { group in
            (group["rules"]?.elements ?? []).map {
                (group["name"]?.asString ?? "") + "/" + ($0["name"]?.asString ?? "")
            }
        }
    }

    @Test func parametersChooseRules() throws {
        let world = try AgentWorld(rules: Self.file)
        #expect(try names(world, "") == ["a/two", "b/one", "b/A"])
        #expect(try names(world, "type=alert") == ["b/A"])
        #expect(try names(world, "type=record") == ["a/two", "b/one"])
        #expect(try names(world, "rule_name[]=one&rule_name[]=two") == ["a/two", "b/one"])
        #expect(try names(world, "rule_group[]=b&type=record") == ["b/one"])
        #expect(try names(world, "file[]=nowhere") == [])
        #expect(try names(world, "match[]=%7Bseverity=%22page%22%7D") == ["b/A"])
        #expect(
            try world.get("/api/v1/rules?exclude_alerts=true&type=alert").text
                .contains(#""alerts":null"#))
    }

    @Test func pagesFollowEachOther() throws {
        let world = try AgentWorld(rules: Self.file)
        let first = try world.get("/api/v1/rules?group_limit=1")
        let data = try JSONValue.parse(Array(first.body))["data"]
        let token = try #require(data?["groupNextToken"]?.asString)
        #expect(data?["groups"]?.elements.count == 1)
        #expect(
            try names(world, "group_limit=1&group_next_token=" + token) == ["b/one", "b/A"])
        #expect(try !world.get("/api/v1/rules?group_limit=2").text.contains("groupNextToken"))
    }

    @Test(arguments: [
        ("type=foo", #"invalid parameter \"type\": not supported value \"foo\""#),
        (
            "exclude_alerts=nope",
            #"invalid parameter \"exclude_alerts\": error converting exclude_alerts: "#
                + #"strconv.ParseBool: parsing \"nope\": invalid syntax"#
        ),
        (
            "group_limit=1&group_next_token=zz",
            #"invalid parameter \"group_next_token\": invalid group_next_token 'zz'. "#
                + "were rule groups changed?"
        ),
        (
            "group_limit=-1",
            #"invalid parameter \"group_limit\": group_limit needs to be greater than 0"#
        ),
        (
            "group_next_token=zz",
            #"invalid parameter \"group_next_token\": group_limit needs to be present in order "#
                + "to paginate over the groups"
        ),
    ])
    func mistakesAreToldInPrometheusWords(query: String, expected: String) throws {
        let world = try AgentWorld(rules: Self.file)
        let answer = try world.get("/api/v1/rules?" + query)
        #expect(answer.status == 400)
        #expect(
            answer.text == #"{"status":"error","errorType":"bad_data","error":""# + expected
                + #""}"#)
    }

    @Test func aSwappedConfigMapIsTakenByItself() throws {
        let folder = try TemporaryFolder()
        try folder.write("mount/..2026_1/rules.yaml", Self.file)
        try folder.write("mount/..2026_2/rules.yaml", Self.file.replacing("two", with: "three"))
        try folder.write("mount/..2026_3/rules.yaml", "groups: [{name: x, rule: []}]")
        try folder.link("mount/..data", to: "..2026_1")
        try folder.link("mount/rules.yaml", to: "..data/rules.yaml")
        // Named twice, read once.
        let paths = [folder.path("mount"), folder.path("mount/rules.yaml")]
        try folder.write("pitot.yaml", "rules: [\(paths[0]), \(paths[1])]")
        var options = ServeOptions()
        options.config = folder.path("pitot.yaml")
        options.data = folder.path("data")
        options.listen = "127.0.0.1:0"
        var limits = ServerLimits()
        limits.watchInterval = .milliseconds(50)
        let server = try PitotServer(
            options, logger: Logger(format: .logfmt, path: folder.path("agent.log")),
            limits: limits)
        defer { server.stop() }
        func text() throws -> String { try exchange(server.port, "GET", "/api/v1/rules").text }
        func swap(to name: String) {
            try? FileManager.default.removeItem(atPath: folder.path("mount/..tmp"))
            try? folder.link("mount/..tmp", to: name)
            rename(folder.path("mount/..tmp"), folder.path("mount/..data"))
        }
        #expect(try eventually { try text().contains(#""name":"two""#) })
        swap(to: "..2026_2")
        #expect(try eventually { try text().contains(#""name":"three""#) })
        swap(to: "..2026_3")
        #expect(
            eventually {
                let log = readFile(folder.path("agent.log")) ?? []
                return String(decoding: log, as: UTF8.self).contains("the old one stays")
            })
        #expect(try text().contains(#""name":"three""#))
    }
}

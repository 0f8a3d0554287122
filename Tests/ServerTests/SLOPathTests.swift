import Testing
import Text

@testable import Server

/// What the API says of one SLO, over HTTP.
@Suite struct SLOPathTests {
    @Test(arguments: [
        ("/api/v1/slos/a/b", true), ("/api/v1/slos/a/b/explain", true), ("/api/v1/slos/a", false),
        ("/api/v1/slos/a/b/", false), ("/api/v1/slos//b", false), ("/api/v1/slos/a/", false),
        ("/api/v1/slos/a/b/explain/c", false), ("/api/v1/slos/a/b/other", false),
        ("/api/v1/slos", false), ("/api/v1/slos/", false),
    ])
    func onlyTheTwoPathsAreOne(path: String, isOne: Bool) {
        #expect((SLOPath(path) != nil) == isOne)
    }

    @Test func oneSLOIsToldAndExplained() throws {
        let world = try AgentWorld()
        let all = try JSONValue.parse(world.get("/api/v1/slos").body)["data"]?["slos"]
        let slo = try #require(all?.elements.first)
        let service = try #require(slo["service"]?.asString)
        let name = try #require(slo["name"]?.asString)
        let path = "/api/v1/slos/\(service)/\(name)"
        let one = try JSONValue.parse(world.get(path).body)["data"]
        #expect(one?["definition"]?["name"]?.asString == name)
        #expect(one?["slos"]?.elements.count == 1)
        let explained = try JSONValue.parse(world.get(path + "/explain").body)["data"]
        let text = explained?["slos"]?.elements.first?["explanation"]?["text"]?.elements
        #expect(text?.first?.asString?.hasPrefix("\(service)/\(name)") == true)
        #expect(try world.get(path + "x").status == 404)
        #expect(try world.post(path).status == 405)
    }
}

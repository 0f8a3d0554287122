import Testing
import Text

@testable import Server

@Suite struct ReloadTests {
    private let world: AgentWorld
    private let second = standardRules.replacing("availability", with: "other")
        .replacing("500", with: "503")

    init() throws { world = try AgentWorld() }

    @Test func aPostReadsTheFilesAgain() throws {
        #expect(try world.metric("pitot_slos") == 1)
        try world.folder.write("rules/more.yaml", second)
        #expect(try world.post("/-/reload").text == "reloaded\n")
        #expect(try world.metric("pitot_slos") == 2)
        #expect(try world.get("/api/v1/slos").text.contains("\"other\""))
    }

    @Test func aSignalsReloadDoesTheSame() throws {
        try world.folder.write("rules/more.yaml", second)
        world.server.reload()
        #expect(try eventually { try world.metric("pitot_slos") == 2 })
        #expect(world.logText.contains("configuration taken"))
    }

    @Test func aBrokenFileKeepsTheOldRulesAndIsTold() throws {
        let path = try world.folder.write("rules/more.yaml", "apiVersion: pitot/v1\nkind: SLO\n")
        let answer = try world.post("/-/reload")
        #expect(answer.status == 500)
        #expect(answer.text.contains(path + ":2:1: "), "\(answer.text)")
        #expect(world.logText.contains("configuration refused; the old one stays"))
        #expect(try world.metric("pitot_slos") == 1)
        #expect(try world.metric("pitot_config_last_reload_successful") == 0)
        try world.folder.write("rules/more.yaml", second)
        #expect(try world.post("/-/reload").status == 200)
        #expect(try world.metric("pitot_config_last_reload_successful") == 1)
    }

    @Test func aMissingFileKeepsTheOldRulesAndIsTold() throws {
        try world.folder.link("rules/more.yaml", to: "nowhere")
        let answer = try world.post("/-/reload")
        #expect(answer.status == 500 && answer.isOneLine)
        #expect(answer.text.contains("rules/more.yaml: No such file or directory"))
        world.server.reload()
        #expect(world.logText.contains("configuration not read; the old one stays"))
        #expect(try world.metric("pitot_slos") == 1)
    }

    @Test func aBrokenFileAtTheStartIsRefusedWithItsPlace() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("slos.yaml", standardRules.replacing("objective", with: "goal"))
        var options = ServeOptions()
        options.rules = [path]
        options.data = folder.path("data")
        options.listen = "127.0.0.1:0"
        do throws(StartFault) {
            _ = try PitotServer(options, logger: Logger(format: .json, path: "/dev/null"))
            Issue.record("broken rules were taken")
        } catch {
            guard case .configuration(let diagnostics) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(diagnostics.contains { $0.description.hasPrefix(path + ":6:") })
        }
        #expect(!isFolder(folder.path("data")))
    }

    @Test func reloadsAndWritesAtOnceAreAllAnswered() throws {
        let port = world.port
        let statuses = Collected<Int>()
        inParallel(8) { thread in
            for index in 0..<10 {
                let body = Sent.body([Sent(instance: "\(thread)/\(index)", value: 1, ago: 1)])
                let path = thread < 2 ? "/-/reload" : "/api/v1/write"
                let answer = try? exchange(
                    port, "POST", path, body: thread < 2 ? [] : body)
                statuses.add(answer?.status ?? 0)
            }
        }
        #expect(statuses.all.count { $0 == 200 } == 20)
        #expect(statuses.all.count { $0 == 204 } == 60)
    }
}

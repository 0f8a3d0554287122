import Agent
import Model
import Synchronization
import Testing
import Wire

@testable import Server

/// Answers that depend on where the owner is in its life: its thread runs only when told.
@Suite struct RouterTests {
    private let folder: TemporaryFolder
    private let owner: Owner
    private let http: TestServer

    init() throws {
        folder = try TemporaryFolder()
        let logger = Logger(format: .json, path: folder.path("agent.log"))
        var limits = OwnerLimits()
        limits.mailboxCapacity = 3
        owner = Owner(
            log: try EventLog(folder: folder.path("data")), courier: Courier { _, _ in },
            storekeeper: Storekeeper(folder: folder.path("data")) { _ in },
            rules: RuleRunner(concurrency: 1) { _ in }, logger: logger, limits: limits)
        let router = Router(
            write: WriteEndpoint(seed: HashSeed(low: 1, high: 2), limits: .standard),
            owner: owner,
            features: FeatureEndpoints(
                Configuration.read(ConfigurationFiles(config: nil, rules: [])), logger, owner),
            pipelines: PipelineEndpoints(
                Configuration.read(ConfigurationFiles(config: nil, rules: []))),
            otlp: OTLPEndpoint(
                intake: OTLPIntake(
                    Configuration.read(ConfigurationFiles(config: nil, rules: [])), owner: owner)),
            loadFiles: { ConfigurationFiles(config: nil, rules: []) })
        http = try TestServer { router.handle($0) }
    }

    private func setPhase(_ phase: Phase) {
        owner.phase.store(phase.rawValue, ordering: .releasing)
    }

    /// Runs the owner to its end.
    private func runOwner() {
        let worker = Worker { [owner] in
            try? owner.start(ConfigurationFiles(config: nil, rules: []))
            owner.run()
        }
        owner.mailbox.postAlways(.stop)
        worker.join()
    }

    private let body = Sent.body([Sent(value: 1, ago: 1)])

    @Test(arguments: [
        (Phase.replaying, "replaying the event log\n"), (.stopped, "stopping\n"),
        (.refusing, "the event log cannot be written\n"),
    ])
    func anAgentThatIsNotReadySaysWhyAndTakesNothing(phase: Phase, reason: String) throws {
        setPhase(phase)
        let ready = try exchange(http.port, "GET", "/-/ready")
        #expect(ready.status == 503 && ready.text == reason)
        let write = try exchange(http.port, "POST", "/api/v1/write", body: body)
        #expect(write.status == 503 && write.headers["retry-after"] == "1")
        #expect(try exchange(http.port, "GET", "/-/healthy").status == 200)
        if phase != .refusing {
            #expect(try exchange(http.port, "GET", "/api/v1/slos").status == 503)
        }
        runOwner()
    }

    @Test func tooManyWaitingWritesAreToldToComeBack() throws {
        setPhase(.ready)
        let clients = try (0..<3).map { _ in try RawClient(port: http.port) }
        for client in clients { client.request("POST", "/api/v1/write", body: body) }
        // They are handed over on the server's threads, at once.
        let refused = try #require(
            try firstRefusal { try exchange(http.port, "POST", "/api/v1/write", body: body) })
        #expect(refused.headers["retry-after"] == "1")
        #expect(try exchange(http.port, "GET", "/metrics").status == 503)
        #expect(try exchange(http.port, "POST", "/-/reload").status == 503)
        runOwner()
        for client in clients { #expect([204, 503].contains(try client.answer().status)) }
    }

    /// Fills the mailbox until a request is refused; those before it wait on other connections.
    private func firstRefusal(_ send: () throws -> Answer) throws -> Answer? {
        #expect(eventually { owner.mailbox.count == 3 })
        let answer = try send()
        return answer.status == 503 ? answer : nil
    }

    /// The race at the end: the phase still says ready, the owner has gone.
    @Test func whatComesAfterTheOwnersEndIsAnswered() throws {
        runOwner()
        setPhase(.ready)
        for (method, path) in [
            ("POST", "/api/v1/write"), ("GET", "/metrics"), ("POST", "/-/reload"),
        ] {
            let answer = try exchange(
                http.port, method, path, body: path == "/api/v1/write" ? body : [])
            #expect(answer.status == 503, "\(path)")
        }
    }

    @Test func rowsAreSentAndNotAskedFor() throws {
        setPhase(.ready)
        let answer = try exchange(http.port, "GET", "/api/v1/features/credit")
        #expect(answer.status == 405 && answer.headers["allow"] == "POST")
        let counters = try exchange(http.port, "POST", "/api/v1/drift/counters")
        #expect(counters.status == 405 && counters.headers["allow"] == "GET, HEAD")
    }
}

import Foundation
import Model
import Storage
import Testing
import Wire

@testable import Server

// A whole agent in this process, over real HTTP: what Prometheus would send, and what people read.

let standardRules = """
    apiVersion: pitot/v1
    kind: SLOs
    service: shop
    slos:
      - name: availability
        objective: 99
        period: 30d
        sli:
          events:
            bad: requests_total{code="500"}
            total: requests_total
    """

/// An agent and its folder. It can be stopped and started anew on the same data.
final class AgentWorld {
    let folder: TemporaryFolder
    private(set) var server: PitotServer
    var limits: ServerLimits
    private var isRunning = true

    var port: UInt16 { server.port }
    var data: String { folder.path("data") }
    private var away: String { folder.path("away") }

    init(
        _ limits: ServerLimits = ServerLimits(), rules: String = standardRules,
        config: String = ""
    ) throws {
        folder = try TemporaryFolder()
        self.limits = limits
        try folder.write("rules/slos.yaml", rules)
        try folder.write("pitot.yaml", config.isEmpty ? "{}" : config)
        server = try Self.start(folder, limits)
        try waitUntilReady()
    }

    deinit { if isRunning { server.stop() } }

    static func start(_ folder: TemporaryFolder, _ limits: ServerLimits) throws -> PitotServer {
        var options = ServeOptions()
        options.config = folder.path("pitot.yaml")
        options.rules = [folder.path("rules")]
        options.data = folder.path("data")
        options.listen = "127.0.0.1:0"
        let logger = Logger(format: .logfmt, path: folder.path("agent.log"))
        return try PitotServer(options, logger: logger, limits: limits)
    }

    func stop() {
        isRunning = false
        server.stop()
    }

    func restart() throws {
        if isRunning { stop() }
        server = try Self.start(folder, limits)
        isRunning = true
        try waitUntilReady()
    }

    func waitUntilReady() throws {
        try #require(eventually { try get("/-/ready").status == 200 })
    }

    /// Takes the folder of the log away, as a disk that is full or gone: with segments of one byte
    /// each append has to begin a new one and cannot.
    func takeDiskAway() { rename(data, away) }
    func giveDiskBack() { rename(away, data) }

    static var smallSegments: ServerLimits {
        var limits = ServerLimits()
        limits.segmentBytesMax = 1
        limits.owner.retryInterval = .milliseconds(50)
        return limits
    }

    // MARK: Requests

    func get(_ path: String) throws -> Answer { try exchange(port, "GET", path) }

    func post(
        _ path: String, _ headers: [(String, String)] = [], _ body: [UInt8] = []
    ) throws -> Answer {
        try exchange(port, "POST", path, headers, body: body)
    }

    func write(_ body: [UInt8]) throws -> Answer { try post("/api/v1/write", [], body) }

    /// Begins a write on a connection of its own and does not wait for the answer.
    func beginWrite(_ body: [UInt8]) throws -> RawClient {
        let client = try RawClient(port: port)
        client.request("POST", "/api/v1/write", body: body)
        return client
    }

    func metric(_ name: String) throws -> Double {
        let line = try get("/metrics").text.split(separator: "\n").first {
            $0.hasPrefix(name + " ")
        }
        return Double(try #require(line).dropFirst(name.count + 1)) ?? .nan
    }

    /// `events` of the SLO, or nil when there is none yet.
    func events() throws -> [String: Double]? {
        let answer = try get("/api/v1/slos")
        let root = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        let slos = (root?["data"] as? [String: Any])?["slos"] as? [[String: Any]]
        let events = slos?.first?["events"] as? [String: Any]
        return events.map { $0.compactMapValues { $0 as? Double } }
    }

    var logText: String {
        String(decoding: readFile(folder.path("agent.log")) ?? [], as: UTF8.self)
    }

    /// Payloads of the write records that the disk holds.
    func writesOnDisk() throws -> Int { try recordsOnDisk(data).count { $0.kind == 7 } }
}

/// A remote-write body: samples of one series each, `ago` seconds back.
struct Sent {
    var name = "requests_total"
    var code = "200"
    var instance = "pod"
    var value: Double
    var ago: Double

    static func body(_ samples: [Sent]) -> [UInt8] {
        let now = wallClock().millis
        let series = samples.map { sample in
            OutgoingSeries(
                labels: Labels([
                    ("__name__", sample.name), ("code", sample.code),
                    ("instance", sample.instance), ("job", "shop"),
                ]),
                samples: [
                    (Timestamp(millis: now - Int64(sample.ago * 1000)), sample.value)
                ])
        }
        return Snappy.compress(RemoteWriteEncoder.encode(series))
    }
}

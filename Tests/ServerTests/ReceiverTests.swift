import Foundation
import Model
import Testing

@testable import Server

/// The agent over HTTP, answering what other receivers were asked (ReceiverProbes).
@Suite struct ReceiverTests {
    private func withServer(_ body: (RawHTTP) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "pitot-receiver-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = ServeOptions()
        options.data = folder.path
        options.listen = "127.0.0.1:0"
        let server = try PitotServer(options, logger: Logger(format: .logfmt, path: "/dev/null"))
        defer { server.stop() }
        let client = RawHTTP(port: server.port)
        for _ in 0..<500 where try client.send("GET", "/-/ready").status != 200 { usleep(10_000) }
        try body(client)
    }

    private func metric(_ name: String, _ client: RawHTTP) throws -> Int {
        let text = try client.send("GET", "/metrics").body
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        let value = try #require(line).split(separator: " ")[1]
        return Int(try #require(Double(value)))
    }

    @Test func everyProbeIsAnsweredAsTheTableSays() throws {
        try withServer { client in
            var known = try metric("pitot_samples_stored_total", client)
            for probe in ReceiverProbes(now: wallClock().millis).all {
                let answer = try client.send(
                    "POST", "/api/v1/write", probe.headers, body: probe.body)
                #expect(answer.status == probe.status, "\(probe.name): \(answer.body)")
                let isOneLine = answer.body.split(separator: "\n").count == 1
                #expect(answer.status == 204 ? answer.body.isEmpty : isOneLine, "\(probe.name)")
                let saysWhy = probe.says.isEmpty || answer.body.contains(probe.says)
                #expect(saysWhy, "\(probe.name): \(answer.body)")
                let written = ["samples", "histograms", "exemplars"].map {
                    answer.headers["x-prometheus-remote-write-\($0)-written"]
                }
                let expected =
                    probe.written.map {
                        [String($0), String(probe.histograms), String(probe.exemplars)]
                    } ?? [nil, nil, nil]
                #expect(written == expected, "\(probe.name)")
                let stored = try metric("pitot_samples_stored_total", client)
                #expect(stored - known == probe.stored, "stored of \(probe.name)")
                known = stored
            }
        }
    }

    @Test func theWritePathTakesPostAlone() throws {
        try withServer { client in
            for method in ["GET", "PUT", "DELETE"] {
                let answer = try client.send(method, "/api/v1/write")
                #expect(answer.status == 405 && answer.headers["allow"] == "POST")
            }
        }
    }
}

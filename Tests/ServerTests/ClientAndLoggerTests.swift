import Foundation
import Testing

@testable import Server

@Suite struct HTTPClientTests {
    @Test func aPostWithoutABodyHasNone() throws {
        let server = try TestServer.echo()
        let url = "http://127.0.0.1:\(server.port)/p"
        let client = HTTPClient()
        #expect(client.post(url, body: [], headers: []).body == Array("POST /p \n".utf8))
        #expect(client.get(url).body == Array("GET /p \n".utf8))
        #expect(
            client.post(url, body: [65], headers: [("X", "y")]).body == Array("POST /p A\n".utf8))
    }

    @Test func noAnswerIsStatusZero() throws {
        let port = try TestServer.echo().port
        #expect(HTTPClient().get("http://127.0.0.1:\(port)/").status == 0)
    }

    @Test func theSinkHandsBodiesOn() throws {
        let bodies = Collected<[UInt8]>()
        let sink = try WebhookSink { bodies.add($0) }
        #expect(HTTPClient().post(sink.url, body: [1, 2], headers: []).status == 200)
        sink.stop()
        #expect(bodies.all == [[1, 2]])
    }
}

@Suite struct LoggerTests {
    private func line(_ format: Logger.Format, _ write: (Logger) -> Void) throws -> String {
        let folder = try TemporaryFolder()
        write(Logger(format: format, path: folder.path("log")))
        let text = String(decoding: readFile(folder.path("log")) ?? [], as: UTF8.self)
        #expect(text.hasSuffix("\n") && text.count { $0 == "\n" } == 1)
        return String(text.dropLast())
    }

    @Test func logfmtQuotesWhatNeedsIt() throws {
        let line = try line(.logfmt) {
            $0.warn("two words", ("plain", "a/b:1"), ("quoted", "x \"y\"\nz"), ("empty", ""))
        }
        #expect(line.hasPrefix("time=20"))
        #expect(
            line.hasSuffix(
                #" level=warn msg="two words" plain=a/b:1 quoted="x \"y\"\nz" empty="""#))
    }

    @Test func jsonIsOneObjectALine() throws {
        let line = try line(.json) { $0.error("m", ("reason", "a\n\"b\"\u{1}")) }
        let object =
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
        #expect(object?["level"] == "error" && object?["msg"] == "m")
        #expect(object?["reason"] == "a\n\"b\"\u{1}")
    }
}

import Agent
import Glibc
import Model
import SLO
import Testing

@testable import Server

/// What the prober says of answers, and of none.
@Suite struct ProberTests {
    private func outcome(
        _ request: ProbeRequest, within seconds: Double = 10
    ) -> ProbeOutcome? {
        let outcomes = Collected<ProbeOutcome>()
        let prober = Prober { _, outcome in outcomes.add(outcome) }
        defer { prober.stop() }
        prober.ask(AskID(1), request)
        _ = eventually(within: seconds) { !outcomes.all.isEmpty }
        #expect(outcomes.all.count <= 1)
        return outcomes.all.first
    }

    private func request(_ port: UInt16, _ path: String = "/") -> ProbeRequest {
        ProbeRequest(url: "http://127.0.0.1:\(port)\(path)")
    }

    private func serving(_ status: Int, _ text: String = "ready") throws -> TestServer {
        try TestServer { _ in .answer(.text(status, text)) }
    }

    @Test func theStatusDecides() throws {
        for (status, isGood) in [
            (200, true), (204, true), (301, false), (404, false), (503, false),
        ] {
            let server = try serving(status)
            #expect(outcome(request(server.port)) == (isGood ? .good : .badStatus), "\(status)")
        }
        let server = try serving(404)
        var request = request(server.port)
        request.status = 400...404
        #expect(outcome(request) == .good)
    }

    @Test func methodAndHeadersAreSent() throws {
        let got = Collected<[String?]>()
        let server = try TestServer { request in
            got.add([request.method, request.header("X-Token"), request.header("User-Agent")])
            return .answer(.text(200, "ok"))
        }
        for method in ["GET", "POST", "HEAD"] {
            var request = request(server.port)
            request.method = method
            request.headers = [ProbeRequest.Header(name: "X-Token", value: "a b")]
            #expect(outcome(request) == .good)
        }
        #expect(got.all.map { $0[0] } == ["GET", "POST", "HEAD"])
        #expect(got.all.allSatisfy { $0[1] == "a b" && $0[2] == "pitot/\(version)" })
    }

    @Test func theBodyIsHashedAndMeasured() throws {
        // The answer of `text` ends in a line feed.
        let body = String(repeating: "model weights ", count: 20_000)
        let server = try serving(200, body)
        var good = request(server.port)
        good.sha256 = SHA256.hexadecimal(Array((body + "\n").utf8))
        #expect(outcome(good) == .good)
        good.size = body.utf8.count + 1
        #expect(outcome(good) == .good)
        var other = good
        other.sha256 = SHA256.hexadecimal([])
        #expect(outcome(other) == .wrongHash)
        other = good
        other.size = 3
        #expect(outcome(other) == .wrongSize)
        other = request(server.port)
        other.bodyMax = body.utf8.count
        #expect(outcome(other) == .tooLarge)
        other.bodyMax += 1
        #expect(outcome(other) == .good)
    }

    @Test func aSizeIsAskedForWithoutTheBody() throws {
        let server = try serving(200, "0123456789")
        var request = request(server.port)
        request.method = "HEAD"
        request.size = 11
        #expect(outcome(request) == .good)
        request.size = 10
        #expect(outcome(request) == .wrongSize)
    }

    @Test func textIsFoundAcrossPieces() throws {
        let server = try serving(200, String(repeating: "x", count: 300_000) + "READY" + "yyy")
        var request = request(server.port)
        request.contains = "xREADYy"
        #expect(outcome(request) == .good)
        request.contains = "READYz"
        #expect(outcome(request) == .missingText)
    }

    @Test func whatCannotBeReachedIsUnreachable() throws {
        let port = try TestServer.echo().port
        #expect(outcome(request(port)) == .unreachable)
        #expect(outcome(ProbeRequest(url: "http://nowhere.invalid/")) == .unreachable)
        #expect(outcome(ProbeRequest(url: "file:///etc/passwd")) == .unreachable)
        let server = try TestServer.echo()
        #expect(outcome(ProbeRequest(url: "https://127.0.0.1:\(server.port)/")) == .tls)
    }

    @Test func anAnswerThatDoesNotComeTimesOut() throws {
        let listening = try listeningSocket("127.0.0.1:0")
        defer { close(listening) }
        var request = request(boundPort(of: listening))
        request.timeout = .milliseconds(200)
        #expect(outcome(request) == .timedOut)
    }

    @Test func manyProbesAreAnsweredEachOnce() throws {
        let server = try serving(200)
        let answered = Collected<UInt64>()
        let prober = Prober { id, _ in answered.add(id.number) }
        for number in 1...200 { prober.ask(AskID(UInt64(number)), request(server.port)) }
        #expect(eventually(within: 20) { answered.all.count == 200 })
        prober.stop()
        #expect(Set(answered.all).count == 200)
    }

    @Test func theEndWaitsForNoAnswer() throws {
        let listening = try listeningSocket("127.0.0.1:0")
        defer { close(listening) }
        let answered = Collected<UInt64>()
        let prober = Prober { id, _ in answered.add(id.number) }
        prober.ask(AskID(1), request(boundPort(of: listening)))
        #expect(seconds { prober.stop() } < 2)
        #expect(answered.all.isEmpty)
    }
}

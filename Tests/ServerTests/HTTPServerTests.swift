import Glibc
import Testing

@testable import Server

/// A server on a free port that is stopped with the test.
final class TestServer: Sendable {
    let server: HTTPServer
    var port: UInt16 { server.port }

    init(
        _ address: String = "127.0.0.1:0", limits: HTTPLimits = HTTPLimits(),
        refused: @escaping @Sendable (HTTPRequest) -> Void = { _ in },
        hooks: HTTPHooks? = nil,
        _ handler: @escaping HTTPServer.Handler
    ) throws {
        let counting = HTTPHooks(refused: { request, _ in
            refused(request)
            return nil
        })
        server = try HTTPServer(
            address: address, limits: limits, hooks: hooks ?? counting, handler: handler)
    }

    /// Answers with the method, the path and the body.
    static func echo(limits: HTTPLimits = HTTPLimits()) throws -> TestServer {
        try TestServer(limits: limits) { request in .answer(echoed(request)) }
    }

    deinit { server.stop() }
}

func echoed(_ request: HTTPRequest) -> HTTPResponse {
    let body = String(decoding: request.body, as: UTF8.self)
    return .text(200, "\(request.method) \(request.path) \(body)")
}

@Suite struct HTTPServerTests {
    @Test func aConnectionServesManyRequests() throws {
        let server = try TestServer.echo()
        let client = try RawClient(port: server.port)
        for index in 0..<50 {
            client.request("POST", "/n", body: Array("\(index)".utf8))
            #expect(try client.answer().text == "POST /n \(index)\n")
        }
    }

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() throws {
        let later = Collected<Worker>()
        let server = try TestServer { request in
            later.add(Worker { request.complete(echoed(request)) })
            return .later
        }
        let client = try RawClient(port: server.port)
        client.send(
            (0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
        for index in 0..<20 { #expect(try client.answer().text == "GET /\(index) \n") }
        for worker in later.all { worker.join() }
    }

    @Test func headHasTheHeadersAndNoBody() throws {
        let server = try TestServer.echo()
        let client = try RawClient(port: server.port)
        client.request("HEAD", "/x")
        let head = try client.answer(isHead: true)
        #expect(head.status == 200 && head.headers["content-length"] == "9")
        client.request("GET", "/x")
        #expect(try client.answer().text == "GET /x \n")
    }

    @Test func theQueryAndTheHeadersAreRead() throws {
        let server = try TestServer { request in
            let words = [request.query("a"), request.query("b"), request.header("x-one")]
            return .answer(.text(200, words.map { $0 ?? "none" }.joined(separator: ",")))
        }
        let answer = try exchange(server.port, "GET", "/?a=1%202&c", [("X-One", "v")])
        #expect(answer.text == "1 2,none,v\n")
    }

    @Test func requestsPutOffAreAnsweredInAnyOrder() throws {
        let count = 64
        let requests = Collected<HTTPRequest>()
        let server = try TestServer { request in
            requests.add(request)
            return .later
        }
        let clients = try (0..<count).map { _ in try RawClient(port: server.port) }
        for (index, client) in clients.enumerated() { client.request("GET", "/\(index)") }
        #expect(eventually { requests.count == count })
        let waiting = requests.all
        inParallel(4) { part in
            for index in waiting.indices.reversed() where index % 4 == part {
                waiting[index].complete(echoed(waiting[index]))
            }
        }
        for (index, client) in clients.enumerated() {
            #expect(try client.answer().text == "GET /\(index) \n")
        }
    }

    @Test func manyConnectionsAtOnceEachGetTheirOwnAnswer() throws {
        let server = try TestServer.echo()
        let port = server.port
        let wrong = Collected<String>()
        inParallel(16) { thread in
            guard let client = try? RawClient(port: port) else { return wrong.add("refused") }
            for index in 0..<40 {
                client.request("POST", "/p", body: Array("\(thread)/\(index)".utf8))
                let text = (try? client.answer().text) ?? "none"
                if text != "POST /p \(thread)/\(index)\n" { wrong.add(text) }
            }
        }
        #expect(wrong.all == [])
    }

    @Test func aClientThatGoesAwayWhileItWaitsHarmsNobody() throws {
        let requests = Collected<HTTPRequest>()
        let gone = Locked<[WeakRequest]>([])
        let server = try TestServer { request in
            if request.path == "/echo" { return .answer(echoed(request)) }
            requests.add(request)
            gone.withLock { $0.append(WeakRequest(request)) }
            return .later
        }
        try leave(server.port, waiting: requests, count: 40)
        #expect(try exchange(server.port, "GET", "/echo").status == 200)
        #expect(
            eventually { gone.withLock { $0.allSatisfy { $0.request == nil } } },
            "a request outlives its connection")
    }

    /// Sends requests, resets their connections while they wait, then answers them.
    private func leave(
        _ port: UInt16, waiting requests: Collected<HTTPRequest>, count: Int
    ) throws {
        for index in 0..<count {
            let client = try RawClient(port: port)
            client.request("POST", "/wait", body: [UInt8](repeating: 65, count: 1000))
            #expect(eventually { requests.count == 1 })
            client.reset()
            let request = requests.takeAll()
            if index % 2 == 0 { usleep(200) }
            for one in request { one.complete(.text(200, String(repeating: "x", count: 100_000))) }
        }
    }
}

/// Tells whether a request still lives.
private struct WeakRequest: @unchecked Sendable {
    weak var request: HTTPRequest?
    init(_ request: HTTPRequest) { self.request = request }
}

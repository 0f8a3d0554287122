import Testing

@testable import Server

/// Bodies at and over the limit, however their length is told.
@Suite struct HTTPBodyTests {
    private static let limit = 1000
    private let limits = HTTPLimits(bodyBytes: Self.limit)

    /// A server that tells a body's length, and the paths it refused as too large.
    private func server() throws -> (TestServer, Collected<String>) {
        let refused = Collected<String>()
        let server = try TestServer(
            limits: limits, refused: { refused.add($0.path) },
            { .answer(.text(200, String($0.body.count))) })
        return (server, refused)
    }

    private func chunked(_ sizes: [Int]) -> String {
        "POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
            + sizes.map {
                String($0, radix: 16) + "\r\n" + String(repeating: "x", count: $0) + "\r\n"
            }
            .joined()
    }

    @Test(arguments: [0, 1, limit - 1, limit])
    func aBodyUpToTheLimitIsTaken(size: Int) throws {
        let (server, refused) = try server()
        let body = [UInt8](repeating: 120, count: size)
        #expect(try exchange(server.port, "POST", "/a", body: body).text == "\(size)\n")
        let client = try RawClient(port: server.port)
        client.send(chunked([size / 2, size - size / 2].filter { $0 > 0 }) + "0\r\n\r\n")
        #expect(try client.answer().text == "\(size)\n")
        #expect(refused.count == 0)
    }

    @Test func aBodyThatSaysItIsTooLargeIsRefusedBeforeItIsRead() throws {
        let (server, refused) = try server()
        let client = try RawClient(port: server.port)
        client.send("POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: \(Self.limit + 1)\r\n\r\n")
        let answer = try client.answer()
        #expect(answer.status == 413 && answer.text == "body exceeds limit 1000\n")
        #expect(client.isClosedByPeer())
        #expect(refused.all == ["/a"])
    }

    @Test func aChunkedBodyOverTheLimitIsRefused() throws {
        let (server, refused) = try server()
        let client = try RawClient(port: server.port)
        client.send(chunked([Self.limit, 1]) + "0\r\n\r\n")
        #expect(try client.answer().status == 413)
        #expect(refused.all == ["/c"])
    }

    @Test func aChunkedBodyWithoutEndLosesItsConnection() throws {
        let (server, refused) = try server()
        let client = try RawClient(port: server.port)
        client.send(chunked([Int](repeating: 500, count: 10)))
        #expect(client.isClosedByPeer())
        #expect(refused.all == ["/c"])
        #expect(try exchange(server.port, "POST", "/a", body: [1]).status == 200)
    }

    @Test func aClientThatAsksFirstIsToldToGoOn() throws {
        let (server, _) = try server()
        let client = try RawClient(port: server.port)
        let head = "POST /a HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n"
        client.send(head + "Content-Length: 3\r\n\r\n")
        #expect(try client.answer().status == 100)
        client.send("abc")
        #expect(try client.answer().text == "3\n")
        client.send(head + "Content-Length: 5000\r\n\r\n")
        #expect(try client.answer().status == 413)
    }

    @Test(arguments: [
        ("POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n", [400]),
        ("POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 9223372036854775807\r\n\r\n", [413]),
        ("POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 9223372036854775808\r\n\r\n", [413]),
        (
            "POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            [400, 413]
        ),
        (
            "POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n",
            [400]
        ),
        ("GET /a HTTP/1.1\r\n\r\n", [400]),
    ])
    func aMalformedHeadIsRefusedAtOnce(head: String, statuses: [Int]) throws {
        let (server, _) = try server()
        let client = try RawClient(port: server.port)
        client.send(head)
        #expect(statuses.contains(try client.answer().status))
        #expect(try exchange(server.port, "POST", "/a", body: [1]).status == 200)
    }

    /// As the agent has it for events: whatever the body, all is well.
    @Test func whoMustAlwaysBeAnsweredWellIs() throws {
        let told = Collected<String>()
        let hooks = HTTPHooks(
            refused: { request, refusal in
                guard request.path == "/e" else { return nil }
                told.add("\(refusal)")
                return .empty(200)
            },
            atOnce: { $0.path == "/e" ? .text(200, "at once") : nil })
        let server = try TestServer(limits: limits, hooks: hooks) { _ in .answer(.empty(204)) }
        let large = [UInt8](repeating: 120, count: Self.limit + 1)
        // Read to its end, so that a client that writes first and reads then sees the answer.
        let answer = try exchange(server.port, "POST", "/e", body: large)
        #expect(answer.status == 200 && told.all == ["tooLarge"])
        let client = try RawClient(port: server.port)
        client.send("POST /e HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\n\r\n")
        #expect(try client.answer().status == 200)
        let other = try RawClient(port: server.port)
        other.send(
            "POST /e HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3ea\r\n"
                + String(repeating: "x", count: 1002) + "\r\n0\r\n\r\n")
        #expect(try other.answer().status == 200)
        #expect(told.all == ["tooLarge", "tooLarge", "tooLarge"])
        #expect(try exchange(server.port, "POST", "/e", body: [1]).text == "at once\n")
        #expect(try exchange(server.port, "POST", "/a", body: [1]).status == 204)
        #expect(try exchange(server.port, "POST", "/a", body: large).status == 413)
    }

    @Test func tooManyBodiesAtOnceAreAnsweredWellToo() throws {
        var few = limits
        few.bodies = 1
        let hooks = HTTPHooks(refused: { request, _ in request.path == "/e" ? .empty(200) : nil })
        let server = try TestServer(limits: few, hooks: hooks) { _ in .answer(.empty(204)) }
        let slow = try RawClient(port: server.port)
        slow.send("POST /a HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc")
        #expect(eventually { server.server.bodiesHeld == 1 })
        #expect(try exchange(server.port, "POST", "/e", body: [1]).status == 200)
        #expect(try exchange(server.port, "POST", "/a", body: [1]).status == 503)
    }
}

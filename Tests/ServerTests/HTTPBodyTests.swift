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
            limits: limits, onTooLarge: { refused.add($0.path) },
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
}

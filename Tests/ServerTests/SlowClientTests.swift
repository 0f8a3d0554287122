import Foundation
import Model
import Testing

@testable import Server

/// A client that drips bytes is cut, however often it sends one; a quick one never is.
@Suite struct SlowClientTests {
    private func server(headers: TimeSpan, body: TimeSpan) throws -> HTTPServer {
        var limits = HTTPLimits(bodyBytes: 1 << 20, threads: 1)
        limits.phases = PhaseLimits(headers: headers, body: body, bodyBytesPerSecondMin: 1 << 30)
        return try HTTPServer(
            address: "127.0.0.1:0", limits: limits, handler: { _ in .answer(.text(200, "ok")) })
    }

    /// Sends the bytes one by one, half a deadline apart, until the server hangs up or five seconds
    /// have passed; tells after how many seconds it did.
    private func drip(_ text: String, to port: UInt16) throws -> Double? {
        let socket = try connection(to: port)
        defer { close(socket) }
        let began = Date()
        for byte in text.utf8 {
            var one = byte
            let isGone = send(socket, &one, 1, Int32(MSG_NOSIGNAL)) != 1 || isClosed(socket)
            if isGone { return Date().timeIntervalSince(began) }
            if Date().timeIntervalSince(began) > 5 { return nil }
            usleep(100_000)
        }
        return nil
    }

    private func connection(to port: UInt16) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        return socket
    }

    /// Whether the other end has hung up: reading gives nothing, at once.
    private func isClosed(_ socket: Int32) -> Bool {
        var byte: UInt8 = 0
        return recv(socket, &byte, 1, Int32(MSG_DONTWAIT)) == 0
    }

    @Test func dripsOfHeadersAreCut() throws {
        let server = try server(headers: .milliseconds(400), body: .seconds(60))
        defer { server.stop() }
        let after = try drip(
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "x", count: 60),
            to: server.port)
        let seconds = try #require(after)
        #expect(seconds >= 0.3 && server.slowClientsCut == 1)
    }

    @Test func dripsOfABodyAreCut() throws {
        let server = try server(headers: .seconds(60), body: .milliseconds(400))
        defer { server.stop() }
        let socket = try connection(to: server.port)
        defer { close(socket) }
        let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
        _ = head.withCString { send(socket, $0, head.utf8.count, Int32(MSG_NOSIGNAL)) }
        let end = Date() + 5
        while !isClosed(socket) && Date() < end {
            var byte: UInt8 = 0x78
            _ = send(socket, &byte, 1, Int32(MSG_NOSIGNAL))
            usleep(100_000)
        }
        #expect(server.slowClientsCut == 1)
    }

    @Test func aQuickClientIsServedAgainAndAgain() throws {
        let server = try server(headers: .milliseconds(800), body: .milliseconds(400))
        defer { server.stop() }
        let client = HTTPClient()
        let url = "http://127.0.0.1:\(server.port)/"
        for _ in 0..<20 { #expect(client.get(url).status == 200) }
        #expect(server.slowClientsCut == 0)
    }
}

/// Bodies are held at most so many at a time; who comes on top is told to come back.
@Suite struct BodyLimitTests {
    @Test func oneBodyTooManyIsRefusedUntilAnotherIsAnswered() throws {
        let held = Held()
        let server = try HTTPServer(
            address: "127.0.0.1:0", limits: HTTPLimits(bodyBytes: 1 << 10, bodies: 1, threads: 2),
            handler: { request in
                held.keep(request)
                return .later
            })
        defer { server.stop() }
        let url = "http://127.0.0.1:\(server.port)/"
        let first = Thread { _ = HTTPClient().post(url, body: [1], headers: []) }
        first.start()
        let end = Date() + 5
        while held.isEmpty && Date() < end { usleep(10_000) }
        #expect(HTTPClient().post(url, body: [1], headers: []).status == 503)
        held.answerAll()
        while server.bodiesHeld > 0 && Date() < end { usleep(10_000) }
        #expect(server.bodiesHeld == 0)
    }

    private final class Held: @unchecked Sendable {
        private let lock = NSLock()
        private var requests: [HTTPRequest] = []

        var isEmpty: Bool { lock.withLock { requests.isEmpty } }
        func keep(_ request: HTTPRequest) { lock.withLock { requests.append(request) } }

        func answerAll() {
            let all = lock.withLock {
                defer { requests = [] }
                return requests
            }
            for request in all { request.complete(.text(200, "ok")) }
        }
    }
}

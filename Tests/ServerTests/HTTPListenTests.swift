import Glibc
import Testing

@testable import Server

/// Where a server listens, and how it ends.
@Suite struct HTTPListenTests {
    private func fault(_ address: String) -> ListenFault? {
        do throws(ListenFault) {
            let server = try HTTPServer(address: address, limits: HTTPLimits()) {
                .answer(echoed($0))
            }
            server.stop()
            return nil
        } catch { return error }
    }

    @Test func aTakenPortIsAFault() throws {
        let server = try TestServer.echo()
        let fault = try #require(self.fault("127.0.0.1:\(server.port)"))
        #expect(fault.reason == "Address already in use")
        #expect(fault.address == "127.0.0.1:\(server.port)")
    }

    @Test(arguments: [
        ("", "expected host:port"), ("9797", "expected host:port"),
        ("127.0.0.1", "expected host:port"), ("127.0.0.1:", "expected host:port"),
        ("127.0.0.1:65536", "expected host:port"), ("127.0.0.1:http", "expected host:port"),
        ("127.0.0.1:-1", "expected host:port"), ("[::1]", "expected host:port"),
        ("192.0.2.1:0", "Cannot assign requested address"),
    ])
    func aBadAddressIsAFault(address: String, reason: String) throws {
        #expect(fault(address)?.reason == reason)
    }

    @Test func aHostThatCannotBeResolvedIsAFault() { #expect(fault("no host:0") != nil) }

    @Test func listensOnIPv6() throws {
        let server = try TestServer("[::1]:0") { .answer(echoed($0)) }
        let client = try RawClient(port: server.port, isIPv6: true)
        client.request("GET", "/six")
        #expect(try client.answer().text == "GET /six \n")
    }

    @Test func aPortAloneListensOnAllAddresses() throws {
        let server = try TestServer(":0") { .answer(echoed($0)) }
        for isIPv6 in [false, true] {
            let client = try RawClient(port: server.port, isIPv6: isIPv6)
            client.request("GET", "/")
            #expect(try client.answer().status == 200)
        }
    }

    @Test func thePortIsFreeAgainAfterAQuietEnd() throws {
        let server = try HTTPServer(address: "127.0.0.1:0", limits: HTTPLimits()) {
            .answer(echoed($0))
        }
        let client = try RawClient(port: server.port)
        client.request("GET", "/")
        #expect(try client.answer().status == 200)
        server.quiesce()
        server.stop()
        #expect(client.isClosedByPeer())
        #expect(throws: RawClient.Fault.self) { try RawClient(port: server.port) }
        #expect(fault("127.0.0.1:\(server.port)") == nil)
    }

    /// What is answered just before the end still arrives; a connection without an answer closes.
    @Test func answersGivenBeforeTheEndArrive() throws {
        for _ in 0..<10 {
            let requests = Collected<HTTPRequest>()
            let server = try HTTPServer(address: "127.0.0.1:0", limits: HTTPLimits()) {
                requests.add($0)
                return .later
            }
            let clients = try (0..<20).map { _ in try RawClient(port: server.port) }
            let idle = try RawClient(port: server.port)
            for client in clients { client.request("GET", "/last") }
            #expect(eventually { requests.count == clients.count })
            for request in requests.all { request.complete(echoed(request)) }
            server.stop()
            for client in clients { #expect(try client.answer().text == "GET /last \n") }
            #expect(idle.isClosedByPeer())
        }
    }

    @Test func theEndDoesNotWaitForAClientThatDoesNotRead() throws {
        let requests = Collected<HTTPRequest>()
        let server = try HTTPServer(address: "127.0.0.1:0", limits: HTTPLimits()) {
            requests.add($0)
            return .later
        }
        let client = try RawClient(port: server.port)
        client.request("GET", "/much")
        #expect(eventually { requests.count == 1 })
        let much = HTTPResponse.json([UInt8](repeating: 32, count: 64 << 20))
        for request in requests.takeAll() { request.complete(much) }
        #expect(seconds { server.stop() } < 6)
    }
}

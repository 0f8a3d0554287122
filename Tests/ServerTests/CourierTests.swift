import Glibc
import Model
import Testing

@testable import Alerting
@testable import Server

/// A courier and what it reports.
private final class CourierWorld {
    let courier: Courier
    private let outcomes: Outcomes
    private var isStopped = false

    /// What came of each delivery, by number.
    final class Outcomes: Sendable {
        private let known = Locked<[UInt64: Outcome]>([:])
        func set(_ id: DeliveryID, _ outcome: Outcome) {
            known.withLock { $0[id.number] = outcome }
        }
        subscript(number: UInt64) -> Outcome? { known.withLock { $0[number] } }
    }

    init(timeoutMillis: Int = 10_000) {
        let outcomes = Outcomes()
        self.outcomes = outcomes
        let timeouts = RequestTimeouts(wholeMillis: timeoutMillis, connectMillis: timeoutMillis)
        courier = Courier(timeouts: timeouts) { outcomes.set($0, $1) }
        courier.start()
    }

    deinit { stop() }

    func stop() {
        if !isStopped { courier.stop() }
        isStopped = true
    }

    func send(_ number: UInt64, _ url: String, body: [UInt8] = [123, 125]) {
        courier.send(
            Delivery(
                id: DeliveryID(number), destination: .receiver("r", .webhook, 0),
                url: SecretText(url),
                contentType: "application/json",
                headers: [DeliveryHeader("X-Pitot-Delivery", "\(number)")], body: body,
                attempt: 1))
    }

    func outcome(_ number: UInt64, within seconds: Double = 10) -> Outcome? {
        _ = eventually(within: seconds) { outcomes[number] != nil }
        return outcomes[number]
    }

    /// The outcome of one delivery.
    func outcome(of url: String, body: [UInt8] = [123, 125]) -> Outcome? {
        send(1, url, body: body)
        return outcome(1)
    }
}

@Suite struct CourierTests {
    private func url(_ port: UInt16, _ path: String = "/hook") -> String {
        "http://127.0.0.1:\(port)\(path)"
    }

    private func sink(_ response: HTTPResponse) throws -> TestServer {
        try TestServer { _ in .answer(response) }
    }

    @Test(arguments: [200, 202, 204, 299])
    func anyTwoHundredIsDelivered(status: Int) throws {
        let sink = try sink(.text(status, "ok"))
        #expect(CourierWorld().outcome(of: url(sink.port)) == .delivered(status: status))
    }

    @Test(arguments: [302, 400, 404, 500, 503])
    func anyOtherAnswerIsARefusal(status: Int) throws {
        let sink = try sink(.text(status, "no").adding("Location", "http://127.0.0.1:1/"))
        let outcome = CourierWorld().outcome(of: url(sink.port))
        #expect(outcome == .refused(status: status, retryAfter: nil))
    }

    @Test(
        arguments: [
            ("7", TimeSpan.seconds(7)), ("999999999", .seconds(86_400)), ("0", nil), ("-5", nil),
            ("soon", nil), ("Thu, 01 Jan 1970 00:00:10 GMT", nil),
        ] as [(String, TimeSpan?)])
    func retryAfterIsRead(header: String, span: TimeSpan?) throws {
        let sink = try sink(.text(429, "later").adding("Retry-After", header))
        let outcome = CourierWorld().outcome(of: url(sink.port))
        #expect(outcome == .refused(status: 429, retryAfter: span))
    }

    @Test func retryAfterMayBeADate() throws {
        var time = Int(wallClock().millis / 1000) + 100
        var parts = tm()
        gmtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let count = strftime(&text, 64, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        let date = String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let sink = try sink(.text(503, "later").adding("Retry-After", date))
        guard
            case .refused(status: 503, retryAfter: let span?) = CourierWorld()
                .outcome(of: url(sink.port))
        else {
            Issue.record("no Retry-After")
            return
        }
        #expect(span >= .seconds(90) && span <= .seconds(101))
    }

    @Test(arguments: [2, 5_000, 3 << 20])
    func headersAndBodyArriveIntact(size: Int) throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        let got = Collected<[String?]>()
        let bodies = Collected<[UInt8]>()
        let sink = try TestServer { request in
            let names = ["Content-Type", "X-Pitot-Delivery", "User-Agent", "Content-Length"]
            got.add(names.map { request.header($0) } + [request.method, request.path])
            bodies.add(request.body)
            return .answer(.text(200, "ok"))
        }
        let outcome = CourierWorld().outcome(of: url(sink.port, "/a/b"), body: body)
        #expect(outcome == .delivered(status: 200))
        #expect(
            got.all == [
                ["application/json", "1", "pitot/\(version)", "\(size)", "POST", "/a/b"]
            ])
        #expect(bodies.all == [body])
    }

    @Test func aRefusedConnectionIsUnreachable() throws {
        let port = try TestServer.echo().port
        #expect(CourierWorld().outcome(of: url(port)) == .failed(reason: .unreachable))
    }

    @Test(arguments: [
        "", "not a url", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://[::1",
        "http://127.0.0.1:99999/", "gopher://127.0.0.1:1/",
    ])
    func aBadURLIsOne(url: String) {
        #expect(CourierWorld().outcome(of: url) == .failed(reason: .badURL))
    }

    @Test func aNameThatDoesNotExistIsUnresolved() {
        let outcome = CourierWorld().outcome(of: "http://nowhere.invalid/")
        #expect(outcome == .failed(reason: .unresolved))
    }

    @Test func tlsToAPlainPortIsATLSFailure() throws {
        let sink = try TestServer.echo()
        let outcome = CourierWorld().outcome(of: "https://127.0.0.1:\(sink.port)/")
        #expect(outcome == .failed(reason: .tls))
    }

    @Test func aConnectionThatEndsWithoutAnAnswerIsLost() throws {
        let silent = try SilentPeer()
        let world = CourierWorld()
        world.send(1, url(silent.port))
        silent.acceptAndClose()
        #expect(world.outcome(1) == .failed(reason: .connectionLost))
    }

    @Test func aReceiverThatHangsTimesOut() throws {
        let silent = try SilentPeer()
        let world = CourierWorld(timeoutMillis: 200)
        let took = seconds {
            #expect(world.outcome(of: url(silent.port)) == .failed(reason: .timedOut))
        }
        #expect(took >= 0.19 && took < 5)
    }

    @Test func aReceiverThatHangsDelaysNoOther() throws {
        let silent = try SilentPeer()
        let sink = try sink(.text(200, "ok"))
        let world = CourierWorld()
        world.send(1, url(silent.port))
        let took = seconds {
            for number in UInt64(2)..<52 { world.send(number, url(sink.port, "/\(number)")) }
            for number in UInt64(2)..<52 {
                #expect(world.outcome(number) == .delivered(status: 200))
            }
        }
        #expect(took < 5)
        #expect(world.outcome(1, within: 0) == nil)
    }

    @Test func theEndDoesNotWaitForDeliveriesUnderWay() throws {
        let silent = try SilentPeer()
        let world = CourierWorld()
        world.send(1, url(silent.port))
        silent.accept()
        #expect(seconds { world.stop() } < 1)
        #expect(world.outcome(1, within: 0) == nil)
        // What comes too late is not sent, and harms nothing.
        world.send(2, url(silent.port))
    }
}

/// Listens and says nothing.
private final class SilentPeer {
    private let listening: Int32
    private var taken: Int32 = -1
    let port: UInt16

    init() throws {
        listening = try listeningSocket("127.0.0.1:0")
        port = boundPort(of: listening)
    }

    deinit {
        if taken >= 0 { close(taken) }
        close(listening)
    }

    func accept() { taken = Glibc.accept(listening, nil, nil) }

    func acceptAndClose() {
        accept()
        var chunk = [UInt8](repeating: 0, count: 4096)
        _ = recv(taken, &chunk, chunk.count, 0)
        close(taken)
        taken = -1
    }
}

import Agent
import COpenSSL
import Glibc
import Model
import Synchronization
import Wire

// OTLP over gRPC: a few threads, each with a loop over its connections. A loop reads, decodes and
// posts to the owner; answers come back through a list and a byte in a pipe. gRPC of one call, one
// message is all that OTLP needs, so nghttp2 is all that is needed (decision 0028).

/// A listening gRPC server.
final class GRPCServer: Sendable {
    let port: UInt16
    private let loops: [GRPCLoop]
    private let socket: Int32
    private let tls: GRPCTLS?

    init(
        address: String, tls: GRPCTLS?, limits: GRPCLimits, intake: OTLPIntake, threads: Int = 2
    ) throws(ListenFault) {
        socket = try listeningSocket(address)
        port = boundPort(of: socket)
        self.tls = tls
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        var made: [GRPCLoop] = []
        for _ in 0..<threads {
            guard let loop = GRPCLoop(socket, tls: tls, limits: limits, intake: intake) else {
                close(socket)
                throw ListenFault(address: address, reason: String(cString: strerror(errno)))
            }
            made.append(loop)
        }
        loops = made
        for loop in loops { loop.start() }
    }

    /// Takes no more calls.
    func quiesce() { for loop in loops { loop.quiesce() } }

    /// Ends all connections; calls that were handed over must have been answered.
    func stop() {
        for loop in loops { loop.stop() }
        close(socket)
    }
}

/// Certificate and key.
final class GRPCTLS: @unchecked Sendable {
    // Sound: a context is not changed once it is made, and OpenSSL counts its users itself.
    private let context: OpaquePointer

    /// Nil when the files cannot be read or do not belong together.
    init?(certificate: String, key: String) {
        guard let made = pitot_tls_server(certificate, key) else { return nil }
        context = made
    }

    deinit { SSL_CTX_free(context) }

    func accept(_ file: Int32) -> OpaquePointer? {
        guard let ssl = SSL_new(context) else { return nil }
        SSL_set_fd(ssl, file)
        SSL_set_accept_state(ssl)
        return ssl
    }
}

/// One thread's connections.
private final class GRPCLoop: @unchecked Sendable {
    // Sound: `connections` is the thread's own; what others tell it goes through `told`.
    private struct Told {
        var answers: [(connection: Int, stream: Int32, answer: GRPCAnswer)] = []
        var isQuiet = false
        var isStopping = false
    }

    private let socket: Int32
    private let tls: GRPCTLS?
    private let limits: GRPCLimits
    private let intake: OTLPIntake
    private let told = Locked(Told())
    private let wakeRead: Int32
    private let wakeWrite: Int32
    private var connections: [Int: GRPCConnection] = [:]
    private var lastNumber = 0
    private var thread: Worker?

    init?(_ socket: Int32, tls: GRPCTLS?, limits: GRPCLimits, intake: OTLPIntake) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (wakeRead, wakeWrite) = (ends[0], ends[1])
        self.socket = socket
        self.tls = tls
        self.limits = limits
        self.intake = intake
    }

    deinit {
        close(wakeRead)
        close(wakeWrite)
    }

    func start() { thread = Worker { [self] in run() } }

    func quiesce() {
        told.withLock { $0.isQuiet = true }
        wake()
    }

    func stop() {
        told.withLock { $0.isStopping = true }
        wake()
        thread?.join()
        thread = nil
    }

    private func wake() {
        var byte: UInt8 = 1
        // A full pipe wakes, too.
        _ = Glibc.write(wakeWrite, &byte, 1)
    }

    private func run() {
        var isQuiet = false
        var stopAt: Timestamp?
        while true {
            let news = told.withLock { told in
                defer { told.answers = [] }
                return told
            }
            for (number, stream, answer) in news.answers {
                connections[number]?.answer(stream, answer)
                connections[number]?.flush()
            }
            let now = wallClock()
            if news.isQuiet && !isQuiet {
                isQuiet = true
                for connection in connections.values { connection.shutDown() }
            }
            if news.isStopping && stopAt == nil { stopAt = now + limits.drain }
            connections = connections.filter { !$0.value.isClosed }
            if let stopAt, now >= stopAt || connections.values.allSatisfy(\.isIdle) { break }
            let deadline = connections.values.compactMap { $0.expire(at: now) }.min()
            wait(until: deadline ?? now + .seconds(stopAt == nil ? 1 : 0), isQuiet: isQuiet)
        }
        connections = [:]
    }

    private func wait(until deadline: Timestamp, isQuiet: Bool) {
        let order = connections.keys.sorted()
        var files = [pollfd(fd: wakeRead, events: Int16(POLLIN), revents: 0)]
        let accepts = !isQuiet && connections.count < limits.connections
        files.append(
            pollfd(fd: accepts ? socket : -1, events: Int16(POLLIN), revents: 0))
        for number in order {
            guard let connection = connections[number] else { continue }
            let events = Int16(POLLIN) | (connection.wantsWrite ? Int16(POLLOUT) : 0)
            files.append(pollfd(fd: connection.file, events: events, revents: 0))
        }
        let millis = max(1, min(1000, (deadline - wallClock()).millis))
        guard poll(&files, nfds_t(files.count), Int32(millis)) > 0 else { return }
        if files[0].revents != 0 {
            var bytes = [UInt8](repeating: 0, count: 256)
            while read(wakeRead, &bytes, bytes.count) > 0 {}
        }
        if files[1].revents != 0 { accept() }
        let now = wallClock()
        let buffered = connections.values.reduce(0) { $0 + $1.buffered }
        for (number, file) in zip(order, files[2...]) where file.revents != 0 {
            guard let connection = connections[number] else { continue }
            connection.hasRoom = buffered < limits.bufferedBytes
            for (stream, request) in connection.receive(at: now) {
                handle(request, stream, number, connection)
            }
            connection.flush()
        }
    }

    private func accept() {
        let file = Glibc.accept(socket, nil, nil)
        guard file >= 0 else { return }
        _ = fcntl(file, F_SETFL, O_NONBLOCK)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        setsockopt(
            file, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var ssl: OpaquePointer?
        if let tls {
            ssl = tls.accept(file)
            guard ssl != nil else {
                close(file)
                return
            }
        }
        guard let made = GRPCConnection(file: file, ssl: ssl, limits: limits, at: wallClock())
        else { return }
        lastNumber += 1
        connections[lastNumber] = made
        made.flush()
    }

    private func handle(
        _ request: GRPCRequest, _ stream: Int32, _ number: Int, _ connection: GRPCConnection
    ) {
        intake.note(transport: "grpc")
        guard request.isGRPC else { return connection.answerPlainly(stream, status: 415) }
        guard let signal = request.signal else {
            return connection.answer(
                stream, GRPCAnswer(.unimplemented, "no such method; expected an OTLP Export"))
        }
        switch request.message(limit: limits.messageBytes) {
        case .failure(let end):
            intake.note(refused: "bad_grpc_message")
            connection.answer(stream, end.answer)
        case .success(let body):
            let done: @Sendable (OTLPOutcome) -> Void = { [self] outcome in
                told.withLock { $0.answers.append((number, stream, GRPCAnswer(outcome))) }
                wake()
            }
            switch signal {
            case .traces: intake.takeTraces(body, done)
            case .metrics: intake.takeMetrics(body, done)
            }
        }
    }
}

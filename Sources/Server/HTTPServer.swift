import CMicrohttpd
import Glibc
import Synchronization

// HTTP/1.1 on libmicrohttpd: a pool of epoll threads reads requests and runs the handler; a
// request that has to wait (for the log to be durable) is suspended and costs no thread.

/// One request. Lives from its first byte until its answer is sent.
final class HTTPRequest: @unchecked Sendable {
    // Sound: the connection's thread alone touches it until it is handed to `later`; whoever
    // completes it writes `response` before resuming, and the daemon's own lock orders the two.
    let method: String
    let path: String
    fileprivate(set) var body: [UInt8] = []
    /// Bytes of body that came, those thrown away included.
    fileprivate var received = 0
    fileprivate var isTooLarge = false
    fileprivate var holdsBody = false
    fileprivate var response: HTTPResponse?
    /// The same as the library's, when it was made before the answer; owned until it is queued.
    private var prepared: OpaquePointer?
    /// Whether the handler has it or had it.
    fileprivate var isHandled = false
    private let connection: OpaquePointer
    /// What its answer carries whatever it is.
    var answerHeaders: [(name: String, value: String)] = []

    fileprivate init(method: String, path: String, connection: OpaquePointer) {
        self.method = method
        self.path = path
        self.connection = connection
    }

    deinit { if let prepared { MHD_destroy_response(prepared) } }

    fileprivate var socket: Int32 { pitot_mhd_socket(connection) }

    func header(_ name: String) -> String? {
        MHD_lookup_connection_value(connection, .HEADER_KIND, name).map { String(cString: $0) }
    }

    func query(_ name: String) -> String? {
        MHD_lookup_connection_value(connection, .GET_ARGUMENT_KIND, name)
            .map { String(cString: $0) }
    }

    /// All parameters of the address, in order; a name may stand more than once.
    var queryPairs: [(name: String, value: String)] {
        var collected = ParameterList()
        withUnsafeMutablePointer(to: &collected) { list in
            _ = MHD_get_connection_values(
                connection, .GET_ARGUMENT_KIND,
                { context, _, name, value in
                    guard let context, let name else { return .YES }
                    context.assumingMemoryBound(to: ParameterList.self).pointee.pairs.append(
                        (String(cString: name), value.map { String(cString: $0) } ?? ""))
                    return .YES
                }, list)
        }
        return collected.pairs
    }

    private struct ParameterList { var pairs: [(name: String, value: String)] = [] }

    /// Whether the client has closed its side. Only for a request that is put off: nobody else
    /// reads from the socket then.
    var isClientGone: Bool {
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count == 0 || count < 0 && errno != EAGAIN && errno != EINTR
    }

    /// Answers a request that was put off. Called once, from any thread.
    func complete(_ response: HTTPResponse) {
        precondition(self.response == nil, "a request is answered once")
        self.response = response
        MHD_resume_connection(connection)
    }

    /// The same from a thread that has time: the library's copy of a large body, 50 ms at 60 MB, is
    /// made here and not on the connection's thread, where writes would wait for it.
    func completePrepared(_ response: HTTPResponse) {
        prepared = make(response)
        var rest = response
        if prepared != nil { rest.body = [] }
        complete(rest)
    }

    /// Lets the body's memory go, once it is decoded. Called before the answer.
    func dropBody() { body = [] }

    fileprivate func suspend() { MHD_suspend_connection(connection) }

    fileprivate func send(_ response: HTTPResponse) -> MHD_Result {
        if let known = prepared {
            prepared = nil
            return queue(known, response.status)
        }
        let isSmall = response.body.count <= Compression.connectionBytesMax
        let encoded = isSmall ? response.encoded(for: header("Accept-Encoding")) : response
        guard let made = make(encoded) else { return .NO }
        return queue(made, response.status)
    }

    private func queue(_ made: OpaquePointer, _ status: Int) -> MHD_Result {
        defer { MHD_destroy_response(made) }
        return MHD_queue_response(connection, UInt32(status), made)
    }

    /// The library's form of an answer, with a copy of its body.
    private func make(_ response: HTTPResponse) -> OpaquePointer? {
        let made = response.body.withUnsafeBytes { bytes in
            MHD_create_response_from_buffer(
                bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                .RESPMEM_MUST_COPY)
        }
        guard let made else { return nil }
        if !response.contentType.isEmpty {
            MHD_add_response_header(made, "Content-Type", response.contentType)
        }
        for header in response.headers + answerHeaders {
            MHD_add_response_header(made, header.name, header.value)
        }
        return made
    }
}

/// Caps of a server.
struct HTTPLimits: Sendable {
    var bodyBytes = 32 << 20
    var connections: UInt32 = 1024
    /// Requests with a body at a time, from their headers to their answer.
    var bodies = 256
    /// Of inactivity, in seconds.
    var timeoutSeconds: UInt32 = 60
    var threads: UInt32 = 2
    var phases = PhaseLimits()
}

/// A listening server.
final class HTTPServer: @unchecked Sendable {
    // Sound: `daemon` is set before the first request and cleared after the last.
    typealias Handler = @Sendable (HTTPRequest) -> Disposition

    let port: UInt16
    private let handler: Handler
    private let hooks: HTTPHooks
    private let limits: HTTPLimits
    private let socket: Int32
    private var daemon: OpaquePointer?
    private let deadlines: ConnectionDeadlines
    private var sweeper: Worker?

    private let bodies = Atomic<Int>(0)

    /// Connections cut because their client was too slow.
    var slowClientsCut: Int { deadlines.cutCount }

    /// Requests with a body that are being read or answered.
    var bodiesHeld: Int { bodies.load(ordering: .relaxed) }
    /// The listening socket, once the daemon has given it back.
    private var quiesced: Int32 = -1
    /// Requests that the handler took and whose answer is not sent yet.
    private let unanswered = Atomic(0)
    /// How long the end waits for clients to read their answers.
    private static let lingerMillis = 2000

    /// Listens on `address`, "host:port"; port 0 takes a free one.
    init(
        address: String, limits: HTTPLimits,
        hooks: HTTPHooks = HTTPHooks(),
        handler: @escaping Handler
    ) throws(ListenFault) {
        self.handler = handler
        self.hooks = hooks
        self.limits = limits
        deadlines = ConnectionDeadlines(limits: limits.phases)
        socket = try listeningSocket(address)
        port = boundPort(of: socket)
        guard start() else {
            close(socket)
            throw ListenFault(address: address, reason: "libmicrohttpd did not start")
        }
        sweeper = Worker { [deadlines] in deadlines.run() }
    }

    /// Stops taking connections; those open go on.
    func quiesce() {
        if let daemon, quiesced < 0 { quiesced = MHD_quiesce_daemon(daemon) }
    }

    /// Ends every connection, once the answers given are sent. Every request that was put off must
    /// have been completed.
    func stop() {
        guard let daemon else { return }
        // The daemon would drop what it has not sent. Nothing tells when it has but its callbacks;
        // this is the end, so looking every millisecond costs nobody anything.
        for _ in 0..<Self.lingerMillis where unanswered.load(ordering: .acquiring) > 0 {
            usleep(1000)
        }
        MHD_stop_daemon(daemon)
        self.daemon = nil
        // Only now does no thread of the daemon use it (the manual of MHD_quiesce_daemon).
        if quiesced >= 0 { close(quiesced) }
        quiesced = -1
        deadlines.stop()
        sweeper?.join()
        sweeper = nil
    }

    private func start() -> Bool {
        let completed: MHD_RequestCompletedCallback = { context, connection, pointer, _ in
            guard let context, let slot = pointer, let known = slot.pointee else { return }
            let request = Unmanaged<HTTPRequest>.fromOpaque(known).takeRetainedValue()
            slot.pointee = nil
            let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
            if request.holdsBody { server.bodies.subtract(1, ordering: .relaxed) }
            if request.isHandled { server.unanswered.subtract(1, ordering: .releasing) }
            guard let connection else { return }
            server.deadlines.waitsForHeaders(pitot_mhd_socket(connection))
        }
        let changed: MHD_NotifyConnectionCallback = { context, connection, _, what in
            guard let context, let connection else { return }
            let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
            let socket = pitot_mhd_socket(connection)
            switch what {
            case .CONNECTION_NOTIFY_STARTED: server.deadlines.waitsForHeaders(socket)
            case .CONNECTION_NOTIFY_CLOSED: server.deadlines.closed(socket)
            @unknown default: break
            }
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        let options: [MHD_OptionItem] = [
            item(.LISTEN_SOCKET, Int(socket)),
            item(.THREAD_POOL_SIZE, Int(limits.threads)),
            item(.CONNECTION_LIMIT, Int(limits.connections)),
            item(.CONNECTION_TIMEOUT, Int(limits.timeoutSeconds)),
            item(.CONNECTION_MEMORY_LIMIT, 128 << 10),
            item(.STRICT_FOR_CLIENT, 1),
            MHD_OptionItem(
                option: .NOTIFY_COMPLETED,
                value: Int(bitPattern: unsafeBitCast(completed, to: UnsafeRawPointer.self)),
                ptr_value: context),
            MHD_OptionItem(
                option: .NOTIFY_CONNECTION,
                value: Int(bitPattern: unsafeBitCast(changed, to: UnsafeRawPointer.self)),
                ptr_value: context),
            item(.END, 0),
        ]
        var array = options
        let flags = MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
        daemon = array.withUnsafeMutableBufferPointer { buffer in
            guard let items = buffer.baseAddress else { return nil }
            return withVaList([MHD_OPTION.ARRAY.rawValue, items, MHD_OPTION.END.rawValue]) {
                MHD_start_daemon_va(flags, 0, nil, nil, Self.accept, context, $0)
            }
        }
        return daemon != nil
    }

    private func item(_ option: MHD_OPTION, _ value: Int) -> MHD_OptionItem {
        MHD_OptionItem(option: option, value: value, ptr_value: nil)
    }

    private static let accept: MHD_AccessHandlerCallback = {
        context, connection, url, method, _, upload, uploadSize, slot in
        guard let context, let connection, let slot, let url, let method, let uploadSize else {
            return .NO
        }
        let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
        guard let known = slot.pointee else {
            let request = HTTPRequest(
                method: String(cString: method), path: String(cString: url),
                connection: connection)
            slot.pointee = Unmanaged.passRetained(request).toOpaque()
            return server.begin(request)
        }
        let request = Unmanaged<HTTPRequest>.fromOpaque(known).takeUnretainedValue()
        if uploadSize.pointee > 0 {
            let count = uploadSize.pointee
            uploadSize.pointee = 0
            return server.receive(upload, count, for: request)
        }
        return server.finish(request)
    }

    /// After the headers: a body that says it is too large is refused before it is read.
    private func begin(_ request: HTTPRequest) -> MHD_Result {
        let length = request.header("Content-Length")
        if length != nil && request.header("Transfer-Encoding") != nil {
            // A proxy in front may hold the other length for true (RFC 9112 §6.3).
            let response = HTTPResponse.text(400, "Content-Length and Transfer-Encoding at once")
            return request.send(response.adding("Connection", "close"))
        }
        // A length that no integer holds is the largest there is.
        let announced = length.map { Int($0) ?? .max } ?? 0
        if request.method == "POST" {
            request.holdsBody = true
            let held = bodies.wrappingAdd(1, ordering: .relaxed).newValue
            if held > limits.bodies {
                if let response = hooks.refused(request, .crowded) {
                    return request.send(response.adding("Connection", "close"))
                }
                return request.send(
                    .text(503, "\(limits.bodies) bodies are being read; try again")
                        .adding("Retry-After", "1").adding("Connection", "close"))
            }
        }
        if announced > limits.bodyBytes {
            request.isTooLarge = true
            // Whoever is answered as if all were well may send to the end, within reason.
            let response = hooks.refused(request, .tooLarge)
            guard let response, announced <= 2 * limits.bodyBytes else {
                return send(tooLarge: request, response)
            }
            request.response = response
            deadlines.waitsForBody(request.socket, bytes: announced)
            return .YES
        }
        request.body.reserveCapacity(announced)
        deadlines.waitsForBody(
            request.socket, bytes: announced > 0 ? announced : limits.bodyBytes)
        return .YES
    }

    private func send(tooLarge request: HTTPRequest, _ response: HTTPResponse?) -> MHD_Result {
        let response = response ?? .text(413, "body exceeds limit \(limits.bodyBytes)")
        return request.send(response.adding("Connection", "close"))
    }

    /// Takes a part of the body. One over the limit is read to its end and thrown away, for a
    /// client that reads no answer before it has sent all; one that goes on and on loses its
    /// connection.
    private func receive(
        _ bytes: UnsafePointer<CChar>?, _ count: Int, for request: HTTPRequest
    ) -> MHD_Result {
        request.received += count
        if request.received > limits.bodyBytes {
            request.isTooLarge = true
            request.body = []
            guard request.received > 2 * limits.bodyBytes else { return .YES }
            _ = hooks.refused(request, .tooLarge)
            return .NO
        }
        request.body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return .YES
    }

    private func finish(_ request: HTTPRequest) -> MHD_Result {
        if let response = request.response { return request.send(response) }
        if request.isTooLarge {
            return send(tooLarge: request, hooks.refused(request, .tooLarge))
        }
        deadlines.isServed(request.socket)
        request.isHandled = true
        unanswered.add(1, ordering: .relaxed)
        if let response = hooks.atOnce(request) { return request.send(response) }
        // Suspended first: the answer may come from another thread before the handler returns.
        request.suspend()
        switch handler(request) {
        case .later: break
        case .answer(let response): request.complete(response)
        }
        return .YES
    }
}

import CNghttp2
import COpenSSL
import Glibc
import Model

// One connection of HTTP/2, by nghttp2: bytes in, requests out; answers in, bytes out. It belongs
// to the thread of its loop. nghttp2 keeps the flow control and the limits that SETTINGS tell.

/// Caps of gRPC.
struct GRPCLimits: Sendable {
    var messageBytes = 32 << 20
    var connections = 256
    var streams = 128
    /// Of bodies of all connections of a loop that are not whole yet.
    var bufferedBytes = 256 << 20
    /// A connection without a request for so long is told to go.
    var idle = TimeSpan.minutes(5)
    /// A request has to be whole after so long.
    var requestTime = TimeSpan.seconds(60)
    /// What an end waits for requests under way.
    var drain = TimeSpan.seconds(2)
}

/// A stream's state.
private final class GRPCStream {
    // A class: nghttp2 holds a pointer to it while an answer's body is read.
    var request = GRPCRequest()
    let begun: Timestamp
    /// Handed over, or answered.
    var isTaken = false
    var isAnswered = false
    var answer: GRPCAnswer?
    var sent = 0
    var framed: [UInt8] = []

    init(begun: Timestamp) { self.begun = begun }
}

/// A connection.
final class GRPCConnection {
    let file: Int32
    private let ssl: OpaquePointer?
    private let limits: GRPCLimits
    private var session: OpaquePointer?
    private var streams: [Int32: GRPCStream] = [:]
    private var outgoing: [UInt8] = []
    private var outgoingSent = 0
    private(set) var lastActive: Timestamp
    private var now: Timestamp
    private(set) var isClosed = false
    private(set) var buffered = 0
    private var wantsWriteForTLS = false
    /// Whether the last look at the loop's memory found room.
    var hasRoom = true
    private var whole: [(stream: Int32, request: GRPCRequest)] = []

    init?(file: Int32, ssl: OpaquePointer?, limits: GRPCLimits, at now: Timestamp) {
        self.file = file
        self.ssl = ssl
        self.limits = limits
        lastActive = now
        self.now = now
        guard makeSession() else { return nil }
    }

    deinit {
        if let session { nghttp2_session_del(session) }
        if let ssl { SSL_free(ssl) }
        close(file)
    }

    private func makeSession() -> Bool {
        var made: OpaquePointer?
        guard nghttp2_session_callbacks_new(&made) == 0, let callbacks = made else { return false }
        defer { nghttp2_session_callbacks_del(callbacks) }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            guard let frame, pitot_h2_is_request(frame) != 0 else { return 0 }
            GRPCConnection.of(context)?.begin(pitot_h2_frame_stream(frame))
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameSize, value, valueSize, _, context in
            guard let frame, let name, let value else { return 0 }
            GRPCConnection.of(context)?.take(
                pitot_h2_frame_stream(frame),
                UnsafeBufferPointer(start: name, count: nameSize),
                UnsafeBufferPointer(start: value, count: valueSize))
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            _, _, stream, bytes, size, context in
            GRPCConnection.of(context)?.take(
                stream, UnsafeBufferPointer(start: bytes, count: size))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            guard let frame, pitot_h2_frame_ends_stream(frame) != 0 else { return 0 }
            GRPCConnection.of(context)?.end(pitot_h2_frame_stream(frame))
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, _, context in
            GRPCConnection.of(context)?.closed(stream)
            return 0
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        guard nghttp2_session_server_new(&session, callbacks, context) == 0, let session else {
            return false
        }
        let entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: UInt32(limits.streams)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: 1 << 20),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: 16384),
        ]
        nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
        nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, 8 << 20)
        return true
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> GRPCConnection? {
        context.map { Unmanaged<GRPCConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: What nghttp2 tells

    private func begin(_ stream: Int32) { streams[stream] = GRPCStream(begun: now) }

    private func take(
        _ stream: Int32, _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
    ) {
        streams[stream]?.request.take(
            String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self), at: now)
    }

    private func take(_ stream: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard let known = streams[stream], !known.isTaken else { return }
        if known.request.body.count + bytes.count > limits.messageBytes + GRPCRequest.prefixBytes {
            return refuse(
                stream,
                GRPCAnswer(.resourceExhausted, "message exceeds limit \(limits.messageBytes)"))
        }
        guard hasRoom else {
            var answer = GRPCAnswer(.unavailable, "too many messages are being read; try again")
            answer.mayRetry = true
            return refuse(stream, answer)
        }
        known.request.body.append(contentsOf: bytes)
        buffered += bytes.count
    }

    private func refuse(_ stream: Int32, _ answer: GRPCAnswer) {
        streams[stream]?.isTaken = true
        drop(stream)
        self.answer(stream, answer)
    }

    private func drop(_ stream: Int32) {
        guard let known = streams[stream] else { return }
        buffered -= known.request.body.count
        known.request.body = []
    }

    private func end(_ stream: Int32) {
        guard let known = streams[stream], !known.isTaken else { return }
        known.isTaken = true
        whole.append((stream, known.request))
        drop(stream)
    }

    private func closed(_ stream: Int32) {
        drop(stream)
        streams[stream] = nil
    }

    // MARK: Bytes

    /// Reads what there is; the requests that are whole now.
    func receive(at now: Timestamp) -> [(stream: Int32, request: GRPCRequest)] {
        self.now = now
        whole = []
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while !isClosed {
            let count = read(into: &buffer)
            guard count > 0 else { break }
            lastActive = now
            let taken = buffer.withUnsafeBufferPointer {
                nghttp2_session_mem_recv(session, $0.baseAddress, count)
            }
            if taken < 0 { isClosed = true }
            if count < buffer.count && ssl == nil { break }
        }
        flush()
        return whole
    }

    private func read(into buffer: inout [UInt8]) -> Int {
        let count = buffer.withUnsafeMutableBytes { room -> Int in
            guard let ssl else { return recv(file, room.baseAddress, room.count, 0) }
            let count = SSL_read(ssl, room.baseAddress, Int32(room.count))
            if count > 0 { return Int(count) }
            switch SSL_get_error(ssl, count) {
            case SSL_ERROR_WANT_READ: return -1
            case SSL_ERROR_WANT_WRITE:
                wantsWriteForTLS = true
                return -1
            default: return 0
            }
        }
        if count == 0 { isClosed = true }
        if count < 0, ssl == nil, errno != EAGAIN, errno != EINTR { isClosed = true }
        return count
    }

    /// Writes what nghttp2 has to send, as far as the socket takes it.
    func flush() {
        wantsWriteForTLS = false
        while !isClosed {
            if outgoingSent == outgoing.count {
                outgoing.removeAll(keepingCapacity: true)
                outgoingSent = 0
                var bytes: UnsafePointer<UInt8>?
                while outgoing.count < 256 << 10 {
                    let count = nghttp2_session_mem_send(session, &bytes)
                    guard count > 0, let bytes else { break }
                    outgoing.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
                }
                if outgoing.isEmpty { break }
            }
            guard write() else { break }
        }
        let isOver =
            nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
        if isOver && outgoingSent == outgoing.count { isClosed = true }
    }

    private func write() -> Bool {
        let count = outgoing.withUnsafeBytes { all -> Int in
            let rest = UnsafeRawBufferPointer(rebasing: all[outgoingSent...])
            guard let ssl else {
                return send(file, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            let count = SSL_write(ssl, rest.baseAddress, Int32(clamping: rest.count))
            if count > 0 { return Int(count) }
            let why = SSL_get_error(ssl, count)
            return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0
        }
        if count > 0 {
            outgoingSent += count
            return true
        }
        if count == 0 || (ssl == nil && errno != EAGAIN && errno != EINTR) { isClosed = true }
        return false
    }

    /// Whether the socket is to be watched for room.
    var wantsWrite: Bool { outgoingSent < outgoing.count || wantsWriteForTLS }

    // MARK: Answers

    /// Ends a call. One whose stream is gone is nobody's.
    func answer(_ stream: Int32, _ answer: GRPCAnswer) {
        guard let known = streams[stream], !known.isAnswered else { return }
        known.isAnswered = true
        known.answer = answer
        var fields = [
            (name: ":status", value: "200"), (name: "content-type", value: "application/grpc"),
            (name: "grpc-accept-encoding", value: "identity,gzip"),
        ]
        guard let body = answer.body else {
            fields += answer.trailers
            submit(stream, fields, nil)
            return
        }
        let size = UInt32(body.count)
        known.framed = [
            0, UInt8(size >> 24), UInt8(size >> 16 & 255), UInt8(size >> 8 & 255),
            UInt8(size & 255),
        ]
        known.framed += body
        var provider = pitot_h2_data(Unmanaged.passUnretained(known).toOpaque()) {
            session, stream, room, size, flags, source, context in
            guard let room, let flags, let connection = GRPCConnection.of(context),
                let known = connection.streams[stream]
            else { return 0 }
            let count = min(size, known.framed.count - known.sent)
            for index in 0..<count { room[index] = known.framed[known.sent + index] }
            known.sent += count
            if known.sent == known.framed.count {
                flags.pointee |=
                    UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
                    | UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
                connection.submitTrailers(stream, known.answer?.trailers ?? [])
            }
            return count
        }
        submit(stream, fields, &provider)
    }

    /// An answer that is no gRPC, to a request that is none.
    func answerPlainly(_ stream: Int32, status: Int) {
        guard let known = streams[stream], !known.isAnswered else { return }
        known.isAnswered = true
        submit(stream, [(":status", String(status))], nil)
    }

    private func submit(
        _ stream: Int32, _ fields: [(name: String, value: String)],
        _ provider: UnsafeMutablePointer<nghttp2_data_provider>?
    ) {
        Self.withFields(fields) { all, count in
            _ = nghttp2_submit_response(session, stream, all, count, provider)
        }
    }

    private func submitTrailers(_ stream: Int32, _ fields: [(name: String, value: String)]) {
        Self.withFields(fields) { all, count in
            _ = nghttp2_submit_trailer(session, stream, all, count)
        }
    }

    /// nghttp2 copies names and values, so they need to live for the call alone.
    private static func withFields(
        _ fields: [(name: String, value: String)],
        _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Void
    ) {
        var bytes: [UInt8] = []
        var places: [(name: Int, nameSize: Int, value: Int, valueSize: Int)] = []
        for (name, value) in fields {
            places.append(
                (bytes.count, name.utf8.count, bytes.count + name.utf8.count, value.utf8.count))
            bytes += Array(name.utf8) + Array(value.utf8)
        }
        bytes.withUnsafeBufferPointer { all in
            guard let base = all.baseAddress else { return }
            let made = places.map {
                pitot_h2_field(base + $0.name, $0.nameSize, base + $0.value, $0.valueSize)
            }
            made.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
        }
    }

    // MARK: Time

    /// Ends calls whose deadline has passed, and requests that take too long; when the next will.
    func expire(at now: Timestamp) -> Timestamp? {
        self.now = now
        var next: Timestamp?
        for (stream, known) in streams.sorted(by: { $0.key < $1.key }) where !known.isAnswered {
            var limit = known.isTaken ? nil : known.begun + limits.requestTime
            if let deadline = known.request.deadline { limit = min(limit ?? deadline, deadline) }
            guard let limit else { continue }
            if limit <= now {
                known.isTaken = true
                drop(stream)
                answer(stream, GRPCAnswer(.deadlineExceeded, "the deadline has passed"))
            } else {
                next = min(next ?? limit, limit)
            }
        }
        if streams.isEmpty && now - lastActive > limits.idle { shutDown() }
        flush()
        return next
    }

    /// Takes no more requests; closes once those under way are answered.
    func shutDown() {
        let last = nghttp2_session_get_last_proc_stream_id(session)
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
        flush()
        if streams.isEmpty && !wantsWrite { isClosed = true }
    }

    var isIdle: Bool { streams.isEmpty && !wantsWrite }
}

import Alerting
import CCurl
import Glibc
import Model

// Carries deliveries out over HTTP with libcurl's multi interface: one thread, any number of
// destinations at once, so a receiver that hangs delays nobody else. What came of each goes back to
// the owner as an event.

/// How long a request may take.
struct RequestTimeouts: Sendable {
    var wholeMillis = 10_000
    var connectMillis = 5_000
}

/// Sends notifications.
final class Courier: @unchecked Sendable {
    // Sound: `multi` and `flights` belong to the courier's thread; `outgoing` is a lock;
    // curl_multi_wakeup may be called from any thread (its manual).
    private let outgoing = Locked<(deliveries: [Delivery], isStopping: Bool)>(([], false))
    private let report: @Sendable (DeliveryID, Outcome) -> Void
    private let timeouts: RequestTimeouts
    private let multi: OpaquePointer?
    private var flights: [UnsafeMutableRawPointer: Flight] = [:]
    private var worker: Worker?

    /// `report` is called on the courier's thread.
    init(
        timeouts: RequestTimeouts = RequestTimeouts(),
        report: @escaping @Sendable (DeliveryID, Outcome) -> Void
    ) {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        self.timeouts = timeouts
        self.report = report
        multi = curl_multi_init().map { OpaquePointer($0) }
    }

    deinit { if let multi { curl_multi_cleanup(UnsafeMutableRawPointer(multi)) } }

    func start() { worker = Worker { [self] in run() } }

    /// Queues a delivery. At most one per destination is under way, as the outbox sees to.
    func send(_ delivery: Delivery) {
        outgoing.withLock { $0.deliveries.append(delivery) }
        wake()
    }

    /// Ends the thread, at once; deliveries under way are given up and stay unanswered in the log.
    func stop() {
        outgoing.withLock { $0.isStopping = true }
        wake()
        worker?.join()
    }

    private func wake() {
        if let multi { curl_multi_wakeup(UnsafeMutableRawPointer(multi)) }
    }

    private struct Flight {
        let id: DeliveryID
        let headers: UnsafeMutablePointer<curl_slist>?
    }

    private func run() {
        guard let multi = multi.map({ UnsafeMutableRawPointer($0) }) else { return }
        while true {
            let (deliveries, isStopping) = outgoing.withLock { state in
                defer { state.deliveries = [] }
                return (state.deliveries, state.isStopping)
            }
            if isStopping { break }
            for delivery in deliveries { begin(delivery, multi) }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collect(multi)
            curl_multi_poll(multi, nil, 0, 1000, nil)
        }
        for (handle, flight) in flights { end(handle, flight, multi) }
        flights = [:]
    }

    private func begin(_ delivery: Delivery, _ multi: UnsafeMutableRawPointer) {
        guard let handle = curl_easy_init() else {
            return report(delivery.id, .failed(reason: .other))
        }
        var headers: UnsafeMutablePointer<curl_slist>?
        headers = curl_slist_append(headers, "Content-Type: \(delivery.contentType)")
        for header in delivery.headers {
            headers = curl_slist_append(headers, "\(header.name): \(header.value)")
        }
        prepare(
            handle, url: delivery.url, body: delivery.body, headers: headers, timeouts: timeouts)
        flights[handle] = Flight(id: delivery.id, headers: headers)
        curl_multi_add_handle(multi, handle)
    }

    private func collect(_ multi: UnsafeMutableRawPointer) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let flight = flights.removeValue(forKey: handle)
            else { continue }
            let outcome = outcome(handle, message.pointee.data.result)
            end(handle, flight, multi)
            report(flight.id, outcome)
        }
    }

    private func end(
        _ handle: UnsafeMutableRawPointer, _ flight: Flight, _ multi: UnsafeMutableRawPointer
    ) {
        curl_multi_remove_handle(multi, handle)
        curl_easy_cleanup(handle)
        curl_slist_free_all(flight.headers)
    }

    private func outcome(_ handle: UnsafeMutableRawPointer, _ result: CURLcode) -> Outcome {
        guard result == CURLE_OK else { return .failed(reason: reason(result)) }
        var status = 0
        pitot_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        if (200..<300).contains(status) { return .delivered(status: status) }
        var seconds: curl_off_t = 0
        pitot_curl_get_offset(handle, CURLINFO_RETRY_AFTER, &seconds)
        return .refused(
            status: status, retryAfter: seconds > 0 ? .seconds(Int64(min(seconds, 86_400))) : nil)
    }

    private func reason(_ result: CURLcode) -> FailureReason {
        switch result {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badURL
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unresolved
        case CURLE_COULDNT_CONNECT: .unreachable
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM: .tls
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE:
            .connectionLost
        default: .other
        }
    }
}

/// Sets what every request of ours has in common: a POST with deadlines, no redirects, no signals,
/// HTTP only, and the answer's body thrown away.
func prepare(
    _ handle: UnsafeMutableRawPointer, url: String, body: [UInt8],
    headers: UnsafeMutablePointer<curl_slist>?, timeouts: RequestTimeouts = RequestTimeouts()
) {
    url.withCString { _ = pitot_curl_set_pointer(handle, CURLOPT_URL, $0) }
    "pitot/\(version)".withCString { _ = pitot_curl_set_pointer(handle, CURLOPT_USERAGENT, $0) }
    "http,https".withCString { _ = pitot_curl_set_pointer(handle, CURLOPT_PROTOCOLS_STR, $0) }
    pitot_curl_set_long(handle, CURLOPT_POST, 1)
    pitot_curl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.count)
    // Copied by curl, so the array may go.
    body.withUnsafeBytes {
        _ = pitot_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
    }
    pitot_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
    pitot_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
    pitot_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
    pitot_curl_set_long(handle, CURLOPT_TIMEOUT_MS, timeouts.wholeMillis)
    pitot_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, timeouts.connectMillis)
    pitot_curl_set_write(handle, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
}

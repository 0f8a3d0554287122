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
    // Sound: `transfers` belong to the courier's thread, which others only wake; `outgoing` is a
    // lock.
    private let outgoing = Locked<(deliveries: [Delivery], isStopping: Bool)>(([], false))
    private let report: @Sendable (DeliveryID, Outcome) -> Void
    private let timeouts: RequestTimeouts
    private let transfers = Transfers<DeliveryID>()
    private var worker: Worker?

    /// `report` is called on the courier's thread.
    init(
        timeouts: RequestTimeouts = RequestTimeouts(),
        report: @escaping @Sendable (DeliveryID, Outcome) -> Void
    ) {
        self.timeouts = timeouts
        self.report = report
    }

    func start() { worker = Worker { [self] in run() } }

    /// Queues a delivery. At most one per destination is under way, as the outbox sees to.
    func send(_ delivery: Delivery) {
        outgoing.withLock { $0.deliveries.append(delivery) }
        transfers.wake()
    }

    /// Ends the thread, at once; deliveries under way are given up and stay unanswered in the log.
    func stop() {
        outgoing.withLock { $0.isStopping = true }
        transfers.wake()
        worker?.join()
    }

    private func run() {
        while true {
            let (deliveries, isStopping) = outgoing.withLock { state in
                defer { state.deliveries = [] }
                return (state.deliveries, state.isStopping)
            }
            if isStopping { break }
            for delivery in deliveries { begin(delivery) }
            transfers.advance { id, handle, result in report(id, outcome(handle, result)) }
            transfers.wait(millis: 1000)
        }
        transfers.abandon()
    }

    private func begin(_ delivery: Delivery) {
        guard let handle = transfers.handle() else {
            return report(delivery.id, .failed(reason: .other))
        }
        let headers = headerList(
            [("Content-Type", delivery.contentType)] + delivery.headers.map { ($0.name, $0.value) })
        prepare(
            handle, url: delivery.url, body: delivery.body, headers: headers, timeouts: timeouts)
        transfers.begin(handle, for: delivery.id, headers: headers)
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

public import Alerting
import CCurl
import Glibc
import Model

// Carries deliveries out with libcurl's multi interface: one thread, any number of destinations at
// once, so a receiver that hangs delays nobody else. Secrets are put in here and nowhere before.
// What came of each goes back to the owner as an event.

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
    private let vault: SecretVault
    private let transfers = Transfers<CourierFlight>()
    private var worker: Worker?

    /// `report` is called on the courier's thread.
    init(
        timeouts: RequestTimeouts = RequestTimeouts(), vault: SecretVault = SecretVault(),
        report: @escaping @Sendable (DeliveryID, Outcome) -> Void
    ) {
        self.timeouts = timeouts
        self.vault = vault
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
            transfers.advance { flight, handle, result in
                report(flight.id, flight.outcome(handle, result))
            }
            transfers.wait(millis: 1000)
        }
        transfers.abandon()
    }

    private func begin(_ delivery: Delivery) {
        guard let handle = transfers.handle() else {
            return report(delivery.id, .failed(reason: .other))
        }
        let request: AssembledRequest
        do throws(SecretFault) {
            request = try delivery.assembled(at: wallClock(), find: vault.find)
        } catch {
            curl_easy_cleanup(handle)
            return report(delivery.id, .failed(reason: .secretMissing))
        }
        let flight = CourierFlight(delivery, request)
        let lists = flight.prepare(handle, timeouts)
        transfers.begin(handle, for: flight, headers: lists)
    }
}

/// A delivery under way: what is sent, and what of its answer is looked at.
final class CourierFlight {
    let id: DeliveryID
    private let delivery: Delivery
    private let request: AssembledRequest
    private var sent = 0
    private var received: [UInt8] = []

    init(_ delivery: Delivery, _ request: AssembledRequest) {
        id = delivery.id
        self.delivery = delivery
        self.request = request
    }

    /// Sets the handle up. The list that it returns is to be freed behind the request.
    func prepare(
        _ handle: UnsafeMutableRawPointer, _ timeouts: RequestTimeouts
    ) -> UnsafeMutablePointer<curl_slist>? {
        var timeouts = timeouts
        if let own = delivery.http.timeout { timeouts.wholeMillis = Int(own.millis) }
        let list: UnsafeMutablePointer<curl_slist>?
        if let mail = delivery.mail {
            list = prepare(handle, mail, timeouts)
        } else {
            list = headerList(request.headers)
            Server.prepare(
                handle, url: request.url, body: request.body, headers: list, timeouts: timeouts)
            if delivery.method != "POST" { set(handle, CURLOPT_CUSTOMREQUEST, delivery.method) }
        }
        prepareConnection(handle)
        let context = Unmanaged.passUnretained(self).toOpaque()
        if delivery.answer == .slack {
            pitot_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
            pitot_curl_set_write(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let flight = Unmanaged<CourierFlight>.fromOpaque(context).takeUnretainedValue()
                flight.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
                return size * count
            }
        }
        return list
    }

    private func prepareConnection(_ handle: UnsafeMutableRawPointer) {
        let http = delivery.http
        if http.followsRedirects {
            pitot_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 1)
            pitot_curl_set_long(handle, CURLOPT_MAXREDIRS, 5)
            // A POST stays one.
            pitot_curl_set_long(handle, CURLOPT_POSTREDIR, 7)
        }
        if !request.proxyURL.isEmpty { set(handle, CURLOPT_PROXY, request.proxyURL) }
        if !http.noProxy.isEmpty { set(handle, CURLOPT_NOPROXY, http.noProxy) }
        if !http.tls.caFile.isEmpty { set(handle, CURLOPT_CAINFO, http.tls.caFile) }
        if !http.tls.certFile.isEmpty { set(handle, CURLOPT_SSLCERT, http.tls.certFile) }
        if !http.tls.keyFile.isEmpty { set(handle, CURLOPT_SSLKEY, http.tls.keyFile) }
        if http.tls.skipsVerification {
            pitot_curl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 0)
            pitot_curl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 0)
        }
    }

    private func set(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ text: String) {
        text.withCString { _ = pitot_curl_set_pointer(handle, option, $0) }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        received += bytes.prefix(ReceiverAnswer.bodyBytesMax - received.count)
    }

    // MARK: Mail

    private func prepare(
        _ handle: UnsafeMutableRawPointer, _ mail: MailEnvelope, _ timeouts: RequestTimeouts
    ) -> UnsafeMutablePointer<curl_slist>? {
        set(handle, CURLOPT_URL, request.url)
        set(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        set(handle, CURLOPT_MAIL_FROM, "<\(mail.from)>")
        let list = mail.recipients.reduce(nil) { curl_slist_append($0, "<\($1)>") }
        pitot_curl_set_pointer(handle, CURLOPT_MAIL_RCPT, list)
        if mail.requiresTLS {
            pitot_curl_set_long(handle, CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
        } else {
            pitot_curl_set_long(handle, CURLOPT_USE_SSL, Int(CURLUSESSL_TRY.rawValue))
        }
        if !mail.username.isEmpty {
            set(handle, CURLOPT_USERNAME, mail.username)
            set(handle, CURLOPT_PASSWORD, request.password)
            if !mail.identity.isEmpty { set(handle, CURLOPT_SASL_AUTHZID, mail.identity) }
        }
        pitot_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        pitot_curl_set_long(handle, CURLOPT_TIMEOUT_MS, timeouts.wholeMillis)
        pitot_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, timeouts.connectMillis)
        pitot_curl_set_long(handle, CURLOPT_UPLOAD, 1)
        let context = Unmanaged.passUnretained(self).toOpaque()
        pitot_curl_set_pointer(handle, CURLOPT_READDATA, context)
        // A read function has the shape of a write function.
        pitot_curl_set_write(handle, CURLOPT_READFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let flight = Unmanaged<CourierFlight>.fromOpaque(context).takeUnretainedValue()
            return flight.give(
                UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        pitot_curl_set_write(handle, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
        return list
    }

    private func give(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let part = request.body[sent...].prefix(room.count)
        room.copyBytes(from: part)
        sent += part.count
        return part.count
    }

    // MARK: Outcome

    /// What came of it.
    func outcome(_ handle: UnsafeMutableRawPointer, _ result: CURLcode) -> Outcome {
        var status = 0
        pitot_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        if delivery.mail != nil && result != CURLE_OK && status >= 500
            && result != CURLE_USE_SSL_FAILED
        {
            // The server's own no, rather than a failure of the line.
            if result == CURLE_LOGIN_DENIED { return .failed(reason: .loginDenied) }
            return ReceiverAnswer(status: status).outcome(by: .mail)
        }
        guard result == CURLE_OK else { return .failed(reason: reason(result)) }
        var seconds: curl_off_t = 0
        pitot_curl_get_offset(handle, CURLINFO_RETRY_AFTER, &seconds)
        return ReceiverAnswer(
            status: status, body: received,
            retryAfter: seconds > 0 ? .seconds(Int64(min(seconds, 86_400))) : nil
        ).outcome(by: delivery.answer)
    }

    private func reason(_ result: CURLcode) -> FailureReason {
        switch result {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badURL
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .unresolved
        case CURLE_COULDNT_CONNECT: .unreachable
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_USE_SSL_FAILED, CURLE_SSL_CACERT_BADFILE:
            .tls
        case CURLE_LOGIN_DENIED: .loginDenied
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE:
            .connectionLost
        default: .other
        }
    }
}

/// Sends one delivery and waits, for a command.
public func deliverOnce(_ delivery: Delivery, vault: SecretVault) -> Outcome {
    curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    guard let handle = curl_easy_init() else { return .failed(reason: .other) }
    defer { curl_easy_cleanup(handle) }
    do throws(SecretFault) {
        let request = try delivery.assembled(at: wallClock(), find: vault.find)
        let flight = CourierFlight(delivery, request)
        let list = flight.prepare(handle, RequestTimeouts())
        defer { curl_slist_free_all(list) }
        return flight.outcome(handle, curl_easy_perform(handle))
    } catch {
        return .failed(reason: .secretMissing)
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

import Agent
import CCurl
import Model
import SLO

// Carries probes out: one thread, libcurl's multi interface. A body is read in pieces, hashed and
// measured as it comes, and never kept. Each probe is answered exactly once.

/// Asks what probes ask.
final class Prober: @unchecked Sendable {
    // Sound: `transfers` and `queue` belong to the prober's thread, which others only wake;
    // `incoming` is a lock, and `worker` the owner's.
    private let incoming = Locked<(probes: [Probe], isStopping: Bool)>(([], false))
    private let report: @Sendable (AskID, ProbeOutcome) -> Void
    private let transfers = Transfers<ProbeFlight>()
    private var queue: [Probe] = []
    private var worker: Worker?

    /// Requests under way at a time; others wait.
    static let flightsMax = 64

    private struct Probe {
        let id: AskID
        let request: ProbeRequest
    }

    /// `report` is called on the prober's thread.
    init(report: @escaping @Sendable (AskID, ProbeOutcome) -> Void) {
        self.report = report
    }

    /// Begins the thread, unless it runs already: most agents have no probes.
    private func startOnce() {
        guard worker == nil else { return }
        worker = Worker { [self] in run() }
    }

    /// Queues a probe. Called by the owner alone.
    func ask(_ id: AskID, _ request: ProbeRequest) {
        incoming.withLock { $0.probes.append(Probe(id: id, request: request)) }
        startOnce()
        transfers.wake()
    }

    /// Ends the thread, at once; what is under way stays unanswered.
    func stop() {
        incoming.withLock { $0.isStopping = true }
        transfers.wake()
        worker?.join()
    }

    private func run() {
        while true {
            let (probes, isStopping) = incoming.withLock { state in
                defer { state.probes = [] }
                return (state.probes, state.isStopping)
            }
            if isStopping { break }
            queue += probes
            while transfers.count < Self.flightsMax, !queue.isEmpty { begin(queue.removeFirst()) }
            transfers.advance { flight, handle, result in
                report(flight.id, outcome(of: flight, handle, result))
            }
            let isWaiting = !queue.isEmpty && transfers.count < Self.flightsMax
            transfers.wait(millis: isWaiting ? 0 : 1000)
        }
        transfers.abandon()
    }

    private func begin(_ probe: Probe) {
        guard let handle = transfers.handle() else { return report(probe.id, .notAsked) }
        let request = probe.request
        let headers = headerList(request.headers.map { ($0.name, $0.value) })
        let flight = ProbeFlight(probe.id, request)
        let timeouts = RequestTimeouts(
            wholeMillis: Int(request.timeout.millis), connectMillis: Int(request.timeout.millis))
        prepare(handle, url: request.url, body: [], headers: headers, timeouts: timeouts)
        switch request.method {
        case "POST": break
        case "HEAD": pitot_curl_set_long(handle, CURLOPT_NOBODY, 1)
        default: pitot_curl_set_long(handle, CURLOPT_HTTPGET, 1)
        }
        // Each probe finds its own way, or a dead backend hides behind an open connection.
        pitot_curl_set_long(handle, CURLOPT_FRESH_CONNECT, 1)
        pitot_curl_set_long(handle, CURLOPT_FORBID_REUSE, 1)
        pitot_curl_set_pointer(
            handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(flight).toOpaque())
        pitot_curl_set_write(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let flight = Unmanaged<ProbeFlight>.fromOpaque(context).takeUnretainedValue()
            let piece = Array(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return flight.take(piece) ? size * count : 0
        }
        transfers.begin(handle, for: flight, headers: headers)
    }

    private func outcome(
        of flight: ProbeFlight, _ handle: UnsafeMutableRawPointer, _ result: CURLcode
    ) -> ProbeOutcome {
        if flight.isTooLarge { return .tooLarge }
        switch result {
        case CURLE_OK: break
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM:
            return .tls
        case CURLE_OPERATION_TIMEDOUT: return .timedOut
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT: return .notAsked
        default: return .unreachable
        }
        var status = 0
        pitot_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        guard flight.request.status.contains(status) else { return .badStatus }
        var announced: curl_off_t = -1
        pitot_curl_get_offset(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced)
        let isHead = flight.request.method == "HEAD"
        return flight.verdict(size: isHead ? Int(announced) : flight.size)
    }
}

/// A probe under way and what came of its body so far.
private final class ProbeFlight {
    let id: AskID
    let request: ProbeRequest
    private(set) var size = 0
    private(set) var isTooLarge = false
    private var hash: SHA256?
    private let wanted: [UInt8]
    /// The end of what was read, in case the text lies across two pieces.
    private var tail: [UInt8] = []
    private var isFound = false

    init(_ id: AskID, _ request: ProbeRequest) {
        self.id = id
        self.request = request
        hash = request.sha256 == nil ? nil : SHA256()
        wanted = Array((request.contains ?? "").utf8)
    }

    /// Takes a piece of the body; false when it has become too long.
    func take(_ piece: [UInt8]) -> Bool {
        size += piece.count
        guard size <= request.bodyMax else {
            isTooLarge = true
            return false
        }
        hash?.update(piece)
        if !wanted.isEmpty && !isFound {
            tail += piece
            isFound = holds(tail, wanted)
            tail.removeFirst(max(0, tail.count - wanted.count + 1))
        }
        return true
    }

    private func holds(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { start in
            bytes[start] == wanted[0] && bytes[start..<start + wanted.count].elementsEqual(wanted)
        }
    }

    /// What the body says, once it is whole. A size of -1 was not announced.
    func verdict(size: Int) -> ProbeOutcome {
        if let wanted = request.size, wanted != size { return .wrongSize }
        if let digits = request.sha256, digits != hash?.hexadecimal { return .wrongHash }
        if !wanted.isEmpty && !isFound { return .missingText }
        return .good
    }
}

import CCurl
import Wire

// Sends each event on to the sink that was there before, as it came. At most once, as the logger
// itself: what does not fit or fails is counted. One thread, one connection kept open.

/// What became of events sent on.
struct TeeFigures: Sendable {
    var sent = 0
    var dropped = 0
    var failed = 0
    var waiting = 0
}

/// Forwards events.
final class EventTee: @unchecked Sendable {
    // Sound: `thread` is set before the first event.
    static let waitingMax = 1000
    static let bytesMax = 16 << 20

    private struct State {
        var waiting: [CloudEventBody] = []
        var bytes = 0
        var figures = TeeFigures()
        var isClosed = false
    }

    private let url: String
    private let state = Awaited(State())
    private var thread: Worker?

    init(_ url: String) { self.url = url }

    func start() { thread = Worker { [self] in run() } }

    var counts: TeeFigures {
        state.withLock { state in
            var figures = state.figures
            figures.waiting = state.waiting.count
            return figures
        }
    }

    func send(_ body: CloudEventBody) {
        let isFirst = state.withLock { state in
            guard !state.isClosed, state.waiting.count < Self.waitingMax,
                state.bytes + body.body.count <= Self.bytesMax
            else {
                state.figures.dropped += 1
                return false
            }
            state.waiting.append(body)
            state.bytes += body.body.count
            return state.waiting.count == 1
        }
        if isFirst { state.wakeOne() }
    }

    func stop() {
        state.withLock { state in
            state.isClosed = true
            state.figures.dropped += state.waiting.count
            state.waiting = []
        }
        state.wakeAll()
        thread?.join()
    }

    private func next() -> CloudEventBody? {
        state.wait(
            while: { $0.waiting.isEmpty && !$0.isClosed },
            then: { state in
                if state.isClosed { return nil }
                let body = state.waiting.removeFirst()
                state.bytes -= body.body.count
                return body
            })
    }

    private func run() {
        guard let handle = curl_easy_init() else { return }
        defer { curl_easy_cleanup(handle) }
        let timeouts = RequestTimeouts(wholeMillis: 5000, connectMillis: 2000)
        while let body = next() {
            let headers = headerList(
                [("Content-Type", body.contentType)] + body.headers.map { ($0.name, $0.value) })
            prepare(handle, url: url, body: body.body, headers: headers, timeouts: timeouts)
            let result = curl_easy_perform(handle)
            var status = 0
            pitot_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
            curl_slist_free_all(headers)
            let isSent = result == CURLE_OK && (200..<300).contains(status)
            state.withLock { state in
                if isSent { state.figures.sent += 1 } else { state.figures.failed += 1 }
            }
        }
    }
}

import CCurl
import Glibc
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
    // Sound: `waiting`, `figures` and `isClosed` are touched with `mutex` held; `thread` is set
    // before the first event.
    static let waitingMax = 1000
    static let bytesMax = 16 << 20

    private let url: String
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [CloudEventBody] = []
    private var bytes = 0
    private var figures = TeeFigures()
    private var isClosed = false
    private var thread: Worker?

    init(_ url: String) {
        self.url = url
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func start() { thread = Worker { [self] in run() } }

    var counts: TeeFigures {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        figures.waiting = waiting.count
        return figures
    }

    func send(_ body: CloudEventBody) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed, waiting.count < Self.waitingMax,
            bytes + body.body.count <= Self.bytesMax
        else {
            figures.dropped += 1
            return
        }
        waiting.append(body)
        bytes += body.body.count
        if waiting.count == 1 { pthread_cond_signal(condition) }
    }

    func stop() {
        pthread_mutex_lock(mutex)
        isClosed = true
        figures.dropped += waiting.count
        waiting = []
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
        thread?.join()
    }

    private func next() -> CloudEventBody? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while waiting.isEmpty && !isClosed { pthread_cond_wait(condition, mutex) }
        if isClosed { return nil }
        let body = waiting.removeFirst()
        bytes -= body.body.count
        return body
    }

    private func run() {
        guard let handle = curl_easy_init() else { return }
        defer { curl_easy_cleanup(handle) }
        let timeouts = RequestTimeouts(wholeMillis: 5000, connectMillis: 2000)
        while let body = next() {
            var headers: UnsafeMutablePointer<curl_slist>?
            headers = curl_slist_append(headers, "Content-Type: \(body.contentType)")
            for header in body.headers {
                headers = curl_slist_append(headers, "\(header.name): \(header.value)")
            }
            prepare(handle, url: url, body: body.body, headers: headers, timeouts: timeouts)
            let result = curl_easy_perform(handle)
            var status = 0
            pitot_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
            curl_slist_free_all(headers)
            pthread_mutex_lock(mutex)
            if result == CURLE_OK && (200..<300).contains(status) {
                figures.sent += 1
            } else {
                figures.failed += 1
            }
            pthread_mutex_unlock(mutex)
        }
    }
}

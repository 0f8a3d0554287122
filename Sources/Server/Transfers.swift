import CCurl

// libcurl's multi interface as the courier and the prober use it: any number of requests on one
// thread, each with what it is for. What came of a request is the caller's to say.

/// Requests under way. Of one thread, but for `wake`.
final class Transfers<Flight>: @unchecked Sendable {
    // Sound: only `wake` is called from other threads, and curl_multi_wakeup may be (its manual).
    typealias Handle = UnsafeMutableRawPointer
    typealias Headers = UnsafeMutablePointer<curl_slist>

    private let multi: Handle?
    private var flights: [Handle: (flight: Flight, headers: Headers?)] = [:]

    init() {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        multi = curl_multi_init()
    }

    deinit { if let multi { curl_multi_cleanup(multi) } }

    /// Requests under way.
    var count: Int { flights.count }

    /// Ends the thread's wait.
    func wake() { if let multi { curl_multi_wakeup(multi) } }

    /// A request to prepare; nil when there is no memory for one.
    func handle() -> Handle? { multi == nil ? nil : curl_easy_init() }

    /// Begins a request that is prepared. Its headers are freed when it is over.
    func begin(_ handle: Handle, for flight: Flight, headers: Headers?) {
        flights[handle] = (flight, headers)
        curl_multi_add_handle(multi, handle)
    }

    /// Goes on with all requests, and tells those that are over.
    func advance(_ tell: (Flight, Handle, CURLcode) -> Void) {
        var running: Int32 = 0
        curl_multi_perform(multi, &running)
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let (flight, headers) = flights.removeValue(forKey: handle)
            else { continue }
            tell(flight, handle, message.pointee.data.result)
            end(handle, headers)
        }
    }

    /// Waits for the network, for `wake`, or so long.
    func wait(millis: Int32) { curl_multi_poll(multi, nil, 0, millis, nil) }

    /// Gives up what is under way.
    func abandon() {
        for (handle, entry) in flights { end(handle, entry.headers) }
        flights = [:]
    }

    private func end(_ handle: Handle, _ headers: Headers?) {
        curl_multi_remove_handle(multi, handle)
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
    }
}

/// A list of headers as libcurl takes it; to be freed with `curl_slist_free_all`.
func headerList(
    _ headers: [(name: String, value: String)]
) -> UnsafeMutablePointer<curl_slist>? {
    headers.reduce(nil) { curl_slist_append($0, "\($1.name): \($1.value)") }
}

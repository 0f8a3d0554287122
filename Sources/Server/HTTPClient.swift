import CCurl
public import Model

/// What a server answered.
public struct HTTPAnswer: Sendable {
    /// 0 when there was no answer.
    public let status: Int
    public let body: [UInt8]
    /// How long the server asks to be left alone.
    public var retryAfter: TimeSpan?
    public var contentType = ""
    /// There was an answer, of more than is taken.
    public var isTooLarge = false
}

/// A blocking HTTP client for the commands. The agent itself sends through `Courier`.
public struct HTTPClient: Sendable {
    public init() { curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }

    /// Fetches a URL. Blocks at most the courier's timeout.
    public func get(_ url: String) -> HTTPAnswer { send(url, body: nil, headers: []) }

    /// Posts a body. Blocks at most `timeout`, by default the courier's.
    public func post(
        _ url: String, body: [UInt8], headers: [(name: String, value: String)],
        timeout: TimeSpan? = nil
    ) -> HTTPAnswer {
        var timeouts = RequestTimeouts()
        if let timeout { timeouts.wholeMillis = Int(timeout.millis) }
        return send(url, body: body, headers: headers, timeouts: timeouts)
    }

    /// Deletes what a URL names. Blocks at most the courier's timeout.
    public func delete(_ url: String) -> HTTPAnswer {
        send(url, body: nil, headers: [], method: "DELETE")
    }

    /// Bytes of an answer; what is more is an error of the transfer.
    private static let answerBytesMax = 64 << 20

    private final class Sink {
        var bytes: [UInt8] = []
        var isFull = false
    }

    private func contentType(of handle: UnsafeMutableRawPointer) -> String {
        var text: UnsafeMutableRawPointer?
        pitot_curl_get_pointer(handle, CURLINFO_CONTENT_TYPE, &text)
        // Valid until the handle is used again.
        return text.map { String(cString: $0.assumingMemoryBound(to: CChar.self)) } ?? ""
    }

    private func send(
        _ url: String, body: [UInt8]?, headers: [(name: String, value: String)],
        timeouts: RequestTimeouts = RequestTimeouts(), method: String? = nil
    ) -> HTTPAnswer {
        guard let handle = curl_easy_init() else { return HTTPAnswer(status: 0, body: []) }
        defer { curl_easy_cleanup(handle) }
        let list = headerList(headers)
        defer { curl_slist_free_all(list) }
        prepare(handle, url: url, body: body ?? [], headers: list, timeouts: timeouts)
        if body == nil { pitot_curl_set_long(handle, CURLOPT_HTTPGET, 1) }
        // libcurl copies it.
        method?.withCString { _ = pitot_curl_set_pointer(handle, CURLOPT_CUSTOMREQUEST, $0) }
        let sink = Sink()
        pitot_curl_set_pointer(
            handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(sink).toOpaque())
        pitot_curl_set_write(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
            guard sink.bytes.count + size * count <= Self.answerBytesMax else {
                sink.isFull = true
                return 0
            }
            sink.bytes.append(
                contentsOf: UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        guard curl_easy_perform(handle) == CURLE_OK else {
            return HTTPAnswer(status: 0, body: [], isTooLarge: sink.isFull)
        }
        var status = 0
        pitot_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        var seconds: curl_off_t = 0
        pitot_curl_get_offset(handle, CURLINFO_RETRY_AFTER, &seconds)
        return HTTPAnswer(
            status: status, body: sink.bytes,
            retryAfter: seconds > 0 ? .seconds(Int64(min(seconds, 86_400))) : nil,
            contentType: contentType(of: handle))
    }
}

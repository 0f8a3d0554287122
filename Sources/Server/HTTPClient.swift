import CCurl

/// What a server answered.
public struct HTTPAnswer: Sendable {
    /// 0 when there was no answer.
    public let status: Int
    public let body: [UInt8]
}

/// A blocking HTTP client for the commands. The agent itself sends through `Courier`.
public struct HTTPClient: Sendable {
    public init() { curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }

    /// Fetches a URL. Blocks at most the courier's timeout.
    public func get(_ url: String) -> HTTPAnswer { send(url, body: nil, headers: []) }

    /// Posts a body. Blocks at most the courier's timeout.
    public func post(
        _ url: String, body: [UInt8], headers: [(name: String, value: String)]
    ) -> HTTPAnswer {
        send(url, body: body, headers: headers)
    }

    /// Bytes of an answer; what is more is an error of the transfer.
    private static let answerBytesMax = 64 << 20

    private final class Sink {
        var bytes: [UInt8] = []
    }

    private func send(
        _ url: String, body: [UInt8]?, headers: [(name: String, value: String)]
    ) -> HTTPAnswer {
        guard let handle = curl_easy_init() else { return HTTPAnswer(status: 0, body: []) }
        defer { curl_easy_cleanup(handle) }
        var list: UnsafeMutablePointer<curl_slist>?
        for header in headers {
            list = curl_slist_append(list, "\(header.name): \(header.value)")
        }
        defer { curl_slist_free_all(list) }
        prepare(handle, url: url, body: body ?? [], headers: list)
        if body == nil { pitot_curl_set_long(handle, CURLOPT_HTTPGET, 1) }
        let sink = Sink()
        pitot_curl_set_pointer(
            handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(sink).toOpaque())
        pitot_curl_set_write(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
            guard sink.bytes.count + size * count <= Self.answerBytesMax else { return 0 }
            sink.bytes.append(
                contentsOf: UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        guard curl_easy_perform(handle) == CURLE_OK else {
            return HTTPAnswer(status: 0, body: [])
        }
        var status = 0
        pitot_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return HTTPAnswer(status: status, body: sink.bytes)
    }
}

import Agent

// Content negotiation of remote write: `Content-Type: application/x-protobuf` with the message's
// name as the parameter `proto`. Names of types and parameters do not regard case, and blanks may
// stand around the semicolons (RFC 9110 §5.6.6): a receiver that does not trim them takes a 2.0
// body for an empty 1.0 request and loses it.

/// A content type or encoding that is not remote write's.
struct MediaFault: Error {
    let reason: String
}

/// The versions of remote write.
enum WriteVersion: Sendable {
    case one, two

    /// What a Content-Type says; without one it is 1.0, as Prometheus' receiver takes it.
    init(contentType: String?) throws(MediaFault) {
        self = .one
        guard let contentType, !contentType.isEmpty else { return }
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false)
        guard parts.first.map(trimmed)?.lowercased() == "application/x-protobuf" else {
            throw MediaFault(
                reason: "Content-Type \"\(printable(contentType))\" is not supported; "
                    + "expected application/x-protobuf")
        }
        for part in parts.dropFirst() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, trimmed(pair[0]).lowercased() == "proto" else { continue }
            switch unquoted(trimmed(pair[1])) {
            case "prometheus.WriteRequest": self = .one
            case "io.prometheus.write.v2.Request": self = .two
            default:
                throw MediaFault(
                    reason: "\"\(printable(trimmed(part)))\" is not supported; expected "
                        + "proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request")
            }
        }
    }

    /// Only snappy's block format is taken; no encoding named means that one.
    static func check(contentEncoding: String?) throws(MediaFault) {
        guard let stated = contentEncoding.map({ trimmed($0[...]) }), !stated.isEmpty,
            stated.lowercased() != "snappy"
        else { return }
        throw MediaFault(
            reason: "Content-Encoding \"\(printable(stated))\" is not supported; "
                + "expected snappy")
    }
}

/// What of a request is in the store.
struct Written: Sendable {
    var samples = 0
    var histograms = 0
    var exemplars = 0
}

/// A write request while it is handled, with the version it is to be answered in.
struct WriteExchange: Sendable {
    private enum Waiter: Sendable {
        case request(HTTPRequest, WriteVersion)
        /// Data points of OTLP; nil when they cannot be taken now.
        case points(@Sendable (WriteReply?) -> Void)
    }

    private let waiter: Waiter

    init(request: HTTPRequest, version: WriteVersion) { waiter = .request(request, version) }

    init(points: @escaping @Sendable (WriteReply?) -> Void) { waiter = .points(points) }

    /// Answers it, with what of it is in the store.
    func complete(
        _ response: HTTPResponse, _ written: Written = Written(), of reply: WriteReply? = nil
    ) {
        switch waiter {
        case .request(let request, let version):
            request.complete(response.reporting(written, version))
        case .points(let done): done(reply)
        }
    }
}

extension HTTPResponse {
    /// Adds what was written, which a 2.0 sender must hear on success and on failure: without these
    /// headers it takes a 2xx for that of a receiver that knows 1.0 only. A 1.0 request gets none,
    /// for senders that find them believe them (prometheus#17659).
    func reporting(_ written: Written, _ version: WriteVersion) -> Self {
        guard case .two = version else { return self }
        let prefix = "X-Prometheus-Remote-Write-"
        return adding(prefix + "Samples-Written", String(written.samples))
            .adding(prefix + "Histograms-Written", String(written.histograms))
            .adding(prefix + "Exemplars-Written", String(written.exemplars))
    }
}

private func trimmed(_ text: Substring) -> Substring {
    let isBlank = { (character: Character) in character == " " || character == "\t" }
    var rest = text.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
}

private func unquoted(_ text: Substring) -> Substring {
    guard text.count >= 2, text.first == "\"", text.last == "\"" else { return text }
    return text.dropFirst().dropLast()
}

/// A header's value for a reply: short, and without what could break a line.
private func printable(_ text: some StringProtocol) -> String {
    String(text.unicodeScalars.prefix(60).map { $0.value < 0x20 ? "?" : Character($0) })
}

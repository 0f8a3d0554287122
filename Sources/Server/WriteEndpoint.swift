import Model
import Wire

// `POST /api/v1/write`: what the headers say the body is, then decoding, on the connection's
// thread. No series state is touched here.

/// Judges and decodes remote-write requests.
struct WriteEndpoint: Sendable {
    let decoder: RemoteWriteDecoder

    enum Judgement {
        case batch(WriteBatch)
        case refused(HTTPResponse, reason: String)
    }

    func judge(_ request: HTTPRequest) -> Judgement {
        if let fault = headerFault(request) {
            return .refused(.text(415, fault), reason: "unsupported_media_type")
        }
        do throws(WireError) {
            return .batch(try decode(request.body))
        } catch {
            let status = if case .tooLarge = error { 413 } else { 400 }
            return .refused(.text(status, error.reason), reason: error.metricReason)
        }
    }

    private func decode(_ body: [UInt8]) throws(WireError) -> WriteBatch {
        let bytes = try Snappy.uncompress(body, limit: decoder.limits.bodyBytes)
        return try decoder.decode(bytes)
    }

    /// Missing headers are taken for remote write 1.0 and snappy, as Prometheus' receiver does.
    private func headerFault(_ request: HTTPRequest) -> String? {
        if let encoding = stated("Content-Encoding", request), encoding.lowercased() != "snappy" {
            return "Content-Encoding \"\(printable(encoding))\" is not supported; expected snappy"
        }
        guard let type = stated("Content-Type", request) else { return nil }
        let parts = type.split(separator: ";").map { trimmed($0) }
        guard parts.first?.lowercased() == "application/x-protobuf" else {
            return "Content-Type \"\(printable(type))\" is not supported; "
                + "expected application/x-protobuf"
        }
        for part in parts.dropFirst() where part.lowercased().hasPrefix("proto=") {
            guard part.dropFirst(6) == "prometheus.WriteRequest" else {
                return "\"\(printable(part))\" is not supported; "
                    + "expected proto=prometheus.WriteRequest (remote write 1.0)"
            }
        }
        return nil
    }

    /// A header without the blanks around it; one that is empty says nothing.
    private func stated(_ name: String, _ request: HTTPRequest) -> String? {
        request.header(name).map { trimmed($0[...]) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func trimmed(_ text: Substring) -> String {
        String(
            text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }
                .reversed())
    }

    /// A header's value for a reply: short, and without what could break a line.
    private func printable(_ text: String) -> String {
        String(text.unicodeScalars.prefix(60).map { $0.value < 0x20 ? "?" : Character($0) })
    }
}

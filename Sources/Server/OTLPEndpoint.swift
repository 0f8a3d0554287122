import Agent
import Model
import Text
import Wire

// `POST /v1/traces` and `/v1/metrics`: OTLP over HTTP (opentelemetry-proto, docs/specification.md).
// Answers have the content type of the request. 400 says that a body is none, for good; 503 with
// `Retry-After` that it should come again; what of a good body was refused is told with 200.

/// The content types of OTLP.
enum OTLPForm: Sendable {
    case protobuf, json

    /// Nil for another type.
    init?(contentType: String?) {
        switch contentType?.prefix(while: { $0 != ";" }).lowercased().trimmingBlanks {
        case "application/x-protobuf": self = .protobuf
        case "application/json": self = .json
        default: return nil
        }
    }

    var contentType: String {
        switch self {
        case .protobuf: "application/x-protobuf"
        case .json: "application/json"
        }
    }
}

/// What OTLP requests are about.
enum OTLPSignal: Sendable {
    case traces, metrics

    init?(path: String) {
        switch path {
        case "/v1/traces": self = .traces
        case "/v1/metrics": self = .metrics
        default: return nil
        }
    }

    fileprivate var rejectedName: String {
        switch self {
        case .traces: "rejectedSpans"
        case .metrics: "rejectedDataPoints"
        }
    }
}

/// OTLP over HTTP.
struct OTLPEndpoint: Sendable {
    let intake: OTLPIntake

    /// Takes Zipkin's spans, `POST /api/v2/spans`; nil when the answer comes later: 202, as Zipkin
    /// has it, whether or not some were refused.
    func takeZipkin(_ request: HTTPRequest) -> HTTPResponse? {
        intake.note(transport: "zipkin")
        guard OTLPForm(contentType: request.header("Content-Type")) == .json else {
            intake.note(refused: "unsupported_media_type")
            return .text(415, "expected application/json: Zipkin's spans, version 2")
        }
        var body = request.body
        request.dropBody()
        if request.header("Content-Encoding")?.lowercased() == "gzip" {
            do throws(GzipFault) {
                body = try Gzip.inflate(body, limit: intake.limits.bodyBytes)
            } catch { return refusal(error, .json) }
        }
        do throws(WireError) {
            let rewritten = try ZipkinSpans.traces(body, limits: intake.limits)
            intake.takeTraces(rewritten) { outcome in
                if case .taken = outcome { return request.complete(.empty(202)) }
                request.complete(OTLPAnswer.of(outcome, .traces, .json))
            }
            return nil
        } catch {
            intake.note(refused: error.metricReason)
            return OTLPAnswer.of(.refused(error), .traces, .json)
        }
    }

    /// Takes a request; nil when the answer comes later.
    func take(_ request: HTTPRequest, _ signal: OTLPSignal) -> HTTPResponse? {
        intake.note(transport: "http")
        guard let form = OTLPForm(contentType: request.header("Content-Type")) else {
            intake.note(refused: "unsupported_media_type")
            return .text(415, "expected application/x-protobuf or application/json")
        }
        var body = request.body
        request.dropBody()
        switch request.header("Content-Encoding")?.lowercased() {
        case nil, "", "identity": break
        case "gzip":
            do throws(GzipFault) {
                body = try Gzip.inflate(body, limit: intake.limits.bodyBytes)
            } catch { return refusal(error, form) }
        case let other?:
            intake.note(refused: "unsupported_encoding")
            return OTLPAnswer.status(
                415, 3, "the encoding \"\(other.prefix(20))\" is not known; expected gzip", form)
        }
        if form == .json {
            do throws(WireError) {
                body =
                    switch signal {
                    case .traces: try OTLPJSON.traces(body, limits: intake.limits)
                    case .metrics: try OTLPJSON.metrics(body, limits: intake.limits)
                    }
            } catch {
                intake.note(refused: error.metricReason)
                return OTLPAnswer.of(.refused(error), signal, form)
            }
        }
        let done: @Sendable (OTLPOutcome) -> Void = {
            request.complete(OTLPAnswer.of($0, signal, form))
        }
        switch signal {
        case .traces: intake.takeTraces(body, done)
        case .metrics: intake.takeMetrics(body, done)
        }
        return nil
    }

    private func refusal(_ fault: GzipFault, _ form: OTLPForm) -> HTTPResponse {
        switch fault {
        case .malformed:
            intake.note(refused: "bad_gzip")
            return OTLPAnswer.status(400, 3, "the body is not gzip", form)
        case .tooLarge(let limit):
            intake.note(refused: "too_large")
            return OTLPAnswer.status(413, 8, "the body inflates to more than \(limit) bytes", form)
        }
    }
}

/// Bodies of answers, for HTTP and gRPC.
enum OTLPAnswer {
    static func of(_ outcome: OTLPOutcome, _ signal: OTLPSignal, _ form: OTLPForm) -> HTTPResponse {
        switch outcome {
        case .taken(let rejected, let message):
            let body =
                switch form {
                case .protobuf: response(rejected, message)
                case .json: json(rejected, message, signal)
                }
            return HTTPResponse(status: 200, contentType: form.contentType, body: body)
        case .unavailable:
            return status(503, 14, "not ready to take data; try again", form)
                .adding("Retry-After", "1")
        case .refused(let error):
            if case .tooLarge = error { return status(413, 8, error.reason, form) }
            return status(400, 3, error.reason, form)
        }
    }

    /// `ExportTraceServiceResponse`, or that of metrics: empty when all was taken.
    static func response(_ rejected: Int, _ message: String) -> [UInt8] {
        guard rejected > 0 || !message.isEmpty else { return [] }
        var partial = ByteWriter()
        if rejected > 0 {
            partial.byte(0x08)
            partial.varint(UInt64(rejected))
        }
        if !message.isEmpty {
            partial.byte(0x12)
            partial.text(message)
        }
        var out = ByteWriter()
        out.byte(0x0a)
        out.lengthPrefixed(partial.bytes)
        return out.bytes
    }

    private static func json(_ rejected: Int, _ message: String, _ signal: OTLPSignal) -> [UInt8] {
        var out = JSONWriter()
        out.object { out in
            guard rejected > 0 || !message.isEmpty else { return }
            out.key("partialSuccess")
            out.object { out in
                if rejected > 0 { out.member(signal.rejectedName, String(rejected)) }
                if !message.isEmpty { out.member("errorMessage", message) }
            }
        }
        return out.bytes
    }

    /// A `google.rpc.Status`.
    static func status(
        _ http: Int, _ code: Int, _ message: String, _ form: OTLPForm
    ) -> HTTPResponse {
        switch form {
        case .protobuf:
            var out = ByteWriter()
            out.byte(0x08)
            out.varint(UInt64(code))
            out.byte(0x12)
            out.text(message)
            return HTTPResponse(status: http, contentType: form.contentType, body: out.bytes)
        case .json:
            var out = JSONWriter()
            out.object { out in
                out.member("code", integer: code)
                out.member("message", message)
            }
            return HTTPResponse(status: http, contentType: form.contentType, body: out.bytes)
        }
    }
}

extension String {
    /// Without spaces and tabs at its ends.
    fileprivate var trimmingBlanks: String {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}

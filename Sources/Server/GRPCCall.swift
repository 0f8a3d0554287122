import Agent
import Model
import Wire

// One gRPC call (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): a request of one
// message, an answer of one message or none, and a status in the trailers.

/// Statuses of gRPC, as far as they are used.
enum GRPCStatus: Int, Sendable {
    case ok = 0
    case invalidArgument = 3
    case deadlineExceeded = 4
    case resourceExhausted = 8
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
}

/// How a call ends.
struct GRPCAnswer: Sendable {
    var status: GRPCStatus
    /// For people.
    var message = ""
    /// The answer's message; nil for none.
    var body: [UInt8]?
    /// The client may try again after a second.
    var mayRetry = false

    /// Of a request of OTLP.
    init(_ outcome: OTLPOutcome) {
        switch outcome {
        case .taken(let rejected, let message):
            status = .ok
            body = OTLPAnswer.response(rejected, message)
        case .unavailable:
            status = .unavailable
            message = "not ready to take data; try again"
            mayRetry = true
        case .refused(let error):
            status = .invalidArgument
            // Without RetryInfo: it is as large the next time.
            if case .tooLarge = error { status = .resourceExhausted }
            message = error.reason
        }
    }

    init(_ status: GRPCStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// Fields behind the body, or in front when there is none.
    var trailers: [(name: String, value: String)] {
        var fields = [(name: "grpc-status", value: String(status.rawValue))]
        if !message.isEmpty { fields.append(("grpc-message", Self.percentEncoded(message))) }
        if mayRetry { fields.append(("grpc-status-details-bin", retryDetails)) }
        return fields
    }

    /// A `google.rpc.Status` with a `RetryInfo` of one second, in base64 without padding.
    private var retryDetails: String {
        var delay = ByteWriter()
        delay.bytes = [0x0a, 0x02, 0x08, 0x01]
        var any = ByteWriter()
        any.byte(0x0a)
        any.text("type.googleapis.com/google.rpc.RetryInfo")
        any.byte(0x12)
        any.lengthPrefixed(delay.bytes)
        var all = ByteWriter()
        all.byte(0x08)
        all.varint(UInt64(status.rawValue))
        all.byte(0x12)
        all.text(message)
        all.byte(0x1a)
        all.lengthPrefixed(any.bytes)
        return Base64.encoded(all.bytes, isPadded: false)
    }

    private static func percentEncoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            if byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "%") {
                out.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                out += "%" + (hex.utf8.count == 1 ? "0" : "") + hex
            }
        }
        return out
    }
}

/// A request while it comes in.
struct GRPCRequest: Sendable {
    /// Of a message, before it.
    static let prefixBytes = 5

    var path = ""
    var method = ""
    var contentType = ""
    var encoding = "identity"
    var deadline: Timestamp?
    var body: [UInt8] = []

    /// Takes a header field.
    mutating func take(_ name: String, _ value: String, at now: Timestamp) {
        switch name {
        case ":path": path = value
        case ":method": method = value
        case "content-type": contentType = value
        case "grpc-encoding": encoding = value
        case "grpc-timeout": deadline = Self.span(value).map { now + $0 }
        default: break
        }
    }

    /// What it is about; nil for a method that is not there.
    var signal: OTLPSignal? {
        switch path {
        case "/opentelemetry.proto.collector.trace.v1.TraceService/Export": .traces
        case "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": .metrics
        default: nil
        }
    }

    /// Whether it is gRPC at all.
    var isGRPC: Bool {
        method == "POST"
            && (contentType == "application/grpc"
                || contentType.hasPrefix("application/grpc+proto")
                || contentType.hasPrefix("application/grpc;"))
    }

    /// The one message, inflated if need be; or how the call ends.
    func message(limit: Int) -> Result<[UInt8], GRPCEnd> {
        guard body.count >= Self.prefixBytes else {
            return .failure(GRPCEnd(.invalidArgument, "no message"))
        }
        let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        if length > limit {
            return .failure(GRPCEnd(.resourceExhausted, "message exceeds limit \(limit)"))
        }
        guard body.count == Self.prefixBytes + length else {
            return .failure(GRPCEnd(.invalidArgument, "expected one whole message"))
        }
        let content = Array(body[Self.prefixBytes...])
        switch body[0] {
        case 0: return .success(content)
        case 1 where encoding == "gzip":
            do throws(GzipFault) {
                return .success(try Gzip.inflate(content, limit: limit))
            } catch {
                if case .tooLarge = error {
                    return .failure(
                        GRPCEnd(.resourceExhausted, "message inflates to more than \(limit) bytes"))
                }
                return .failure(GRPCEnd(.invalidArgument, "the message is not gzip"))
            }
        case 1 where encoding == "identity":
            return .failure(GRPCEnd(.internal, "a compressed message without an encoding"))
        case 1:
            return .failure(
                GRPCEnd(.unimplemented, "the encoding is not known; expected gzip or identity"))
        default: return .failure(GRPCEnd(.internal, "a message with unknown flags"))
        }
    }

    /// "100m" and the like: at most eight digits and a unit.
    static func span(_ text: String) -> TimeSpan? {
        guard let unit = text.last, (2...9).contains(text.utf8.count),
            let number = Int64(text.dropLast()), number >= 0
        else { return nil }
        switch unit {
        case "H": return .hours(number)
        case "M": return .minutes(number)
        case "S": return .seconds(number)
        case "m": return .milliseconds(number)
        case "u": return .milliseconds((number + 999) / 1000)
        case "n": return .milliseconds((number + 999_999) / 1_000_000)
        default: return nil
        }
    }
}

/// How a call ends that is no request of OTLP.
struct GRPCEnd: Error, Sendable {
    let answer: GRPCAnswer

    init(_ status: GRPCStatus, _ message: String) { answer = GRPCAnswer(status, message) }
}

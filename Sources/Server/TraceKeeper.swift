import Agent
import Model
import Text
import Traces
import Wire

// The traces that are kept to look at, between those who bring spans and those who look. Whoever
// answers a request of spans hands it over; a lock guards the ring, and a request that finds it
// taken waits for at most the copying of one trace.

/// Keeps traces.
final class TraceKeeper: Sendable {
    private let ring: Locked<TraceRing>
    private static let idHex = 32

    init(_ settings: SpanSettings) { ring = Locked(TraceRing(bytesMax: settings.traceBytes)) }

    /// Takes spans and what was said of them.
    func take(_ batch: SpanBatch, _ reply: SpanReply, at now: Timestamp) {
        ring.withLock { $0.add(batch, reply.verdicts, at: now) }
    }

    /// `GET /api/v1/traces`.
    func list(_ request: HTTPRequest) -> HTTPResponse {
        var filter = TraceFilter()
        filter.service = request.query("service") ?? ""
        if let word = request.query("kind") {
            guard let kind = TraceKind.allCases.first(where: { $0.word == word }) else {
                return Self.refused("kind is \"\(word.prefix(20))\"; expected bad, slow or good")
            }
            filter.kinds = [kind]
        }
        if let text = request.query("minDuration") {
            guard let span = parseDuration(text) else {
                return Self.refused("minDuration is no duration such as 250ms")
            }
            filter.nanosMin = UInt64(max(0, span.millis)) * 1_000_000
        }
        if let text = request.query("limit") {
            guard let limit = Int(text), (1...1000).contains(limit) else {
                return Self.refused("limit is not within 1 to 1000")
            }
            filter.limit = limit
        }
        return .json(current.list(filter))
    }

    /// `GET /api/v1/traces/<id>`.
    func waterfall(_ path: String) -> HTTPResponse {
        let text = path.dropFirst("/api/v1/traces/".count)
        guard text.utf8.count == Self.idHex, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return Self.refused("expected a trace's id, 32 hexadecimal digits") }
        guard let json = current.waterfall(TraceID(high: high, low: low)) else {
            return Self.refused("this trace is not kept", status: 404, type: "not_found")
        }
        return .json(json)
    }

    /// A copy of the ring, up to now.
    private var current: TraceRing {
        ring.withLock { ring in
            ring.advance(to: wallClock())
            return ring
        }
    }

    private static func refused(
        _ reason: String, status: Int = 400, type: String = "bad_data"
    ) -> HTTPResponse {
        var out = JSONWriter()
        out.object { out in
            out.member("status", "error")
            out.member("errorType", type)
            out.member("error", reason)
        }
        return .json(out.bytes, status: status)
    }

    /// Appends what is kept.
    func writeMetrics(into out: inout ExpositionWriter) {
        let (count, bytes, dropped) = ring.withLock { ($0.count, $0.bytes, $0.dropped) }
        out.single("pitot_traces_kept", .gauge, "Traces that can be looked at.", Double(count))
        out.single(
            "pitot_traces_bytes", .gauge, "Memory of traces and of spans that may become some.",
            Double(bytes))
        out.single(
            "pitot_traces_dropped_total", .counter,
            "Traces of interest that there was no room for.", Double(dropped))
    }
}

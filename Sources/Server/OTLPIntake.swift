import Agent
import Ingest
import Synchronization
import Text
import Traces
import Wire

// OTLP between whoever brings it, HTTP or gRPC, and the owner. A request is decoded on the thread
// that brings it, by the lens of the configuration in force; should the owner have another by then,
// it is read again.

/// How a request of OTLP ended.
enum OTLPOutcome: Sendable {
    /// All but so many spans, or data points, are in.
    case taken(rejected: Int, message: String)
    /// Not now: to be sent again.
    case unavailable
    /// Never: the body is no such request, or too large.
    case refused(WireError)
}

/// What was counted of OTLP before the agent has it.
struct OTLPFigures: Sendable {
    /// Requests by transport, and bodies refused by reason.
    var requests: [String: Int] = [:]
    var refused: [String: Int] = [:]
    /// Data points, by what became of them before the store.
    var points: [String: Int] = [:]
    var rereadings = 0
}

/// Takes requests of OTLP.
final class OTLPIntake: Sendable {
    let limits: OTLPLimits
    private let traces: OTLPTraceDecoder
    private let metrics: OTLPMetricsDecoder
    private let writes: RemoteWrite2Decoder
    private let owner: Owner
    let keeper: TraceKeeper
    private let counted = Locked(OTLPFigures())

    init(_ configuration: Configuration, owner: Owner) {
        var limits = OTLPLimits()
        limits.bodyBytes = configuration.wire.bodyBytes
        self.limits = limits
        self.owner = owner
        keeper = TraceKeeper(configuration.spans)
        let seed = HashSeed(low: randomBits(), high: randomBits())
        traces = OTLPTraceDecoder(seed: seed, limits: limits)
        metrics = OTLPMetricsDecoder(limits: limits)
        // What we have made is as long as it is: the body was bounded.
        var inner = configuration.wire
        inner.bodyBytes = 4 * inner.bodyBytes
        writes = RemoteWrite2Decoder(seed: seed, limits: inner)
    }

    var figures: OTLPFigures { counted.withLock { $0 } }

    func note(transport: String) {
        counted.withLock { $0.requests[transport, default: 0] += 1 }
    }

    func note(refused reason: String) { counted.withLock { $0.refused[reason, default: 0] += 1 } }

    /// Takes an `ExportTraceServiceRequest`; `done` is called once, on any thread.
    func takeTraces(_ body: [UInt8], _ done: @escaping @Sendable (OTLPOutcome) -> Void) {
        guard Phase(rawValue: owner.phase.load(ordering: .acquiring)) == .ready else {
            return done(.unavailable)
        }
        read(body, done)
    }

    private func read(_ body: [UInt8], _ done: @escaping @Sendable (OTLPOutcome) -> Void) {
        let batch: SpanBatch
        do throws(WireError) {
            batch = try traces.decode(body, lens: owner.lens.withLock { $0 })
        } catch {
            note(refused: error.metricReason)
            return done(.refused(error))
        }
        let exchange = SpanExchange { [self] reply in
            guard let reply else { return done(.unavailable) }
            if reply.isStale {
                counted.withLock { $0.rereadings += 1 }
                return read(body, done)
            }
            done(.taken(rejected: reply.refusedCount, message: reply.message))
            keeper.take(batch, reply, at: wallClock())
        }
        if !owner.mailbox.post(.spans(batch, exchange)) {
            note(refused: "overloaded")
            done(.unavailable)
        }
    }

    /// Appends what was counted.
    func writeMetrics(into out: inout ExpositionWriter) {
        keeper.writeMetrics(into: &out)
        let figures = self.figures
        out.metric("pitot_otlp_requests_total", .counter, "OTLP requests, by transport.")
        for (transport, count) in figures.requests.sorted(by: { $0.key < $1.key }) {
            out.sample("pitot_otlp_requests_total", [("transport", transport)], Double(count))
        }
        out.metric(
            "pitot_otlp_bodies_refused_total", .counter,
            "OTLP bodies of which nothing was taken, by reason.")
        for (reason, count) in figures.refused.sorted(by: { $0.key < $1.key }) {
            out.sample("pitot_otlp_bodies_refused_total", [("reason", reason)], Double(count))
        }
        out.metric(
            "pitot_otlp_points_total", .counter,
            "Data points of OTLP metrics, by whether samples were made of them.")
        for (result, count) in figures.points.sorted(by: { $0.key < $1.key }) {
            out.sample("pitot_otlp_points_total", [("result", result)], Double(count))
        }
        out.single(
            "pitot_otlp_rereadings_total", .counter,
            "Requests of spans that were read again because the configuration changed.",
            Double(figures.rereadings))
    }
}

/// Who waits for what becomes of spans.
struct SpanExchange: Sendable {
    /// Called once; nil when they cannot be taken now.
    let complete: @Sendable (SpanReply?) -> Void

    init(_ complete: @escaping @Sendable (SpanReply?) -> Void) { self.complete = complete }
}

extension OTLPIntake {
    /// Takes an `ExportMetricsServiceRequest`; `done` is called once, on any thread.
    func takeMetrics(_ body: [UInt8], _ done: @escaping @Sendable (OTLPOutcome) -> Void) {
        guard Phase(rawValue: owner.phase.load(ordering: .acquiring)) == .ready else {
            return done(.unavailable)
        }
        let found: OTLPMetrics
        let batch: WriteBatch
        do throws(WireError) {
            found = try metrics.decode(body)
            for refusal in PointRefusal.allCases {
                let count = found.refused[Int(refusal.rawValue)]
                if count > 0 {
                    counted.withLock { $0.points["refused/" + refusal.word, default: 0] += count }
                }
            }
            counted.withLock { $0.points["read", default: 0] += found.points - found.refusedCount }
            if found.series.isEmpty {
                return done(.taken(rejected: found.refusedCount, message: found.message))
            }
            batch = try writes.decode(RemoteWrite2Encoder.encode(found.series))
        } catch {
            note(refused: error.metricReason)
            return done(.refused(error))
        }
        let (refused, message) = (found.refusedCount, found.message)
        let exchange = WriteExchange(points: { reply in
            guard let reply else { return done(.unavailable) }
            if reply.status == 429 { return done(.unavailable) }
            let lines = [message, reply.refusals ?? ""].filter { !$0.isEmpty }
            // A sample that is refused is at most one point.
            let samples = max(0, reply.tally.refusedTotal - reply.tally.lenient)
            done(.taken(rejected: refused + samples, message: lines.joined(separator: "; ")))
        })
        if !owner.mailbox.post(.write(batch, exchange)) {
            note(refused: "overloaded")
            done(.unavailable)
        }
    }
}

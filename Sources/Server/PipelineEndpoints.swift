import Agent
import Model
import Text
import Wire

// What is told of runs comes in here: OpenLineage, CloudEvents, MLflow's and Alertmanager's
// webhooks. Bodies are read on the connection's thread; the answer waits until what they say is in
// the log. What will never be taken is answered 4xx, so that nobody tries it again for ever; 503
// says that trying again helps.

/// A request that told something, and what was read of it.
struct PipelineExchange: Sendable {
    enum Kind: Sendable { case one, lineageBatch, cloudEvents }

    let request: HTTPRequest
    let kind: Kind
    let received: Int
    let refused: [Refused]

    struct Refused: Sendable {
        let index: Int
        let fault: PipelineFault
    }

    init(_ request: HTTPRequest, _ kind: Kind, _ reading: PipelineReading) {
        self.request = request
        self.kind = kind
        received = reading.received
        refused = reading.refused.map { Refused(index: $0.index, fault: $0.fault) }
    }

    /// The answer, once what was taken is durable.
    func answer(_ reply: PipelineReply) -> HTTPResponse {
        if reply.isRetriable {
            return .text(503, "no room for more live runs; try again").adding("Retry-After", "60")
        }
        switch kind {
        case .lineageBatch: return summary(reply)
        case .one:
            if let first = refused.first { return .text(400, first.fault.advice) }
            // That it was counted before is nothing to try again.
            let late = reply.refused.first { $0 != .forgotten }
            return late.map { .text(400, $0.advice) } ?? .empty(200)
        case .cloudEvents:
            // What is about something else was not meant for us, and is no error.
            let wrong = refused.filter { $0.fault != .unknownType }
            if !wrong.isEmpty && wrong.count == received {
                return .text(400, wrong[0].fault.advice)
            }
            return .empty(200)
        }
    }

    /// As OpenLineage's clients read it.
    private func summary(_ reply: PipelineReply) -> HTTPResponse {
        let failed = refused.count + reply.refused.count { $0 != .forgotten }
        if failed >= received && received > 0 && refused.count == received {
            return .json(json(failed, "error"), status: 400)
        }
        return .json(json(failed, failed == 0 ? "success" : "partial_success"))
    }

    private func json(_ failed: Int, _ status: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", status)
            json.key("summary")
            json.object { json in
                json.member("received", integer: received)
                json.member("successful", integer: max(0, received - failed))
                json.member("failed", integer: failed)
                json.member("retriable", integer: 0)
                json.member("non_retriable", integer: failed)
            }
            json.key("failed_events")
            json.array { json in
                for one in refused.prefix(100) {
                    json.object { json in
                        json.member("index", integer: one.index)
                        json.member("reason", one.fault.advice)
                        json.member("retriable", bool: false)
                    }
                }
            }
        }
        return json.bytes
    }
}

/// Readers that wait for a body: as many as connections read at a time.
final class PipelineReaders: Sendable {
    /// One, for an array: it cannot be copied itself.
    private final class Box: @unchecked Sendable {
        // Sound: whoever took it from the list has it alone.
        let reader: PipelineReader
        init(_ reader: consuming PipelineReader) { self.reader = reader }
    }

    private let idle = Locked<[Box]>([])
    private let limits: PipelineLimits

    init(limits: PipelineLimits) { self.limits = limits }

    /// Reads with one of them; nil when there is no memory.
    func read(_ body: (borrowing PipelineReader) -> PipelineReading) -> PipelineReading? {
        let box: Box
        if let waiting = idle.withLock({ $0.popLast() }) {
            box = waiting
        } else {
            guard let made = PipelineReader(limits: limits) else { return nil }
            box = Box(made)
        }
        defer { idle.withLock { $0.append(box) } }
        return body(box.reader)
    }
}

/// Takes what is told of runs from connections.
struct PipelineEndpoints: Sendable {
    static let paths: Set<String> = [
        "/api/v1/lineage", "/api/v1/lineage/batch", "/api/v1/webhooks/mlflow",
        "/api/v1/webhooks/alertmanager",
    ]

    private let readers: PipelineReaders
    private let secret: [UInt8]
    private let secretFile: String

    init(_ configuration: Configuration) {
        var limits = PipelineLimits()
        limits.bodyBytes = configuration.wire.bodyBytes
        readers = PipelineReaders(limits: limits)
        secret = Array(configuration.webhooks.mlflowSecret.utf8)
        secretFile = configuration.webhooks.mlflowSecretFile
    }

    enum Judgement {
        case taken(PipelineBatch, PipelineExchange)
        case answered(HTTPResponse)
    }

    /// What a request to one of `paths` says.
    func judge(_ request: HTTPRequest) -> Judgement {
        if let refusal = Self.refusal(request) { return .answered(refusal) }
        switch request.path {
        case "/api/v1/lineage": return lineage(request, isBatch: false)
        case "/api/v1/lineage/batch": return lineage(request, isBatch: true)
        case "/api/v1/webhooks/mlflow": return mlflow(request)
        default:
            return take(request, .one) { $0.alertmanager(request.body) }
        }
    }

    /// All of these are JSON.
    private static func refusal(_ request: HTTPRequest) -> HTTPResponse? {
        let type = (request.header("Content-Type") ?? "").prefix { $0 != ";" }.lowercased()
            .filter { $0 != " " }
        let isJSON = type.isEmpty || type == "application/json" || type.hasSuffix("+json")
        guard isJSON else {
            return .text(415, "Content-Type is \(type.prefix(100)); expected application/json")
        }
        let encoding = (request.header("Content-Encoding") ?? "identity").lowercased()
        guard encoding == "identity" else {
            return .text(415, "Content-Encoding is \(encoding.prefix(100)); expected none")
        }
        return nil
    }

    private func lineage(_ request: HTTPRequest, isBatch: Bool) -> Judgement {
        take(request, isBatch ? .lineageBatch : .one) {
            $0.lineage(request.body, isBatch: isBatch)
        }
    }

    private func mlflow(_ request: HTTPRequest) -> Judgement {
        let signature = MLflowSignature(
            delivery: request.header("X-MLflow-Delivery-Id") ?? "",
            timestamp: request.header("X-MLflow-Timestamp") ?? "",
            signature: request.header("X-MLflow-Signature") ?? "")
        var secret = self.secret
        if !secretFile.isEmpty {
            // Read each time: secrets are changed while we run.
            guard let bytes = readFile(secretFile) else {
                return .answered(.text(503, "the secret's file cannot be read"))
            }
            secret = bytes
            while let last = secret.last, last == 0x0a || last == 0x0d { secret.removeLast() }
        }
        if !secret.isEmpty || !secretFile.isEmpty {
            if let fault = signature.fault(of: request.body, secret: secret, at: wallClock()) {
                return .answered(.text(401, fault))
            }
        }
        return take(request, .one) { $0.mlflow(request.body, delivery: signature.delivery) }
    }

    private func take(
        _ request: HTTPRequest, _ kind: PipelineExchange.Kind,
        _ read: (borrowing PipelineReader) -> PipelineReading
    ) -> Judgement {
        guard let reading = readers.read(read) else {
            return .answered(.text(503, "no memory to read the body").adding("Retry-After", "1"))
        }
        return .taken(PipelineBatch(reading), PipelineExchange(request, kind, reading))
    }

    // MARK: CloudEvents

    /// What of a request's CloudEvents is about runs; nil when none is, and the body is for those
    /// who watch models.
    func cloudEvents(_ request: HTTPRequest) -> (judgement: Judgement, hasInference: Bool)? {
        let type = (request.header("Content-Type") ?? "").prefix { $0 != ";" }.lowercased()
        if !type.hasPrefix("application/cloudevents") {
            // One event: its type says whose it is, before anything is read.
            guard Self.isOurs(request.header("ce-type") ?? "") else { return nil }
        }
        let body = FeatureEndpoints.body(of: request)
        guard let reading = readers.read({ $0.cloudEvents(body) }) else {
            return (.answered(.text(503, "no memory").adding("Retry-After", "1")), false)
        }
        let isForeign =
            reading.events.isEmpty
            && reading.refused.allSatisfy { Self.isForeign($0.fault) }
        if isForeign && reading.refused.count + reading.inference >= reading.received {
            return nil
        }
        let exchange = PipelineExchange(request, .cloudEvents, reading)
        return (.taken(PipelineBatch(reading), exchange), reading.inference > 0)
    }

    private static func isForeign(_ fault: PipelineFault) -> Bool { fault == .unknownType }

    private static func isOurs(_ type: String) -> Bool {
        [
            "io.pitot.", "dev.tekton.event.", "dev.knative.apiserver.", "dev.argoproj.",
            "io.argoproj.",
        ].contains { type.hasPrefix($0) } || type == "resource"
    }
}

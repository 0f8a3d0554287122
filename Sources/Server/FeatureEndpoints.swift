import Agent
import Synchronization
import Text
import Wire

// `POST /api/v1/events` and `POST /api/v1/features/<model>`: what a connection's thread does.

/// Takes bodies about models from connections.
struct FeatureEndpoints: Sendable {
    static let rowsPrefix = "/api/v1/features/"

    let intake: FeatureIntake
    let tee: EventTee?

    init(_ configuration: Configuration, _ logger: Logger, _ owner: Owner) {
        var limits = FeatureLimits()
        limits.bodyBytes = configuration.wire.bodyBytes
        intake = FeatureIntake(configuration.events, limits: limits, logger: logger) {
            batch, request in
            var batch = batch
            let lost = owner.eventsLost.exchange(0, ordering: .relaxed)
            batch.shed += UInt64(max(0, lost))
            if owner.mailbox.post(.features(batch, request)) { return true }
            owner.eventsLost.add(lost, ordering: .relaxed)
            return false
        }
        let forward = configuration.events.forward
        tee = forward.isEmpty ? nil : EventTee(forward)
    }

    /// Queues CloudEvents. The answer is 200 in any case: loggers take anything else for an error,
    /// and try nothing again.
    func events(_ request: HTTPRequest, isReady: Bool) -> HTTPResponse {
        let body = Self.body(of: request)
        request.dropBody()
        tee?.send(body)
        if isReady { _ = intake.offer(.events(body)) } else { intake.shed(1) }
        return .empty(200)
    }

    /// Sends CloudEvents on that are about runs, and queues them if some are about models too.
    func pass(_ request: HTTPRequest, hasInference: Bool) {
        guard tee != nil || hasInference else { return }
        let body = Self.body(of: request)
        tee?.send(body)
        if hasInference { _ = intake.offer(.events(body)) }
    }

    /// A request's CloudEvents.
    static func body(of request: HTTPRequest) -> CloudEventBody {
        var headers: [FeatureHeader] = []
        for name in CloudEventBody.headerNames {
            if let value = request.header(name) {
                headers.append(FeatureHeader(name: name, value: value))
            }
        }
        return CloudEventBody(
            headers: headers, contentType: request.header("Content-Type") ?? "",
            body: request.body)
    }

    /// Counts events that the server could not take in; they are answered as any others.
    func refused(_ refusal: HTTPRefusal) -> HTTPResponse {
        switch refusal {
        case .tooLarge: intake.count(.tooLarge)
        case .crowded: intake.shed(1)
        }
        return .empty(200)
    }

    /// Queues rows; nil when they are, and the answer comes later.
    func rows(_ request: HTTPRequest) -> HTTPResponse? {
        let model = String(request.path.dropFirst(Self.rowsPrefix.count))
        guard !model.isEmpty, !model.contains("/"), model.utf8.count <= 253 else {
            return .text(404, "no such path; expected \(Self.rowsPrefix)MODEL")
        }
        let body = FeatureRowsBody(
            model: model, namespace: request.query("namespace") ?? "",
            endpoint: request.query("endpoint") ?? "", version: request.query("version") ?? "",
            time: request.query("time"),
            sampledRate: request.query("sampledrate").flatMap { UInt32($0) } ?? 1,
            bytes: request.body)
        request.dropBody()
        if intake.offer(.rows(body, request)) { return nil }
        return .text(503, "too many rows wait to be read; try again").adding("Retry-After", "1")
    }

    /// What became of rows.
    static func answer(_ reply: FeatureReply) -> HTTPResponse {
        var json = JSONWriter()
        let hasRows = reply.rows > 0
        let isWatched = reply.watched > 0
        json.object { json in
            json.member("status", isWatched ? "success" : "error")
            if !isWatched {
                json.member("errorType", hasRows ? "not_found" : "bad_data")
                json.member(
                    "error",
                    hasRows
                        ? "no model of this name is watched; see kind: DriftModels"
                        : "no rows; expected a JSON object a line")
            }
            json.key("data")
            json.object { json in
                json.member("rows", integer: reply.rows)
                json.key("refused")
                json.object { json in
                    for fault in reply.faults {
                        json.member(fault.reason.label, integer: fault.count)
                    }
                }
            }
        }
        return .json(json.bytes, status: isWatched ? 200 : hasRows ? 404 : 400)
    }
}

extension FeatureEndpoints {
    /// Appends what the queue and the tee count.
    func writeMetrics(into out: inout ExpositionWriter) {
        let figures = intake.counts
        out.metric(
            "pitot_feature_bodies_total", .counter,
            "Bodies about models, by whether they were queued or shed.")
        out.sample("pitot_feature_bodies_total", [("result", "queued")], Double(figures.taken))
        out.sample("pitot_feature_bodies_total", [("result", "shed")], Double(figures.shed))
        out.single(
            "pitot_feature_queue_bodies", .gauge, "Bodies that wait to be read.",
            Double(figures.waiting))
        out.single(
            "pitot_feature_queue_bytes", .gauge, "Bytes of bodies that wait to be read.",
            Double(figures.waitingBytes))
        guard let tee else { return }
        let sentOn = tee.counts
        out.metric(
            "pitot_events_forwarded_total", .counter, "Events sent on, by what came of them.")
        for (result, count) in [
            ("delivered", sentOn.sent), ("dropped", sentOn.dropped), ("failed", sentOn.failed),
        ] {
            out.sample("pitot_events_forwarded_total", [("result", result)], Double(count))
        }
    }
}

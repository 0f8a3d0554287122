import Agent
import Glibc
import Model
import Synchronization
import Text
import Wire

// Which path does what. Reads are rendered by the owner between two events; writes go to it
// decoded.

/// Answers requests.
final class Router: Sendable {
    let write: WriteEndpoint
    let owner: Owner
    let queries: QueryPool
    let counts = RequestCounts()
    let loadFiles: @Sendable () throws(FileFault) -> ConfigurationFiles
    let startedAt = wallClock()
    let features: FeatureEndpoints
    let crossOrigin: CrossOrigin
    let pipelines: PipelineEndpoints
    let otlp: OTLPEndpoint
    /// The server in front, once it listens; for its own counters.
    private let front = Locked<HTTPServer?>(nil)

    init(
        write: WriteEndpoint, owner: Owner, features: FeatureEndpoints,
        pipelines: PipelineEndpoints, otlp: OTLPEndpoint,
        queries: QueryPool = QueryPool(concurrency: 1),
        crossOrigin: CrossOrigin = CrossOrigin(".*"),
        loadFiles: @escaping @Sendable () throws(FileFault) -> ConfigurationFiles
    ) {
        self.write = write
        self.owner = owner
        self.features = features
        self.pipelines = pipelines
        self.otlp = otlp
        self.queries = queries
        self.crossOrigin = crossOrigin
        self.loadFiles = loadFiles
    }

    func handle(_ request: HTTPRequest) -> Disposition {
        // Whatever can be read can be asked about (RFC 9110 §9.3.2); the server drops the body.
        let method = request.method == "HEAD" ? "GET" : request.method
        if request.path.hasPrefix("/api/") {
            request.answerHeaders = crossOrigin.headers(for: request.header("Origin"))
            // A browser asks before it sends a page's request.
            if method == "OPTIONS" { return counted(request, .empty(204)) }
        }
        if request.path.hasPrefix(AlertmanagerEndpoints.prefix) && request.path != Self.zipkinPath {
            return alertmanager(request)
        }
        if QueryEndpoints.answer(to: request.path) != nil, ["GET", "POST"].contains(method) {
            return ask(request)
        }
        let answer =
            switch method {
            case "GET": shown(request)
            case "POST": taken(request)
            default: Disposition?.none
            }
        return answer ?? counted(request, refusal(of: request.path))
    }

    var phase: Phase { Phase(rawValue: owner.phase.load(ordering: .acquiring)) ?? .stopped }

    var readiness: HTTPResponse {
        switch phase {
        case .ready: .text(200, "Pitot is ready.")
        case .replaying: .text(503, "replaying the event log")
        case .refusing: .text(503, "the event log cannot be written")
        case .stopped: .text(503, "stopping")
        }
    }

    /// Tells which server's counters to show.
    func stand(behind server: HTTPServer?) { front.withLock { $0 = server } }

    func read(
        _ request: HTTPRequest, as label: String? = nil,
        _ render: @escaping @Sendable (AgentCore, Timestamp) -> HTTPResponse
    ) -> Disposition {
        guard phase != .replaying, phase != .stopped else {
            return counted(request, readiness)
        }
        guard owner.mailbox.post(.read(request, render)) else {
            return counted(request, Owner.unavailable)
        }
        counts.answered(label ?? request.path, 200)
        return .later
    }

    func ask(_ request: HTTPRequest) -> Disposition {
        guard let answer = QueryEndpoints.answer(to: request.path) else {
            return counted(request, .empty(404))
        }
        guard phase != .replaying, phase != .stopped else { return counted(request, readiness) }
        let parameters = QueryParameters(
            request, now: wallClock(), startedAt: startedAt)
        let label = QueryEndpoints.label(of: request.path)
        return evaluate(request, label, parameters.now) { view, watch in
            do throws(QueryFault) {
                return try answer(parameters, view, watch)
            } catch { return error.response }
        }
    }

    func evaluate(
        _ request: HTTPRequest, _ label: String, _ now: Timestamp,
        _ answer: @escaping @Sendable (QueryView, QueryWatch) -> HTTPResponse
    ) -> Disposition {
        request.dropBody()
        let accepted = request.header("Accept-Encoding")
        let work: @Sendable (QueryView, QueryWatch) -> HTTPResponse = { [counts] view, watch in
            let response = answer(view, watch).encoded(for: accepted)
            counts.answered(label, response.status)
            return response
        }
        let posted = owner.mailbox.post(
            .view(request) { [queries, counts] view in
                let job = QueryJob(request: request, view: view, receivedAt: now, answer: work)
                if !queries.take(job) {
                    counts.answered(label, QueryFault.overloaded.status)
                }
            })
        return posted ? .later : counted(request, QueryFault.overloaded.response)
    }

    func metrics(_ request: HTTPRequest) -> Disposition {
        let counts = self.counts
        let startedAt = self.startedAt
        let slowClientsCut = front.withLock { $0?.slowClientsCut ?? 0 }
        let bodiesHeld = front.withLock { $0?.bodiesHeld ?? 0 }
        let turns = owner.turns.load(ordering: .relaxed)
        let figures = owner.figures.withLock { $0 }
        let features = self.features
        let otlp = self.otlp.intake
        let recording = owner.recorder?.figures.withLock { $0 }
        return read(request) { agent, _ in
            var out = ExpositionWriter()
            agent.writeMetrics(into: &out)
            counts.write(into: &out)
            out.single(
                "pitot_http_slow_clients_cut_total", .counter,
                "Connections cut because the client took too long over headers or body.",
                Double(slowClientsCut))
            out.single(
                "pitot_http_bodies", .gauge, "Requests with a body being read or answered.",
                Double(bodiesHeld))
            out.single(
                "pitot_loop_turns_total", .counter,
                "Turns of the loop that drives the agent.", Double(turns))
            figures.write(into: &out)
            features.writeMetrics(into: &out)
            otlp.writeMetrics(into: &out)
            recording?.write(into: &out)
            writeProcessMetrics(startedAt: startedAt, into: &out)
            return HTTPResponse(
                status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: Array(out.text.utf8))
        }
    }

    func counted(
        _ request: HTTPRequest, _ response: HTTPResponse, as label: String? = nil
    ) -> Disposition {
        let known = Self.methods[request.path] == nil ? "other" : request.path
        counts.answered(label ?? known, response.status)
        return .answer(response)
    }
}

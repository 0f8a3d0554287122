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
    private let write: WriteEndpoint
    private let owner: Owner
    private let queries: QueryPool
    private let counts = RequestCounts()
    private let loadFiles: @Sendable () throws(FileFault) -> ConfigurationFiles
    private let startedAt = wallClock()
    let features: FeatureEndpoints
    private let crossOrigin: CrossOrigin
    private let pipelines: PipelineEndpoints
    /// The server in front, once it listens; for its own counters.
    private let front = Locked<HTTPServer?>(nil)

    init(
        write: WriteEndpoint, owner: Owner, features: FeatureEndpoints,
        pipelines: PipelineEndpoints,
        queries: QueryPool = QueryPool(concurrency: 1),
        crossOrigin: CrossOrigin = CrossOrigin(".*"),
        loadFiles: @escaping @Sendable () throws(FileFault) -> ConfigurationFiles
    ) {
        self.write = write
        self.owner = owner
        self.features = features
        self.pipelines = pipelines
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
        switch (request.path, method) {
        case ("/api/v1/write", "POST"): return receive(request)
        case ("/api/v1/read", "POST"): return readRemotely(request)
        // Clients such as prometheus-api-client ask here whether anybody listens.
        case ("/", "GET"):
            return counted(request, .text(200, "Pitot \(version). The API: docs/query.md"))
        case ("/-/healthy", "GET"): return counted(request, .text(200, "Pitot is healthy."))
        case ("/-/ready", "GET"): return counted(request, readiness)
        case ("/-/reload", "POST"): return reload(request)
        case ("/metrics", "GET"): return metrics(request)
        case ("/api/v1/slos", "GET"):
            let service = request.query("service")
            let name = request.query("name")
            return read(request) { agent, now in
                .json(agent.slosJSON(service: service, name: name, now: now))
            }
        case (let path, "GET") where SLOPath(path) != nil: return tell(request, SLOPath(path))
        case (let path, _) where SLOPath(path) != nil:
            return counted(
                request, .text(405, "\(path) takes GET, HEAD").adding("Allow", "GET, HEAD"))
        case ("/api/v1/events", "POST"): return takeEvents(request)
        case (let path, "POST") where PipelineEndpoints.paths.contains(path):
            guard phase == .ready else { return counted(request, Owner.unavailable) }
            return take(request, pipelines.judge(request))
        case (let path, "GET") where RunEndpoints.paths.contains(path):
            do throws(RunEndpoints.Fault) {
                return read(request, try RunEndpoints.render(request))
            } catch { return counted(request, error.response) }
        case ("/api/v1/drift", "GET"):
            let (model, version) = (request.query("model"), request.query("version"))
            let hasCells = request.query("cells") == "true"
            return read(request) { agent, _ in
                .json(agent.driftJSON(model: model, version: version, hasCells: hasCells))
            }
        case (let path, "POST") where path.hasPrefix(FeatureEndpoints.rowsPrefix):
            guard phase == .ready else { return counted(request, readiness) }
            if let answer = features.rows(request) { return counted(request, answer) }
            counts.answered("/api/v1/features", 0)
            return .later
        case ("/api/v1/status/cardinality", "GET"):
            return read(request) { agent, _ in .json(agent.cardinalityJSON()) }
        case ("/api/v1/status/backfill", "GET"):
            return read(request) { agent, _ in .json(agent.backfillJSON()) }
        case ("/api/v1/alerts", "GET"):
            return read(request) { agent, _ in .json(agent.alertsJSON()) }
        case ("/api/v1/rules", "GET"):
            let parameters = QueryParameters(request, now: startedAt, startedAt: startedAt)
            return read(request) { agent, _ in rulesAnswer(parameters, agent) }
        case (let path, _) where QueryEndpoints.answer(to: path) != nil:
            guard method == "GET" || method == "POST" else {
                let allowed = "GET, HEAD, POST"
                return counted(
                    request, .text(405, "\(path) takes \(allowed)").adding("Allow", allowed))
            }
            return ask(request)
        case (let path, _) where Self.methods[path] != nil:
            let allowed = Self.methods[path] ?? ""
            return counted(
                request,
                .text(405, "\(path) takes \(allowed)").adding("Allow", allowed))
        default:
            return counted(request, .text(404, "no such path; see the documentation of the API"))
        }
    }

    private static let methods = [
        "/": "GET, HEAD",
        "/api/v1/write": "POST", "/api/v1/read": "POST", "/-/healthy": "GET, HEAD",
        "/-/ready": "GET, HEAD",
        "/-/reload": "POST", "/metrics": "GET, HEAD", "/api/v1/slos": "GET, HEAD",
        "/api/v1/alerts": "GET, HEAD", "/api/v1/rules": "GET, HEAD",
        "/api/v1/status/cardinality": "GET, HEAD", "/api/v1/status/backfill": "GET, HEAD",
        "/api/v1/events": "POST", "/api/v1/drift": "GET, HEAD",
        "/api/v1/lineage": "POST", "/api/v1/lineage/batch": "POST",
        "/api/v1/webhooks/mlflow": "POST", "/api/v1/webhooks/alertmanager": "POST",
        "/api/v1/runs": "GET, HEAD", "/api/v1/timeline": "GET, HEAD",
        "/api/v1/recovery": "GET, HEAD", "/api/v1/datasets": "GET, HEAD",
    ]

    private var phase: Phase { Phase(rawValue: owner.phase.load(ordering: .acquiring)) ?? .stopped }

    private var readiness: HTTPResponse {
        switch phase {
        case .ready: .text(200, "Pitot is ready.")
        case .replaying: .text(503, "replaying the event log")
        case .refusing: .text(503, "the event log cannot be written")
        case .stopped: .text(503, "stopping")
        }
    }

    private func receive(_ request: HTTPRequest) -> Disposition {
        let version: WriteVersion
        do throws(MediaFault) {
            version = try WriteVersion(contentType: request.header("Content-Type"))
        } catch {
            counts.refused("unsupported_media_type")
            return counted(request, .text(415, error.reason))
        }
        guard case .ready = phase else {
            return counted(request, Owner.unavailable.reporting(Written(), version))
        }
        switch write.judge(request, version) {
        case .refused(let response, let reason):
            counts.refused(reason)
            return counted(request, response.reporting(Written(), version))
        case .batch(let batch):
            // The batch has it all: what waits for the disk does not hold the body as well.
            request.dropBody()
            let exchange = WriteExchange(request: request, version: version)
            guard owner.mailbox.post(.write(batch, exchange)) else {
                counts.refused("overloaded")
                return counted(request, Owner.unavailable.reporting(Written(), version))
            }
            counts.answered(request.path, 0)
            return .later
        }
    }

    /// CloudEvents: those about runs wait until they are durable, those about requests to models
    /// for nothing.
    private func takeEvents(_ request: HTTPRequest) -> Disposition {
        let isReady = phase == .ready
        guard let found = pipelines.cloudEvents(request) else {
            return counted(request, features.events(request, isReady: isReady))
        }
        guard isReady else { return counted(request, Owner.unavailable) }
        features.pass(request, hasInference: found.hasInference)
        return take(request, found.judgement)
    }

    private func take(
        _ request: HTTPRequest, _ judgement: PipelineEndpoints.Judgement
    ) -> Disposition {
        switch judgement {
        case .answered(let response): return counted(request, response)
        case .taken(let batch, let exchange):
            request.dropBody()
            guard owner.mailbox.post(.pipeline(batch, exchange)) else {
                return counted(request, Owner.unavailable)
            }
            counts.answered(request.path, 0)
            return .later
        }
    }

    /// Tells which server's counters to show.
    func stand(behind server: HTTPServer?) { front.withLock { $0 = server } }

    /// A body over the limit, which the server refused by itself.
    func noteTooLarge(_ request: HTTPRequest) {
        if request.path == "/api/v1/write" { counts.refused("too_large") }
        counts.answered(Self.methods[request.path] == nil ? "other" : request.path, 413)
    }

    private func reload(_ request: HTTPRequest) -> Disposition {
        do throws(FileFault) {
            let files = try loadFiles()
            guard owner.mailbox.post(.configure(files, request)) else {
                return counted(request, Owner.unavailable)
            }
            return .later
        } catch {
            return counted(request, .text(500, "\(error.path): \(error.reason)"))
        }
    }

    private func tell(_ request: HTTPRequest, _ slo: SLOPath?) -> Disposition {
        guard let slo else { return counted(request, .empty(404)) }
        return read(request, as: SLOPath.label) { agent, now in slo.answer(agent, now) }
    }

    private func read(
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

    private func ask(_ request: HTTPRequest) -> Disposition {
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

    /// `POST /api/v1/read`: decoded where it is answered, on a query thread.
    private func readRemotely(_ request: HTTPRequest) -> Disposition {
        guard phase != .replaying, phase != .stopped else { return counted(request, readiness) }
        let body = request.body
        return evaluate(request, request.path, wallClock()) { view, watch in
            RemoteReadEndpoint.answer(body, view, watch)
        }
    }

    private func evaluate(
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
            .view(request) { [queries] view in
                queries.take(
                    QueryJob(request: request, view: view, receivedAt: now, answer: work))
            })
        return posted ? .later : counted(request, QueryFault.overloaded.response)
    }

    private func metrics(_ request: HTTPRequest) -> Disposition {
        let counts = self.counts
        let startedAt = self.startedAt
        let slowClientsCut = front.withLock { $0?.slowClientsCut ?? 0 }
        let bodiesHeld = front.withLock { $0?.bodiesHeld ?? 0 }
        let turns = owner.turns.load(ordering: .relaxed)
        let figures = owner.figures.withLock { $0 }
        let features = self.features
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
            recording?.write(into: &out)
            writeProcessMetrics(startedAt: startedAt, into: &out)
            return HTTPResponse(
                status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: Array(out.text.utf8))
        }
    }

    private func counted(_ request: HTTPRequest, _ response: HTTPResponse) -> Disposition {
        counts.answered(Self.methods[request.path] == nil ? "other" : request.path, response.status)
        return .answer(response)
    }
}

/// Requests by path and status, and bodies refused by reason.
final class RequestCounts: Sendable {
    private struct Key: Hashable {
        let path: String
        let status: Int
    }

    private let requests = Locked<[Key: Int]>([:])
    private let refusals = Locked<[String: Int]>([:])

    /// Status 0 is a write handed to the owner: its answer shows in the samples' counters.
    func answered(_ path: String, _ status: Int) {
        requests.withLock { $0[Key(path: path, status: status), default: 0] += 1 }
    }

    func refused(_ reason: String) { refusals.withLock { $0[reason, default: 0] += 1 } }

    func write(into out: inout ExpositionWriter) {
        out.metric(
            "pitot_http_requests_total", .counter,
            "Requests by path and status; \"taken\" are writes whose body decoded.")
        let all = requests.withLock { $0 }
        for (key, count) in all.sorted(by: {
            ($0.key.path, $0.key.status) < ($1.key.path, $1.key.status)
        }) {
            let code = key.status == 0 ? "taken" : String(key.status)
            out.sample(
                "pitot_http_requests_total", [("path", key.path), ("code", code)], Double(count))
        }
        out.metric(
            "pitot_write_bodies_refused_total", .counter,
            "Remote-write bodies of which nothing was stored, by reason.")
        for (reason, count) in refusals.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            out.sample("pitot_write_bodies_refused_total", [("reason", reason)], Double(count))
        }
    }
}

/// The usual `process_*` metrics.
func writeProcessMetrics(startedAt: Timestamp, into out: inout ExpositionWriter) {
    out.single(
        "process_cpu_seconds_total", .counter, "CPU time used, in seconds.", processCPUSeconds())
    out.single(
        "process_start_time_seconds", .gauge, "Start of the process, seconds since the epoch.",
        startedAt.seconds)
    out.single(
        "process_resident_memory_bytes", .gauge, "Resident memory, in bytes.",
        Double(residentPages() * sysconf(Int32(_SC_PAGESIZE))))
    out.single(
        "process_open_fds", .gauge, "Open file descriptors.",
        Double(listFolder("/proc/self/fd")?.count ?? 0))
    out.metric("pitot_build_info", .gauge, "1, with the version.")
    out.sample("pitot_build_info", [("version", version)], 1)
}

/// Second field of /proc/self/statm.
private func residentPages() -> Int {
    guard let bytes = readFile("/proc/self/statm") else { return 0 }
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
}

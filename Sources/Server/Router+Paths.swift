import Agent
import Model

// Which path is answered by what.

extension Router {
    /// What is read; nil when nothing is.
    func shown(_ request: HTTPRequest) -> Disposition? {
        switch request.path {
        // Clients such as prometheus-api-client ask here whether anybody listens.
        case "/": return counted(request, .text(200, "Pitot \(version). The API: docs/query.md"))
        case "/-/healthy": return counted(request, .text(200, "Pitot is healthy."))
        case "/-/ready": return counted(request, readiness)
        case "/metrics": return metrics(request)
        case "/api/v1/slos":
            let service = request.query("service")
            let name = request.query("name")
            return read(request) { agent, now in
                .json(agent.slosJSON(service: service, name: name, now: now))
            }
        case "/api/v1/drift":
            let (model, version) = (request.query("model"), request.query("version"))
            let hasCells = request.query("cells") == "true"
            return read(request) { agent, _ in
                .json(agent.driftJSON(model: model, version: version, hasCells: hasCells))
            }
        case "/api/v1/drift/counters":
            let model = request.query("model")
            let since = request.query("since").flatMap { Double($0) } ?? 0
            // Beyond the year 5000 nothing has ended.
            let after = since.isNaN ? 0 : min(max(0, since), 1e11)
            return read(request) { agent, _ in
                .json(
                    agent.driftCountersJSON(
                        model: model, since: Timestamp(millis: Int64(after * 1000))))
            }
        case "/api/v1/status/cardinality":
            return read(request) { agent, _ in .json(agent.cardinalityJSON()) }
        case "/api/v1/status/backfill":
            return read(request) { agent, _ in .json(agent.backfillJSON()) }
        case "/api/v1/outbox":
            return read(request) { agent, now in .json(agent.outboxJSON(now: now)) }
        case "/api/v1/alerts": return read(request) { agent, _ in .json(agent.alertsJSON()) }
        case "/api/v1/rules":
            let parameters = QueryParameters(request, now: startedAt, startedAt: startedAt)
            return read(request) { agent, _ in rulesAnswer(parameters, agent) }
        case "/api/v1/traces": return counted(request, otlp.intake.keeper.list(request))
        case let path where path.hasPrefix("/api/v1/traces/"):
            return counted(request, otlp.intake.keeper.waterfall(path))
        case let path where RunEndpoints.paths.contains(path):
            do throws(RunEndpoints.Fault) {
                return read(request, try RunEndpoints.render(request))
            } catch { return counted(request, error.response) }
        case let path:
            guard let slo = SLOPath(path) else { return nil }
            if slo.isExplained { return explain(request, slo) }
            return read(request, as: SLOPath.label) { agent, now in slo.answer(agent, now) }
        }
    }

    /// What is sent to Pitot; nil when nothing is.
    func taken(_ request: HTTPRequest) -> Disposition? {
        switch request.path {
        case "/api/v1/write": return receive(request)
        case "/api/v1/read": return readRemotely(request)
        case "/-/reload": return reload(request)
        case "/api/v1/events": return takeEvents(request)
        case Self.zipkinPath: return takeZipkin(request)
        case let path where OTLPSignal(path: path) != nil: return takeOTLP(request)
        case let path where PipelineEndpoints.paths.contains(path):
            guard phase == .ready else { return counted(request, Owner.unavailable) }
            return take(request, pipelines.judge(request))
        case let path where path.hasPrefix(FeatureEndpoints.rowsPrefix):
            guard phase == .ready else { return counted(request, readiness) }
            if let answer = features.rows(request) { return counted(request, answer) }
            counts.answered("/api/v1/features", 0)
            return .later
        default: return nil
        }
    }

    /// A path that is not there, or not with this method.
    func refusal(of path: String) -> HTTPResponse {
        guard let allowed = Self.allowed(on: path) else {
            return .text(404, "no such path; see the documentation of the API")
        }
        return .text(405, "\(path) takes \(allowed)").adding("Allow", allowed)
    }

    private static func allowed(on path: String) -> String? {
        if let allowed = methods[path] { return allowed }
        if QueryEndpoints.answer(to: path) != nil { return "GET, HEAD, POST" }
        if SLOPath(path) != nil { return "GET, HEAD" }
        return path.hasPrefix(FeatureEndpoints.rowsPrefix) ? "POST" : nil
    }

    static let zipkinPath = "/api/v2/spans"

    static let methods = [
        "/": "GET, HEAD",
        "/api/v1/write": "POST", "/api/v1/read": "POST", "/-/healthy": "GET, HEAD",
        "/-/ready": "GET, HEAD",
        "/-/reload": "POST", "/metrics": "GET, HEAD", "/api/v1/slos": "GET, HEAD",
        "/api/v1/outbox": "GET, HEAD", "/api/v1/alerts": "GET, HEAD", "/api/v1/rules": "GET, HEAD",
        "/api/v1/status/cardinality": "GET, HEAD", "/api/v1/status/backfill": "GET, HEAD",
        "/api/v1/events": "POST", "/api/v1/drift": "GET, HEAD",
        "/api/v1/drift/counters": "GET, HEAD",
        "/api/v1/lineage": "POST", "/api/v1/lineage/batch": "POST",
        "/api/v1/webhooks/mlflow": "POST", "/api/v1/webhooks/alertmanager": "POST",
        "/v1/traces": "POST", "/v1/metrics": "POST", zipkinPath: "POST",
        "/api/v1/traces": "GET, HEAD",
        "/api/v1/runs": "GET, HEAD", "/api/v1/timeline": "GET, HEAD",
        "/api/v1/recovery": "GET, HEAD", "/api/v1/datasets": "GET, HEAD",
    ]
}

import Agent
import Model
import Query

/// `/api/v1/slos/<service>/<name>` and the same with `/explain`.
struct SLOPath {
    /// What the path is called where requests are counted.
    static let label = "/api/v1/slos/*"

    let service: String
    let name: String
    /// Its series are counted on a query thread first.
    let isExplained: Bool

    init?(_ path: String) {
        let prefix = "/api/v1/slos/"
        guard path.hasPrefix(prefix) else { return nil }
        let parts = path.dropFirst(prefix.count)
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 || parts.count == 3 && parts[2] == "explain",
            !parts[0].isEmpty, !parts[1].isEmpty
        else { return nil }
        service = parts[0]
        name = parts[1]
        isExplained = parts.count == 3
    }

    func answer(_ agent: AgentCore, _ now: Timestamp) -> HTTPResponse {
        response(agent.sloJSON(service: service, name: name, now: now))
    }

    func response(_ body: [UInt8]?) -> HTTPResponse {
        body.map { .json($0) } ?? .text(404, "no SLO \(service)/\(name)")
    }
}

extension Router {
    /// Hands what has to be counted again to a query thread, whose count the owner then words.
    func explain(_ request: HTTPRequest, _ slo: SLOPath) -> Disposition {
        request.dropBody()
        let (counts, queries, owner) = (self.counts, self.queries, self.owner)
        let answer: @Sendable (HTTPResponse) -> HTTPResponse = { response in
            counts.answered(SLOPath.label, response.status)
            return response
        }
        let receivedAt = wallClock()
        let isPosted = owner.mailbox.post(
            .order(request) { agent, now in
                guard
                    let order = agent.explainOrder(service: slo.service, name: slo.name, now: now)
                else { return request.complete(answer(slo.response(nil))) }
                let work: @Sendable (QueryView, QueryWatch) -> HTTPResponse? = { _, watch in
                    guard let explained = order.counted(shouldStop: { watch.shouldStop() }) else {
                        return answer(QueryFault(.stopped, watch.reason).response)
                    }
                    let isPosted = owner.mailbox.post(
                        .read(request) { agent, _ in
                            answer(slo.response(agent.explainJSON(explained)))
                        })
                    return isPosted ? nil : answer(Owner.unavailable)
                }
                let job = QueryJob(
                    request: request, view: agent.queryView(), receivedAt: receivedAt, answer: work)
                if !queries.take(job) {
                    counts.answered(SLOPath.label, QueryFault.overloaded.status)
                }
            })
        return isPosted ? .later : counted(request, QueryFault.overloaded.response)
    }
}

import Agent
import Model

/// `/api/v1/slos/<service>/<name>` and the same with `/explain`.
struct SLOPath {
    /// What the path is called where requests are counted.
    static let label = "/api/v1/slos/*"

    private let service: String
    private let name: String
    private let isExplained: Bool

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
        let body =
            isExplained
            ? agent.explainJSON(service: service, name: name, now: now)
            : agent.sloJSON(service: service, name: name, now: now)
        return body.map { .json($0) } ?? .text(404, "no SLO \(service)/\(name)")
    }
}

import Agent
import Alerting
import Model
import Query
import Testing
import Text
import Wire

// Rules in an agent: gauges that are written, groups that are evaluated, what the receivers hear.

let ruleConfig = """
    externalURL: http://pitot.example
    externalLabels: {cluster: eu1}
    evaluation: {interval: 10s}
    alertmanagers: ["http://am:9093"]
    """

/// A gauge of one target.
func gauge(
    _ name: String, _ labels: [(String, String)], _ value: Double, _ time: Timestamp
) -> OutgoingSeries {
    OutgoingSeries(
        labels: Labels([("__name__", name), ("job", "j"), ("instance", "i")] + labels),
        samples: [(time, value)])
}

extension AgentWorld {
    /// The result of an instant query as "labels value", sorted.
    func query(_ text: String, at seconds: Double) throws -> [String] {
        let result = try Query(parsing: text).evaluate(at: at(seconds), on: agent.queryView())
        guard case .vector(let list) = result.value else { return [] }
        return list.map { "\($0.labels) \($0.value)" }.sorted()
    }

    /// "name severity state" of each alert of the API, sorted.
    func alertStates() throws -> [String] {
        let list = try JSONValue.parse(agent.alertsJSON())["data"]?["alerts"]?.elements ?? []
        return list.map { alert in
            (alert["labels"]?["alertname"]?.asString ?? "") + " "
                + (alert["state"]?.asString ?? "")
        }.sorted()
    }

    /// The groups of the API.
    func ruleGroups(_ filter: RuleFilter = RuleFilter()) throws -> [JSONValue] {
        let bytes = try #require(agent.rulesJSON(filter))
        return try JSONValue.parse(bytes)["data"]?["groups"]?.elements ?? []
    }

    /// Writes a gauge each five seconds from one time to another, and lets the time pass.
    mutating func run(
        _ name: String, _ values: (Double) -> Double?, from: Double, to: Double
    ) {
        var seconds = from
        while seconds <= to {
            if let value = values(seconds) {
                write([gauge(name, [], value, at(seconds))], at: at(seconds))
            } else {
                advance(to: seconds)
            }
            seconds += 5
        }
    }
}

import Model
import SLO
import Text

/// Asks a running agent about the series of SLOs.
struct SLOSurveyor {
    private let agent: AgentQueries
    private var survey: SLOSurvey

    init(_ agent: AgentQueries) throws(AgentFault) {
        self.agent = agent
        let names = try agent.get("/api/v1/label/__name__/values").data.elements
        survey = SLOSurvey(metrics: Set(names.compactMap(\.asString)))
    }

    /// What does not fit the agent's series. Some requests for each selector, each asked once.
    mutating func findings(
        _ definitions: [SLODefinition]
    ) throws(AgentFault) -> [SurveyFinding] {
        var found: [SurveyFinding] = []
        for definition in definitions {
            for asked in definition.asked where survey.selectors[asked.selector.text] == nil {
                if let name = asked.selector.metricName, !survey.metrics.contains(name) { continue }
                survey.selectors[asked.selector.text] = try seen(asked.selector)
            }
            found += survey.findings(definition)
        }
        return found
    }

    private func seen(_ selector: Selector) throws(AgentFault) -> SLOSurvey.Seen {
        let match = [(name: "match[]", value: selector.text)]
        let series = try agent.get("/api/v1/series", match + [("limit", "1")]).data.elements
        var seen = SLOSurvey.Seen(hasSeries: !series.isEmpty)
        if seen.hasSeries {
            seen.labels = try texts("/api/v1/labels", match)
            if selector.metricName?.hasSuffix("_bucket") == true {
                seen.bounds = try texts("/api/v1/label/le/values", match)
            }
            return seen
        }
        guard let metric = selector.metricName else { return seen }
        let all = [(name: "match[]", value: "{__name__=\"\(metric)\"}")]
        for matcher in selector.matchers where matcher.name != Labels.metricName {
            seen.values[matcher.name] = try texts("/api/v1/label/\(matcher.name)/values", all)
        }
        return seen
    }

    private func texts(
        _ path: String, _ parameters: [(name: String, value: String)]
    ) throws(AgentFault) -> [String] {
        try agent.get(path, parameters).data.elements.compactMap(\.asString)
    }
}

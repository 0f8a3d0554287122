import Agent
import Model
import Text

// `GET /api/v1/rules`: its parameters, and what is wrong with them in Prometheus' words.

extension RuleFilter {
    init(_ parameters: QueryParameters) throws(QueryFault) {
        self.init()
        switch parameters["type"].lowercased() {
        case "": break
        case "alert": isAlerting = true
        case "record": isAlerting = false
        default:
            throw .badParameter("type", "not supported value \(quoted(parameters["type"]))")
        }
        names = Set(parameters.all("rule_name[]"))
        groups = Set(parameters.all("rule_group[]"))
        files = Set(parameters.all("file[]"))
        selectors = try parameters.selectors()
        hidesAlerts = try Self.flag(parameters["exclude_alerts"])
        token = parameters["group_next_token"]
        let limit = parameters["group_limit"]
        if limit.isEmpty {
            guard token.isEmpty else {
                throw .badParameter(
                    "group_next_token",
                    "group_limit needs to be present in order to paginate over the groups")
            }
            return
        }
        guard let size = Int(limit) else {
            throw .badParameter(
                "group_limit",
                "group_limit needs to be a valid number: strconv.ParseInt: parsing "
                    + "\(quoted(limit)): invalid syntax")
        }
        guard size > 0 else {
            throw .badParameter("group_limit", "group_limit needs to be greater than 0")
        }
        pageSize = size
    }

    /// As Go reads a flag.
    private static func flag(_ text: String) throws(QueryFault) -> Bool {
        switch text {
        case "", "0", "f", "F", "false", "False", "FALSE": return false
        case "1", "t", "T", "true", "True", "TRUE": return true
        default:
            throw .badParameter(
                "exclude_alerts",
                "error converting exclude_alerts: strconv.ParseBool: parsing "
                    + "\(quoted(text)): invalid syntax")
        }
    }
}

/// The answer to a request for rules.
func rulesAnswer(_ parameters: QueryParameters, _ agent: AgentCore) -> HTTPResponse {
    do throws(QueryFault) {
        let filter = try RuleFilter(parameters)
        guard let json = agent.rulesJSON(filter) else {
            throw .badParameter(
                "group_next_token",
                "invalid group_next_token '\(filter.token)'. were rule groups changed?")
        }
        return .json(json)
    } catch { return error.response }
}

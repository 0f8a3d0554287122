import Query
import Text

/// Why a request of the query API has no answer: Prometheus' error types and statuses.
struct QueryFault: Error {
    var type: String
    var status: Int
    var text: String

    static func badData(_ text: String) -> Self { Self(type: "bad_data", status: 400, text: text) }
    static func badParameter(_ name: String, _ text: String) -> Self {
        badData("invalid parameter \"\(name)\": \(text)")
    }
    static let overloaded = Self(
        type: "unavailable", status: 503, text: "too many queries wait; try again")
    static let stopping = Self(type: "unavailable", status: 503, text: "the agent is stopping")

    init(type: String, status: Int, text: String) {
        self.type = type
        self.status = status
        self.text = text
    }

    /// A query that failed; `reason` is why it was stopped, if it was.
    init(_ error: QueryError, _ reason: QueryWatch.Reason) {
        switch error {
        case .parse(let error): self = .badParameter("query", error.description)
        case .tooManySteps: self = .badData(error.description)
        case .badRange: self = .badParameter("query", error.description)
        case .tooManySamples, .tooManySeries, .execution:
            self.init(type: "execution", status: 422, text: error.description)
        case .stopped:
            switch reason {
            case .timedOut:
                self.init(
                    type: "timeout", status: 503,
                    text: "query timed out in expression evaluation")
            case .stopping: self = .stopping
            case .clientGone, .none:
                self.init(
                    type: "canceled", status: 499,
                    text: "query was canceled in expression evaluation")
            }
        }
    }

    var response: HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "error")
            json.member("errorType", type)
            json.member("error", text)
        }
        return .json(json.bytes, status: status)
    }
}

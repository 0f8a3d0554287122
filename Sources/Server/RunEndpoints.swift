import Agent
import Model
import Runs
import Text

// `GET /api/v1/runs`, `/timeline`, `/recovery` and `/datasets`: parameters, and what is wrong with
// them.

enum RunEndpoints {
    static let paths: Set<String> = [
        "/api/v1/runs", "/api/v1/timeline", "/api/v1/recovery", "/api/v1/datasets",
    ]

    typealias Render = @Sendable (AgentCore, Timestamp) -> HTTPResponse

    /// Why a parameter cannot be used.
    struct Fault: Error {
        let response: HTTPResponse

        init(_ name: String, _ expected: String) {
            var json = JSONWriter()
            json.object { json in
                json.member("status", "error")
                json.member("errorType", "bad_data")
                json.member("error", "invalid parameter \"\(name)\": expected \(expected)")
            }
            response = .json(json.bytes, status: 400)
        }
    }

    /// How to answer a request.
    static func render(_ request: HTTPRequest) throws(Fault) -> Render {
        let parameters = RunParameters(request)
        switch request.path {
        case "/api/v1/runs":
            let filter = try parameters.runs()
            return { agent, _ in .json(agent.runsJSON(filter)) }
        case "/api/v1/timeline":
            let filter = try parameters.timeline(at: wallClock())
            return { agent, _ in .json(agent.timelineJSON(filter)) }
        case "/api/v1/recovery":
            let (from, to) = try parameters.times(at: wallClock(), span: .days(30))
            return { agent, _ in .json(agent.recoveryJSON(from: from, to: to)) }
        default: return { agent, now in .json(agent.datasetsJSON(now: now)) }
        }
    }
}

/// The parameters of a request.
private struct RunParameters {
    let request: HTTPRequest

    init(_ request: HTTPRequest) { self.request = request }

    private func integer(
        _ name: String, _ range: ClosedRange<Int>
    ) throws(RunEndpoints.Fault) -> Int? {
        guard let text = request.query(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw RunEndpoints.Fault(
                name, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Seconds since 1970, or RFC 3339.
    private func time(_ name: String) throws(RunEndpoints.Fault) -> Timestamp? {
        guard let text = request.query(name) else { return nil }
        if let seconds = Double(text), seconds.magnitude < 1e11 {
            return Timestamp(millis: Int64((seconds * 1000).rounded()))
        }
        guard let time = Timestamp(rfc3339: text) else {
            throw RunEndpoints.Fault(name, "seconds since 1970, or RFC 3339")
        }
        return time
    }

    func times(
        at now: Timestamp, span: TimeSpan
    ) throws(RunEndpoints.Fault) -> (from: Timestamp, to: Timestamp) {
        let to = try time("to") ?? now
        let from = try time("from") ?? to - span
        if from > to { throw RunEndpoints.Fault("from", "a time that is not after \"to\"") }
        return (from, to)
    }

    func runs() throws(RunEndpoints.Fault) -> RunFilter {
        var filter = RunFilter()
        filter.namespace = request.query("namespace")
        filter.job = request.query("job")
        filter.state = request.query("state")
        filter.source = request.query("source")
        filter.id = request.query("id")
        filter.parent = request.query("parent")
        filter.from = try time("from")
        filter.to = try time("to")
        filter.limit = try integer("limit", 1...RunFilter.limitMax) ?? filter.limit
        filter.before = try integer("next", 0...Int.max)
        let states = ["queued", "running", "succeeded", "failed", "aborted"]
        if let state = filter.state, !states.contains(state) {
            throw RunEndpoints.Fault("state", states.joined(separator: ", "))
        }
        if let text = request.query("select") {
            let nowhere = SourcePosition(file: "select", line: 1, column: 1)
            do throws(Diagnostic) {
                filter.selector = try Selector.parse(text, at: nowhere)
            } catch { throw RunEndpoints.Fault("select", "a selector; \(error)") }
        }
        return filter
    }

    func timeline(at now: Timestamp) throws(RunEndpoints.Fault) -> TimelineFilter {
        let (from, to) = try times(at: now, span: .hours(24))
        var filter = TimelineFilter(from: from, to: to)
        filter.namespace = request.query("namespace")
        filter.model = request.query("model")
        filter.hasSteps = request.query("steps") == "true"
        filter.limit = try integer("limit", 1...TimelineFilter.limitMax) ?? filter.limit
        if let text = request.query("kind") {
            let words = text.split(separator: ",").map { String($0) }
            let kinds = words.compactMap { word in
                TimelineKind.allCases.first { $0.word == word }
            }
            if kinds.count != words.count || kinds.isEmpty {
                throw RunEndpoints.Fault(
                    "kind", TimelineKind.allCases.map(\.word).joined(separator: ", "))
            }
            filter.kinds = Set(kinds)
        }
        return filter
    }
}

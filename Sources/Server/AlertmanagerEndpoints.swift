import Agent
import Alerting
import Model
import Text

// Alertmanager's API v2 (api/v2/openapi.yaml of 0.25 to 0.28): its paths, parameters, statuses and
// the shapes of its errors. What is said of the state is in `Agent`.

/// A request of that API, read.
enum AlertmanagerRequest {
    case silences([Matcher])
    case silence(id: String)
    case alerts(AlertFilter)
    case groups(AlertFilter)
    case receivers
    case status
    case change(AlertmanagerChange, refused: String?)
    /// There is nothing to ask the agent.
    case answer(HTTPResponse)
}

enum AlertmanagerEndpoints {
    static let prefix = "/api/v2/"
    private static let silencePrefix = prefix + "silence/"

    /// What a path takes; nil for one that is none.
    static func methods(of path: String) -> String? {
        switch path {
        case "/api/v2/silences", "/api/v2/alerts": "GET, HEAD, POST"
        case "/api/v2/alerts/groups", "/api/v2/receivers", "/api/v2/status": "GET, HEAD"
        case let path where path.hasPrefix(silencePrefix): "GET, HEAD, DELETE"
        default: nil
        }
    }

    /// What a path is called where requests are counted.
    static func label(of path: String) -> String {
        path.hasPrefix(silencePrefix) ? silencePrefix + "*" : path
    }

    /// Reads a request; `id` is for a silence that it may begin.
    static func read(
        method: String, path: String, parameters: [(name: String, value: String)],
        contentType: String?, body: [UInt8], id: String, now: Timestamp
    ) -> AlertmanagerRequest {
        let parameters = QueryParameters(parameters, now: now)
        do throws(MatcherFault) {
            switch (method, path) {
            case ("GET", "/api/v2/silences"): return .silences(try filters(parameters))
            case ("GET", "/api/v2/alerts"): return try filter(parameters) { .alerts($0) }
            case ("GET", "/api/v2/alerts/groups"):
                return try filter(parameters) { .groups($0) }
            case ("GET", "/api/v2/receivers"): return .receivers
            case ("GET", "/api/v2/status"): return .status
            case ("POST", "/api/v2/silences"), ("POST", "/api/v2/alerts"):
                return post(path, contentType, body, id: id, now)
            case (let method, let path) where path.hasPrefix(silencePrefix):
                let name = String(path.dropFirst(silencePrefix.count))
                guard isUUID(name) else { return .answer(.notUUID(name)) }
                return method == "DELETE"
                    ? .change(.endSilence(id: name), refused: nil) : .silence(id: name)
            default: return .answer(.json(fault(404, "path \(path) was not found"), status: 404))
            }
        } catch {
            return .answer(.said(400, "\(error.what); expected \(error.expected)"))
        }
    }

    /// A body of JSON with go-openapi's error.
    private static func fault(_ code: Int, _ message: String) -> [UInt8] {
        BodyFault(status: code, code: code, message: message).json
    }

    // MARK: Parameters

    private static func filters(
        _ parameters: QueryParameters
    ) throws(MatcherFault) -> [Matcher] {
        var matchers: [Matcher] = []
        for text in parameters.all("filter") { matchers += try AlertMatchers.parse(text) }
        return matchers
    }

    private static func filter(
        _ parameters: QueryParameters, _ take: (AlertFilter) -> AlertmanagerRequest
    ) throws(MatcherFault) -> AlertmanagerRequest {
        func flag(_ name: String) -> Bool {
            let words = ["", "1", "t", "true", "y", "yes", "on", "ok", "checked", "enabled"]
            return words.contains(parameters[name].lowercased())
        }
        var filter = AlertFilter()
        filter.matchers = try filters(parameters)
        filter.showsActive = flag("active")
        filter.showsSilenced = flag("silenced")
        filter.showsInhibited = flag("inhibited")
        filter.showsMuted = flag("muted")
        let receiver = parameters["receiver"]
        if !receiver.isEmpty { filter.receiver = receiver }
        do throws(PatternError) {
            try filter.check()
        } catch { return .answer(.said(400, "failed to parse a filter: \(error)")) }
        return take(filter)
    }

    // MARK: Bodies

    private static func post(
        _ path: String, _ contentType: String?, _ body: [UInt8], id: String, _ now: Timestamp
    ) -> AlertmanagerRequest {
        let media = contentType?.prefix { $0 != ";" && $0 != " " }.lowercased() ?? ""
        guard media == "application/json" else {
            let what = "unsupported media type \"\(media)\", only [application/json] are allowed"
            return .answer(.json(fault(415, what), status: 415))
        }
        do throws(JSONError) {
            let json = try JSONValue.parse(body)
            do throws(BodyFault) {
                if path == "/api/v2/silences" {
                    return .change(.silence(try SilenceDraft(json), id: id), refused: nil)
                }
                let read = try PostedAlert.read(json, now: now)
                let refused = read.faults.isEmpty ? nil : read.faults.joined(separator: "; ")
                if read.alerts.isEmpty {
                    return .answer(refused.map { .said(400, $0) } ?? .empty(200))
                }
                return .change(.post(read.alerts), refused: refused)
            } catch { return .answer(.json(error.json, status: error.status)) }
        } catch {
            return .answer(.json(BodyFault.syntax(error).json, status: 400))
        }
    }

    /// The answer to a change.
    static func answer(_ reply: AlertmanagerReply, isDelete: Bool) -> HTTPResponse {
        switch reply.outcome {
        case .success(let id):
            if let refused = reply.refused { return .said(400, refused) }
            if id.isEmpty || isDelete { return .empty(200) }
            var json = JSONWriter()
            json.object { $0.member("silenceID", id) }
            return .json(json.bytes)
        case .failure(.notFound(let id)):
            return .said(404, SilenceFault.notFound(id: id).description)
        case .failure(let fault): return .said(isDelete ? 500 : 400, fault.description)
        }
    }

    private static func isUUID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { place, byte in
            if [8, 13, 18, 23].contains(place) { return byte == UInt8(ascii: "-") }
            return Character(Unicode.Scalar(byte)).isHexDigit
        }
    }

    /// A random UUID (RFC 9562 §5.4).
    static func newIdentity() -> String {
        var digits: [String] = []
        for bits in [randomBits(), randomBits()] {
            let text = String(bits, radix: 16)
            digits += (String(repeating: "0", count: 16 - text.count) + text).map(String.init)
        }
        digits[12] = "4"
        digits[16] = String((Int(digits[16], radix: 16) ?? 0) & 3 | 8, radix: 16)
        for place in [20, 16, 12, 8] { digits.insert("-", at: place) }
        return digits.joined()
    }
}

extension HTTPResponse {
    /// A text as JSON, as Alertmanager says what is wrong.
    static func said(_ status: Int, _ text: String) -> HTTPResponse {
        var json = JSONWriter()
        json.string(text)
        return .json(json.bytes + [UInt8(ascii: "\n")], status: status)
    }

    fileprivate static func notUUID(_ text: String) -> HTTPResponse {
        let what = "silenceID in path must be of type uuid: \(quoted(text))"
        return .json(BodyFault(status: 422, code: 601, message: what).json, status: 422)
    }
}

extension Router {
    /// Answers a request of Alertmanager's API.
    func alertmanager(_ request: HTTPRequest) -> Disposition {
        let method = request.method == "HEAD" ? "GET" : request.method
        let label = AlertmanagerEndpoints.label(of: request.path)
        if let allowed = AlertmanagerEndpoints.methods(of: request.path),
            !allowed.components(", ").contains(method)
        {
            return counted(
                request,
                .text(405, "\(request.path) takes \(allowed)").adding("Allow", allowed),
                as: label)
        }
        let read = AlertmanagerEndpoints.read(
            method: method, path: request.path, parameters: request.queryPairs,
            contentType: request.header("Content-Type"), body: request.body,
            id: AlertmanagerEndpoints.newIdentity(), now: wallClock())
        let startedAt = startedAt
        switch read {
        case .answer(let response): return counted(request, response, as: label)
        case .silences(let filters):
            return self.read(request, as: label) { .json($0.silencesJSON(filters, now: $1)) }
        case .silence(let id):
            return self.read(request, as: label) { agent, now in
                agent.silenceJSON(id, now: now).map { .json($0) } ?? .empty(404)
            }
        case .alerts(let filter):
            return self.read(request, as: label) { .json($0.alertStandingsJSON(filter, now: $1)) }
        case .groups(let filter):
            return self.read(request, as: label) { .json($0.alertGroupsJSON(filter, now: $1)) }
        case .receivers:
            return self.read(request, as: label) { agent, _ in .json(agent.receiversJSON()) }
        case .status:
            return self.read(request, as: label) { agent, _ in
                .json(agent.alertmanagerStatusJSON(version: version, startedAt: startedAt))
            }
        case .change(let change, let refused):
            guard phase == .ready else { return counted(request, readiness, as: label) }
            request.dropBody()
            guard owner.mailbox.post(.alertmanager(change, refused: refused, request)) else {
                return counted(request, Owner.unavailable, as: label)
            }
            counts.answered(label, 0)
            return .later
        }
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        split(separator: separator).map(String.init)
    }
}

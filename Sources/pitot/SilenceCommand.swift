import Alerting
import Glibc
import Model
import Server
import Text

/// `pitot silence`: who is not to be told of what, until when. What `amtool silence` does, with the
/// same API.
enum SilenceCommand {
    private static let usage = """
        usage: pitot silence add [--agent URL] --comment TEXT [--author NAME]
                                 [--duration D] [--start T] [--end T] MATCHER...
               pitot silence query [--agent URL] [--expired] [-o table|json|yaml] [MATCHER...]
               pitot silence expire [--agent URL] ID...

          add       silences the alerts that match all of severity=page, team=~"ml|data" ...;
                    prints its ID. A MATCHER without an operator is an alert's name
          query     lists those that are active or pending; maintenance windows are among them
          expire    ends silences

          --agent URL    the agent (http://127.0.0.1:9797)
          --comment TEXT why
          --author NAME  who (the user's name)
          --duration D   how long from the start (1h)
          --start, --end T   2026-01-31T12:00:00Z; now, and after the duration
          --expired      those that ended within five days instead
          -o FORMAT      table, or the answer as json or yaml

        Ends with 0, 1 when the agent refuses or does not answer, 2 when the line is wrong.
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments,
            valued: ["--agent", "--comment", "--author", "--duration", "--start", "--end", "-o"],
            flags: ["--help", "--expired"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        do throws(UsageFault) {
            if let fault = options.fault { throw UsageFault(fault) }
            let agent = AlertmanagerClient(options.last("--agent") ?? QueryCommand.agentDefault)
            let rest = Array(options.operands.dropFirst())
            switch options.operands.first {
            case "add": return try add(rest, options, agent)
            case "query": return try query(rest, options, agent)
            case "expire":
                guard !rest.isEmpty else { throw UsageFault("expire needs an ID") }
                return rest.map { expire($0, agent) }.max() ?? ExitCode.ok
            default: throw UsageFault("expected add, query or expire")
            }
        } catch {
            printError("pitot silence: \(error.what)\n\n\(usage)")
            return ExitCode.usage
        }
    }

    // MARK: add

    private static func add(
        _ texts: [String], _ options: Options, _ agent: AlertmanagerClient
    ) throws(UsageFault) -> Int32 {
        guard let comment = options.last("--comment") else {
            throw UsageFault("add needs --comment")
        }
        let matchers = try matchers(texts)
        guard !matchers.isEmpty else { throw UsageFault("add needs a MATCHER") }
        let start = try time("--start", options) ?? now
        var end = try time("--end", options)
        if end == nil {
            let text = options.last("--duration") ?? "1h"
            guard let span = parseDuration(text), span > .zero else {
                throw UsageFault("--duration \"\(text)\"; expected a duration such as 2h")
            }
            end = start + span
        }
        let user = getenv("USER").map { String(cString: $0) } ?? ""
        var json = JSONWriter()
        Silence(
            id: "", matchers: matchers, startsAt: start, endsAt: end ?? start, updatedAt: start,
            createdBy: options.last("--author") ?? user, comment: comment
        ).write(into: &json, at: start)
        return agent.answer(to: agent.post("/api/v2/silences", json.bytes)) { answer in
            printLine(answer["silenceID"]?.asString ?? "")
        }
    }

    private static var now: Timestamp { Timestamp(millis: Int64(Glibc.time(nil)) * 1000) }

    private static func time(
        _ name: String, _ options: Options
    ) throws(UsageFault) -> Timestamp? {
        guard let text = options.last(name) else { return nil }
        if let time = Timestamp(rfc3339: text) { return time }
        throw UsageFault("\(name) \"\(text)\"; expected a time such as 2026-01-31T12:00:00Z")
    }

    private static func matchers(_ texts: [String]) throws(UsageFault) -> [Matcher] {
        var found: [Matcher] = []
        for text in texts {
            let isName = !text.isEmpty && !text.contains { "=!~{}\"".contains($0) }
            if isName {
                found.append(Matcher("alertname", .equal, text))
                continue
            }
            do throws(MatcherFault) {
                found += try AlertMatchers.parse(text)
            } catch { throw UsageFault("\(error.what); expected \(error.expected)") }
        }
        return found
    }

    // MARK: query

    private static func query(
        _ texts: [String], _ options: Options, _ agent: AlertmanagerClient
    ) throws(UsageFault) -> Int32 {
        guard let format = OutputFormat(rawValue: options.last("-o") ?? "table") else {
            throw UsageFault("unknown -o; expected table, json, yaml")
        }
        let filters = try matchers(texts).map { ("filter", $0.description) }
        return agent.answer(to: agent.get("/api/v2/silences", filters)) { answer in
            let silences = answer.elements.filter { silence in
                (silence["status"]?["state"]?.asString == "expired") == options.has("--expired")
            }
            switch format {
            case .table: for line in table(silences) { printLine(line) }
            case .json, .yaml:
                for line in format.lines(of: .array(silences)) { printLine(line) }
            }
        }
    }

    private static func table(_ silences: [JSONValue]) -> [String] {
        let head = ["ID", "STATE", "MATCHERS", "ENDS AT", "CREATED BY", "COMMENT"]
        let rows = silences.map { silence in
            let matchers = (silence["matchers"]?.elements ?? []).map { matcher in
                let isEqual = matcher["isEqual"]?.asBool ?? true
                let op =
                    matcher["isRegex"]?.asBool ?? false
                    ? (isEqual ? "=~" : "!~") : (isEqual ? "=" : "!=")
                return (matcher["name"]?.asString ?? "") + op
                    + quoted(matcher["value"]?.asString ?? "")
            }
            func text(_ key: String) -> String { silence[key]?.asString ?? "" }
            return [
                text("id"), silence["status"]?["state"]?.asString ?? "",
                matchers.joined(separator: " "), text("endsAt"), text("createdBy"),
                text("comment"),
            ]
        }
        return SLOTable.align([head] + rows)
    }

    // MARK: expire

    private static func expire(_ id: String, _ agent: AlertmanagerClient) -> Int32 {
        agent.answer(to: agent.delete("/api/v2/silence/" + id)) { _ in }
    }
}

/// A running agent's Alertmanager API, as the commands ask it.
struct AlertmanagerClient {
    private let base: String
    private let client = HTTPClient()

    init(_ url: String) { base = url.hasSuffix("/") ? String(url.dropLast()) : url }

    func get(_ path: String, _ parameters: [(String, String)]) -> HTTPAnswer {
        let query = parameters.map { "\($0.0)=\(AgentQueries.percentEncoded($0.1))" }
        return client.get(
            base + path + (query.isEmpty ? "" : "?" + query.joined(separator: "&")))
    }

    func post(_ path: String, _ body: [UInt8]) -> HTTPAnswer {
        client.post(base + path, body: body, headers: [("Content-Type", "application/json")])
    }

    func delete(_ path: String) -> HTTPAnswer { client.delete(base + path) }

    /// Shows a good answer, or says what is wrong with it.
    func answer(to answer: HTTPAnswer, show: (JSONValue) -> Void) -> Int32 {
        guard answer.status != 0 else {
            printError("\(base): no answer; expected a running agent (--agent URL)")
            return ExitCode.failed
        }
        let json = answer.body.isEmpty ? JSONValue.null : try? JSONValue.parse(answer.body)
        guard answer.status == 200 else {
            let text = json?.asString ?? json?["message"]?.asString
            printError(text ?? "status \(answer.status)")
            return ExitCode.failed
        }
        guard let json else {
            printError("\(base): the answer is no JSON")
            return ExitCode.failed
        }
        show(json)
        return ExitCode.ok
    }
}

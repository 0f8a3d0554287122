import Glibc
import Model
import Text

/// `pitot query EXPR`: asks a running agent, at one time or over a range.
enum QueryCommand {
    private static let usage = """
        usage: pitot query [--agent URL] [--time T] [-o table|json|yaml] EXPR
               pitot query [--agent URL] --start T [--end T] [--step D] [-o ...] EXPR

          --agent URL   the agent (http://127.0.0.1:9797)
          --time T      seconds since 1970, RFC 3339, or -1h for an hour ago; now if not given
          --start, --end, --step
                        a range; it ends now and has 60 steps unless told otherwise
          -o FORMAT     table, or the answer's data as json or yaml

        Remarks on the result go to standard error.
        Ends with 0, 1 when there is no result, 2 when the line is wrong.
        """

    /// Where an agent listens unless told otherwise.
    static let agentDefault = "http://127.0.0.1:9797"

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments, valued: ["--agent", "--time", "--start", "--end", "--step", "-o"],
            flags: ["--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        let format = OutputFormat(rawValue: options.last("-o") ?? "table")
        let question: (path: String, parameters: [(name: String, value: String)])
        do throws(UsageFault) {
            if let fault = options.fault { throw UsageFault(fault) }
            guard options.operands.count == 1, let expression = options.operands.first else {
                throw UsageFault("expected one EXPR, found \(options.operands.count)")
            }
            guard format != nil else { throw UsageFault("unknown -o; expected table, json, yaml") }
            question = try self.question(expression, options, now: Glibc.time(nil))
        } catch {
            printError("pitot query: \(error.what)\n\n\(usage)")
            return ExitCode.usage
        }
        do throws(AgentFault) {
            let agent = AgentQueries(options.last("--agent") ?? agentDefault)
            let answer = try agent.get(question.path, question.parameters)
            for warning in answer.warnings { printError(warning) }
            for line in (format ?? .table).lines(of: answer.data) { printLine(line) }
            return ExitCode.ok
        } catch {
            printError("\(error)")
            return ExitCode.failed
        }
    }

    /// The path and parameters of what a command line asks.
    static func question(
        _ expression: String, _ options: Options, now seconds: Int
    ) throws(UsageFault) -> (path: String, parameters: [(name: String, value: String)]) {
        let now = Timestamp(millis: Int64(seconds) * 1000)
        var parameters = [(name: "query", value: expression)]
        let isRange = ["--start", "--end", "--step"].contains { options.has($0) }
        guard isRange else {
            if options.has("--time") {
                let time = try self.time(options, "--time", now, default: now)
                parameters.append(("time", shown(time)))
            }
            return ("/api/v1/query", parameters)
        }
        if options.has("--time") { throw UsageFault("--time and a range exclude each other") }
        guard options.has("--start") else { throw UsageFault("a range needs --start") }
        let end = try time(options, "--end", now, default: now)
        let start = try time(options, "--start", now, default: now)
        guard start <= end else { throw UsageFault("--start is after --end") }
        var step = TimeSpan(millis: max((end - start).millis / 60_000, 1) * 1000)
        if let text = options.last("--step") {
            guard let span = parseDuration(text), span > .zero else {
                throw UsageFault("--step \"\(text)\"; expected a duration such as 30s")
            }
            step = span
        }
        parameters += [
            ("start", shown(start)), ("end", shown(end)), ("step", "\(step.seconds)"),
        ]
        return ("/api/v1/query_range", parameters)
    }

    private static func time(
        _ options: Options, _ name: String, _ now: Timestamp, default standard: Timestamp
    ) throws(UsageFault) -> Timestamp {
        guard let text = options.last(name) else { return standard }
        if text.hasPrefix("-"), let span = parseDuration(String(text.dropFirst())) {
            return now - span
        }
        if let seconds = Double(text), abs(seconds) < 1e12 {
            return Timestamp(millis: Int64((seconds * 1000).rounded()))
        }
        if let time = Timestamp(rfc3339: text) { return time }
        throw UsageFault(
            "\(name) \"\(text)\"; expected seconds, 2026-01-31T12:00:00Z, or -1h for an hour ago")
    }

    private static func shown(_ time: Timestamp) -> String {
        let millis = String(time.millis.magnitude % 1000 + 1000).dropFirst()
        return (time.millis < 0 ? "-" : "") + "\(time.millis.magnitude / 1000).\(millis)"
    }
}

/// What is wrong with a command line.
struct UsageFault: Error {
    var what: String

    init(_ what: String) { self.what = what }
}

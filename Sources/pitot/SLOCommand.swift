import Model
import Server
import Text

/// `pitot slo list|show|explain`: what a running agent says of SLOs.
enum SLOCommand {
    private static let usage = """
        usage: pitot slo list [--agent URL] [-o table|json|yaml]
               pitot slo show SERVICE/NAME [--agent URL] [-o table|json|yaml]
               pitot slo explain SERVICE/NAME [--agent URL] [-o table|json|yaml]

          list          every SLO and group: evidence, budget, what fires
          show          the windows and alerts of one
          explain       the arithmetic behind its figures, down to the series
          --agent URL   the agent (http://127.0.0.1:9797)
          -o FORMAT     table, or what the API says as json or yaml
        """

    private enum Verb: String { case list, show, explain }

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(arguments, valued: ["--agent", "-o"], flags: ["--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        let format = options.last("-o") ?? "table"
        let verb = options.operands.first.flatMap { Verb(rawValue: $0) }
        let names = options.operands.dropFirst()
        var fault = options.fault
        if verb == nil { fault = fault ?? "expected list, show or explain" }
        if !["table", "json", "yaml"].contains(format) { fault = fault ?? "-o \(format)" }
        if verb == .list ? !names.isEmpty : names.count != 1 || !isName(names.first ?? "") {
            fault = fault ?? (verb == .list ? "list takes no name" : "expected SERVICE/NAME")
        }
        guard let verb, fault == nil else {
            printError("pitot slo: \(fault ?? "")\n\n\(usage)")
            return ExitCode.usage
        }
        let agent = options.last("--agent") ?? "http://127.0.0.1:9797"
        return ask(agent, verb, names.first ?? "", format)
    }

    private static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
    }

    private static func ask(
        _ agent: String, _ verb: Verb, _ name: String, _ format: String
    ) -> Int32 {
        let base = (agent.hasSuffix("/") ? String(agent.dropLast()) : agent) + "/api/v1/slos"
        let url =
            switch verb {
            case .list: base
            case .show: base + "/" + name
            case .explain: base + "/" + name + "/explain"
            }
        let answer = HTTPClient().get(url)
        guard answer.status == 200 else {
            let body = String(decoding: answer.body, as: UTF8.self)
            let what =
                answer.status == 0
                ? "no answer; expected a running agent, see --agent"
                : "status \(answer.status): \(body)"
            printError("pitot slo: \(url): \(what)")
            return ExitCode.failed
        }
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue.parse(answer.body) } catch {
            printError("pitot slo: \(url): the answer is no JSON")
            return ExitCode.failed
        }
        let data = json["data"] ?? .null
        switch format {
        case "json": printLine(String(decoding: answer.body, as: UTF8.self))
        case "yaml": for line in YAMLText.lines(data) { printLine(line) }
        default: for line in lines(verb, data["slos"]?.elements ?? []) { printLine(line) }
        }
        return ExitCode.ok
    }

    // MARK: Tables

    private static func lines(_ verb: Verb, _ slos: [JSONValue]) -> [String] {
        switch verb {
        case .list: return SLOTable.list(slos)
        case .show: return slos.flatMap { SLOTable.show($0) + [""] }.dropLast()
        case .explain:
            let texts = slos.map { slo in
                (slo["explanation"]?["text"]?.elements ?? []).compactMap(\.asString)
            }
            return texts.flatMap { $0 + [""] }.dropLast()
        }
    }
}

/// Tables of SLOs.
enum SLOTable {
    /// One line per SLO and group.
    static func list(_ slos: [JSONValue]) -> [String] {
        let head = [
            "SLO", "GROUP", "OBJECTIVE", "PERIOD", "EVIDENCE", "BUDGET LEFT", "EXHAUSTED IN",
            "FIRING",
        ]
        let rows = slos.map { slo in
            let labels = slo["labels"]?.members ?? []
            return [
                text(slo, "service") + "/" + text(slo, "name"),
                labels.map { $0.key + "=" + ($0.value.asString ?? "") }.joined(separator: ","),
                percent(slo["objective"]), text(slo, "period"), text(slo, "evidence"),
                percent(slo["budget"]?["remaining"]),
                span(slo["budget"]?["exhaustedIn"]), firing(slo),
            ]
        }
        return align([head] + rows)
    }

    /// The windows and alerts of one group.
    static func show(_ slo: JSONValue) -> [String] {
        let labels = slo["labels"]?.members ?? []
        let group = labels.map { $0.key + "=" + ($0.value.asString ?? "") }.joined(separator: ",")
        var lines = [
            text(slo, "service") + "/" + text(slo, "name") + (group.isEmpty ? "" : " " + group),
            "objective \(percent(slo["objective"])) over \(text(slo, "period")), evidence "
                + "\(text(slo, "evidence")), budget left \(percent(slo["budget"]?["remaining"])) "
                + "(\(percent(slo["budget"]?["worst"])) to \(percent(slo["budget"]?["best"])))",
        ]
        for note in slo["maintenance"]?.elements ?? [] {
            lines.append(
                "maintenance \(text(note, "name")): \(number(note["bad"], 0)) bad of "
                    + "\(number(note["total"], 0)) events \(text(note, "effect")) "
                    + "(\(text(note, "who")): \(text(note, "why")))")
        }
        for change in slo["adjustments"]?.elements ?? [] {
            lines.append(
                "adjustment \(text(change, "name")): good \(number(change["good"], 0)), bad "
                    + "\(number(change["bad"], 0)) (\(text(change, "who")): "
                    + "\(text(change, "why")))")
        }
        let windows = (slo["windows"]?.elements ?? []).map { window in
            [
                text(window, "window"), text(window, "evidence"), number(window["bad"], 0),
                number(window["total"], 0), percent(window["errorRatio"]),
                number(window["burnRate"], 3),
            ]
        }
        lines += align([["WINDOW", "EVIDENCE", "BAD", "TOTAL", "ERRORS", "BURN"]] + windows)
        let alerts = (slo["alerts"]?.elements ?? []).map { alert in
            [
                text(alert, "severity") + " " + text(alert, "window"),
                "burn above " + number(alert["factor"], 2), text(alert, "state"),
            ]
        }
        return lines + align([["ALERT", "WHEN", "STATE"]] + alerts)
    }

    private static func firing(_ slo: JSONValue) -> String {
        let firing = (slo["alerts"]?.elements ?? []).filter { text($0, "state") == "firing" }
        return firing.map { text($0, "severity") + " " + text($0, "window") }
            .joined(separator: ", ")
    }

    private static func text(_ value: JSONValue, _ key: String) -> String {
        value[key]?.asString ?? ""
    }

    private static func number(_ value: JSONValue?, _ decimals: Int) -> String {
        value?.asDouble.map { decimal($0, decimals) } ?? "-"
    }

    private static func percent(_ value: JSONValue?) -> String {
        value?.asDouble.map { decimal($0 * 100, 3) + " %" } ?? "-"
    }

    private static func span(_ value: JSONValue?) -> String {
        guard let seconds = value?.asDouble else { return "-" }
        if seconds == 0 { return "spent" }
        guard seconds < 1e9 else { return "years" }
        return TimeSpan.minutes(Int64(seconds / 60)).description
    }

    /// Columns as wide as their widest cell, two spaces between them.
    static func align(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index + 1 == row.count
                    ? cell : cell + String(repeating: " ", count: widths[index] + 2 - cell.count)
            }
            return cells.joined()
        }
    }
}

/// JSON as YAML in blocks. Texts are quoted as JSON quotes them, which YAML reads.
enum YAMLText {
    static func lines(_ value: JSONValue) -> [String] { lines(value, "", "") }

    /// `lead` stands before the first line, `indent` before the others. Depth is the parser's.
    private static func lines(_ value: JSONValue, _ lead: String, _ indent: String) -> [String] {
        switch value {
        case .null, .bool, .number, .string: return [lead + scalar(value)]
        case .array(let elements):
            if elements.isEmpty { return [lead + "[]"] }
            return elements.enumerated().flatMap { index, element in
                lines(element, (index == 0 ? lead : indent) + "- ", indent + "  ")
            }
        case .object(let members):
            if members.isEmpty { return [lead + "{}"] }
            return members.enumerated().flatMap { index, member -> [String] in
                let start = (index == 0 ? lead : indent) + member.key + ":"
                switch member.value {
                case .null, .bool, .number, .string: return [start + " " + scalar(member.value)]
                case .array(let inner) where inner.isEmpty: return [start + " []"]
                case .object(let inner) where inner.isEmpty: return [start + " {}"]
                case .array, .object:
                    return [start] + lines(member.value, indent + "  ", indent + "  ")
                }
            }
        }
    }

    private static func scalar(_ value: JSONValue) -> String {
        var json = JSONWriter()
        switch value {
        case .bool(let bool): json.bool(bool)
        case .number(let number):
            if let whole = Int(exactly: number) { json.integer(whole) } else { json.number(number) }
        case .string(let text): json.string(text)
        case .null, .array, .object: json.null()
        }
        return json.text
    }
}

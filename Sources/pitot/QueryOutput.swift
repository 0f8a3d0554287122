import Model
import Text

/// How a command writes what an agent answered.
enum OutputFormat: String {
    case table, json, yaml

    func lines(of data: JSONValue) -> [String] {
        switch self {
        case .table: tableLines(of: data)
        case .json: [jsonText(data)]
        case .yaml: yamlLines(data)
        }
    }
}

/// A query's result for people: a line each series, or a block each series of a range.
private func tableLines(of data: JSONValue) -> [String] {
    let result = data["result"] ?? .null
    switch data["resultType"]?.asString {
    case "scalar", "string": return [result[1]?.asString ?? ""]
    case "vector":
        let rows = result.elements.map { sample in
            [metric(of: sample), value(sample["value"], sample["histogram"])]
        }
        return rows.isEmpty ? ["no data"] : columns([["METRIC", "VALUE"]] + rows)
    default:
        var lines: [String] = []
        for series in result.elements {
            lines.append(metric(of: series))
            let points =
                (series["values"]?.elements ?? []).map { ($0[0]?.asDouble ?? 0, value($0, nil)) }
                + (series["histograms"]?.elements ?? []).map {
                    ($0[0]?.asDouble ?? 0, value(nil, $0))
                }
            for (seconds, text) in points.sorted(by: { $0.0 < $1.0 }) {
                let time = Timestamp(millis: Int64((seconds * 1000).rounded()))
                lines.append("  \(time.rfc3339)  \(text)")
            }
        }
        return lines.isEmpty ? ["no data"] : lines
    }
}

private func metric(of sample: JSONValue) -> String {
    let pairs = (sample["metric"]?.members ?? []).map { ($0.key, $0.value.asString ?? "") }
    return Labels(pairs).description
}

private func value(_ float: JSONValue?, _ histogram: JSONValue?) -> String {
    if let text = float?[1]?.asString { return text }
    guard let parts = histogram?[1] else { return "" }
    return "count \(parts["count"]?.asString ?? ""), sum \(parts["sum"]?.asString ?? "")"
}

/// Rows with their columns below each other.
func columns(_ rows: [[String]]) -> [String] {
    var widths: [Int] = []
    for row in rows {
        for (place, text) in row.enumerated() {
            if place == widths.count { widths.append(0) }
            widths[place] = max(widths[place], text.count)
        }
    }
    return rows.map { row in
        row.enumerated().map { place, text in
            place + 1 == row.count
                ? text : text + String(repeating: " ", count: widths[place] - text.count)
        }.joined(separator: "  ")
    }
}

// MARK: JSON and YAML

/// JSON on one line.
func jsonText(_ value: JSONValue) -> String {
    var writer = JSONWriter()
    write(value, &writer)
    return writer.text
}

private func write(_ value: JSONValue, _ writer: inout JSONWriter) {
    switch value {
    case .null: writer.null()
    case .bool(let flag): writer.bool(flag)
    case .number(let number): writer.number(number)
    case .string(let text): writer.string(text)
    case .array(let elements): writer.array { for element in elements { write(element, &$0) } }
    case .object(let members):
        writer.object { writer in
            for member in members {
                writer.key(member.key)
                write(member.value, &writer)
            }
        }
    }
}

/// What YAML 1.1 reads as something else than text.
private let yamlWords: Set<String> = [
    "", "y", "n", "yes", "no", "on", "off", "true", "false", "null",
]

/// YAML in blocks; scalars and pairs of a time and a value stay in JSON's notation, which is YAML.
func yamlLines(_ value: JSONValue) -> [String] {
    switch value {
    case .object(let members) where !members.isEmpty:
        return members.flatMap { member -> [String] in
            let key = jsonText(.string(member.key))
            let isName =
                member.key.allSatisfy { $0.isASCII && ($0.isLetter || $0 == "_") }
                && !yamlWords.contains(member.key.lowercased())
            let name = isName ? member.key : key
            guard member.value.isNested else { return ["\(name): \(jsonText(member.value))"] }
            return ["\(name):"] + yamlLines(member.value).map { "  " + $0 }
        }
    case .array(let elements) where !elements.isEmpty:
        return elements.flatMap { element -> [String] in
            guard element.isNested else { return ["- " + jsonText(element)] }
            return yamlLines(element).enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
        }
    default: return [jsonText(value)]
    }
}

extension JSONValue {
    /// Whether it takes lines of its own.
    fileprivate var isNested: Bool {
        switch self {
        case .object(let members): !members.isEmpty
        case .array(let elements): elements.contains { $0.isNested || !$0.elements.isEmpty }
        case .null, .bool, .number, .string: false
        }
    }
}

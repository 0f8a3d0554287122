import Query
import Server
import Text

/// Why an agent did not answer as it should, for a person.
struct AgentFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// A running agent's Prometheus API, as the commands ask it.
struct AgentQueries {
    private let base: String
    private let client = HTTPClient()

    /// `url` with or without a slash at its end.
    init(_ url: String) {
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
    }

    /// The `data` of an answer, and its warnings.
    func get(
        _ path: String, _ parameters: [(name: String, value: String)] = []
    ) throws(AgentFault) -> (data: JSONValue, warnings: [String]) {
        let query = parameters.map {
            "\(Self.percentEncoded($0.name))=\(Self.percentEncoded($0.value))"
        }
        let url = base + path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let answer = client.get(url)
        guard answer.status != 0 else {
            throw AgentFault("\(base): no answer; expected a running agent (--agent URL)")
        }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(answer.body)
        } catch {
            throw AgentFault("\(base)\(path): status \(answer.status) and no JSON")
        }
        guard value["status"]?.asString == "success", let data = value["data"] else {
            let type = value["errorType"]?.asString ?? "status \(answer.status)"
            throw AgentFault("\(type): \(value["error"]?.asString ?? "no data")")
        }
        let remarks = ["warnings", "infos"].flatMap { value[$0]?.elements ?? [] }
        return (data, remarks.compactMap(\.asString))
    }

    /// What the agent knows of metrics; the bounds only of the buckets among `metrics`.
    func catalog(of metrics: [String]) throws(AgentFault) -> RuleCatalog {
        let names = try get("/api/v1/label/__name__/values").data.elements.compactMap(\.asString)
        var catalog = RuleCatalog(names: Set(names), types: [:], bounds: [:])
        for (name, entries) in try get("/api/v1/metadata").data.members {
            catalog.types[name] = entries.elements.first?["type"]?.asString
        }
        for metric in metrics where metric.hasSuffix("_bucket") && catalog.names.contains(metric) {
            let selector = "{__name__=\"\(metric)\"}"
            let found = try get("/api/v1/label/le/values", [("match[]", selector)])
            catalog.bounds[metric] = found.data.elements.compactMap(\.asString)
        }
        return catalog
    }

    /// For a URL's query (RFC 3986 §2.1).
    static func percentEncoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || "-._~".unicodeScalars.contains(scalar))
            if isPlain {
                out.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                out += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return out
    }
}

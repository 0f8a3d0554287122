import Agent
import Model
import Query
import Storage
import Text

// What there is in the store, and what is said of it.

extension QueryEndpoints {
    static func series(
        _ parameters: QueryParameters, _ view: QueryView
    ) throws(QueryFault) -> HTTPResponse {
        let limit = try parameters.limit() ?? .max
        let span = try parameters.span()
        let selectors = try parameters.selectors()
        guard !selectors.isEmpty else { throw .badData("no match[] parameter provided") }
        var seen: Set<SeriesID> = []
        var found: [Labels] = []
        for selector in selectors {
            for (id, labels) in try matching(selector, view, span) where seen.insert(id).inserted {
                found.append(labels)
            }
        }
        if selectors.count > 1 { found.sort(by: precedes) }
        return success(warnings: found.count > limit ? [truncated] : []) { json in
            json.array { json in for labels in found.prefix(limit) { json.labels(labels) } }
        }
    }

    private static func matching(
        _ selector: Selector, _ view: QueryView, _ span: QuerySpan
    ) throws(QueryFault) -> [(id: SeriesID, labels: Labels)] {
        do throws(PatternError) {
            return try view.series(matching: selector.matchers, in: span)
        } catch { throw .badData("\(error)") }
    }

    static func metadata(
        _ parameters: QueryParameters, _ view: QueryView
    ) throws(QueryFault) -> HTTPResponse {
        var limit = Int.max
        if !parameters["limit"].isEmpty {
            guard let number = Int(parameters["limit"]) else {
                throw .badData("limit must be a number")
            }
            if number >= 0 { limit = number }
        }
        let wanted = parameters["metric"]
        let names = view.descriptions.keys.filter { wanted.isEmpty || $0 == wanted }.sorted()
        return success { json in
            json.object { json in
                for name in names.prefix(limit) {
                    guard let description = view.descriptions[name] else { continue }
                    json.key(name)
                    json.array { json in
                        json.object { json in
                            json.member("type", kindName(description.kind))
                            json.member("help", description.help)
                            json.member("unit", description.unit)
                        }
                    }
                }
            }
        }
    }

    /// Numbered as remote write does.
    private static func kindName(_ kind: UInt8) -> String {
        let names = [
            "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info",
            "stateset",
        ]
        return Int(kind) < names.count ? names[Int(kind)] : names[0]
    }

    static func exemplars(
        _ parameters: QueryParameters, _ view: QueryView
    ) throws(QueryFault) -> HTTPResponse {
        let start = try parameters.time("start", default: .distantPast)
        let end = try parameters.time("end", default: .distantFuture)
        guard end >= start else {
            throw .badData("end timestamp must not be before start timestamp")
        }
        let expression: Expression
        do throws(ParseError) {
            expression = try Expression.parse(parameters["query"])
        } catch { throw .badParameter("query", error.description) }
        var seen: Set<SeriesID> = []
        var found: [(labels: Labels, exemplars: [Exemplar])] = []
        for selector in expression.selectors {
            for (id, labels) in try matching(selector, view, .all) where seen.insert(id).inserted {
                let exemplars = view.exemplars(of: id, from: start, to: end)
                if !exemplars.isEmpty { found.append((labels, exemplars)) }
            }
        }
        found.sort { precedes($0.labels, $1.labels) }
        return success { json in
            json.array { json in for entry in found { json.exemplars(entry) } }
        }
    }

    /// A label's name in a path, where what is no letter or digit may stand as `U__name_2e_x`.
    /// What is no valid escape is the name itself.
    static func labelName(_ text: String) -> String {
        guard text.hasPrefix("U__") else { return text }
        var name = String.UnicodeScalarView()
        var rest = text.unicodeScalars.dropFirst(3)
        while let scalar = rest.popFirst() {
            guard scalar == "_" else {
                name.append(scalar)
                continue
            }
            guard let end = rest.firstIndex(of: "_") else { return text }
            let digits = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
            if digits.isEmpty {
                name.append("_")
            } else if digits.utf8.count <= 6, let code = UInt32(digits, radix: 16),
                let decoded = Unicode.Scalar(code)
            {
                name.append(decoded)
            } else {
                return text
            }
        }
        return String(name)
    }
}

extension JSONWriter {
    fileprivate mutating func exemplars(_ entry: (labels: Labels, exemplars: [Exemplar])) {
        object { json in
            json.key("seriesLabels")
            json.labels(entry.labels)
            json.key("exemplars")
            json.array { json in
                for exemplar in entry.exemplars {
                    json.object { json in
                        json.key("labels")
                        json.labels(exemplar.labels)
                        json.key("value")
                        json.quotedNumber(exemplar.value)
                        json.key("timestamp")
                        json.time(exemplar.time.millis)
                    }
                }
            }
        }
    }
}

public import Model

/// What Prometheus' template functions know of their surroundings.
public struct TemplateSurroundings: Sendable {
    /// Where the server is seen from outside.
    public var externalURL = ""
    /// Runs a query: samples as `sample` makes them.
    public var query: TemplateFunction = { _ throws(TemplateFault) in
        throw TemplateFault("no queries here")
    }

    /// Without URL or queries.
    public init() {}

    /// A sample of a query's result.
    public static func sample(_ labels: Labels, _ value: Double) -> TemplateValue {
        let texts = Dictionary(labels.pairs.map { ($0.name, $0.value) }) { $1 }
        return .record(
            type: "*template.sample", fields: ["Labels": .texts(texts), "Value": .float(value)])
    }
}

extension TemplateFunctions {
    /// Adds the functions of Prometheus' rule templates.
    public mutating func addPrometheus(_ around: TemplateSurroundings) {
        add("query", around.query)
        addSamples()
        addHumanized()
        addTexts()
        let url = around.externalURL
        add("externalURL") { _ in .string(url) }
        add("pathPrefix") { _ in
            let path = url.split(separator: "://", maxSplits: 1).last ?? ""
            return .string(String(path.drop { $0 != "/" }))
        }
        add("args") { arguments throws(TemplateFault) in
            // A loop could nest them for ever: printing and freeing go down as deep.
            guard arguments.allSatisfy({ $0.isNested(within: TemplateValue.nestingMax) }) else {
                throw TemplateFault("args nested more than \(TemplateValue.nestingMax) deep")
            }
            return .map(
                Dictionary(
                    uniqueKeysWithValues: arguments.enumerated().map { ("arg\($0)", $1) }))
        }
    }

    private mutating func addSamples() {
        add("first") { arguments throws(TemplateFault) in
            try needed(arguments, "first", 1)
            guard case .list(let list) = arguments[0], let first = list.first else {
                throw TemplateFault("first() called on vector with no elements")
            }
            return first
        }
        add("value") { arguments throws(TemplateFault) in
            try needed(arguments, "value", 1)
            return try part(arguments[0], "Value")
        }
        add("label") { arguments throws(TemplateFault) in
            try needed(arguments, "label", 2)
            guard case .texts(let labels) = try part(arguments[1], "Labels") else { return .null }
            return .string(labels[try text(arguments[0], "label")] ?? "")
        }
        add("strvalue") { arguments throws(TemplateFault) in
            try needed(arguments, "strvalue", 1)
            guard case .texts(let labels) = try part(arguments[0], "Labels") else { return .null }
            return .string(labels["__value__"] ?? "")
        }
        add("sortByLabel") { arguments throws(TemplateFault) in
            try needed(arguments, "sortByLabel", 2)
            let name = try text(arguments[0], "sortByLabel")
            guard case .list(let list) = arguments[1] else { return arguments[1] }
            func key(_ value: TemplateValue) -> String {
                guard case .record(_, let fields) = value,
                    case .texts(let labels)? = fields["Labels"]
                else { return "" }
                return labels[name] ?? ""
            }
            return .list(list.sorted { key($0) < key($1) })
        }
    }

    private mutating func addHumanized() {
        func number(_ name: String, _ make: @escaping @Sendable (Double) -> String) {
            add(name) { arguments throws(TemplateFault) in
                try needed(arguments, name, 1)
                return .string(make(try templateFloat(arguments[0])))
            }
        }
        number("humanize", humanized)
        number("humanize1024") { value in
            guard value.isFinite, abs(value) > 1 else { return four(value) }
            return scaled(value, 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
        }
        number("humanizeDuration", humanizedDuration)
        number("humanizePercentage") { four($0 * 100) + "%" }
        number("humanizeTimestamp") { $0.isFinite ? goTime($0) : four($0) }
        add("toTime") { arguments throws(TemplateFault) in
            try needed(arguments, "toTime", 1)
            return .time(try templateFloat(arguments[0]))
        }
        add("parseDuration") { arguments throws(TemplateFault) in
            try needed(arguments, "parseDuration", 1)
            let word = try text(arguments[0], "parseDuration")
            guard let span = Text.parseDuration(word) else {
                throw TemplateFault("not a valid duration string: \"\(word)\"")
            }
            return .float(span.seconds)
        }
    }

    private mutating func addTexts() {
        func mapped(_ name: String, _ make: @escaping @Sendable (String) -> String) {
            add(name) { arguments throws(TemplateFault) in
                try needed(arguments, name, 1)
                return .string(make(try text(arguments[0], name)))
            }
        }
        mapped("title", titled)
        mapped("toUpper") { $0.uppercased() }
        mapped("toLower") { $0.lowercased() }
        mapped("safeHtml") { $0 }
        mapped("stripPort") { splitHost($0)?.host ?? $0 }
        mapped("stripDomain", withoutDomain)
        mapped("graphLink") { "/graph?g0.expr=\(escapedQuery($0))&g0.tab=0" }
        mapped("tableLink") { "/graph?g0.expr=\(escapedQuery($0))&g0.tab=1" }
        addPatterns()
    }

    /// What Alertmanager's templates have too.
    mutating func addPatterns() {
        add("match") { arguments throws(TemplateFault) in
            try needed(arguments, "match", 2)
            let pattern = try compiled("(?:.*)(?:\(try text(arguments[0], "match")))(?:.*)")
            return .bool(pattern.matches(try text(arguments[1], "match")))
        }
        add("reReplaceAll") { arguments throws(TemplateFault) in
            try needed(arguments, "reReplaceAll", 3)
            return .string(
                try replaced(
                    try text(arguments[0], "reReplaceAll"), try text(arguments[1], "reReplaceAll"),
                    try text(arguments[2], "reReplaceAll")))
        }
    }
}

private func part(_ sample: TemplateValue, _ name: String) throws(TemplateFault) -> TemplateValue {
    guard case .record(_, let fields) = sample, let value = fields[name] else {
        throw TemplateFault("wrong type for value; expected *template.sample")
    }
    return value
}

func templateFloat(_ value: TemplateValue) throws(TemplateFault) -> Double {
    switch value {
    case .float(let number): return number
    case .integer(let number): return Double(number)
    case .duration(let nanos): return Double(nanos) / 1e9
    case .string(let text):
        guard let number = Double(text) else {
            throw TemplateFault("strconv.ParseFloat: parsing \"\(text)\": invalid syntax")
        }
        return number
    default: throw TemplateFault("can't convert \(value.typeName) to float")
    }
}

private func four(_ value: Double) -> String { formatGo(value, "g", precision: 4) }

private func scaled(_ value: Double, _ base: Double, _ prefixes: [String]) -> String {
    var value = value
    var prefix = ""
    for next in prefixes where abs(value) >= base {
        prefix = next
        value /= base
    }
    return four(value) + prefix
}

private func shrunk(_ value: Double) -> String {
    var value = value
    var prefix = ""
    for next in ["m", "u", "n", "p", "f", "a", "z", "y"] where abs(value) < 1 {
        prefix = next
        value *= 1000
    }
    return four(value) + prefix
}

private func humanized(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return four(value) }
    if abs(value) < 1 { return shrunk(value) }
    return scaled(value, 1000, ["k", "M", "G", "T", "P", "E", "Z", "Y"])
}

func humanizedDuration(_ value: Double) -> String {
    guard value.isFinite else { return four(value) }
    if value == 0 { return four(value) + "s" }
    if abs(value) < 1 { return shrunk(value) + "s" }
    guard abs(value) < 9e18 else { return four(value) + "s" }
    let sign = value < 0 ? "-" : ""
    let whole = Int64(abs(value))
    let (s, m, h, d) = (whole % 60, whole / 60 % 60, whole / 3600 % 24, whole / 86_400)
    if d > 0 { return "\(sign)\(d)d \(h)h \(m)m \(s)s" }
    if h > 0 { return "\(sign)\(h)h \(m)m \(s)s" }
    if m > 0 { return "\(sign)\(m)m \(s)s" }
    return sign + four(abs(value)) + "s"
}

func titled(_ text: String) -> String {
    var starts = true
    var out = ""
    for character in text {
        out += starts ? character.uppercased() : String(character)
        starts = !(character.isLetter || character.isNumber || "_'".contains(character))
    }
    return out
}

private func splitHost(_ text: String) -> (host: String, port: String)? {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    var host = String(text[..<colon])
    let port = String(text[text.index(after: colon)...])
    if host.hasPrefix("["), host.hasSuffix("]") {
        host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
        return nil
    }
    return (host, port)
}

private func withoutDomain(_ text: String) -> String {
    let split = splitHost(text)
    let host = split?.host ?? text
    let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    if isAddress { return text }
    let short = String(host.prefix { $0 != "." })
    return split.map { "\(short):\($0.port)" } ?? short
}

func compiled(_ source: String) throws(TemplateFault) -> Pattern {
    do throws(PatternError) {
        return try Pattern(source)
    } catch {
        throw TemplateFault("\(error)")
    }
}

/// All matches replaced, `$1` and `${name}` expanded. The rest is matched again after each match,
/// with what stood before it left out: `^` is taken at the start only.
func replaced(
    _ source: String, _ replacement: String, _ text: String
) throws(TemplateFault) -> String {
    let plain = try compiled(source)
    let pattern = try compiled("(.*?)((?:\(source)))(.*)")
    var (out, rest) = ("", text)
    let isAnchored = source.hasPrefix("^")
    for _ in 0...text.utf8.count {
        // The whole, what stood before, the match with its groups, the rest.
        guard let all = pattern.captures(rest), all.count >= 4 else { break }
        let groups = Array(all.dropFirst())
        let (before, found, after) = (groups[0], groups[1], groups[groups.count - 1])
        out += before
        out += expanded(replacement, Array(groups[1..<(groups.count - 1)]), plain.groupNames)
        rest = after
        if isAnchored || rest.isEmpty { break }
        if found.isEmpty {
            out.unicodeScalars.append(rest.unicodeScalars.removeFirst())
        }
    }
    return out + rest
}

private func expanded(_ text: String, _ groups: [String], _ names: [String: Int]) -> String {
    var out = ""
    var rest = text[...]
    while let character = rest.popFirst() {
        guard character == "$" else {
            out.append(character)
            continue
        }
        if rest.first == "$" {
            rest.removeFirst()
            out += "$"
            continue
        }
        let isBraced = rest.first == "{"
        if isBraced { rest.removeFirst() }
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        rest = rest.dropFirst(name.count)
        if isBraced, rest.first == "}" { rest.removeFirst() }
        if let group = Int(name) ?? names[String(name)], groups.indices.contains(group) {
            out += groups[group]
        }
    }
    return out
}

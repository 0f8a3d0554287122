import Model
import Query
import Text

/// A recording or alerting rule as a peer generated it.
struct PeerRule {
    /// What it records or alerts as.
    var name: String
    var isAlert: Bool
    var expression: Expression
    var labels: [TextPair]
    var annotations: [TextPair]
    var hold: TimeSpan
    var position: SourcePosition

    /// A label's value.
    subscript(_ label: String) -> String? { labels.first { $0.name == label }?.value }
}

/// All rules of a document: a rule file, a `PrometheusRule`, or what slo-libsonnet prints.
struct PeerRules {
    private(set) var rules: [PeerRule] = []
    /// Rules whose expression is no PromQL.
    private(set) var faults: [Diagnostic] = []
    /// The first group's name.
    private(set) var groupName: String?

    /// Whether a document has rules.
    static func recognizes(_ document: YAMLNode) -> Bool {
        document["groups"] != nil || document["recordingrule"] != nil
            || document["kind"]?.asString == "PrometheusRule"
    }

    init(_ document: YAMLNode) {
        let spec = document["spec"] ?? document
        for group in spec["groups"]?.elements ?? [] {
            groupName = groupName ?? group["name"]?.asString
            for rule in group["rules"]?.elements ?? [] { add(rule) }
        }
        for key in ["alerts", "recordingrule"] {
            guard let found = document[key] else { continue }
            if case .mapping = found.content { add(found) }
            for rule in found.elements { add(rule) }
        }
    }

    private mutating func add(_ node: YAMLNode) {
        guard let expr = node["expr"], let text = expr.asString else { return }
        let record = node["record"]?.asString
        do throws(ParseError) {
            rules.append(
                PeerRule(
                    name: record ?? node["alert"]?.asString ?? "", isAlert: record == nil,
                    expression: try Expression.parse(text),
                    labels: node["labels"]?.textPairs ?? [],
                    annotations: node["annotations"]?.textPairs ?? [],
                    hold: node["for"]?.asString.flatMap(parseDuration) ?? .zero,
                    position: node.position))
        } catch {
            faults.append(
                .error(
                    at: expr.position, "not PromQL: \(error.what)", expected: error.expected,
                    hint: error.hint))
        }
    }
}

/// Recording rules of one error ratio over several windows.
struct RatioFamily {
    /// What the names have in common, without the window: `x:burnrate`.
    var base: String
    /// What all of them are labelled with.
    var labels: [TextPair]
    var members: [(window: TimeSpan, rule: PeerRule)]

    /// The families among recording rules, in the order of the file. A rule is a member when its
    /// name ends in the one range that its expression has.
    static func all(_ rules: [PeerRule]) -> [RatioFamily] {
        var found: [RatioFamily] = []
        for rule in rules where !rule.isAlert {
            guard let (base, window) = member(rule) else { continue }
            let labels = rule.labels.filter { $0.name != "sloth_window" }
                .sorted { $0.name < $1.name }
            if let index = found.firstIndex(where: { $0.base == base && $0.labels == labels }) {
                found[index].members.append((window, rule))
            } else {
                found.append(RatioFamily(base: base, labels: labels, members: [(window, rule)]))
            }
        }
        return found.filter { $0.members.count > 1 }
    }

    private static func member(_ rule: PeerRule) -> (String, TimeSpan)? {
        let ranges = Set(rule.expression.ranges)
        // Sloth's period is a mean of another rule over time, no ratio of its own.
        guard ranges.count == 1, let window = ranges.first, !rule.expression.readsRecordedRatio
        else { return nil }
        for length in 2...6 {
            let (base, text) = (rule.name.dropLast(length), String(rule.name.suffix(length)))
            // "rate15m" ends in "5m" too.
            if parseDuration(text) == window, base.last?.isNumber == false {
                return (String(base), window)
            }
        }
        return nil
    }

    /// The member with the shortest window.
    var shortest: (window: TimeSpan, rule: PeerRule)? {
        members.min { $0.window < $1.window }
    }

    /// A label's value.
    subscript(_ label: String) -> String? { labels.first { $0.name == label }?.value }

    /// The window of a member that a selector finds; nil for another family's.
    func window(of selector: CounterSelector) -> TimeSpan? {
        guard let member = members.first(where: { $0.rule.name == selector.metric }) else {
            return nil
        }
        let isOther = selector.matchers.contains { matcher in
            guard matcher.op == .equal, let own = self[matcher.name] else { return false }
            return own != matcher.value
        }
        return isOther ? nil : member.window
    }
}

extension Expression {
    /// The ranges of its range selectors and subqueries.
    var ranges: [TimeSpan] {
        switch self {
        case .matrix(let range): [range.window.span]
        case .subquery(let query): [query.window.span] + query.expression.ranges
        case .number, .string, .vector, .call, .aggregate, .binary, .unary, .paren:
            children.flatMap(\.ranges)
        }
    }

    /// Whether a range of it is over a recorded error ratio.
    var readsRecordedRatio: Bool {
        if case .matrix(let range) = self { return range.vector.name?.hasPrefix("slo:") == true }
        return children.contains(where: \.readsRecordedRatio)
    }

    /// With every range of `span` left open.
    func openingWindows(of span: TimeSpan) -> Expression {
        let open = WindowedQuery.openWindow
        switch self {
        case .matrix(var range):
            if range.window.span == span { range.window.span = open }
            return .matrix(range)
        case .subquery(var query):
            if query.window.span == span { query.window.span = open }
            query.expression = query.expression.openingWindows(of: span)
            return .subquery(query)
        case .call(var call):
            call.arguments = call.arguments.map { $0.openingWindows(of: span) }
            return .call(call)
        case .aggregate(var sum):
            sum.expression = sum.expression.openingWindows(of: span)
            return .aggregate(sum)
        case .binary(var pair):
            pair.left = pair.left.openingWindows(of: span)
            pair.right = pair.right.openingWindows(of: span)
            return .binary(pair)
        case .unary(var unary):
            unary.expression = unary.expression.openingWindows(of: span)
            return .unary(unary)
        case .paren(let inner, let range): return .paren(inner.openingWindows(of: span), range)
        case .number, .string, .vector: return self
        }
    }
}

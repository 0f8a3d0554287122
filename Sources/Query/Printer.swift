internal import Model
internal import Text

// The canonical notation of an expression, as Prometheus' `String()`: what it prints parses to the
// same expression. Matchers are sorted, durations in their largest units.

extension Expression: CustomStringConvertible {
    /// In PromQL's canonical notation.
    public var description: String {
        switch self {
        case .number(let node):
            return node.isDuration ? durationNotation(node.value) : goNumber(node.value)
        case .string(let node): return goQuoted(node.bytes)
        case .vector(let node):
            return node.core + modifiers(node.at, node.offset)
        case .matrix(let node):
            return "\(node.vector.core)[\(node.window)]"
                + modifiers(node.vector.at, node.vector.offset)
        case .subquery(let node):
            let step = node.step.map(\.description) ?? ""
            return "\(node.expression)[\(node.window):\(step)]" + modifiers(node.at, node.offset)
        case .call(let node):
            let list = node.arguments.map(\.description).joined(separator: ", ")
            return "\(node.function.rawValue)(\(list))"
        case .aggregate(let node): return node.notation
        case .binary(let node): return node.notation
        case .unary(let node): return (node.isNegative ? "-" : "+") + node.expression.description
        case .paren(let inner, _): return "(\(inner))"
        }
    }
}

private func modifiers(_ at: AtModifier?, _ offset: DurationValue?) -> String {
    var text = ""
    switch at {
    case .time(let time)?:
        let millis = time.millis.magnitude
        let fraction = String(millis % 1000 + 1000).dropFirst()
        text += " @ " + (time.millis < 0 ? "-" : "") + "\(millis / 1000).\(fraction)"
    case .start?: text += " @ start()"
    case .end?: text += " @ end()"
    case nil: break
    }
    if let offset { text += " offset \(offset)" }
    return text
}

extension DurationValue: CustomStringConvertible {
    /// The expression it was computed from, or the shortest duration.
    public var description: String { notation ?? durationNotation(span.seconds) }
}

/// A label's name, in quotes when it is no identifier.
func labelNotation(_ name: String) -> String {
    let bytes = Array(name.utf8)
    let isPlain = bytes.first.map(isAlpha) ?? false
    return isPlain && bytes.allSatisfy { isAlpha($0) || isDigit($0) } ? name : goQuoted(name)
}

private func list(_ names: [String]) -> String {
    "(" + names.map(labelNotation).joined(separator: ", ") + ")"
}

extension VectorSelector {
    /// Without modifiers.
    fileprivate var core: String {
        let list = selector.matchers.filter { matcher in
            !(matcher.name == Labels.metricName && matcher.op == .equal && matcher.value == name)
        }.map { "\(labelNotation($0.name))\($0.op.rawValue)\(goQuoted($0.value))" }.sorted()
        let braces = list.isEmpty ? "" : "{" + list.joined(separator: ",") + "}"
        return (name ?? "") + (name == nil && list.isEmpty ? "{}" : braces)
    }
}

extension Aggregate {
    fileprivate var notation: String {
        var text = op.rawValue
        if isWithout {
            text += " without \(list(grouping)) "
        } else if !grouping.isEmpty {
            text += " by \(list(grouping)) "
        }
        text += "("
        if let parameter { text += "\(parameter), " }
        return text + "\(expression))"
    }
}

extension BinaryExpression {
    fileprivate var notation: String {
        var text = "\(left) \(op.rawValue)"
        if returnsBool { text += " bool" }
        if let matching,
            matching.isOn || !matching.labels.isEmpty
                || matching.cardinality == .manyToOne || matching.cardinality == .oneToMany
        {
            text += matching.isOn ? " on " : " ignoring "
            text += list(matching.labels)
            switch matching.cardinality {
            case .manyToOne: text += " group_left " + list(matching.include)
            case .oneToMany: text += " group_right " + list(matching.include)
            case .oneToOne, .manyToMany: break
            }
        }
        return text + " \(right)"
    }
}

extension Expression {
    /// Parses and checks a query. Throws where it is wrong and what was expected. O(bytes).
    public static func parse(
        _ query: String, features: QueryFeatures = QueryFeatures()
    ) throws(ParseError) -> Expression {
        var parser = try Parser(query, features)
        return try parser.parse()
    }
}

internal import Model
internal import Text

extension Evaluation {
    private func text(_ expression: Expression, _ grid: Grid) throws(QueryError) -> String {
        String(decoding: try string(expression, grid), as: UTF8.self)
    }

    /// A label's name; Prometheus 3 takes any UTF-8.
    private func labelName(
        _ expression: Expression, _ grid: Grid, _ function: String
    ) throws(QueryError) -> String {
        let bytes = try string(expression, grid)
        guard let name = String(validating: bytes, as: UTF8.self), !name.isEmpty else {
            let shown = String(decoding: bytes, as: UTF8.self)
            throw .execution("invalid destination label name in \(function)(): \(shown)")
        }
        return name
    }

    func labelReplace(_ node: Call, _ grid: Grid) throws(QueryError) -> [Series] {
        let source = try text(node.arguments[3], grid)
        let expression = try text(node.arguments[4], grid)
        let pattern: Pattern
        do throws(PatternError) {
            pattern = try Pattern(expression)
        } catch {
            throw .execution("invalid regular expression in label_replace(): \(expression)")
        }
        let target = try labelName(node.arguments[1], grid, "label_replace")
        let template = Array(try text(node.arguments[2], grid).utf8)
        var list = try vector(node.arguments[0], grid)
        for place in list.indices {
            let value = list[place].labels[source] ?? ""
            guard let groups = pattern.captures(value) else { continue }
            let result = expanded(template, groups, pattern.groupNames)
            list[place].labels = list[place].labels.setting(target, result)
            if target == Labels.metricName { list[place].dropsName = false }
        }
        return try merged(list)
    }

    func labelJoin(_ node: Call, _ grid: Grid) throws(QueryError) -> [Series] {
        let target = try labelName(node.arguments[1], grid, "label_join")
        let separator = try text(node.arguments[2], grid)
        var sources: [String] = []
        for argument in node.arguments.dropFirst(3) {
            sources.append(try labelName(argument, grid, "label_join"))
        }
        var list = try vector(node.arguments[0], grid)
        for place in list.indices {
            let labels = list[place].labels
            let joined = sources.map { labels[$0] ?? "" }.joined(separator: separator)
            list[place].labels = labels.setting(target, joined)
            if target == Labels.metricName { list[place].dropsName = false }
        }
        return try merged(list)
    }
}

/// Go's `Regexp.Expand`: `$1`, `${1}`, `$name`, `${name}`; `$$` is a dollar.
func expanded(_ template: [UInt8], _ groups: [String], _ names: [String: Int]) -> String {
    var out: [UInt8] = []
    var index = 0
    let dollar = UInt8(ascii: "$")
    while index < template.count {
        guard template[index] == dollar, index + 1 < template.count else {
            out.append(template[index])
            index += 1
            continue
        }
        if template[index + 1] == dollar {
            out.append(dollar)
            index += 2
            continue
        }
        let isBraced = template[index + 1] == UInt8(ascii: "{")
        let start = index + (isBraced ? 2 : 1)
        var end = start
        while end < template.count && (isAlpha(template[end]) || isDigit(template[end])) {
            end += 1
        }
        let isClosed = !isBraced || (end < template.count && template[end] == UInt8(ascii: "}"))
        guard end > start, isClosed else {
            // Malformed: Go leaves the dollar as it is.
            out.append(dollar)
            index += 1
            continue
        }
        let name = String(decoding: template[start..<end], as: UTF8.self)
        let group = name.utf8.allSatisfy(isDigit) ? Int(name) : names[name]
        if let group, group < groups.count { out += Array(groups[group].utf8) }
        index = end + (isBraced ? 1 : 0)
    }
    return String(decoding: out, as: UTF8.self)
}

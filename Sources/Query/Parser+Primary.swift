internal import Model
internal import Text

extension Parser {
    /// A primary expression and what is written behind it: ranges, `offset`, `@`.
    mutating func postfix() throws(ParseError) -> Node {
        var node = try primary()
        while true {
            switch next.kind {
            case .leftBracket: node = try bracket(node)
            case .at: node = try atModifier(node)
            case .identifier where keyword(next) == "offset": node = try offset(node)
            default: return node
            }
        }
    }

    private mutating func primary() throws(ParseError) -> Node {
        let first = next
        switch first.kind {
        case .number, .duration:
            index += 1
            let literal = try numberLiteral(first)
            return Node(.number(literal))
        case .string:
            index += 1
            return Node(.string(try stringLiteral(first)))
        case .leftParen:
            index += 1
            let inner = try expression()
            try expect(.rightParen, "\")\"")
            let range = first.range.through(SourceRange(0, previousEnd))
            return try node(.paren(inner.expression, range), over: inner)
        case .leftBrace: return try vectorSelector(name: nil, start: first.range.start)
        case .identifier: return try named(first)
        default: throw unexpected("an expression")
        }
    }

    /// A keyword of its own, a call, an aggregation, or the name of a metric.
    private mutating func named(_ first: Token) throws(ParseError) -> Node {
        let word = keyword(first)
        let after = token(after: 1)
        if word == "inf" || word == "nan" {
            index += 1
            let value = word == "inf" ? Double.infinity : Double.nan
            return Node(
                .number(NumberLiteral(value: value, isDuration: false, range: first.range)))
        }
        if let op = AggregationOperator(rawValue: word) {
            let isClause = ["by", "without"].contains(keyword(after))
            if after.kind == .leftParen || isClause { return try aggregation(op, first) }
        }
        if after.kind == .leftParen {
            let name = text(first)
            guard let function = Function(rawValue: name) else {
                let known = Function.allCases.map(\.rawValue)
                let near = suggestion(for: name, among: known)
                throw error(
                    first.range, "unknown function with name \"\(name)\"",
                    hint: near.map { "did you mean \($0)?" })
            }
            return try call(function, first)
        }
        index += 1
        return try vectorSelector(name: text(first), start: first.range.start)
    }

    /// Arguments in parentheses; the cursor stands at the opening one.
    private mutating func arguments(isInfo: Bool = false) throws(ParseError) -> [Node] {
        try expect(.leftParen, "\"(\"")
        let outer = allowsEmptyMatchers
        defer { allowsEmptyMatchers = outer }
        var nodes: [Node] = []
        while next.kind != .rightParen {
            // The label selector of `info` may select everything.
            allowsEmptyMatchers = isInfo && nodes.count == 1
            nodes.append(try expression())
            guard take(.comma) else { break }
            if next.kind == .rightParen {
                throw error(
                    next.range, "trailing commas not allowed in function call args")
            }
        }
        try expect(.rightParen, "\",\" or \")\"")
        return nodes
    }

    // MARK: Aggregations

    private mutating func grouping() throws(ParseError) -> (labels: [String], isWithout: Bool)? {
        let word = keyword(next)
        guard word == "by" || word == "without" else { return nil }
        index += 1
        return (try labelList(), word == "without")
    }

    private mutating func aggregation(
        _ op: AggregationOperator, _ first: Token
    ) throws(ParseError) -> Node {
        index += 1
        var group = try grouping()
        var nodes = try arguments()
        if group == nil { group = try grouping() }
        let range = first.range.through(SourceRange(0, previousEnd))
        if op.isExperimental && !features.experimentalFunctions {
            throw error(
                first.range,
                "\(op.rawValue)() is experimental and must be enabled with "
                    + "--enable-feature=promql-experimental-functions")
        }
        let wanted = op.parameterType == nil ? 1 : 2
        guard !nodes.isEmpty else {
            throw error(range, "no arguments for aggregate expression provided")
        }
        guard nodes.count == wanted else {
            throw error(
                range,
                "wrong number of arguments for aggregate expression provided, "
                    + "expected \(wanted), got \(nodes.count)")
        }
        let operand = nodes.removeLast()
        try check(operand, is: .vector, in: "aggregation expression")
        if let parameter = nodes.first, let type = op.parameterType {
            try check(parameter, is: type, in: "aggregation parameter")
        }
        let aggregate = Aggregate(
            op: op, parameter: nodes.first?.expression, expression: operand.expression,
            grouping: group?.labels ?? [], isWithout: group?.isWithout ?? false, range: range)
        return try node(.aggregate(aggregate), over: operand, nodes.first ?? operand)
    }

    func check(_ node: Node, is type: ValueType, in place: String) throws(ParseError) {
        guard node.type != type else { return }
        throw error(
            node.range,
            "expected type \(type.documented) in \(place), got \(node.type.documented)",
            hint: type == .matrix && node.type == .vector ? "add a range such as [5m]" : nil)
    }

    // MARK: Calls

    private mutating func call(_ function: Function, _ first: Token) throws(ParseError) -> Node {
        index += 1
        if function.isExperimental && !features.experimentalFunctions {
            throw error(
                first.range,
                "function \"\(function.rawValue)\" is not enabled",
                hint: "it is experimental: --enable-feature=promql-experimental-functions")
        }
        let isInfo = function == .info
        let nodes = try arguments(isInfo: isInfo)
        let range = first.range.through(SourceRange(0, previousEnd))
        try checkCount(function, nodes.count, range)
        for (place, node) in nodes.enumerated() {
            guard let type = function.signature.type(at: place) else { continue }
            try check(node, is: type, in: "call to function \"\(function.rawValue)\"")
        }
        if isInfo && nodes.count > 1 {
            guard case .vector(let selector) = nodes[1].expression, selector.name == nil else {
                throw error(
                    nodes[1].range, "expected label selectors only", expected: "{label=\"value\"}")
            }
        }
        let expression = Expression.call(
            Call(function: function, arguments: nodes.map(\.expression), range: range))
        let tallest = nodes.max { $0.height < $1.height }
        return try tallest.map { (tallest: Node) throws(ParseError) in
            try node(expression, over: tallest)
        } ?? Node(expression)
    }

    private func checkCount(
        _ function: Function, _ count: Int, _ range: SourceRange
    ) throws(ParseError) {
        let signature = function.signature
        let least = signature.required.count
        let most = signature.repeated == nil ? least + signature.optional.count : Int.max
        let name = function.rawValue
        if count < least {
            let bound = most == least ? "" : "at least "
            throw error(
                range,
                "expected \(bound)\(least) argument(s) in call to \"\(name)\", got \(count)")
        }
        if count > most {
            let bound = most == least ? "" : "at most "
            throw error(
                range, "expected \(bound)\(most) argument(s) in call to \"\(name)\", got \(count)")
        }
    }
}

import Model
public import Query
public import Text

// The tree of an expression as `/api/v1/parse_query` tells it: the members that Prometheus 3.5
// writes, sorted by name. Its web page draws trees from it, and editors check queries with it.

/// Writes an expression as a tree of objects. The parser bounds the depth.
public func writeQueryTree(_ expression: Expression, into json: inout JSONWriter) {
    json.object { json in
        switch expression {
        case .number(let node): json.typed("numberLiteral", plainNumber(node.value))
        case .string(let node): json.typed("stringLiteral", node.text)
        case .vector(let node): json.selector(node, window: nil)
        case .matrix(let node): json.selector(node.vector, window: node.window)
        case .subquery(let node): json.subquery(node)
        case .call(let node): json.call(node)
        case .aggregate(let node): json.aggregate(node)
        case .binary(let node): json.binary(node)
        case .unary(let node):
            json.tree("expr", node.expression)
            json.member("op", node.isNegative ? "-" : "+")
            json.member("type", "unaryExpr")
        case .paren(let inner, _):
            json.tree("expr", inner)
            json.member("type", "parenExpr")
        }
    }
}

extension JSONWriter {
    fileprivate mutating func tree(_ name: String, _ expression: Expression?) {
        key(name)
        if let expression { writeQueryTree(expression, into: &self) } else { null() }
    }

    fileprivate mutating func typed(_ type: String, _ value: String) {
        member("type", type)
        member("val", value)
    }

    private mutating func texts(_ name: String, _ list: [String]) {
        key(name)
        array { json in for text in list { json.string(text) } }
    }

    private mutating func millis(_ name: String, _ duration: DurationValue?) {
        member(name, integer: Int(duration?.span.millis ?? 0))
    }

    private mutating func start(_ at: AtModifier?) {
        key("startOrEnd")
        switch at {
        case .start?: string("start")
        case .end?: string("end")
        case .time?, nil: null()
        }
    }

    private mutating func timestamp(_ at: AtModifier?) {
        key("timestamp")
        if case .time(let time)? = at { integer(Int(time.millis)) } else { null() }
    }

    fileprivate mutating func selector(_ node: VectorSelector, window: DurationValue?) {
        key("matchers")
        array { json in
            for matcher in node.selector.matchers {
                json.object { json in
                    json.member("name", matcher.name)
                    json.member("type", matcher.op.rawValue)
                    json.member("value", matcher.value)
                }
            }
        }
        member("name", node.name ?? "")
        millis("offset", node.offset)
        if let window { millis("range", window) }
        start(node.at)
        timestamp(node.at)
        member("type", window == nil ? "vectorSelector" : "matrixSelector")
    }

    fileprivate mutating func subquery(_ node: Subquery) {
        tree("expr", node.expression)
        millis("offset", node.offset)
        millis("range", node.window)
        start(node.at)
        millis("step", node.step)
        timestamp(node.at)
        member("type", "subquery")
    }

    fileprivate mutating func call(_ node: Call) {
        key("args")
        array { json in
            for argument in node.arguments { writeQueryTree(argument, into: &json) }
        }
        let signature = node.function.signature
        let repeated = signature.repeated.map { [$0] } ?? []
        key("func")
        object { json in
            json.texts(
                "argTypes",
                (signature.required + signature.optional + repeated).map(\.rawValue))
            json.member("name", node.function.rawValue)
            json.member("returnType", signature.returns.rawValue)
            json.member(
                "variadic", integer: repeated.isEmpty ? signature.optional.count : -1)
        }
        member("type", "call")
    }

    fileprivate mutating func aggregate(_ node: Aggregate) {
        tree("expr", node.expression)
        texts("grouping", node.grouping)
        member("op", node.op.rawValue)
        tree("param", node.parameter)
        member("type", "aggregation")
        member("without", bool: node.isWithout)
    }

    fileprivate mutating func binary(_ node: BinaryExpression) {
        member("bool", bool: node.returnsBool)
        tree("lhs", node.left)
        key("matching")
        if let matching = node.matching {
            object { json in
                json.member("card", matching.cardinality.rawValue)
                json.texts("include", matching.include)
                json.texts("labels", matching.labels)
                json.member("on", bool: matching.isOn)
            }
        } else {
            null()
        }
        member("op", node.op.rawValue)
        tree("rhs", node.right)
        member("type", "binaryExpr")
    }
}

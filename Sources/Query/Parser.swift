internal import Model
internal import Text

// A precedence-climbing parser over the lexer's tokens. What it returns is checked: types,
// numbers of arguments, modifiers in their places. Recursion happens once for each level of
// nesting and is bounded by `QueryLimits.depthMax`, and so is the height of the tree it makes
// (`1 + 1 + 1 ...` nests without any parenthesis), since evaluating, printing and freeing it
// recurse too. Checks of a node are made where the node is made; errors point at bytes.

/// Parses one expression.
struct Parser {
    let query: String
    let features: QueryFeatures
    let tokens: [Token]
    let bytes: [UInt8]
    var index = 0
    /// Within `info(...)`, whose label selector may select everything.
    var allowsEmptyMatchers = false
    private var depth = 0

    /// The longest query, in bytes.
    static let bytesMax = 256 << 10
    /// The most levels of nesting.
    static let depthMax = 200

    /// An expression and the height of its tree.
    struct Node {
        var expression: Expression
        var height: Int

        init(_ expression: Expression, _ height: Int = 1) {
            self.expression = expression
            self.height = height
        }

        var type: ValueType { expression.type }
        var range: SourceRange { expression.range }
    }

    init(_ query: String, _ features: QueryFeatures) throws(ParseError) {
        guard query.utf8.count <= Self.bytesMax else {
            throw ParseError(
                query, SourceRange(0, 0), "the query is longer than \(Self.bytesMax) bytes",
                hint: "split it with recording rules")
        }
        self.query = query
        self.features = features
        tokens = try Lexer.tokens(of: query)
        bytes = Array(query.utf8)
    }

    /// The whole query.
    mutating func parse() throws(ParseError) -> Expression {
        guard next.kind != .end else {
            throw error(next.range, ParseError.noExpression)
        }
        let node = try expression()
        guard next.kind == .end else { throw unexpected("an operator or the end of the query") }
        return node.expression
    }

    // MARK: Tokens

    var next: Token { tokens[index] }

    var previousEnd: Int { index > 0 ? tokens[index - 1].range.end : 0 }

    func token(after count: Int) -> Token { tokens[min(index + count, tokens.count - 1)] }

    func text(_ token: Token) -> String {
        String(decoding: bytes[token.range.start..<token.range.end], as: UTF8.self)
    }

    /// An identifier in small letters, as keywords are compared; empty for anything else.
    func keyword(_ token: Token) -> String {
        token.kind == .identifier ? text(token).lowercased() : ""
    }

    mutating func take(_ kind: TokenKind) -> Bool {
        guard next.kind == kind else { return false }
        index += 1
        return true
    }

    mutating func takeKeyword(_ word: String) -> Bool {
        guard keyword(next) == word else { return false }
        index += 1
        return true
    }

    mutating func expect(_ kind: TokenKind, _ what: String) throws(ParseError) {
        guard take(kind) else { throw unexpected(what) }
    }

    func error(
        _ range: SourceRange, _ what: String, expected: String? = nil, hint: String? = nil
    ) -> ParseError {
        ParseError(query, range, what, expected: expected, hint: hint)
    }

    func unexpected(_ expected: String) -> ParseError {
        let found =
            next.kind == .end ? "unexpected end of input" : "unexpected \"\(text(next))\""
        return error(next.range, found, expected: expected)
    }

    // MARK: Operators

    /// An expression whose operators bind at least as tight as `precedence`.
    mutating func expression(_ precedence: Int = 1) throws(ParseError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else { throw tooDeep(next.range) }
        var left = try unary()
        while let op = binaryOperator(next), op.precedence >= precedence {
            index += 1
            let modifiers = try operatorModifiers(op)
            let right = try expression(op == .pow ? op.precedence : op.precedence + 1)
            left = try binary(op, modifiers, left, right)
        }
        return left
    }

    func tooDeep(_ range: SourceRange) -> ParseError {
        error(
            range, "expression is nested deeper than \(Self.depthMax) levels",
            hint: "split it with recording rules")
    }

    /// A node over others, if the tree does not grow too high.
    func node(_ expression: Expression, over nodes: Node...) throws(ParseError) -> Node {
        let height = 1 + (nodes.map(\.height).max() ?? 0)
        guard height <= Self.depthMax else { throw tooDeep(expression.range) }
        return Node(expression, height)
    }

    private func binaryOperator(_ token: Token) -> BinaryOperator? {
        switch token.kind {
        case .add: .add
        case .sub: .sub
        case .mul: .mul
        case .div: .div
        case .mod: .mod
        case .pow: .pow
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessEqual: .lessEqual
        case .greater: .greater
        case .greaterEqual: .greaterEqual
        case .identifier:
            switch keyword(token) {
            case "and": .and
            case "or": .or
            case "unless": .unless
            case "atan2": .atan2
            default: nil
            }
        default: nil
        }
    }

    /// `-x` binds tighter than `*`, and looser than `^`.
    private mutating func unary() throws(ParseError) -> Node {
        let sign = next
        guard sign.kind == .sub || sign.kind == .add else { return try postfix() }
        index += 1
        let operand = try expression(BinaryOperator.pow.precedence)
        let range = sign.range.through(operand.range)
        if case .number(var literal) = operand.expression {
            if sign.kind == .sub { literal.value = -literal.value }
            literal.range = range
            return Node(.number(literal))
        }
        guard operand.type == .scalar || operand.type == .vector else {
            throw error(
                range,
                "unary expression only allowed on expressions of type scalar or instant vector, "
                    + "got \"\(operand.type.documented)\"")
        }
        return try node(
            .unary(
                UnaryExpression(
                    isNegative: sign.kind == .sub, expression: operand.expression, range: range)),
            over: operand)
    }
}

public import Model
public import Text

/// The type of an expression's value.
public enum ValueType: String, Hashable, Sendable {
    case scalar = "scalar"
    case vector = "vector"
    case matrix = "matrix"
    case string = "string"

    /// As the documentation calls it.
    public var documented: String {
        switch self {
        case .scalar: "scalar"
        case .vector: "instant vector"
        case .matrix: "range vector"
        case .string: "string"
        }
    }
}

/// A PromQL expression that has been parsed and checked; its depth is bounded by the parser.
public indirect enum Expression: Hashable, Sendable {
    case number(NumberLiteral)
    case string(StringLiteral)
    case vector(VectorSelector)
    case matrix(MatrixSelector)
    case subquery(Subquery)
    case call(Call)
    case aggregate(Aggregate)
    case binary(BinaryExpression)
    case unary(UnaryExpression)
    case paren(Expression, SourceRange)
}

/// A number, or a duration used as a number of seconds.
public struct NumberLiteral: Hashable, Sendable {
    public var value: Double
    /// Written with units: `5m` is 300.
    public var isDuration: Bool
    public var range: SourceRange
}

/// A text; bytes, since Go's escapes can make what is no UTF-8.
public struct StringLiteral: Hashable, Sendable {
    public var bytes: [UInt8]
    public var range: SourceRange

    /// The text, repaired where it is no UTF-8.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A length of time; what it was computed from, when it was an expression.
public struct DurationValue: Hashable, Sendable {
    public var span: TimeSpan
    /// The duration expression in PromQL's notation, nil for a literal.
    public var notation: String?
}

/// The `@` modifier.
public enum AtModifier: Hashable, Sendable {
    case time(Timestamp)
    case start
    case end
}

/// An instant vector selector.
public struct VectorSelector: Hashable, Sendable {
    /// The name before the braces.
    public var name: String?
    /// All conditions, the name's last.
    public var selector: Selector
    public var offset: DurationValue?
    public var at: AtModifier?
    public var range: SourceRange
}

/// A range vector selector.
public struct MatrixSelector: Hashable, Sendable {
    public var vector: VectorSelector
    public var window: DurationValue
    public var range: SourceRange
}

/// An expression evaluated over a range.
public struct Subquery: Hashable, Sendable {
    public var expression: Expression
    public var window: DurationValue
    /// Nil: the evaluation interval of the server.
    public var step: DurationValue?
    public var offset: DurationValue?
    public var at: AtModifier?
    public var range: SourceRange
}

/// A function call.
public struct Call: Hashable, Sendable {
    public var function: Function
    public var arguments: [Expression]
    public var range: SourceRange
}

/// An aggregation.
public struct Aggregate: Hashable, Sendable {
    public var op: AggregationOperator
    public var parameter: Expression?
    public var expression: Expression
    public var grouping: [String]
    public var isWithout: Bool
    public var range: SourceRange
}

/// What aggregates many series to one for each group.
public enum AggregationOperator: String, Hashable, Sendable, CaseIterable {
    case avg, bottomk, count, group, max, min, quantile, stddev, stdvar, sum, topk
    case countValues = "count_values"
    case limitk
    case limitRatio = "limit_ratio"

    /// What `parameter` must be; nil when there is none.
    var parameterType: ValueType? {
        switch self {
        case .bottomk, .topk, .quantile, .limitk, .limitRatio: .scalar
        case .countValues: .string
        case .avg, .count, .group, .max, .min, .stddev, .stdvar, .sum: nil
        }
    }

    /// Behind `promql-experimental-functions`.
    public var isExperimental: Bool { self == .limitk || self == .limitRatio }

    /// Whether it picks series instead of folding them.
    var picks: Bool {
        self == .topk || self == .bottomk || self == .limitk || self == .limitRatio
    }
}

/// A binary operator.
public enum BinaryOperator: String, Hashable, Sendable, CaseIterable {
    case add = "+"
    case sub = "-"
    case mul = "*"
    case div = "/"
    case mod = "%"
    case pow = "^"
    case atan2 = "atan2"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessEqual = "<="
    case greater = ">"
    case greaterEqual = ">="
    case and = "and"
    case or = "or"
    case unless = "unless"

    /// The higher binds tighter.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual: 3
        case .add, .sub: 4
        case .mul, .div, .mod, .atan2: 5
        case .pow: 6
        }
    }

    /// Whether it compares.
    public var isComparison: Bool { precedence == 3 }
    /// Whether it works on sets of series.
    public var isSetOperator: Bool { precedence <= 2 }
}

/// Which series of the two sides belong together.
public struct VectorMatching: Hashable, Sendable {
    /// How many of one side may match one of the other.
    public enum Cardinality: String, Hashable, Sendable {
        case oneToOne = "one-to-one"
        case manyToOne = "many-to-one"
        case oneToMany = "one-to-many"
        case manyToMany = "many-to-many"
    }

    public var cardinality = Cardinality.oneToOne
    public var labels: [String] = []
    /// `on` rather than `ignoring`.
    public var isOn = false
    /// The labels that `group_left` or `group_right` takes over.
    public var include: [String] = []
}

/// Two expressions and an operator.
public struct BinaryExpression: Hashable, Sendable {
    public var op: BinaryOperator
    public var left: Expression
    public var right: Expression
    /// Nil unless both sides are vectors.
    public var matching: VectorMatching?
    public var returnsBool: Bool
    public var range: SourceRange
}

/// `-x` or `+x`.
public struct UnaryExpression: Hashable, Sendable {
    public var isNegative: Bool
    public var expression: Expression
    public var range: SourceRange
}

extension Expression {
    /// Where it stands in its query.
    public var range: SourceRange {
        switch self {
        case .number(let node): node.range
        case .string(let node): node.range
        case .vector(let node): node.range
        case .matrix(let node): node.range
        case .subquery(let node): node.range
        case .call(let node): node.range
        case .aggregate(let node): node.range
        case .binary(let node): node.range
        case .unary(let node): node.range
        case .paren(_, let range): range
        }
    }

    /// What it evaluates to.
    public var type: ValueType {
        switch self {
        case .number: .scalar
        case .string: .string
        case .vector, .aggregate: .vector
        case .matrix, .subquery: .matrix
        case .call(let node): node.function.signature.returns
        case .binary(let node):
            node.left.type == .scalar && node.right.type == .scalar ? .scalar : .vector
        case .unary(let node): node.expression.type
        case .paren(let inner, _): inner.type
        }
    }

    /// Without the parentheses around it.
    public var unwrapped: Expression {
        var inner = self
        while case .paren(let next, _) = inner { inner = next }
        return inner
    }

    /// The expressions directly inside.
    public var children: [Expression] {
        switch self {
        case .number, .string, .vector, .matrix: []
        case .subquery(let node): [node.expression]
        case .call(let node): node.arguments
        case .aggregate(let node):
            node.parameter.map { [$0, node.expression] } ?? [node.expression]
        case .binary(let node): [node.left, node.right]
        case .unary(let node): [node.expression]
        case .paren(let inner, _): [inner]
        }
    }
}

internal import CMath
internal import Model
internal import Text

// Whether an alert can ever fire, by interval arithmetic: for each expression the interval that its
// values lie in whatever the data, or that there are none. `absent` gives 1, `rate` nothing below
// 0, a part divided by its whole nothing above 1; a comparison keeps what of the interval passes.
// Where nothing is known the interval is everything, so that what is found is sure.

/// The values that an expression can have.
struct ValueBounds: Hashable {
    var low: Double
    var high: Double
    /// The end itself is no value.
    var lowIsOpen = false
    var highIsOpen = false

    static let anything = ValueBounds(low: -.infinity, high: .infinity)
    static let nonNegative = ValueBounds(low: 0, high: .infinity)
    static let ratio = ValueBounds(low: 0, high: 1)
    static func exactly(_ value: Double) -> ValueBounds { ValueBounds(low: value, high: value) }

    var isExact: Bool { low == high }

    /// Nil when there is no value in both.
    func meeting(_ other: ValueBounds) -> ValueBounds? {
        var met = self
        if other.low > low || (other.low == low && other.lowIsOpen) {
            (met.low, met.lowIsOpen) = (other.low, other.lowIsOpen)
        }
        if other.high < high || (other.high == high && other.highIsOpen) {
            (met.high, met.highIsOpen) = (other.high, other.highIsOpen)
        }
        if met.low < met.high { return met }
        return met.low == met.high && !met.lowIsOpen && !met.highIsOpen ? met : nil
    }

    func joining(_ other: ValueBounds) -> ValueBounds {
        ValueBounds(low: min(low, other.low), high: max(high, other.high))
    }

    var described: String {
        if isExact { return "always \(goNumber(low))" }
        if low == -.infinity { return "at most \(goNumber(high))" }
        if high == .infinity { return "at least \(goNumber(low))" }
        return "within \(goNumber(low)) and \(goNumber(high))"
    }
}

extension RuleLook {
    mutating func checkCondition(_ reader: inout BoundsReader) {
        guard case .alert = rule.kind else { return }
        reader.reason = nil
        guard reader.bounds(rule.query.expression) == nil else { return }
        let reason = reader.reason
        add(
            .neverFires, reason?.range ?? rule.query.expression.range,
            "this alert never fires: " + (reason?.what ?? "its expression has no values"),
            reason?.fix ?? "change the comparison")
    }
}

/// Reads bounds off expressions.
struct BoundsReader {
    private let lint: RuleLint
    /// Rules under way: one may read itself.
    private var open: Set<String> = []
    /// Of what rules record: each is looked at once.
    private var known: [String: ValueBounds] = [:]
    /// The longest chain of rules that read each other.
    private static let openMax = 32
    /// Why the innermost expression without values has none.
    var reason: (range: SourceRange, what: String, fix: String)?

    init(_ lint: RuleLint) { self.lint = lint }

    /// The bounds of an expression's values; nil when it never has one.
    mutating func bounds(_ expression: Expression) -> ValueBounds? {
        switch expression.unwrapped {
        case .number(let node): return .exactly(node.value)
        case .string, .paren: return .anything
        case .vector(let node): return bounds(node)
        case .matrix(let node): return bounds(node.vector)
        case .subquery(let node): return bounds(node.expression)
        case .unary(let node):
            guard let inner = bounds(node.expression) else { return nil }
            return node.isNegative ? ValueBounds.exactly(0).minus(inner) : inner
        case .aggregate(let node): return bounds(node)
        case .call(let node): return bounds(node)
        case .binary(let node): return bounds(node)
        }
    }

    private mutating func bounds(_ node: VectorSelector) -> ValueBounds? {
        guard let name = node.selector.metricName else { return .anything }
        if name == "up" || name == "probe_success" { return .ratio }
        if name == "ALERTS" { return .exactly(1) }
        if let bounds = known[name] { return bounds }
        guard let makers = lint.recorded[name], open.count < Self.openMax,
            open.insert(name).inserted
        else { return .anything }
        defer { open.remove(name) }
        let outer = reason
        defer { reason = outer }
        var all: ValueBounds?
        for maker in makers {
            guard let one = bounds(maker.rule.query.expression) else { continue }
            all = all?.joining(one) ?? one
        }
        // A rule that never records is that rule's fault; its series may come from elsewhere.
        known[name] = all ?? .anything
        return known[name]
    }

    private mutating func bounds(_ node: Aggregate) -> ValueBounds? {
        guard let inner = bounds(node.expression) else { return nil }
        switch node.op {
        case .group: return .exactly(1)
        case .count, .countValues: return ValueBounds(low: 1, high: .infinity)
        case .stddev, .stdvar: return .nonNegative
        case .sum: return inner.low >= 0 ? .nonNegative : inner.high <= 0 ? inner.sum : .anything
        case .quantile: return .anything
        case .avg, .min, .max, .topk, .bottomk, .limitk, .limitRatio: return inner.closed
        }
    }

    // MARK: Operators

    private mutating func bounds(_ node: BinaryExpression) -> ValueBounds? {
        switch node.op {
        case .and: return conjunction(node)
        case .or:
            let outer = reason
            let (left, right) = (bounds(node.left), bounds(node.right))
            // One side is enough.
            if left != nil || right != nil { reason = outer }
            guard let left else { return right }
            return right.map { left.joining($0) } ?? left
        case .unless:
            let left = bounds(node.left)
            let outer = reason
            _ = bounds(node.right)
            reason = outer
            return left
        default: break
        }
        if node.op == .div, node.isShare { return .ratio }
        guard let left = bounds(node.left), let right = bounds(node.right) else { return nil }
        if node.op.isComparison { return comparison(node, left, right) }
        switch node.op {
        case .add: return left.plus(right)
        case .sub: return left.minus(right)
        case .mul: return left.times(right)
        case .div: return left.divided(by: right)
        case .pow:
            return left.isExact && right.isExact ? .exactly(power(left.low, right.low)) : .anything
        default: return .anything
        }
    }

    private mutating func comparison(
        _ node: BinaryExpression, _ left: ValueBounds, _ right: ValueBounds
    ) -> ValueBounds? {
        // Between two numbers there is always `bool`.
        if node.returnsBool { return .ratio }
        // The vector's values are kept, on whichever side it stands.
        let isSwapped = node.left.type == .scalar
        let (kept, limit) = isSwapped ? (right, left) : (left, right)
        let op = isSwapped ? node.op.swapped : node.op
        let passed = kept.filtered(op, limit)
        if passed == nil, reason == nil {
            let side = (isSwapped ? node.right : node.left).unwrapped.description
            let isLong = side.utf8.count > 48
            let name = isLong ? "the \(isSwapped ? "right" : "left") side" : side
            let bounds = kept == .anything ? "" : "\(kept.described), "
            let other = limit.isExact || limit.low.isNaN ? goNumber(limit.low) : limit.described
            reason = (
                node.range, "\(name) is \(bounds)never \(op.rawValue) \(other)",
                "change the comparison"
            )
        }
        return passed
    }

    /// Conditions on one expression must have a value in common.
    private mutating func conjunction(_ node: BinaryExpression) -> ValueBounds? {
        guard let left = bounds(node.left), let right = bounds(node.right) else { return nil }
        guard let matching = node.matching, !matching.isOn, matching.labels.isEmpty,
            let first = core(node.left), let second = core(node.right), first == second
        else { return left }
        guard let met = left.meeting(right) else {
            reason = (
                node.range,
                "no value of \(first) meets both \(node.left.unwrapped) and "
                    + "\(node.right.unwrapped)",
                "one of the two comparisons is the wrong way round"
            )
            return nil
        }
        return met
    }

    /// What a chain of comparisons with numbers is about; nil when it is something else.
    private func core(_ expression: Expression) -> String? {
        switch expression.unwrapped {
        case .binary(let node):
            guard !node.returnsBool else { return nil }
            if node.op == .and { return core(node.left) }
            guard node.op.isComparison else { return expression.unwrapped.description }
            if node.right.type == .scalar { return core(node.left) }
            return node.left.type == .scalar ? core(node.right) : nil
        default: return expression.unwrapped.description
        }
    }

    // MARK: Functions

    private mutating func bounds(_ node: Call) -> ValueBounds? {
        switch node.function {
        case .absent, .absentOverTime, .presentOverTime: return .exactly(1)
        case .pi: return .exactly(.pi)
        case .time, .timestamp, .scalar, .year:
            return node.function == .scalar ? .anything : .nonNegative
        default: break
        }
        // Everything else has values only where its vector has some.
        var inner = ValueBounds.anything
        for argument in node.arguments where argument.type != .string {
            guard let one = bounds(argument) else { return nil }
            if argument.type != .scalar || node.arguments.count == 1 { inner = one }
        }
        return node.function.bounds(of: inner)
    }
}

extension Function {
    /// The bounds of its values, of those of its vector.
    fileprivate func bounds(of inner: ValueBounds) -> ValueBounds {
        switch self {
        case .rate, .increase, .irate: return inner.low >= 0 ? .nonNegative : .counter
        case .changes, .resets, .stddevOverTime, .stdvarOverTime, .madOverTime, .abs, .sqrt, .exp,
            .histogramCount, .histogramStddev, .histogramStdvar:
            return .nonNegative
        case .countOverTime: return ValueBounds(low: 1, high: .infinity)
        case .histogramFraction: return .ratio
        case .sgn, .sin, .cos, .tanh: return ValueBounds(low: -1, high: 1)
        case .hour: return ValueBounds(low: 0, high: 23)
        case .minute: return ValueBounds(low: 0, high: 59)
        case .month: return ValueBounds(low: 1, high: 12)
        case .dayOfMonth, .daysInMonth: return ValueBounds(low: 1, high: 31)
        case .dayOfWeek: return ValueBounds(low: 0, high: 6)
        case .dayOfYear: return ValueBounds(low: 1, high: 366)
        case .vector, .sort, .sortDesc, .sortByLabel, .sortByLabelDesc, .labelReplace, .labelJoin,
            .info:
            return inner
        case .avgOverTime, .minOverTime, .maxOverTime, .lastOverTime: return inner.closed
        case .sumOverTime: return inner.low >= 0 ? .nonNegative : .anything
        default: return .anything
        }
    }
}

import Model
import Query
import Text

// What a query counts, read back from PromQL: a sum of increases of counters, such as
//
//     sum by (a) (rate(x_count[W])) - (sum by (a) (rate(x_bucket{le="1"}[W])) or vector(0))
//
// is +x_count -x_bucket{le="1"} by (a). Anything else is no count, and says where it stops being
// one.

/// A sum of counters' increases over one window.
struct EventCount {
    /// A counter that is added, or taken away.
    struct Term: Equatable {
        var isAdded: Bool
        var selector: CounterSelector
    }

    var terms: [Term]
    /// Labels that split it; nil for one number.
    var by: [String]
    /// `rate`, `increase`, or the raw counter: both sides of a ratio must agree.
    var measure: Measure
    /// A missing side counts as none: `or vector(0)`.
    var isGuarded = false

    enum Measure: Equatable {
        case rate, increase, raw
    }
}

/// Why a query is no count.
struct ShapeFault: Error {
    var what: String
    var part: Expression
}

extension EventCount {
    /// Reads a count over `window`. With `window` nil, bare selectors count: what a peer says is a
    /// cumulative counter.
    init(_ expression: Expression, over window: TimeSpan?) throws(ShapeFault) {
        self = try Self.read(expression, window)
        simplify()
    }

    private static func read(
        _ expression: Expression, _ window: TimeSpan?
    ) throws(ShapeFault) -> EventCount {
        switch expression.unwrapped {
        case .aggregate(let sum): return try read(sum, expression, window)
        case .binary(let pair): return try read(pair, expression, window)
        case .call(let call) where [.rate, .increase, .irate].contains(call.function):
            throw ShapeFault(
                what: "\(call.function.rawValue)() without a sum gives one number a series",
                part: expression)
        case .vector(let vector) where window == nil:
            return EventCount(
                terms: [Term(isAdded: true, selector: try counter(vector, expression))], by: [],
                measure: .raw)
        default: throw ShapeFault(what: "this is no sum of increases", part: expression)
        }
    }

    private static func read(
        _ sum: Aggregate, _ whole: Expression, _ window: TimeSpan?
    ) throws(ShapeFault) -> EventCount {
        guard sum.op == .sum else {
            throw ShapeFault(what: "\(sum.op.rawValue)() is no sum", part: whole)
        }
        guard !sum.isWithout else {
            throw ShapeFault(what: "sum without () leaves the other labels open", part: whole)
        }
        switch sum.expression.unwrapped {
        case .call(let call) where [.rate, .increase].contains(call.function):
            guard let window, case .matrix(let range)? = call.arguments.first?.unwrapped else {
                throw ShapeFault(what: "this is no increase of a counter", part: whole)
            }
            guard range.window.span == window else {
                throw ShapeFault(
                    what: "the range [\(range.window)] is not the window", part: call.arguments[0])
            }
            let selector = try counter(range.vector, call.arguments[0])
            return EventCount(
                terms: [Term(isAdded: true, selector: selector)], by: sum.grouping,
                measure: call.function == .rate ? .rate : .increase)
        default:
            var inner = try read(sum.expression, window)
            inner.by = sum.grouping
            return inner
        }
    }

    private static func read(
        _ pair: BinaryExpression, _ whole: Expression, _ window: TimeSpan?
    ) throws(ShapeFault) -> EventCount {
        if pair.op == .or {
            var left = try read(pair.left, window)
            guard isZero(pair.right) else {
                throw ShapeFault(what: "\"or\" with something other than 0", part: pair.right)
            }
            left.isGuarded = true
            return left
        }
        guard pair.op == .add || pair.op == .sub else {
            throw ShapeFault(what: "\"\(pair.op.rawValue)\" is no count", part: whole)
        }
        var left = try read(pair.left, window)
        let right = try read(pair.right, window)
        guard Set(left.by) == Set(right.by) else {
            throw ShapeFault(what: "both sides are split by other labels", part: whole)
        }
        guard left.measure == right.measure else {
            throw ShapeFault(what: "rate() and increase() are mixed", part: whole)
        }
        left.terms += right.terms.map { term in
            Term(isAdded: term.isAdded == (pair.op == .add), selector: term.selector)
        }
        left.isGuarded = left.isGuarded || right.isGuarded
        return left
    }

    /// `vector(0)`, `0`, or anything times 0.
    private static func isZero(_ expression: Expression) -> Bool {
        switch expression.unwrapped {
        case .number(let number): number.value == 0
        case .call(let call):
            call.function == .vector && call.arguments.first.map(isZero) == true
        case .binary(let pair): pair.op == .mul && (isZero(pair.left) || isZero(pair.right))
        case .aggregate(let sum): sum.op == .sum && isZero(sum.expression)
        default: false
        }
    }

    private static func counter(
        _ vector: VectorSelector, _ part: Expression
    ) throws(ShapeFault) -> CounterSelector {
        guard vector.offset == nil, vector.at == nil else {
            throw ShapeFault(what: "offset and @ look at another time", part: part)
        }
        return CounterSelector(vector.selector)
    }

    /// Cancels what is added and taken away, and joins two counters that differ in one label's
    /// condition and its opposite: errors plus the rest is everything.
    private mutating func simplify() {
        while let (first, second, joined) = firstReduction() {
            terms.remove(at: max(first, second))
            if let joined {
                terms[min(first, second)].selector = joined
            } else {
                terms.remove(at: min(first, second))
            }
        }
    }

    private func firstReduction() -> (Int, Int, CounterSelector?)? {
        for first in terms.indices {
            for second in terms.indices.dropFirst(first + 1) {
                let (left, right) = (terms[first], terms[second])
                if left.isAdded != right.isAdded {
                    if left.selector == right.selector { return (first, second, nil) }
                } else if let joined = left.selector.joined(with: right.selector) {
                    return (first, second, joined)
                }
            }
        }
        return nil
    }

    /// The one counter it is, if it is one.
    var single: CounterSelector? {
        terms.count == 1 && terms[0].isAdded ? terms[0].selector : nil
    }

    /// What is taken from `total`, when that is what it is: `total - good`.
    func taken(from total: CounterSelector) -> CounterSelector? {
        guard terms.count == 2, let added = terms.first(where: \.isAdded),
            let taken = terms.first(where: { !$0.isAdded }), added.selector == total
        else { return nil }
        return taken.selector
    }
}

import Model
import Query
import Text

// An alert over burn rates, read back:
//
//     (ratio5m > (14.4 * 0.001) and ratio1h > (14.4 * 0.001)) or (ratio30m > ... and ratio6h > ...)
//
// Aggregations around a side say nothing here: the ratio is one number a group.

/// A side of an alert: a recorded ratio against a number.
struct BurnSide {
    var selector: CounterSelector
    /// The factor, when the number is a product.
    var factor: Double?
    /// What the ratio must exceed.
    var threshold: Double
}

/// The alternatives of an alert, each a list of sides that must hold together.
struct BurnCondition {
    private(set) var alternatives: [[BurnSide]] = []

    /// What it can read of an alert's expression; nothing of one that is no such alert.
    init(_ expression: Expression) {
        collect(expression)
    }

    private mutating func collect(_ expression: Expression) {
        if case .binary(let pair) = expression.unwrapped, pair.op == .or {
            collect(pair.left)
            collect(pair.right)
        } else {
            let sides = Self.sides(expression)
            if !sides.isEmpty { alternatives.append(sides) }
        }
    }

    private static func sides(_ expression: Expression) -> [BurnSide] {
        switch expression.unwrapped {
        case .binary(let pair) where pair.op == .and:
            return sides(pair.left) + sides(pair.right)
        case .binary(let pair) where pair.op == .greater || pair.op == .greaterEqual:
            guard let selector = ratio(pair.left), let threshold = value(pair.right) else {
                return []
            }
            return [
                BurnSide(selector: selector, factor: factor(pair.right), threshold: threshold)
            ]
        case .aggregate(let aggregate): return sides(aggregate.expression)
        case .number, .string, .vector, .matrix, .subquery, .call, .binary, .unary, .paren:
            return []
        }
    }

    private static func ratio(_ expression: Expression) -> CounterSelector? {
        switch expression.unwrapped {
        case .vector(let vector): CounterSelector(vector.selector)
        case .aggregate(let aggregate): ratio(aggregate.expression)
        case .number, .string, .matrix, .subquery, .call, .binary, .unary, .paren: nil
        }
    }

    /// A number that is written as arithmetic.
    static func value(_ expression: Expression) -> Double? {
        switch expression.unwrapped {
        case .number(let number): return number.value
        case .call(let call) where call.function == .vector:
            return call.arguments.first.flatMap(value)
        case .binary(let pair):
            guard let left = value(pair.left), let right = value(pair.right) else { return nil }
            switch pair.op {
            case .add: return left + right
            case .sub: return left - right
            case .mul: return left * right
            case .div: return left / right
            default: return nil
            }
        case .string, .vector, .matrix, .subquery, .call, .aggregate, .unary, .paren: return nil
        }
    }

    /// The factor in `factor * budget`: the larger of the two.
    private static func factor(_ expression: Expression) -> Double? {
        guard case .binary(let pair) = expression.unwrapped, pair.op == .mul,
            let left = value(pair.left), let right = value(pair.right)
        else { return nil }
        return max(left, right)
    }
}

import Model
import Query
import Text

// Ratios of time rather than of events: the mean of a gauge that is 1 when all is well.
//
//     1 - avg_over_time(up[W])      (count_over_time(up[W]) - sum_over_time(up[W])) / count_...

/// A gauge of 0 and 1 whose mean over the window a query takes.
struct GaugeShape {
    var selector: CounterSelector
    var by: [String]

    /// Nil for what is no share of time in which a gauge was not 1.
    init?(badShare expression: Expression, over window: TimeSpan) {
        guard case .binary(let pair) = expression.unwrapped else { return nil }
        var found: GaugeShape?
        if pair.op == .sub, case .number(let one) = pair.left.unwrapped, one.value == 1 {
            found = GaugeShape(mean: pair.right, over: window)
        } else if pair.op == .div, case .binary(let rest) = pair.left.unwrapped, rest.op == .sub,
            let count = GaugeShape(.countOverTime, rest.left, window),
            let sum = GaugeShape(.sumOverTime, rest.right, window),
            count.selector == sum.selector
        {
            found = sum
        }
        guard let found, Self.isYesOrNo(found.selector.metric ?? "") else { return nil }
        self = found
    }

    private init?(mean expression: Expression, over window: TimeSpan) {
        switch expression.unwrapped {
        case .binary(let pair) where pair.op == .div:
            guard let sum = GaugeShape(.sumOverTime, pair.left, window),
                let count = GaugeShape(.countOverTime, pair.right, window),
                count.selector == sum.selector
            else { return nil }
            self = sum
        case .aggregate, .call:
            guard let found = GaugeShape(.avgOverTime, expression, window) else { return nil }
            self = found
        case .number, .string, .vector, .matrix, .subquery, .binary, .unary, .paren: return nil
        }
    }

    /// `function(gauge[W])`, aggregated or not.
    private init?(_ function: Function, _ expression: Expression, _ window: TimeSpan) {
        switch expression.unwrapped {
        case .aggregate(let aggregate):
            guard !aggregate.isWithout, [.sum, .avg, .min, .max].contains(aggregate.op),
                let inner = GaugeShape(function, aggregate.expression, window)
            else { return nil }
            self = inner
            by = aggregate.grouping
        case .call(let call):
            guard call.function == function,
                case .matrix(let range)? = call.arguments.first?.unwrapped,
                range.window.span == window, range.vector.offset == nil, range.vector.at == nil
            else { return nil }
            selector = CounterSelector(range.vector.selector)
            by = []
        case .number, .string, .vector, .matrix, .subquery, .binary, .unary, .paren: return nil
        }
    }

    /// Only such a gauge's mean is a share of time; another's is a mean.
    private static func isYesOrNo(_ metric: String) -> Bool {
        let endings = ["up", "success", "healthy", "ready", "available", "alive"]
        return endings.contains { metric == $0 || metric.hasSuffix("_" + $0) }
    }

    /// As an SLI, with what that changes.
    var shape: RatioShape {
        RatioShape(
            sli: .threshold(metric: selector.notation, op: "atLeast", value: "1"), by: by,
            isUnguarded: false,
            differences: [
                Difference(
                    .sli,
                    "the mean of the gauge's samples there; here each minute counts once, and is "
                        + "bad when the gauge was below 1 in it")
            ])
    }
}

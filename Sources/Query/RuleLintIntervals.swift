internal import Model
internal import Text

// Arithmetic on intervals, and when one expression is a part of another. Ends that floating point
// cannot hold exactly are not rounded outward: the comparison that follows has a literal, which was
// rounded as well.

extension ValueBounds {
    /// Counters do not fall: what falls is taken for a reset.
    static let counter = nonNegative

    /// With its ends as values.
    var closed: ValueBounds { ValueBounds(low: low, high: high) }
    /// Of any number of such values that are not positive.
    var sum: ValueBounds { ValueBounds(low: -.infinity, high: 0) }

    func plus(_ other: Self) -> Self {
        ValueBounds(
            low: low + other.low, high: high + other.high,
            lowIsOpen: lowIsOpen || other.lowIsOpen, highIsOpen: highIsOpen || other.highIsOpen
        ).checked
    }

    func minus(_ other: Self) -> Self {
        ValueBounds(
            low: low - other.high, high: high - other.low,
            lowIsOpen: lowIsOpen || other.highIsOpen, highIsOpen: highIsOpen || other.lowIsOpen
        ).checked
    }

    func times(_ other: Self) -> Self {
        let ends = [low * other.low, low * other.high, high * other.low, high * other.high]
        guard !ends.contains(where: \.isNaN) else {
            return low >= 0 && other.low >= 0 ? .nonNegative : .anything
        }
        return ValueBounds(low: ends.min() ?? 0, high: ends.max() ?? 0)
    }

    func divided(by other: Self) -> Self {
        if other.isExact, other.low != 0 {
            let ends = [low / other.low, high / other.low]
            return ValueBounds(low: min(ends[0], ends[1]), high: max(ends[0], ends[1])).checked
        }
        return low >= 0 && other.low >= 0 ? .nonNegative : .anything
    }

    /// Infinite ends may cancel out to no number.
    private var checked: Self { low.isNaN || high.isNaN ? .anything : self }

    /// What passes a comparison with something within a limit; nil when nothing does.
    func filtered(_ op: BinaryOperator, _ limit: Self) -> Self? {
        // Nothing compares with NaN; everything differs from it.
        if low.isNaN || limit.low.isNaN { return op == .notEqual ? self : nil }
        switch op {
        case .greater:
            return meeting(ValueBounds(low: limit.low, high: .infinity, lowIsOpen: true))
        case .greaterEqual:
            return meeting(
                ValueBounds(low: limit.low, high: .infinity, lowIsOpen: limit.lowIsOpen))
        case .less:
            return meeting(ValueBounds(low: -.infinity, high: limit.high, highIsOpen: true))
        case .lessEqual:
            return meeting(
                ValueBounds(low: -.infinity, high: limit.high, highIsOpen: limit.highIsOpen))
        case .equal: return meeting(limit)
        case .notEqual: return isExact && limit.isExact && low == limit.low ? nil : self
        default: return self
        }
    }
}

extension BinaryOperator {
    /// The comparison as seen from the other side.
    var swapped: BinaryOperator {
        switch self {
        case .less: .greater
        case .lessEqual: .greaterEqual
        case .greater: .less
        case .greaterEqual: .lessEqual
        default: self
        }
    }
}

extension BinaryExpression {
    /// A division of a part by its whole: the left side counts some of what the right side counts.
    var isShare: Bool {
        guard matching != nil else { return false }
        return left.isPart(of: right)
    }
}

extension Expression {
    /// Whether it counts some of the events that another counts, over the same time.
    fileprivate func isPart(of whole: Expression) -> Bool {
        switch (unwrapped, whole.unwrapped) {
        case (.binary(let node), _) where node.op == .or && node.right.isZero:
            return node.left.isPart(of: whole)
        case (.aggregate(let part), .aggregate(let all)):
            let isGrouped =
                part.isWithout == all.isWithout
                && (part.isWithout
                    ? Set(part.grouping) == Set(all.grouping)
                    : Set(part.grouping).isSuperset(of: all.grouping))
            guard isGrouped, part.op == all.op else { return false }
            switch part.op {
            case .sum: return part.expression.isPart(of: all.expression)
            case .count:
                guard case .vector(let left) = part.expression.unwrapped,
                    case .vector(let right) = all.expression.unwrapped
                else { return false }
                return left.isPart(of: right)
            default: return false
            }
        case (.call(let part), .call(let all)):
            guard part.function == all.function, [.rate, .increase].contains(part.function),
                case .matrix(let left)? = part.arguments.first?.unwrapped,
                case .matrix(let right)? = all.arguments.first?.unwrapped
            else { return false }
            return left.window.span == right.window.span && left.vector.isPart(of: right.vector)
        default: return false
        }
    }

    private var isZero: Bool {
        switch unwrapped {
        case .number(let node): node.value == 0
        case .call(let node): node.function == .vector && node.arguments.allSatisfy(\.isZero)
        case .binary(let node): node.op == .mul && (node.left.isZero || node.right.isZero)
        default: false
        }
    }
}

extension VectorSelector {
    /// The same series at the same time with more conditions, or a bucket of a histogram's count.
    fileprivate func isPart(of whole: VectorSelector) -> Bool {
        guard let name = selector.metricName, let other = whole.selector.metricName,
            offset?.span ?? .zero == whole.offset?.span ?? .zero, at == whole.at
        else { return false }
        let isMetric: (Matcher) -> Bool = { $0.name == Labels.metricName }
        let mine = Set(selector.matchers.filter { !isMetric($0) })
        let theirs = Set(whole.selector.matchers.filter { !isMetric($0) })
        if name == other { return mine.isSuperset(of: theirs) }
        guard name.hasSuffix("_bucket"), other.hasSuffix("_count"),
            name.dropLast("_bucket".count) == other.dropLast("_count".count)
        else { return false }
        return mine.contains { $0.name == "le" && $0.op == .equal } && mine.isSuperset(of: theirs)
    }
}

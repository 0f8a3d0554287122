import Model
import Query
import Text

/// A ratio of events, read back from PromQL.
struct RatioShape {
    var sli: NativeSLI
    var by: [String]
    /// The peer shows no data while no bad (or good) series exists.
    var isUnguarded: Bool
    var differences: [Difference] = []
}

extension RatioShape {
    /// From two counts: all events, and the bad or the good ones.
    init(
        counted: EventCount, isBad: Bool, total: EventCount, part: Expression
    ) throws(ShapeFault) {
        guard Set(counted.by) == Set(total.by) else {
            throw ShapeFault(
                what: "the two counts are split by other labels (\(list(counted.by)) and "
                    + "\(list(total.by)))", part: part)
        }
        guard counted.measure == total.measure else {
            throw ShapeFault(what: "rate() over increase() is no ratio of events", part: part)
        }
        guard let all = total.single else {
            throw ShapeFault(what: "the total is no single selector", part: part)
        }
        by = total.by
        isUnguarded = !counted.isGuarded
        if let one = counted.single {
            sli = Self.sli(one, isBad: isBad, total: all)
        } else if let other = counted.taken(from: all) {
            sli = Self.sli(other, isBad: !isBad, total: all)
        } else {
            throw ShapeFault(
                what: "the \(isBad ? "bad" : "good") events are no single selector", part: part)
        }
        if case .events(_, let selector, let total) = sli, selector == total {
            throw ShapeFault(what: "both counts select the same series", part: part)
        }
    }

    private static func sli(
        _ counted: CounterSelector, isBad: Bool, total: CounterSelector
    ) -> NativeSLI {
        if !isBad, let latency = counted.latency(of: total) { return latency }
        return .events(
            counted: isBad ? "bad" : "good", selector: counted.notation, total: total.notation)
    }

    /// From one expression: `bad / total`, `1 - good / total`, `(total - good) / total`.
    init(_ expression: Expression, isErrorRatio: Bool, over window: TimeSpan?) throws(ShapeFault) {
        guard case .binary(let pair) = expression.unwrapped else {
            throw ShapeFault(what: "this is no ratio of two counts", part: expression)
        }
        if pair.op == .sub, case .number(let one) = pair.left.unwrapped, one.value == 1 {
            self = try RatioShape(pair.right, isErrorRatio: !isErrorRatio, over: window)
            return
        }
        guard pair.op == .div else {
            throw ShapeFault(what: "this is no ratio of two counts", part: expression)
        }
        let counted = try EventCount(pair.left, over: window)
        let total = try EventCount(pair.right, over: window)
        try self.init(counted: counted, isBad: isErrorRatio, total: total, part: expression)
    }
}

private func list(_ labels: [String]) -> String {
    labels.isEmpty ? "no label" : labels.joined(separator: ", ")
}

/// A bucket's bound as a limit: a duration when the histogram's name ends in its unit and it is
/// whole milliseconds, else a number in the histogram's own unit. Nil for what is no bound.
func latencyLimit(histogram: String, bound: String) -> String? {
    guard let value = Double(bound), value.isFinite, value > 0 else { return nil }
    let millis: Double
    if histogram.hasSuffix("_seconds") {
        millis = value * 1000
    } else if histogram.hasSuffix("_milliseconds") || histogram.hasSuffix("_ms") {
        millis = value
    } else {
        return plainNumber(value)
    }
    // 0.29 s are 289.99999999999994 ms.
    guard abs(millis - millis.rounded()) <= 1e-12 * millis, millis < 1e12,
        let whole = Int64(exactly: millis.rounded()), whole > 0
    else { return plainNumber(value) }
    return TimeSpan.milliseconds(whole).description
}

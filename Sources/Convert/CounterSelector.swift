import Model
import Text

/// A selector as a set of conditions, so that two notations of the same series are equal.
struct CounterSelector: Equatable {
    /// The metric's name when one condition says it equals it.
    var metric: String?
    /// All other conditions, sorted, each once.
    private(set) var matchers: [Matcher]

    init(_ selector: Selector) {
        self.init(selector.matchers)
    }

    init(_ all: [Matcher]) {
        let named = all.first { $0.name == Labels.metricName && $0.op == .equal }
        metric = named?.value
        matchers = []
        for matcher in all.sorted(by: Self.precedes)
        where matcher != named && matchers.last != matcher {
            matchers.append(matcher)
        }
        if metric?.hasSuffix("_bucket") == true, bound == "+Inf", let histogram {
            // The last bucket holds every event.
            metric = histogram + "_count"
            matchers.removeAll { $0.name == "le" }
        }
    }

    private static func precedes(_ left: Matcher, _ right: Matcher) -> Bool {
        if left.name != right.name { return left.name < right.name }
        if left.op != right.op { return left.op.rawValue < right.op.rawValue }
        return left.value < right.value
    }

    /// In PromQL's notation, conditions in their order. `le` is written so that `1` finds `1.0`.
    var notation: String {
        let shown = matchers.map { matcher -> String in
            let name = isPlainName(matcher.name) ? matcher.name : quoted(matcher.name)
            if matcher.name == "le", matcher.op == .equal, let other = Self.twin(matcher.value) {
                let either = [matcher.value, other].sorted { $0.utf8.count < $1.utf8.count }
                let pattern = either.map { $0.replacing(".", with: "\\.") }.joined(separator: "|")
                return name + "=~" + quoted(pattern)
            }
            return name + matcher.op.rawValue + quoted(matcher.value)
        }
        if let metric, isPlainName(metric, withColons: true) {
            return metric + (shown.isEmpty ? "" : "{" + shown.joined(separator: ", ") + "}")
        }
        let name = metric.map { [quoted($0)] } ?? []
        return "{" + (name + shown).joined(separator: ", ") + "}"
    }

    /// `1` for `1.0` and the other way round: which of them stands in `le` depends on the client.
    private static func twin(_ bound: String) -> String? {
        if bound.hasSuffix(".0") { return String(bound.dropLast(2)) }
        return !bound.isEmpty && bound.utf8.allSatisfy { (48...57).contains($0) }
            ? bound + ".0" : nil
    }

    /// With one more condition.
    mutating func add(_ matcher: Matcher) {
        matchers.append(matcher)
        matchers.sort(by: Self.precedes)
    }

    /// The selector of another series of this histogram.
    func named(suffix: String) -> String {
        var other = self
        other.metric = (metric ?? "") + suffix
        return other.notation
    }

    /// Without the conditions on a label.
    func dropping(_ label: String) -> CounterSelector {
        var rest = self
        rest.matchers.removeAll { $0.name == label }
        return rest
    }

    /// Both together, when they differ in one label's condition only and that is the other's
    /// opposite (`code=~"5.."` and `code!~"5.."`).
    func joined(with other: CounterSelector) -> CounterSelector? {
        guard metric == other.metric, matchers.count == other.matchers.count else { return nil }
        let mine = matchers.filter { !other.matchers.contains($0) }
        let others = other.matchers.filter { !matchers.contains($0) }
        guard mine.count == 1, others.count == 1, mine[0].name == others[0].name,
            mine[0].value == others[0].value, mine[0].op.opposite == others[0].op
        else { return nil }
        var both = self
        both.matchers.removeAll { $0 == mine[0] }
        return both
    }

    // MARK: Histograms

    /// The histogram whose bucket or count this is.
    var histogram: String? {
        for suffix in ["_bucket", "_count"] where metric?.hasSuffix(suffix) == true {
            return metric.map { String($0.dropLast(suffix.utf8.count)) }
        }
        return nil
    }

    /// The one bound that `le` selects: `0.25`, `+Inf`. Also for `1(\.0)?` and `1|1\.0`.
    var bound: String? {
        let conditions = matchers.filter { $0.name == "le" }
        guard conditions.count == 1, let condition = conditions.first else { return nil }
        switch condition.op {
        case .equal:
            return Double(condition.value) != nil || condition.value == "+Inf"
                ? condition.value : nil
        case .matches:
            let plain = condition.value
                .replacing("(\\.0)?", with: "").replacing("(?:\\.0)?", with: "")
                .replacing("(.0)?", with: "").replacing("\\.", with: ".")
            let bounds = plain.split(separator: "|").map { Double($0) }
            guard let first = bounds.first, let first, bounds.allSatisfy({ $0 == first }) else {
                return nil
            }
            return String(plain.split(separator: "|")[0])
        case .notEqual, .notMatches: return nil
        }
    }

    /// The latency SLI that it is, when this is a bucket of the histogram whose count `total` is,
    /// and selects no more.
    func latency(of total: CounterSelector) -> NativeSLI? {
        guard metric?.hasSuffix("_bucket") == true, total.metric?.hasSuffix("_count") == true,
            let histogram, histogram == total.histogram, let bound,
            let below = latencyLimit(histogram: histogram, bound: bound)
        else { return nil }
        var good = dropping("le")
        guard total.matchers.allSatisfy(good.matchers.contains) else { return nil }
        good.metric = histogram
        return .latency(
            histogram: good.notation,
            total: good.matchers == total.matchers ? nil : total.notation, below: below)
    }
}

extension Matcher.Operator {
    /// What holds where this does not.
    fileprivate var opposite: Matcher.Operator {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .matches: .notMatches
        case .notMatches: .matches
        }
    }
}

/// Whether a name needs no quotes in PromQL.
func isPlainName(_ name: String, withColons: Bool = false) -> Bool {
    guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || byte == UInt8(ascii: "_") || (withColons && byte == UInt8(ascii: ":"))
    }
}

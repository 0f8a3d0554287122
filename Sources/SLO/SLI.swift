public import Model
public import Runs
public import Text
public import Traces

/// What a good event is.
public enum SLI: Hashable, Sendable {
    case events(EventSLI)
    case latency(LatencySLI)
    case freshness(FreshnessSLI)
    case threshold(ThresholdSLI)
    case composite(CompositeSLI)
    case query(QuerySLI)
    case probe(ProbeSLI)
    case runs(RunRule)
    case spans(SpanRule)

    /// Whether its events are minutes, each good or bad: no draws of chance, so no evidence test.
    public var isTimeSliced: Bool {
        switch self {
        case .freshness, .threshold, .composite: true
        case .events, .latency, .query, .probe, .runs, .spans: false
        }
    }
}

/// Counters of all events and of the bad, or the good, ones.
public struct EventSLI: Hashable, Sendable {
    /// Which events are selected beside the total.
    public enum Counted: Hashable, Sendable { case bad, good }

    public let counted: Counted
    /// The series of the bad, or good, events.
    public let selector: Selector
    public let total: Selector
    /// The other buckets of a histogram of which one is counted: their falls show its resets.
    let witnesses: [Selector]

    public init(counted: Counted, selector: Selector, total: Selector) {
        self.counted = counted
        self.selector = selector
        self.total = total
        var found: [Selector] = []
        for one in [total, selector] {
            guard let name = one.metricName, name.hasSuffix("_bucket"),
                one.matchers.contains(where: { $0.name == "le" }), let all = one.renamed(name),
                !found.contains(all)
            else { continue }
            found.append(all)
        }
        witnesses = found
    }
}

/// Events of a histogram, good when they took no longer than a bound.
public struct LatencySLI: Hashable, Sendable {
    /// The good events are among these: the histogram's name without a suffix, and matchers.
    public let histogram: Selector
    /// All events, of the same name; more matchers of `histogram` make the others bad.
    public let total: Selector
    /// As the file has it: "250ms".
    public let below: String
    /// The same in the histogram's unit.
    public let bound: Double

    // What follows from them.
    let goodBuckets: Selector
    let totalBuckets: Selector
    let totalCount: Selector

    /// Nil for a selector without a name, or with an expression that does not compile.
    public init?(histogram: Selector, total: Selector?, below: String, bound: Double) {
        let total = total ?? histogram
        guard let name = histogram.metricName, total.metricName == name,
            let goodBuckets = histogram.renamed(name + "_bucket"),
            let totalBuckets = total.renamed(name + "_bucket"),
            let totalCount = total.renamed(name + "_count")
        else { return nil }
        self.histogram = histogram
        self.total = total
        self.below = below
        self.bound = bound
        self.goodBuckets = goodBuckets
        self.totalBuckets = totalBuckets
        self.totalCount = totalCount
    }

    /// The histogram's name.
    public var name: String { histogram.metricName ?? "" }
}

/// How the samples of one minute, of one or many series, make it good or bad.
public enum SliceRule: UInt8, Hashable, Sendable {
    /// One bad sample makes it bad.
    case worst = 1
    /// One good sample makes it good.
    case any = 2
}

/// Minutes in which a time, shown by a gauge, was not too long ago.
public struct FreshnessSLI: Hashable, Sendable {
    public let timestamp: Selector
    public let within: TimeSpan
    /// Of the gauge's unit in a second: 1, or 1000 for milliseconds.
    public let unitsPerSecond: Double
    public let rule: SliceRule
}

/// Minutes in which a gauge was where it should be.
public struct ThresholdSLI: Hashable, Sendable {
    /// Good is a value that is ... the threshold.
    public enum Comparison: UInt8, CaseIterable, Hashable, Sendable {
        case below = 1
        case atMost, above, atLeast

        /// As files have it.
        public var word: String {
            switch self {
            case .below: "below"
            case .atMost: "atMost"
            case .above: "above"
            case .atLeast: "atLeast"
            }
        }

        func holds(_ value: Double, _ threshold: Double) -> Bool {
            switch self {
            case .below: value < threshold
            case .atMost: value <= threshold
            case .above: value > threshold
            case .atLeast: value >= threshold
            }
        }
    }

    public let metric: Selector
    public let comparison: Comparison
    public let value: Double
    public let rule: SliceRule
}

/// Minutes judged over several SLOs.
public struct CompositeSLI: Hashable, Sendable {
    /// How the members' minutes make one.
    public enum Mode: UInt8, Hashable, Sendable {
        /// Bad when one member's is.
        case joint = 1
        /// Bad by the weight of those that are.
        case weighted = 2
    }

    /// One SLO of it.
    public struct Member: Hashable, Sendable {
        public let service: String
        public let name: String
        public let weight: Double

        /// "service/name".
        public var key: String { service + "/" + name }
    }

    public let mode: Mode
    public let members: [Member]
}

/// Events that PromQL counts, for what no counter does.
public struct QuerySLI: Hashable, Sendable {
    public let counted: EventSLI.Counted
    /// How many bad, or good, events an interval of evaluation had.
    public let query: String
    public let total: String
}

/// Requests that the agent makes itself.
public struct ProbeSLI: Hashable, Sendable {
    /// What is asked for, and what a good answer is.
    public var request: ProbeRequest
    public var interval: TimeSpan
}

extension Selector {
    /// The same matchers with another metric name and without `le`.
    func renamed(_ name: String) -> Selector? {
        let rest = matchers.filter { $0.name != Labels.metricName && $0.name != "le" }
        let all = [Matcher(Labels.metricName, .equal, name)] + rest
        // The expressions compiled before; the bound on their number cannot be passed now.
        return try? Selector(all)
    }
}

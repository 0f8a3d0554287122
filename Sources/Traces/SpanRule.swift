public import Model
public import Text

// Which spans an SLO counts, and which of them are bad. Attributes are labels here, by their label
// names, so that the conditions are selectors like any others.

/// What an SLO of kind `spans` counts.
public struct SpanRule: Hashable, Sendable {
    /// Which spans of a trace count.
    public enum Scope: UInt8, CaseIterable, Hashable, Sendable {
        /// Requests as a service received them: once per service that a request goes through.
        case entry = 1
        /// Those without a parent: once per trace.
        case root
        case all

        /// As files have it.
        public var word: String {
            switch self {
            case .entry: "entry"
            case .root: "root"
            case .all: "all"
            }
        }
    }

    public var selector: Selector
    public var scope: Scope
    /// A span that one of them selects is bad.
    public var bad: [Selector]
    /// A span that one of them selects does not count.
    public var excluded: [Selector]
    /// Longer is bad; in nanoseconds.
    public var nanosMax: UInt64?
    /// The same as the file has it.
    public var below: String

    public init(
        selector: Selector, scope: Scope, bad: [Selector], excluded: [Selector],
        nanosMax: UInt64? = nil, below: String = ""
    ) {
        self.selector = selector
        self.scope = scope
        self.bad = bad
        self.excluded = excluded
        self.nanosMax = nanosMax
        self.below = below
    }

    /// Errors, by the span's status or HTTP's.
    public static let badTexts = [
        #"{status_code="STATUS_CODE_ERROR"}"#, #"{http_response_status_code=~"5.."}"#,
    ]
    /// What its caller gave up.
    public static let excludedTexts = [
        #"{http_response_status_code="499"}"#,
        #"{rpc_response_status_code=~"1|CANCELLED|CANCELED"}"#,
    ]

    /// What spans of these labels are, whatever they took; nil when they do not count.
    func isBad(_ labels: Labels) -> Bool? {
        guard selector.matches(labels), !excluded.contains(where: { $0.matches(labels) }) else {
            return nil
        }
        return bad.contains { $0.matches(labels) }
    }

    /// Attributes that it looks at.
    var names: [String] {
        ([selector] + bad + excluded).flatMap(\.matchers).map(\.name)
            .filter { !SpanLabelNames.all.contains($0) }
    }
}

/// An SLO of kind `spans`, as far as counting goes.
public struct SpanObjective: Hashable, Sendable {
    public let service: String
    public let name: String
    /// Labels that split it into groups.
    public let by: [String]
    public let rule: SpanRule

    public init(service: String, name: String, by: [String], rule: SpanRule) {
        self.service = service
        self.name = name
        self.by = by
        self.rule = rule
    }
}

enum SpanLabelNames {
    static let all = ["service", "span_name", "span_kind", "status_code"]
}

/// How spans are taken in.
public struct SpanSettings: Hashable, Sendable {
    /// How long after its end a span may come, and its duplicates are known.
    public var window = TimeSpan.minutes(10)
    /// Of the keys of spans that were counted.
    public var keyBytes = 256 << 20
    /// Attributes that are labels of `traces_spanmetrics_*` beside those of every span.
    public var dimensions: [String] = []
    /// Bounds of the latency's buckets, nanoseconds, ascending; those of SLOs are added.
    public var bounds: [UInt64] = (0..<14).map { 2_000_000 << UInt64($0) }
    /// Label sets of `traces_spanmetrics_*`; 0 switches them off. Further ones share one.
    public var classesMax = 2000
    /// Of traces that are kept to look at; 0 keeps none.
    public var traceBytes = 32 << 20

    public init() {}
}

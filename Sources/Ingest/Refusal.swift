public import Wire

/// Why a sample was not stored. The rest of its request is.
public enum Refusal: Hashable, Sendable {
    case labels(LabelFault)
    /// The series is new and the limit of active series is reached.
    case seriesLimit
    /// The series is new and its namespace has reached its limit.
    case namespaceLimit
    case outOfOrder
    /// Another value was stored for the same series and time.
    case conflict
    /// More than ten minutes ahead of the agent's clock.
    case tooFarAhead
    /// Zero or negative.
    case outOfBounds
    /// Native histograms are not stored by this version.
    case histogram

    /// Every reason, in the order of the counters. The log holds them by their place, so new ones
    /// go to the end.
    public static let all: [Refusal] = [
        .labels(.malformed), .labels(.missingMetricName), .labels(.emptyName),
        .labels(.duplicateName), .labels(.invalidUTF8), .labels(.tooMany), .labels(.tooLong),
        .seriesLimit, .namespaceLimit, .outOfOrder, .conflict, .tooFarAhead, .outOfBounds,
        .histogram, .labels(.badReference),
    ]

    /// Whether a limit shed it, and not a fault of the sample's.
    public var isLimit: Bool { self == .seriesLimit || self == .namespaceLimit }

    /// A stable word: the `reason` label of metrics, and part of the reply.
    public var word: String {
        switch self {
        case .labels(let fault): fault.rawValue
        case .seriesLimit: "series_limit"
        case .namespaceLimit: "namespace_series_limit"
        case .outOfOrder: "out_of_order"
        case .conflict: "duplicate_timestamp"
        case .tooFarAhead: "too_far_ahead"
        case .outOfBounds: "out_of_bounds"
        case .histogram: "native_histogram"
        }
    }

    /// What to tell the sender.
    public var advice: String {
        switch self {
        case .labels(.malformed): "labels do not decode"
        case .labels(.missingMetricName): "series without __name__"
        case .labels(.emptyName): "empty label name"
        case .labels(.duplicateName): "duplicate label name"
        case .labels(.invalidUTF8): "label is not valid UTF-8"
        case .labels(.tooMany): "too many labels; see limits.labelsPerSeries"
        case .labels(.tooLong): "label name or value too long"
        case .labels(.badReference): "reference outside the symbols, or label without a value"
        case .seriesLimit: "new series over the limit; see limits.series"
        case .namespaceLimit:
            "new series over its namespace's limit; see limits.seriesPerNamespace"
        case .outOfOrder: "out of order sample"
        case .conflict: "duplicate sample for timestamp"
        case .tooFarAhead: "timestamp more than 10 minutes ahead; check the sender's clock"
        case .outOfBounds: "timestamp out of bounds"
        case .histogram: "native histograms are not supported"
        }
    }
}

/// What became of one request's samples: `received = stored + duplicates + sum of refused`.
public struct WriteTally: Sendable {
    public internal(set) var stored = 0
    public internal(set) var duplicates = 0
    /// Parallel to `Refusal.all`.
    public internal(set) var refused: [Int]
    /// The first refused series of each reason, for the reply; not part of the log.
    public internal(set) var examples: [(refusal: Refusal, series: String)] = []

    public init() { refused = Array(repeating: 0, count: Refusal.all.count) }

    public var refusedTotal: Int { refused.reduce(0, +) }
    /// Samples of the request that are in the store now. A duplicate is one of them: a sender that
    /// repeats a request whose answer was lost has to hear the same again, and less than it sent is
    /// an alarm at its end (https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/, "Retries
    /// & Backoff" and "Required Written Response Headers").
    public var written: Int { stored + duplicates }
    /// Whether the request was stored as a whole. A series can be refused that has no sample.
    public var isWhole: Bool { examples.isEmpty && refusedTotal == 0 }

    /// Samples of new series that a limit shed: the sender may have more luck later.
    public var shedTotal: Int {
        zip(Refusal.all, refused).reduce(0) { $0 + ($1.0.isLimit ? $1.1 : 0) }
    }
    /// Whether limits shed all that was refused.
    public var isShedOnly: Bool {
        shedTotal == refusedTotal && examples.allSatisfy { $0.refusal.isLimit }
    }

    static let indexes: [Refusal: Int] = Dictionary(
        uniqueKeysWithValues: Refusal.all.enumerated().map { ($1, $0) })

    mutating func refuse(_ refusal: Refusal, count: Int = 1) {
        guard let index = Self.indexes[refusal] else { return }
        refused[index] += count
    }

    /// Adds another request's figures.
    public mutating func add(_ other: WriteTally) {
        stored += other.stored
        duplicates += other.duplicates
        for index in refused.indices { refused[index] += other.refused[index] }
    }
}

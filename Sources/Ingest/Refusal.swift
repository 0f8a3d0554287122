public import Model
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
    case histogram(HistogramFault)
    case exemplar(ExemplarFault)
    /// Older than the series' newest exemplar.
    case exemplarOutOfOrder
    /// More exemplars in one body than are taken.
    case tooManyExemplars
    case metadata(MetadataFault)

    /// Every reason, in the order of the counters. The log holds them by their words.
    public static let all: [Refusal] =
        LabelFault.allCases.map { .labels($0) }
        + [
            .seriesLimit, .namespaceLimit, .outOfOrder, .conflict, .tooFarAhead, .outOfBounds,
            .exemplarOutOfOrder, .tooManyExemplars,
        ]
        + HistogramFault.allCases.map { .histogram($0) }
        + ExemplarFault.allCases.map { .exemplar($0) }
        + MetadataFault.allCases.map { .metadata($0) }

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
        case .histogram(let fault): fault.rawValue
        case .exemplar(let fault): fault.rawValue
        case .exemplarOutOfOrder: "exemplar_out_of_order"
        case .tooManyExemplars: "too_many_exemplars"
        case .metadata(let fault): fault.rawValue
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
        case .seriesLimit:
            "new series over the limit; see limits.series and pitot_series_numbers_used"
        case .namespaceLimit:
            "new series over its namespace's limit; see limits.seriesPerNamespace"
        case .outOfOrder: "out of order sample"
        case .conflict: "duplicate sample for timestamp"
        case .tooFarAhead: "timestamp more than 10 minutes ahead; check the sender's clock"
        case .outOfBounds: "timestamp out of bounds"
        case .histogram(let fault): fault.advice
        case .exemplar(let fault): fault.advice
        case .exemplarOutOfOrder: "exemplar older than its series' newest"
        case .tooManyExemplars: "too many exemplars in one body; send smaller batches"
        case .metadata(let fault): fault.advice
        }
    }
}

/// What became of one request's samples: `received = stored + duplicates + sum of refused`.
public struct WriteTally: Sendable {
    public internal(set) var stored = 0
    public internal(set) var duplicates = 0
    /// Native histograms and exemplars, likewise.
    public internal(set) var histograms = 0
    public internal(set) var histogramDuplicates = 0
    public internal(set) var exemplars = 0
    public internal(set) var exemplarDuplicates = 0
    /// Of what was refused, what the reply does not mind.
    public internal(set) var lenient = 0
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
    public var histogramsWritten: Int { histograms + histogramDuplicates }
    public var exemplarsWritten: Int { exemplars + exemplarDuplicates }
    /// Whether the request was stored as a whole. A series can be refused that has no sample.
    public var isWhole: Bool { examples.isEmpty && refusedTotal == lenient }

    /// Samples of new series that a limit shed: the sender may have more luck later.
    public var shedTotal: Int {
        zip(Refusal.all, refused).reduce(0) { $0 + ($1.0.isLimit ? $1.1 : 0) }
    }
    /// Whether limits shed all that was refused.
    public var isShedOnly: Bool {
        shedTotal == refusedTotal - lenient && examples.allSatisfy { $0.refusal.isLimit }
    }

    /// The places of the words.
    static let wordIndexes: [String: Int] = Dictionary(
        uniqueKeysWithValues: Refusal.all.enumerated().map { ($1.word, $0) })

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
        histograms += other.histograms
        histogramDuplicates += other.histogramDuplicates
        exemplars += other.exemplars
        exemplarDuplicates += other.exemplarDuplicates
        for index in refused.indices { refused[index] += other.refused[index] }
    }
}

/// What the index knows a label block by: a seeded 128-bit hash of its bytes (DESIGN §3.1).
///
/// Byte-identical blocks have the same key. It is a cache key, not an identity: two encodings of
/// one label set have two keys and resolve to one series. The seed is random per process, so a
/// sender cannot choose collisions.
public struct SeriesKey: Hashable, Sendable {
    public let low: UInt64
    public let high: UInt64

    @inlinable public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Of a series whose references leave the symbols. Stands for no series and is never
    /// remembered; another block has it by chance once in 2^128.
    static let unresolvable = SeriesKey(low: 0, high: 0)
}

/// The secret of `SeriesKey`. Server draws it at start; tests fix it.
public struct HashSeed: Hashable, Sendable {
    public let low: UInt64
    public let high: UInt64

    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// One time series of a request: where its labels stand and which samples are its own.
public struct SeriesBlock: Hashable, Sendable {
    public let key: SeriesKey
    /// Range of `WriteBatch.bytes`, to be read as `WriteBatch.labelForm` says.
    public let labelsStart: UInt32
    public let labelsEnd: UInt32
    /// Range of the sample columns.
    public let samplesStart: UInt32
    public let samplesEnd: UInt32

    public var labels: Range<Int> { Int(labelsStart)..<Int(labelsEnd) }
    public var samples: Range<Int> { Int(samplesStart)..<Int(samplesEnd) }
}

/// A string of a remote write 2.0 request.
struct Symbol: Sendable {
    /// Of its text, by the request's seed.
    let key: SeriesKey
    /// Range of `WriteBatch.bytes`.
    let start: UInt32
    let end: UInt32

    var text: Range<Int> { Int(start)..<Int(end) }
}

/// What a label block is made of.
enum LabelForm: Sendable {
    /// Remote write 1.0: protobuf `Label` fields, each with its tag 0x0a.
    case fields
    /// Remote write 2.0: varints, each the number of one of these symbols; name, value, name ...
    case references([Symbol])
}

/// A decoded write request: flat columns over the body's own bytes. Labels are looked at only for
/// series that are new; of samples nothing is validated beyond the protobuf, of histograms and
/// exemplars all is, and what is wrong with one stands beside it.
public struct WriteBatch: Sendable {
    public internal(set) var bytes: [UInt8] = []
    public internal(set) var series: [SeriesBlock] = []
    /// Milliseconds since the epoch, one per sample.
    public internal(set) var timestamps: [Int64] = []
    public internal(set) var values: [Double] = []
    /// When the sample's counter began, in milliseconds; 0 where it is not said. Parallel to the
    /// samples, or empty when none says it.
    public internal(set) var starts: [Int64] = []
    var labelForm = LabelForm.fields
    /// Native histograms in the order of the body: those of one series are neighbours, and the
    /// series' numbers do not decrease.
    public internal(set) var histograms: [HistogramEntry] = []
    /// In the order of the body, as `histograms`.
    public internal(set) var exemplars: [ExemplarEntry] = []
    /// In the order of the body; of remote write 2.0 at most one per series.
    public internal(set) var metadata: [MetadataEntry] = []
    /// Exemplars past `WireLimits.exemplars`, which are not kept.
    public internal(set) var exemplarsOverLimit = 0
    /// Metadata past `WireLimits.metadata`, which is not kept.
    public internal(set) var metadataOverLimit = 0
    /// Memory of the histograms' spans, counts and bounds.
    var histogramBytes = 0

    public init() {}

    /// Appends the start of the sample about to be appended.
    mutating func appendStart(_ start: Int64) {
        if starts.isEmpty { fillStarts() }
        starts.append(start)
    }

    /// Gives a start to the samples from `first` on, and to the last series' histograms, that have
    /// none of their own.
    mutating func start(_ start: Int64, from first: Int) {
        if first < timestamps.count {
            if starts.isEmpty { fillStarts() }
            for index in first..<timestamps.count where starts[index] == 0 {
                starts[index] = start
            }
        }
        var index = histograms.count - 1
        while index >= 0, histograms[index].series == UInt32(series.count) {
            if histograms[index].start == 0 { histograms[index].start = start }
            index -= 1
        }
    }

    private mutating func fillStarts() {
        starts.reserveCapacity(timestamps.capacity)
        starts.append(contentsOf: repeatElement(0, count: timestamps.count))
    }
}

/// Caps of one request body; each is checked before memory is taken for what it counts.
public struct WireLimits: Hashable, Sendable {
    /// Decoded bytes. Prometheus caps at 32 MiB too.
    public var bodyBytes: Int
    public var series: Int
    public var samples: Int
    /// Strings of a remote write 2.0 request; 24 bytes each are kept while it is handled.
    public var symbols: Int
    /// Native histograms; about 120 bytes each, besides `histogramBytes`.
    public var histograms = 100_000
    /// Memory of all histograms' spans, counts and bounds, 8 bytes each.
    public var histogramBytes = 32 << 20
    /// Counts and custom bounds of one histogram; more make it faulty. Senders keep to 320.
    public var bucketsPerHistogram = 4096
    /// Spans of one histogram; more make it faulty.
    public var spansPerHistogram = 1024
    /// Exemplars; what is over is counted and left out. At most 600 bytes each.
    public var exemplars = 50_000
    /// Entries of metadata, 48 bytes each; what is over is counted and left out.
    public var metadata = 500_000
    /// Of one metric; more is a fault of the entry.
    public var familyBytes = 1024
    public var helpBytes = 8192
    public var unitBytes = 256

    public static let standard = WireLimits(
        bodyBytes: 32 << 20, series: 500_000, samples: 1_000_000)

    public init(bodyBytes: Int, series: Int, samples: Int, symbols: Int = 1_000_000) {
        self.bodyBytes = bodyBytes
        self.series = series
        self.samples = samples
        self.symbols = symbols
    }
}

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
    /// Range of `WriteBatch.bytes`: protobuf `Label` fields, each with its tag 0x0a.
    public let labelsStart: UInt32
    public let labelsEnd: UInt32
    /// Range of the sample columns.
    public let samplesStart: UInt32
    public let samplesEnd: UInt32

    public var labels: Range<Int> { Int(labelsStart)..<Int(labelsEnd) }
    public var samples: Range<Int> { Int(samplesStart)..<Int(samplesEnd) }
}

/// A decoded write request: flat columns over the body's own bytes. Nothing in it is validated
/// beyond the protobuf; labels are looked at only for series that are new.
public struct WriteBatch: Sendable {
    public internal(set) var bytes: [UInt8] = []
    public internal(set) var series: [SeriesBlock] = []
    /// Milliseconds since the epoch, one per sample.
    public internal(set) var timestamps: [Int64] = []
    public internal(set) var values: [Double] = []
    /// Samples this version does not store.
    public internal(set) var histograms = 0
    public internal(set) var exemplars = 0
    public internal(set) var metadata = 0

    public init() {}
}

/// Caps of one request body; each is checked before memory is taken for what it counts.
public struct WireLimits: Hashable, Sendable {
    /// Decoded bytes. Prometheus caps at 32 MiB too.
    public var bodyBytes: Int
    public var series: Int
    public var samples: Int

    public static let standard = WireLimits(
        bodyBytes: 32 << 20, series: 500_000, samples: 1_000_000)

    public init(bodyBytes: Int, series: Int, samples: Int) {
        self.bodyBytes = bodyBytes
        self.series = series
        self.samples = samples
    }
}

public import Ingest
public import Model

// A history is what a back-test plays: label sets, numbered in its own order, and their samples.
// Where it comes from (a recording, a data folder, a Prometheus, a file) is for the shell.

/// Samples that arrived together, as a recording holds them.
public struct HistoryBatch: Sendable {
    /// When they arrived.
    public var now: Timestamp
    /// Series, in the history's numbering; parallel to `times` and `values`.
    public var numbers: [UInt32] = []
    /// Milliseconds since the epoch.
    public var times: [Int64] = []
    public var values: [Double] = []
    /// Starts of counters that were news, by the sample that told them.
    public var starts: [StartNote] = []
    /// Their `id` is the history's number.
    public var histograms: [ResolvedHistogram] = []

    /// A batch without samples.
    public init(now: Timestamp) { self.now = now }

    /// Samples of any kind.
    public var count: Int { numbers.count + histograms.count }
}

/// What happened, in order.
public enum HistoryEvent: Sendable {
    /// Series that take the next numbers.
    case series([Labels])
    case batch(HistoryBatch)
    /// The agent that recorded was started anew: its silence before says nothing.
    case restarted(Timestamp)
}

/// The samples of one series over a stretch of time, ascending.
public struct HistoryColumn: Sendable {
    /// In the history's numbering.
    public var number: UInt32
    public var times: [Timestamp]
    public var values: [Double]
    public var histograms: [(time: Timestamp, histogram: Histogram)] = []

    /// A column; `times` and `values` are parallel.
    public init(number: UInt32, times: [Timestamp] = [], values: [Double] = []) {
        self.number = number
        self.times = times
        self.values = values
    }
}

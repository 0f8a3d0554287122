public import Model

/// The newest sample of a series.
public struct SeriesTail: Hashable, Sendable {
    public var time: Timestamp
    public var value: Double

    /// No sample yet.
    public static let none = SeriesTail(time: .distantPast, value: 0)

    public var isEmpty: Bool { time == .distantPast }
}

/// What became of an appended sample.
public enum AppendOutcome: Hashable, Sendable {
    /// Stored; `previous` is the series' newest sample until then.
    case stored(previous: SeriesTail)
    /// The same time and value again: nothing to do.
    case duplicate
    /// Another value for the newest time; the first one stays.
    case conflict
    /// Older than the newest sample.
    case outOfOrder
}

/// The series and their newest samples. Numbers are dense and never reused (DESIGN §4.5).
///
/// It keeps one sample a series and takes samples in order only.
public struct SeriesStore: Sendable {
    private var labelsByID: [Labels] = []
    private var tails: [SeriesTail] = []
    private var idByLabels: [Labels: SeriesID] = [:]
    private var keys = KeyTable()

    public init() {}

    public var count: Int { labelsByID.count }

    public func labels(of id: SeriesID) -> Labels { labelsByID[Int(id.index)] }
    public func tail(of id: SeriesID) -> SeriesTail { tails[Int(id.index)] }

    /// The series last seen under this key of a label block. O(1).
    @inlinable public func find(low: UInt64, high: UInt64) -> SeriesID? {
        id(low: low, high: high)
    }

    @usableFromInline func id(low: UInt64, high: UInt64) -> SeriesID? {
        keys.find(low, high)
    }

    /// The series with these labels, if it is known.
    public func find(_ labels: Labels) -> SeriesID? { idByLabels[labels] }

    /// Remembers that a label block's key stands for this series.
    ///
    /// One label set can be written as blocks without number, so the keys are bounded: at four a
    /// series the cache starts over.
    public mutating func remember(low: UInt64, high: UInt64, as id: SeriesID) {
        if keys.count > 4 * labelsByID.count + 1024 { keys = KeyTable() }
        keys.insert(low, high, id)
    }

    /// Adds a series that is not known. Amortised O(bytes of the labels).
    public mutating func add(_ labels: Labels) -> SeriesID {
        let id = SeriesID(UInt32(labelsByID.count))
        labelsByID.append(labels)
        tails.append(.none)
        idByLabels[labels] = id
        return id
    }

    /// Appends a sample. O(1), no allocation.
    public mutating func append(
        _ id: SeriesID, at time: Timestamp, value: Double
    ) -> AppendOutcome {
        let index = Int(id.index)
        let previous = tails[index]
        if time > previous.time {
            tails[index] = SeriesTail(time: time, value: value)
            return .stored(previous: previous)
        }
        if time < previous.time { return .outOfOrder }
        return value.bitPattern == previous.value.bitPattern ? .duplicate : .conflict
    }
}

public import Model

/// The newest sample of a series.
public struct SeriesTail: Hashable, Sendable {
    public var time: Timestamp
    public var value: Double

    @inlinable public init(time: Timestamp, value: Double) {
        self.time = time
        self.value = value
    }

    /// No sample yet.
    public static let none = SeriesTail(time: .distantPast, value: 0)

    public var isEmpty: Bool { time == .distantPast }
}

/// What became of a sample that is not newer than its series.
public enum InsertOutcome: Hashable, Sendable {
    case inserted
    /// The same time and value were stored.
    case same
    /// Another value was stored for this time; it stays.
    case different
}

/// The series and their newest samples. Numbers are dense and never reused (DESIGN §4.5).
///
/// It keeps one sample a series and takes samples in order only.
public struct SeriesStore: Sendable {
    var labelsByID = PagedArray<Labels>()
    @usableFromInline var tails = PagedArray<SeriesTail>()
    private var late: [SeriesID: [SeriesTail]] = [:]
    private var idByLabels: [Labels: SeriesID] = [:]
    private var keys = KeyTable()

    public init() {}

    public var count: Int { labelsByID.count }

    public func labels(of id: SeriesID) -> Labels { labelsByID[Int(id.index)] }
    @inlinable public func tail(of id: SeriesID) -> SeriesTail { tails[Int(id.index)] }

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

    /// Ends a series at a time, without touching its tail.
    public mutating func end(_ id: SeriesID, at time: Timestamp) {}

    /// Forgets a series whose samples are gone. Its number stays used up.
    public mutating func remove(_ id: SeriesID) {
        idByLabels[labelsByID[Int(id.index)]] = nil
        labelsByID[Int(id.index)] = .empty
    }

    mutating func restore(_ labels: Labels) {
        idByLabels[labels] = SeriesID(UInt32(labelsByID.count))
        labelsByID.append(labels)
    }

    /// Adds a series that is not known. Amortised O(bytes of the labels).
    public mutating func add(_ labels: Labels) -> SeriesID {
        let id = SeriesID(UInt32(labelsByID.count))
        labelsByID.append(labels)
        tails.append(.none)
        idByLabels[labels] = id
        return id
    }

    /// Notes the newest sample of a series as its sender knows it. O(1), no allocation.
    @inlinable public mutating func advance(
        _ id: SeriesID, to time: Timestamp, value: Double
    ) {
        tails[Int(id.index)] = SeriesTail(time: time, value: value)
    }

    /// Stores a sample that is newer than all of its series.
    public mutating func append(_ id: SeriesID, at time: Timestamp, value: Double) {}

    /// Stores a sample that is not newer than all of its series.
    public mutating func insert(
        _ id: SeriesID, at time: Timestamp, value: Double
    ) -> InsertOutcome {
        if let known = late[id]?.first(where: { $0.time == time }) {
            return known.value.bitPattern == value.bitPattern ? .same : .different
        }
        late[id, default: []].append(SeriesTail(time: time, value: value))
        return .inserted
    }
}

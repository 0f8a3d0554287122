public import Model

// What comes beside samples: exemplars in a ring over all series, and what senders say of metrics.

/// A measurement that stands for others, with labels of its own; most often the id of a trace.
public struct Exemplar: Hashable, Sendable {
    public internal(set) var time: Timestamp
    public internal(set) var value: Double
    public internal(set) var labels: Labels

    public init(time: Timestamp, value: Double, labels: Labels) {
        self.time = time
        self.value = value
        self.labels = labels
    }
}

/// What became of an exemplar.
public enum ExemplarOutcome: Hashable, Sendable { case stored, duplicate, outOfOrder }

/// The newest exemplars of all series. Appending drops the oldest of all when the ring is full.
struct ExemplarRing: Sendable {
    static let standardCapacity = 100_000

    struct Entry: Sendable {
        var id: UInt32
        /// The sequence number + 1 of the series' exemplar before; 0 when there is none.
        var previous: UInt64
        var exemplar: Exemplar
    }

    private let capacity: Int
    private var entries = PagedArray<Entry>()
    /// Exemplars ever added.
    private var total: UInt64 = 0

    init(capacity: Int = standardCapacity) { self.capacity = capacity }

    var count: Int { entries.count }

    /// `newest` is the sequence number + 1 of the series' newest exemplar, and is moved on.
    mutating func add(
        _ exemplar: Exemplar, to id: UInt32, newest: inout UInt64
    ) -> ExemplarOutcome {
        if let last = entry(newest, of: id) {
            if exemplar == last { return .duplicate }
            if exemplar.time < last.time { return .outOfOrder }
        }
        let entry = Entry(id: id, previous: newest, exemplar: exemplar)
        let place = Int(total % UInt64(capacity))
        if place < entries.count { entries[place] = entry } else { entries.append(entry) }
        total &+= 1
        newest = total
        return .stored
    }

    /// A series' exemplars of a span, oldest first.
    func read(_ id: UInt32, newest: UInt64, from: Timestamp, to: Timestamp) -> [Exemplar] {
        var found: [Exemplar] = []
        var next = newest
        while let exemplar = entry(next, of: id), exemplar.time >= from {
            if exemplar.time <= to { found.append(exemplar) }
            let previous = entries[Int((next - 1) % UInt64(capacity))].previous
            next = previous < next ? previous : 0
        }
        return found.reversed()
    }

    /// The exemplar of a sequence number + 1, if the ring still has it.
    private func entry(_ number: UInt64, of id: UInt32) -> Exemplar? {
        guard number > 0, number <= total, total - number < UInt64(capacity) else { return nil }
        let place = Int((number - 1) % UInt64(capacity))
        guard place < entries.count, entries[place].id == id else { return nil }
        return entries[place].exemplar
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&total)
        if archive.isReading {
            archive.pages(&entries)
        } else {
            archive.pages(&entries, 0..<entries.pageCount)
        }
    }

    /// Whether what was read is one of this ring's.
    var isSound: Bool { entries.count == Int(min(total, UInt64(capacity))) }
}

extension ExemplarRing.Entry: Archivable {
    static let blank = ExemplarRing.Entry(
        id: 0, previous: 0, exemplar: Exemplar(time: .distantPast, value: 0, labels: .empty))

    mutating func archive(_ archive: inout Archive) {
        archive.field(&id)
        archive.field(&previous)
        archive.field(&exemplar.time)
        archive.field(&exemplar.value)
        archive.field(&exemplar.labels)
    }
}

/// What a sender says of a metric.
public struct MetricDescription: Hashable, Sendable {
    /// Numbered as on the wire.
    public internal(set) var kind: UInt8
    public internal(set) var help: String
    public internal(set) var unit: String

    public init(kind: UInt8, help: String, unit: String) {
        self.kind = kind
        self.help = help
        self.unit = unit
    }
}

extension MetricDescription: Archivable {
    /// To read into.
    public static let blank = MetricDescription(kind: 0, help: "", unit: "")

    /// Kind, then texts.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&kind)
        archive.field(&help)
        archive.field(&unit)
    }
}

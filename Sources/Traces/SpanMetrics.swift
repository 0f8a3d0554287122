public import Model
import Wire

// The metrics of spans (`traces_spanmetrics_*`): calls, latency and bytes of each label set. Label
// sets have numbers, 0 is the one that all share when there is no room for more.

/// Sums of one label set.
public struct SpanMetricClass: Sendable {
    public var labels: Labels
    public var calls = 0.0
    public var seconds = 0.0
    public var bytes = 0.0
    /// Not cumulative; the last is above all bounds.
    public var buckets: [Double]
    public var lastSeen = Timestamp.distantPast
    /// The span most worth a look since exemplars were last taken.
    public var exemplar: SpanExemplar?
    /// Nobody has its number.
    public var isFree = false
    /// Whether it was written to the store.
    var isExported = false

    init(labels: Labels, bounds: Int) {
        self.labels = labels
        buckets = Array(repeating: 0, count: bounds + 1)
    }
}

/// All label sets.
public struct SpanMetrics: Sendable {
    /// Label sets that nobody has used for so long make room when it is needed.
    static let idleAfter = TimeSpan.minutes(30)
    static let overflowLabels = Labels([("metric_overflow", "true")])

    /// Upper bounds of the buckets, nanoseconds, ascending.
    public private(set) var bounds: [UInt64] = []
    public private(set) var classes: [SpanMetricClass] = []
    /// Spans that went to the shared label set.
    public private(set) var overflowed = 0.0
    private var numbers: [Labels: UInt32] = [:]
    private var free: [UInt32] = []
    private var classesMax = 0

    public init() {}

    public var isOn: Bool { classesMax > 0 }

    /// Takes bounds and a limit. Counts stay: those of a bound that goes belong to the next.
    mutating func configure(bounds new: [UInt64], classesMax: Int) {
        self.classesMax = classesMax
        if classesMax == 0 {
            (classes, numbers, free) = ([], [:], [])
        } else if classes.isEmpty {
            classes = [SpanMetricClass(labels: Self.overflowLabels, bounds: new.count)]
        }
        guard new != bounds else { return }
        for index in classes.indices {
            var buckets = [Double](repeating: 0, count: new.count + 1)
            for (place, count) in classes[index].buckets.enumerated() where count != 0 {
                let to =
                    place < bounds.count
                    ? new.firstIndex { $0 >= bounds[place] } ?? new.count : new.count
                buckets[to] += count
            }
            classes[index].buckets = buckets
        }
        bounds = new
    }

    /// The bucket of a latency: the first whose bound is not below it.
    @inline(__always) func bucket(of nanos: UInt64) -> Int {
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < nanos { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The number of a label set; a new one, or that of the rest when there is no room.
    mutating func number(of labels: Labels, at now: Timestamp) -> (number: UInt32, isNew: Bool) {
        if let known = numbers[labels] { return (known, false) }
        if free.isEmpty && classes.count > classesMax { sweep(now) }
        guard !free.isEmpty || classes.count <= classesMax else { return (0, false) }
        let number = free.last ?? UInt32(classes.count)
        set(labels, number, at: now)
        return (number, true)
    }

    private mutating func set(_ labels: Labels, _ number: UInt32, at now: Timestamp) {
        var added = SpanMetricClass(labels: labels, bounds: bounds.count)
        added.lastSeen = now
        if Int(number) < classes.count {
            if !classes[Int(number)].isFree { numbers[classes[Int(number)].labels] = nil }
            classes[Int(number)] = added
            free.removeAll { $0 == number }
        } else {
            classes.append(added)
        }
        numbers[labels] = number
    }

    private mutating func sweep(_ now: Timestamp) {
        for index in classes.indices.dropFirst()
        where !classes[index].isFree && now - classes[index].lastSeen > Self.idleAfter {
            numbers[classes[index].labels] = nil
            classes[index] = SpanMetricClass(labels: .empty, bounds: bounds.count)
            classes[index].isFree = true
            free.append(UInt32(index))
        }
    }

    /// Replay: gives a label set the number that it got.
    mutating func restore(_ gain: SpanMetricGain, at now: Timestamp) {
        guard let labels = gain.labels, isOn, Int(gain.number) <= classes.count else { return }
        if free.isEmpty && classes.count > classesMax { sweep(now) }
        set(labels, gain.number, at: now)
    }

    /// Adds what a request brought.
    mutating func add(_ gains: [SpanMetricGain], at now: Timestamp) {
        for gain in gains where Int(gain.number) < classes.count {
            let index = Int(gain.number)
            if index == 0 { overflowed += gain.calls }
            classes[index].calls += gain.calls
            classes[index].seconds += gain.seconds
            classes[index].bytes += gain.bytes
            classes[index].lastSeen = now
            for (place, count) in gain.buckets.enumerated()
            where count != 0 && place < classes[index].buckets.count {
                classes[index].buckets[place] += count
            }
            guard let new = gain.exemplar else { continue }
            if classes[index].exemplar.map({ new.goesBefore($0) }) ?? true {
                classes[index].exemplar = new
            }
        }
    }

    /// The span most worth a look since the last call.
    public mutating func takeExemplar(_ number: Int) -> SpanExemplar? {
        defer { classes[number].exemplar = nil }
        return classes[number].exemplar
    }

    /// Notes that a label set was written to the store; whether it was before.
    public mutating func noteExported(_ number: Int) -> Bool {
        defer { classes[number].isExported = true }
        return classes[number].isExported
    }

    /// The bucket of a latency.
    public func place(of nanos: UInt64) -> Int { bucket(of: nanos) }

    /// Label sets in use, the shared one not counted.
    public var used: Int { numbers.count }

    mutating func archive(_ archive: inout Archive) {
        archive.array(&bounds, blank: 0) { $0.field(&$1) }
        archive.field(&overflowed)
        archive.array(&classes, blank: SpanMetricClass(labels: .empty, bounds: 0)) {
            archive, one in
            archive.field(&one.labels)
            archive.field(&one.calls)
            archive.field(&one.seconds)
            archive.field(&one.bytes)
            archive.field(&one.buckets)
            archive.field(&one.lastSeen)
            archive.field(&one.exemplar)
            archive.field(&one.isFree)
            archive.field(&one.isExported)
        }
        guard archive.isReading else { return }
        if classes.contains(where: { $0.buckets.count != bounds.count + 1 }) {
            classes = []
            return archive.fail()
        }
        (numbers, free) = ([:], [])
        for (index, one) in classes.enumerated().dropFirst() {
            if one.isFree {
                free.append(UInt32(index))
            } else {
                numbers[one.labels] = UInt32(index)
            }
        }
    }
}

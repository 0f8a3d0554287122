public import Model
public import Wire

// What spans change, in the form the log holds: which keys are new, how many events each group of
// an SLO has at which second, and what the metrics of spans gain. It says all that replay needs and
// nothing of the spans' texts: 16 bytes a span, and a few for what they have in common.

/// Events of one group that ended in one second.
public struct SpanCount: Hashable, Sendable {
    /// In `SpanDelta.groups`.
    public var group: UInt32
    /// The second's end, in milliseconds: 12:00:00.000 is of the second before.
    public var time: Int64
    public var bad = 0
    public var total = 0
    /// By what the spans stand for.
    public var weightedBad = 0.0
    public var weightedTotal = 0.0

    public init(group: UInt32, time: Int64) {
        self.group = group
        self.time = time
    }

    /// Whether the spans stand for more than themselves.
    public var isSampled: Bool {
        weightedTotal != Double(total) || weightedBad != Double(bad)
    }
}

/// A group of an SLO.
public struct SpanGroup: Hashable, Sendable {
    public var service: String
    public var name: String
    public var labels: Labels
}

/// What one label set of the metrics gains.
public struct SpanMetricGain: Hashable, Sendable {
    /// The label set's number in the book.
    public var number: UInt32
    /// Of one that is new under this number.
    public var labels: Labels?
    public var calls = 0.0
    public var seconds = 0.0
    public var bytes = 0.0
    /// By bucket, not cumulative; the last is above all bounds.
    public var buckets: [Double]
    public var exemplar: SpanExemplar?
}

/// A span to look at.
public struct SpanExemplar: Hashable, Sendable {
    public var trace: TraceID
    public var span: UInt64
    public var nanos: UInt64
    /// When it ended.
    public var time: Timestamp
    public var isBad: Bool

    /// A bad one goes before a good one, a slow one before a fast one.
    func goesBefore(_ other: Self) -> Bool {
        isBad == other.isBad ? nanos > other.nanos : isBad
    }
}

/// What a request of spans changes.
public struct SpanDelta: Hashable, Sendable {
    /// Keys that are new, by slice of time.
    public var keys: [(slice: Int64, key: SpanKey)] = []
    public var groups: [SpanGroup] = []
    public var counts: [SpanCount] = []
    /// Groups of which spans were refused that may have been events.
    public var missed: [SpanGroup] = []
    public var gains: [SpanMetricGain] = []
    public var duplicates = 0
    /// By `SpanRefusal.rawValue`.
    public var refused = [Int](repeating: 0, count: SpanRefusal.allCases.count)
    /// The newest end among the spans that were taken, in milliseconds; 0 for none.
    public var newestEnd: Int64 = 0

    public init() {}

    public var taken: Int { keys.count }
    public var refusedCount: Int { refused.reduce(0, +) }

    public static func == (left: Self, right: Self) -> Bool {
        left.keys.elementsEqual(right.keys) { $0.slice == $1.slice && $0.key == $1.key }
            && left.groups == right.groups && left.counts == right.counts
            && left.missed == right.missed && left.gains == right.gains
            && left.duplicates == right.duplicates && left.refused == right.refused
            && left.newestEnd == right.newestEnd
    }

    /// Of what differs most often.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(keys.count)
        hasher.combine(counts)
    }
}

// MARK: In the log

extension SpanDelta {
    /// Appends its form in the log. Keys of one slice are a run.
    public func encode(into out: inout ByteWriter) {
        out.bytes.reserveCapacity(out.bytes.count + keys.count * 16 + 256)
        out.varint(UInt64(duplicates))
        out.varint(UInt64(refused.count))
        for count in refused { out.varint(UInt64(count)) }
        out.signedVarint(newestEnd)
        encodeKeys(into: &out)
        var rest = Archive()
        var (groups, missed, counts, gains) = (groups, missed, counts, gains)
        rest.field(&groups)
        rest.field(&missed)
        rest.field(&counts)
        rest.field(&gains)
        out.lengthPrefixed(rest.bytes)
    }

    private func encodeKeys(into out: inout ByteWriter) {
        var first = 0
        while first < keys.count {
            var end = first + 1
            while end < keys.count, keys[end].slice == keys[first].slice { end += 1 }
            out.varint(UInt64(end - first))
            out.signedVarint(keys[first].slice)
            for index in first..<end {
                out.fixed64(keys[index].key.high)
                out.fixed64(keys[index].key.low)
            }
            first = end
        }
        out.varint(0)
    }

    /// Reads it; nil when the bytes are malformed.
    public init?(from reader: inout ByteReader) {
        guard let duplicates = reader.varint().flatMap({ Int(exactly: $0) }),
            let reasons = reader.varint(), reasons <= UInt64(reader.remaining)
        else { return nil }
        self.duplicates = duplicates
        for index in 0..<Int(reasons) {
            guard let count = reader.varint().flatMap({ Int(exactly: $0) }) else { return nil }
            // A later version may know more of them.
            if index < refused.count { refused[index] = count }
        }
        guard let newest = reader.signedVarint() else { return nil }
        newestEnd = newest
        while true {
            guard let run = reader.varint(), run <= UInt64(reader.remaining / 16 + 1) else {
                return nil
            }
            if run == 0 { break }
            guard let slice = reader.signedVarint(), run <= UInt64(reader.remaining / 16) else {
                return nil
            }
            for _ in 0..<run {
                guard let high = reader.fixed64(), let low = reader.fixed64() else { return nil }
                keys.append((slice, SpanKey(high: high, low: low)))
            }
        }
        guard let rest = reader.lengthPrefixed() else { return nil }
        var archive = Archive(reading: rest)
        archive.field(&groups)
        archive.field(&missed)
        archive.field(&counts)
        archive.field(&gains)
        guard archive.isComplete, counts.allSatisfy({ $0.group < groups.count }) else { return nil }
    }
}

extension SpanGroup: Archivable {
    /// To read into.
    public static let blank = SpanGroup(service: "", name: "", labels: .empty)

    /// The SLO, then the group's labels.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&service)
        archive.field(&name)
        archive.field(&labels)
    }
}

extension SpanCount: Archivable {
    /// To read into.
    public static let blank = SpanCount(group: 0, time: 0)

    /// The weighted counts only where they differ.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&group)
        archive.field(&time)
        archive.field(&bad)
        archive.field(&total)
        var hasWeights = isSampled
        archive.field(&hasWeights)
        if hasWeights {
            archive.field(&weightedBad)
            archive.field(&weightedTotal)
        } else {
            (weightedBad, weightedTotal) = (Double(bad), Double(total))
        }
    }
}

extension SpanMetricGain: Archivable {
    /// To read into.
    public static let blank = SpanMetricGain(number: 0, buckets: [])

    /// Buckets that gain, by their places.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&number)
        archive.optional(&labels, blank: .empty) { $0.field(&$1) }
        archive.field(&calls)
        archive.field(&seconds)
        archive.field(&bytes)
        var count = UInt32(buckets.count)
        archive.field(&count)
        var gained = buckets.enumerated().filter { $0.element != 0 }
            .map { (place: UInt32($0.offset), value: $0.element) }
        archive.array(&gained, blank: (0, 0)) {
            $0.field(&$1.place)
            $0.field(&$1.value)
        }
        if archive.isReading {
            guard count <= 256, gained.allSatisfy({ $0.place < count }) else {
                return archive.fail()
            }
            buckets = Array(repeating: 0, count: Int(count))
            for one in gained { buckets[Int(one.place)] = one.value }
        }
        archive.field(&exemplar)
    }
}

extension SpanExemplar: Archivable {
    /// To read into.
    public static let blank = SpanExemplar(
        trace: TraceID(high: 0, low: 0), span: 0, nanos: 0, time: .distantPast, isBad: false)

    /// Its ids, how long it took, when.
    public mutating func archive(_ archive: inout Archive) {
        var (high, low) = (trace.high, trace.low)
        archive.field(&high)
        archive.field(&low)
        if archive.isReading { trace = TraceID(high: high, low: low) }
        archive.field(&span)
        archive.field(&nanos)
        archive.field(&time)
        archive.field(&isBad)
    }
}

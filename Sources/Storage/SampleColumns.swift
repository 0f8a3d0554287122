public import Model

/// Samples of one series, ascending, each time once: floats and native histograms apart.
///
/// Give the same value to `ChunkSnapshot.read` again and its buffers are used again.
public struct SampleColumns: Sendable {
    public internal(set) var times: [Timestamp] = []
    public internal(set) var values: [Double] = []
    public internal(set) var histogramTimes: [Timestamp] = []
    public internal(set) var histograms: [Histogram] = []
    /// The words of an open chunk while it is decoded.
    var words: [UInt64] = []

    public init() {}

    public var isEmpty: Bool { times.isEmpty && histogramTimes.isEmpty }
    public var count: Int { times.count + histogramTimes.count }

    mutating func add(_ time: Timestamp, _ value: Double) {
        times.append(time)
        values.append(value)
    }

    /// Appends the floats of a chunk of at most `count` samples that lie in a span. One check of
    /// each array's room for all of them: samples cost 4 ns and not 8.
    @inline(__always)
    mutating func add(_ reader: FloatChunkReader, count: Int, from: Int64, to: Int64) {
        var reader = reader
        times.append(addingCapacity: count) { times in
            values.append(addingCapacity: count) { values in
                while reader.next() && reader.time <= to {
                    if reader.time < from { continue }
                    times.append(Timestamp(millis: reader.time))
                    values.append(Double(bitPattern: reader.value))
                }
            }
        }
    }

    mutating func add(_ time: Timestamp, _ histogram: Histogram) {
        histogramTimes.append(time)
        histograms.append(histogram)
    }

    mutating func removeAll() {
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        histogramTimes.removeAll(keepingCapacity: true)
        histograms.removeAll(keepingCapacity: true)
    }

    /// Sorts what was gathered from chunks that overlap. Of equal times the first stays. O(n) when
    /// nothing overlaps.
    mutating func normalize() {
        Self.normalize(&times, &values) { Self.isOwnMarker($0) ? 1 : 0 }
        Self.normalize(&histogramTimes, &histograms) { _ in 0 }
        for index in values.indices where Self.isOwnMarker(values[index]) {
            values[index] = Double(bitPattern: staleMarkerBits)
        }
    }

    private static func isOwnMarker(_ value: Double) -> Bool {
        value.bitPattern == ChunkStore.ownMarkerBits
    }

    /// `rank` decides between equal times before the order of storing does.
    private static func normalize<Value>(
        _ times: inout [Timestamp], _ values: inout [Value], rank: (Value) -> Int
    ) {
        if isAscending(times) { return }
        let ranks = values.map(rank)
        let stamps = times
        let order = stamps.indices.sorted {
            (stamps[$0], ranks[$0], $0) < (stamps[$1], ranks[$1], $1)
        }
        var sortedTimes: [Timestamp] = []
        var sortedValues: [Value] = []
        sortedTimes.reserveCapacity(order.count)
        sortedValues.reserveCapacity(order.count)
        for index in order where times[index] != sortedTimes.last {
            sortedTimes.append(times[index])
            sortedValues.append(values[index])
        }
        (times, values) = (sortedTimes, sortedValues)
    }

    private static func isAscending(_ times: [Timestamp]) -> Bool {
        guard times.count > 1 else { return true }
        for index in 1..<times.count where times[index] <= times[index - 1] { return false }
        return true
    }
}

extension SampleColumns: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        left.times == right.times && left.values == right.values
            && left.histogramTimes == right.histogramTimes && left.histograms == right.histograms
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(times)
        hasher.combine(values)
        hasher.combine(histogramTimes)
        hasher.combine(histograms)
    }
}

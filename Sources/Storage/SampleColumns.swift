public import Model

/// Samples of one series, ascending, each time once: floats and native histograms apart.
///
/// Give the same value to `ChunkSnapshot.read` again and its buffers are used again.
public struct SampleColumns: Hashable, Sendable {
    public internal(set) var times: [Timestamp] = []
    public internal(set) var values: [Double] = []
    public internal(set) var histogramTimes: [Timestamp] = []
    public internal(set) var histograms: [Histogram] = []

    public init() {}

    public var isEmpty: Bool { times.isEmpty && histogramTimes.isEmpty }
    public var count: Int { times.count + histogramTimes.count }

    mutating func add(_ time: Timestamp, _ value: Double) {
        times.append(time)
        values.append(value)
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

internal import CMath
internal import Model

// ADWIN (Bifet and Gavalda, "Learning from Time-Changing Data with Adaptive Windowing", SDM 2007):
// a window kept as buckets of 1, 2, 4, ... samples, at most `bucketsMax` of a size and one more
// before the two oldest merge. At each look every cut between buckets is tried; while the means of
// the two sides differ by more than epsilon the oldest bucket goes. Rules and constants are
// river's, so the alarms are too. It promises nothing about false alarms: it sees only means, and
// its theory holds for bounded data.
//
// A look costs about forty cuts at a thousand samples. Most cuts fail by far, and a failing one can
// be told without a division: |m0 - m1| > epsilon needs (u0 W - u n0)^2 a b > 2 s^2 d (a + b)
// (n0 n1)^2, with a, b the sides' lengths less four. Only what passes that, with a margin for
// rounding, is judged by the exact rule.

/// How an adaptive window looks at its data.
public struct AdaptiveWindowSettings: Hashable, Sendable {
    /// Smaller is more cautious.
    public var delta = 0.002
    /// Samples between two looks.
    public var clock = 32
    /// Buckets of a size before two merge.
    public var bucketsMax = 5
    /// Samples that a side of a cut has at least.
    public var sideMin = 5
    /// No look at a window of at most so many samples.
    public var grace = 10

    /// The published detector's usual settings.
    public init() {}

    /// A look at each `clock` samples.
    public init(delta: Double = 0.002, clock: Int) {
        self.delta = delta
        self.clock = clock
    }
}

/// The adaptive window as published: it keeps what is left after a change. O(log n) memory.
public struct AdaptiveWindow: Sendable {
    /// How it looks.
    public let settings: AdaptiveWindowSettings
    /// Samples in the window.
    public private(set) var width = 0.0
    /// Their sum.
    public private(set) var total = 0.0
    /// Their sum of squared deviations.
    public private(set) var variance = 0.0
    private var samples = 0
    private let stride: Int
    /// Buckets in rows of one size, `stride` places each, the oldest of a row first.
    private var buckets: [Bucket] = []
    /// Buckets in use of each row.
    private var used: [Int] = []

    private struct Bucket: Sendable {
        var total = 0.0
        var variance = 0.0
    }

    /// An empty window.
    public init(_ settings: AdaptiveWindowSettings = AdaptiveWindowSettings()) {
        precondition(settings.bucketsMax >= 2 && settings.clock >= 1, "two buckets, a clock")
        self.settings = settings
        stride = settings.bucketsMax + 1
        addRow()
    }

    /// Adds a sample; whether the window shrank because the mean has changed. Amortised O(log n).
    public mutating func observe(_ value: Double) -> Bool {
        insert(value)
        samples += 1
        guard samples % settings.clock == 0, width > Double(settings.grace) else { return false }
        var isChanged = false
        while findCut() {
            isChanged = true
            deleteOldest()
        }
        return isChanged
    }

    private mutating func addRow() {
        buckets.append(contentsOf: repeatElement(Bucket(), count: stride))
        used.append(0)
    }

    private mutating func insert(_ value: Double) {
        buckets[used[0]] = Bucket(total: value, variance: 0)
        used[0] += 1
        width += 1
        if width > 1 {
            let off = value - total / (width - 1)
            variance += (width - 1) * off * off / width
        }
        total += value
        compress()
    }

    /// Merges the two oldest of a row that is overfull into one of the next.
    private mutating func compress() {
        var row = 0
        var size = 1.0
        while row < used.count, used[row] == settings.bucketsMax + 1 {
            if row + 1 == used.count { addRow() }
            let first = row * stride
            let (older, newer) = (buckets[first], buckets[first + 1])
            let off = older.total / size - newer.total / size
            let merged = Bucket(
                total: older.total + newer.total,
                variance: older.variance + newer.variance + size * size * off * off / (size + size))
            buckets[first + stride + used[row + 1]] = merged
            used[row + 1] += 1
            removeOldest(2, ofRow: row)
            row += 1
            size *= 2
        }
    }

    private mutating func removeOldest(_ count: Int, ofRow row: Int) {
        let first = row * stride
        for place in count..<max(count, used[row]) {
            buckets[first + place - count] = buckets[first + place]
        }
        used[row] -= count
    }

    private mutating func deleteOldest() {
        let row = used.count - 1
        let oldest = buckets[row * stride]
        let size = Double(UInt64(1) << UInt64(row))
        width -= size
        total -= oldest.total
        let off = oldest.total / size - total / width
        variance -= oldest.variance + size * width * off * off / (size + width)
        removeOldest(1, ofRow: row)
        if used[row] == 0 {
            used.removeLast()
            buckets.removeLast(stride)
        }
    }

    /// Whether some cut, oldest first, parts two means that differ.
    private func findCut() -> Bool {
        let sideMin = Double(settings.sideMin)
        let logarithm = pitot_log(2 * pitot_log(width) / settings.delta)
        let bar = 2 * (variance / width) * logarithm * (width - 2 * sideMin + 2) * (1 - 1e-3)
        var (n0, u0) = (0.0, 0.0)
        var (n1, u1) = (width, total)
        let (width, total) = (width, total)
        return unsafe buckets.withUnsafeBufferPointer { buckets in
            unsafe used.withUnsafeBufferPointer { used in
                var row = used.count - 1
                while row >= 0 {
                    let size = Double(UInt64(1) << UInt64(row))
                    let first = row * stride
                    // The newest bucket is no cut: nothing is behind it.
                    let count = unsafe row == 0 ? used[0] - 1 : used[row]
                    var place = first
                    while place < first + count {
                        // In bounds: a row's places are its own stride.
                        let bucket = unsafe buckets[place].total
                        place += 1
                        n0 += size
                        n1 -= size
                        u0 += bucket
                        u1 -= bucket
                        if n0 < sideMin || n1 < sideMin { continue }
                        let lever = u0 * width - total * n0
                        let sides = n0 * n1
                        let a = (n0 - sideMin + 1) * (n1 - sideMin + 1)
                        if lever * lever * a < bar * sides * sides { continue }
                        if differs(n0, u0 / n0, n1, u1 / n1, logarithm) { return true }
                    }
                    row -= 1
                }
                return false
            }
        }
    }

    private func differs(
        _ n0: Double, _ mean0: Double, _ n1: Double, _ mean1: Double, _ logarithm: Double
    ) -> Bool {
        let sideMin = Double(settings.sideMin)
        let reciprocal = 1 / (n0 - sideMin + 1) + 1 / (n1 - sideMin + 1)
        let epsilon =
            (2 * reciprocal * (variance / width) * logarithm).squareRoot()
            + 2.0 / 3 * logarithm * reciprocal
        return abs(mean0 - mean1) > epsilon
    }
}

/// ADWIN as river's wrapper has it: after an alarm the whole window is thrown away, so that the
/// next samples start cold. For comparison with river.
public struct DiscardingWindow: Sendable {
    /// The window now.
    public private(set) var window: AdaptiveWindow
    private var isAlarmed = false

    /// An empty window.
    public init(_ settings: AdaptiveWindowSettings = AdaptiveWindowSettings()) {
        window = AdaptiveWindow(settings)
    }

    /// Adds a sample; whether it alarms.
    public mutating func observe(_ value: Double) -> Bool {
        if isAlarmed { window = AdaptiveWindow(window.settings) }
        isAlarmed = window.observe(value)
        return isAlarmed
    }
}

// MARK: In a checkpoint

extension AdaptiveWindow {
    /// Passes what changes; the settings are the definition's.
    mutating func archiveState(_ archive: inout Archive) {
        archive.field(&width)
        archive.field(&total)
        archive.field(&variance)
        archive.field(&samples)
        archive.array(&buckets, blank: Bucket()) {
            $0.field(&$1.total)
            $0.field(&$1.variance)
        }
        archive.array(&used, blank: 0) { $0.field(&$1) }
        guard archive.isReading else { return }
        let isSound =
            (1...64).contains(used.count) && buckets.count == used.count * stride
            && used.allSatisfy { (0..<stride).contains($0) } && samples >= 0
            && (used.count == 1 || used[used.count - 1] > 0) && width == held
        if !isSound {
            self = AdaptiveWindow(settings)
            archive.fail()
        }
    }

    /// Samples that the buckets hold.
    private var held: Double {
        used.enumerated().reduce(0) { $0 + Double($1.element) * Double(UInt64(1) << $1.offset) }
    }
}

internal import Model

// How an evaluation holds values. A vector over a range of steps is a list of series, each a dense
// column with one place for each step. A place without a value holds the bits of a stale marker,
// which is a signalling NaN: no arithmetic makes it, and selectors never let it through. Native
// histograms lie in a second column that only series with histograms have.

/// The steps of an evaluation: `start`, `start + step` ... , `count` of them.
struct Grid: Hashable {
    var start: Int64
    var step: Int64
    var count: Int

    func time(_ index: Int) -> Int64 { start &+ step &* Int64(index) }
    var end: Int64 { time(max(count - 1, 0)) }
    /// Only the first step: for what is the same at all of them.
    var first: Grid { Grid(start: start, step: step, count: 1) }
}

/// No value at this step.
let absent = Double(bitPattern: staleMarkerBits)

/// Whether a place of a column holds no float.
@inline(__always) func isAbsent(_ value: Double) -> Bool { value.bitPattern == staleMarkerBits }

/// A histogram that several steps and columns share; a class so that they share it.
final class HistogramBox: Sendable {
    let value: Histogram

    init(_ value: Histogram) { self.value = value }
}

/// One series over all steps.
struct Series {
    var labels: Labels
    /// The metric's name is to be dropped at the end (`promql-delayed-name-removal`).
    var dropsName = false
    /// One for each step.
    var floats: [Double]
    /// Empty, or one for each step.
    var histograms: [HistogramBox?] = []

    init(_ labels: Labels, steps: Int) {
        self.labels = labels
        floats = Array(repeating: absent, count: steps)
    }

    /// Empties all places, for another series.
    mutating func reset(_ labels: Labels, steps: Int) {
        self.labels = labels
        dropsName = false
        histograms.removeAll(keepingCapacity: true)
        if floats.count == steps {
            for index in 0..<steps { floats[index] = absent }
        } else {
            floats = Array(repeating: absent, count: steps)
        }
    }

    mutating func set(_ histogram: HistogramBox?, at step: Int) {
        if histograms.isEmpty {
            guard histogram != nil else { return }
            histograms = Array(repeating: nil, count: floats.count)
        }
        histograms[step] = histogram
    }

    func histogram(_ step: Int) -> HistogramBox? { histograms.isEmpty ? nil : histograms[step] }

    func isPresent(_ step: Int) -> Bool { !isAbsent(floats[step]) || histogram(step) != nil }

    var isEmpty: Bool {
        !floats.contains { !isAbsent($0) } && !histograms.contains { $0 != nil }
    }

    var hasHistograms: Bool { !histograms.isEmpty }

    /// Moves a point of another series here; false when there is one already.
    mutating func take(_ other: Series, _ step: Int) -> Bool {
        guard other.isPresent(step) else { return true }
        guard !isPresent(step) else { return false }
        floats[step] = other.floats[step]
        set(other.histogram(step), at: step)
        return true
    }

    /// The first step's values at all steps.
    func repeated(_ count: Int) -> Series {
        var copy = self
        copy.floats = Array(repeating: floats[0], count: count)
        copy.histograms = histograms.isEmpty ? [] : Array(repeating: histograms[0], count: count)
        return copy
    }
}

/// What an expression evaluates to.
enum Value {
    /// One number for each step.
    case scalar([Double])
    case vector([Series])
    case string([UInt8])
}

internal import Model

/// Adds with Kahan's compensation in Neumaier's form, as Prometheus does.
@inline(__always)
func kahanAdd(_ value: Double, _ sum: inout Double, _ compensation: inout Double) {
    let total = sum + value
    if total.isInfinite {
        compensation = 0
    } else if abs(sum) >= abs(value) {
        compensation += (sum - total) + value
    } else {
        compensation += (value - total) + sum
    }
    sum = total
}

extension Evaluation {
    func sums(
        _ input: RangeInput, _ position: SourceRange, _ series: inout Series
    ) throws(QueryError) {
        let columns = input.columns
        let isAverage = input.function == .avgOverTime
        let running = RunningSums(columns.values, windows: input.windows)
        try input.slide { (window: Window) throws(QueryError) in
            if window.isMixed {
                annotations.warn(Remark.mixed(input.metricName), position)
                return
            }
            if window.histograms.isEmpty {
                let count = Double(window.floats.count)
                let value: Double
                if let running {
                    value = running.sum(window.floats) / (isAverage ? count : 1)
                } else if isAverage {
                    value = average(columns.values, window.floats)
                } else {
                    value = kahanSum(columns.values, window.floats)
                }
                series.floats[window.step] = value
                return
            }
            let list = columns.histograms[window.histograms]
            do throws(HistogramMismatch) {
                let total = isAverage ? try histogramAverage(list) : try histogramSum(list)
                series.set(HistogramBox(total), at: window.step)
            } catch {
                annotations.warn(Remark.mismatch(error, input.metricName), position)
            }
        }
    }

    private func kahanSum(_ values: [Double], _ window: Range<Int>) -> Double {
        var sum = 0.0
        var compensation = 0.0
        for index in window { kahanAdd(values[index], &sum, &compensation) }
        return sum.isInfinite ? sum : sum + compensation
    }

    /// A mean that goes on incrementally when the sum would overflow.
    private func average(_ values: [Double], _ window: Range<Int>) -> Double {
        var sum = 0.0
        var compensation = 0.0
        var mean = 0.0
        var isIncremental = false
        var count = 0.0
        for index in window {
            let value = values[index]
            count += 1
            if !isIncremental {
                var (nextSum, nextCompensation) = (sum, compensation)
                kahanAdd(value, &nextSum, &nextCompensation)
                if count == 1 || !nextSum.isInfinite {
                    (sum, compensation) = (nextSum, nextCompensation)
                    continue
                }
                isIncremental = true
                mean = sum / (count - 1)
                compensation /= count - 1
            }
            let weight = (count - 1) / count
            mean *= weight
            compensation *= weight
            kahanAdd(value / count, &mean, &compensation)
        }
        if isIncremental { return mean + compensation }
        return sum / count + compensation / count
    }
}

func histogramSum(_ list: ArraySlice<Histogram>) throws(HistogramMismatch) -> Histogram {
    var total = Histogram()
    for (place, histogram) in list.enumerated() {
        if place == 0 {
            total = histogram
            total.isInteger = false
        } else {
            try total.add(histogram)
        }
    }
    return total
}

/// The mean of histograms, step by step, so that no sum can overflow.
struct HistogramMean {
    private(set) var value: Histogram?
    private var count = 0.0

    mutating func add(_ histogram: Histogram) throws(HistogramMismatch) {
        count += 1
        guard var mean = value else {
            value = histogram
            return
        }
        var part = histogram
        part.divide(by: count)
        var share = mean
        share.divide(by: count)
        try part.subtract(share)
        try mean.add(part)
        value = mean
    }
}

func histogramAverage(_ list: ArraySlice<Histogram>) throws(HistogramMismatch) -> Histogram {
    var mean = HistogramMean()
    for histogram in list { try mean.add(histogram) }
    return mean.value ?? Histogram()
}

/// Sums of all prefixes of a series as pairs of Doubles, error-free to about 106 bits, so that a
/// window's sum is one subtraction and as exact as Kahan's. Only of finite values, whose sums do
/// not overflow, and only when windows overlap enough to pay for it.
struct RunningSums {
    private var high: [Double]
    private var low: [Double]

    init?(_ values: [Double], windows: Evaluation.Windows) {
        guard windows.look.count > 4, windows.look.step > 0,
            windows.length > 2 * windows.look.step
        else { return nil }
        high = [0]
        low = [0]
        high.reserveCapacity(values.count + 1)
        low.reserveCapacity(values.count + 1)
        var (sum, rest) = (0.0, 0.0)
        var largest = 0.0
        for value in values {
            (sum, rest) = Self.add(sum, rest, value, 0)
            largest = max(largest, abs(sum))
            high.append(sum)
            low.append(rest)
        }
        // Past this, what cancels between far apart prefixes would show; NaN and infinity also
        // end here.
        guard sum.isFinite, largest < 1e280, values.allSatisfy({ $0.isFinite }) else { return nil }
        let smallest = values.lazy.filter { $0 != 0 }.map { abs($0) }.min() ?? 1
        guard largest / smallest < 1e14 else { return nil }
    }

    func sum(_ window: Range<Int>) -> Double {
        Self.add(
            high[window.upperBound], low[window.upperBound], -high[window.lowerBound],
            -low[window.lowerBound]
        ).0
    }

    private static func add(
        _ a: Double, _ b: Double, _ c: Double, _ d: Double
    ) -> (Double, Double) {
        let sum = a + c
        let part = sum - a
        let error = (a - (sum - part)) + (c - part) + b + d
        let total = sum + error
        return (total, error - (total - sum))
    }
}

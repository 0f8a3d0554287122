internal import Model

extension Evaluation {
    /// min, max and when they were.
    func extremes(
        _ input: RangeInput, _ position: SourceRange, _ series: inout Series
    ) throws(QueryError) {
        let columns = input.columns
        let isMax = input.function == .maxOverTime || input.function == .tsOfMaxOverTime
        let wantsTime =
            input.function == .tsOfMaxOverTime || input.function == .tsOfMinOverTime
        // Of equal values the functions of values need any, those of times the last.
        func isBetter(_ value: Double, _ best: Double) -> Bool {
            if best.isNaN { return true }
            if wantsTime { return isMax ? value >= best : value <= best }
            return isMax ? value > best : value < best
        }
        // Samples that may still become the best of a window: each is better than those behind it.
        // Every sample enters once, so that all windows together cost O(samples + steps).
        var queue: [Int] = []
        var (head, entered) = (0, 0)
        let usesQueue = input.grid.count > 1 && !columns.values.contains { $0.isNaN }
        try slideFloats(input, position) { (window: Window) throws(QueryError) in
            if usesQueue {
                while entered < window.floats.upperBound {
                    let value = columns.values[entered]
                    while queue.count > head, let last = queue.last,
                        isMax ? columns.values[last] <= value : columns.values[last] >= value
                    { queue.removeLast() }
                    queue.append(entered)
                    entered += 1
                }
                while queue[head] < window.floats.lowerBound { head += 1 }
                let best = queue[head]
                series.floats[window.step] =
                    wantsTime ? Double(columns.times[best]) / 1000 : columns.values[best]
                return
            }
            var best = window.floats.lowerBound
            for index in window.floats.dropFirst()
            where isBetter(columns.values[index], columns.values[best]) {
                best = index
            }
            series.floats[window.step] =
                wantsTime ? Double(columns.times[best]) / 1000 : columns.values[best]
        }
    }

    /// Windows with floats; says so when histograms beside them are ignored.
    func slideFloats(
        _ input: RangeInput, _ position: SourceRange,
        _ body: (Window) throws(QueryError) -> Void
    ) throws(QueryError) {
        try input.slide { (window: Window) throws(QueryError) in
            if window.floats.isEmpty { return }
            if window.isMixed {
                annotations.inform(Remark.ignoredHistograms(input.metricName), position)
            }
            // Some functions look at all samples of each window.
            try checkpoint(window.floats.count)
            try body(window)
        }
    }

    /// Deviation, quantiles and the median's deviation.
    func spreads(
        _ input: RangeInput, _ position: SourceRange, _ series: inout Series
    ) throws(QueryError) {
        let values = input.columns.values
        var scratch: [Double] = []
        try slideFloats(input, position) { (window: Window) throws(QueryError) in
            let result: Double
            switch input.function {
            case .stddevOverTime: result = variance(values[window.floats]).squareRoot()
            case .stdvarOverTime: result = variance(values[window.floats])
            case .quantileOverTime:
                let q = input.parameters[0][window.step]
                scratch.removeAll(keepingCapacity: true)
                scratch.append(contentsOf: values[window.floats])
                result = quantile(q, &scratch)
            default:
                scratch.removeAll(keepingCapacity: true)
                scratch.append(contentsOf: values[window.floats])
                let median = quantile(0.5, &scratch)
                for index in scratch.indices { scratch[index] = abs(scratch[index] - median) }
                result = quantile(0.5, &scratch)
            }
            series.floats[window.step] = result
        }
    }

    private func variance(_ values: ArraySlice<Double>) -> Double {
        var count = 0.0
        var (mean, meanRest) = (0.0, 0.0)
        var (squares, squaresRest) = (0.0, 0.0)
        for value in values {
            count += 1
            let delta = value - (mean + meanRest)
            kahanAdd(delta / count, &mean, &meanRest)
            kahanAdd(delta * (value - (mean + meanRest)), &squares, &squaresRest)
        }
        return (squares + squaresRest) / count
    }

    /// Regression and smoothing.
    func trends(
        _ input: RangeInput, _ position: SourceRange, _ series: inout Series
    ) throws(QueryError) {
        let columns = input.columns
        try input.slide { (window: Window) throws(QueryError) in
            if window.isMixed {
                annotations.inform(Remark.ignoredHistograms(input.metricName), position)
            }
            guard window.floats.count > 1 else { return }
            try checkpoint(window.floats.count)
            switch input.function {
            case .deriv:
                let origin = columns.times[window.floats.lowerBound]
                series.floats[window.step] = regression(columns, window.floats, origin).slope
            case .predictLinear:
                // From the time of evaluation, whatever the offset.
                let line = regression(
                    columns, window.floats, input.grid.time(window.step))
                series.floats[window.step] =
                    line.slope * input.parameters[0][window.step] + line.intercept
            default:
                series.floats[window.step] = smoothed(
                    columns.values[window.floats], input.parameters[0][window.step],
                    input.parameters[1][window.step])
            }
        }
    }

    private func regression(
        _ columns: SampleColumns, _ window: Range<Int>, _ origin: Int64
    ) -> (slope: Double, intercept: Double) {
        let first = columns.values[window.lowerBound]
        var isConstant = true
        var (sumX, restX, sumY, restY) = (0.0, 0.0, 0.0, 0.0)
        var (sumXY, restXY, sumXX, restXX) = (0.0, 0.0, 0.0, 0.0)
        for index in window {
            let y = columns.values[index]
            if y != first { isConstant = false }
            let x = Double(columns.times[index] - origin) / 1000
            kahanAdd(x, &sumX, &restX)
            kahanAdd(y, &sumY, &restY)
            kahanAdd(x * y, &sumXY, &restXY)
            kahanAdd(x * x, &sumXX, &restXX)
        }
        if isConstant {
            return first.isInfinite ? (.nan, .nan) : (0, first)
        }
        let count = Double(window.count)
        sumX += restX
        sumY += restY
        sumXY += restXY
        sumXX += restXX
        let covariance = sumXY - sumX * sumY / count
        let variance = sumXX - sumX * sumX / count
        let slope = covariance / variance
        return (slope, sumY / count - slope * sumX / count)
    }

    /// Holt's linear method: a level and a trend, each smoothed.
    private func smoothed(
        _ values: ArraySlice<Double>, _ smoothing: Double, _ trendFactor: Double
    ) -> Double {
        let first = values.startIndex
        var level = values[first]
        var trend = values[first + 1] - values[first]
        var previous = 0.0
        for (place, value) in values.dropFirst().enumerated() {
            let raw = smoothing * value
            if place > 0 {
                trend = trendFactor * (level - previous) + (1 - trendFactor) * trend
            }
            let next = raw + (1 - smoothing) * (level + trend)
            previous = level
            level = next
        }
        return level
    }
}

/// The q-quantile of values, which are sorted in place; linear between neighbours, NaN first.
func quantile(_ q: Double, _ values: inout [Double]) -> Double {
    if values.isEmpty || q.isNaN { return .nan }
    if q < 0 { return -.infinity }
    if q > 1 { return .infinity }
    values.sort { ($0.isNaN && !$1.isNaN) || $0 < $1 }
    let rank = q * Double(values.count - 1)
    let lower = Int(max(0, rank.rounded(.down)))
    let upper = min(values.count - 1, lower + 1)
    let weight = rank - rank.rounded(.down)
    return values[lower] * (1 - weight) + values[upper] * weight
}

internal import Model

// rate, increase, delta and their instant kin: differences over a window, corrected for counter
// resets and extrapolated to the window's ends as far as the spacing of the samples justifies.

extension Evaluation {
    func extrapolated(
        _ input: RangeInput, _ position: SourceRange, _ series: inout Series
    ) throws(QueryError) {
        let isCounter = input.function != .delta
        let columns = input.columns
        // Where the counter went down; looked for once.
        var resets: [Int] = []
        if isCounter && columns.values.count > 1 {
            for index in 1..<columns.values.count
            where columns.values[index] < columns.values[index - 1] {
                resets.append(index)
            }
        }
        var firstReset = 0
        var hasFloats = false
        try input.slide { (window: Window) throws(QueryError) in
            if window.isMixed {
                annotations.warn(Remark.mixed(input.metricName), position)
                return
            }
            if window.floats.count > 1 {
                let (lo, hi) = (window.floats.lowerBound, window.floats.upperBound)
                var difference = columns.values[hi - 1] - columns.values[lo]
                while firstReset < resets.count && resets[firstReset] <= lo { firstReset += 1 }
                var reset = firstReset
                while reset < resets.count && resets[reset] < hi {
                    difference += columns.values[resets[reset] - 1]
                    reset += 1
                }
                let factor = extrapolation(
                    input, window, first: columns.times[lo], last: columns.times[hi - 1],
                    count: hi - lo, start: isCounter ? columns.values[lo] : -1, difference)
                series.floats[window.step] = difference * factor
                hasFloats = true
            } else if window.histograms.count > 1 {
                let (lo, hi) = (window.histograms.lowerBound, window.histograms.upperBound)
                guard var difference = histogramDifference(input, lo, hi, isCounter, position)
                else { return }
                let factor = extrapolation(
                    input, window, first: columns.histogramTimes[lo],
                    last: columns.histogramTimes[hi - 1], count: hi - lo,
                    start: -1, difference.count)
                difference.scale(by: factor)
                series.set(HistogramBox(difference), at: window.step)
            }
        }
        if isCounter && hasFloats { remarkNonCounter(input, position) }
    }

    /// What to multiply a difference with. `start` is the first value of a counter, or negative.
    private func extrapolation(
        _ input: RangeInput, _ window: Window, first: Int64, last: Int64, count: Int,
        start: Double, _ difference: Double
    ) -> Double {
        let rangeStart = window.end &- input.windows.length
        var toStart = Double(first - rangeStart) / 1000
        var toEnd = Double(window.end - last) / 1000
        let sampled = Double(last - first) / 1000
        let average = sampled / Double(count - 1)
        // A sample is missing at the edge when it is more than 10 % late: then the series is taken
        // to begin, or end, half an interval from what was seen.
        let threshold = average * 1.1
        if toStart >= threshold { toStart = average / 2 }
        // A counter begins at zero and not below.
        if start >= 0 && difference > 0 {
            let toZero = sampled * (start / difference)
            if toZero < toStart { toStart = toZero }
        }
        if toEnd >= threshold { toEnd = average / 2 }
        var factor = (sampled + toStart + toEnd) / sampled
        if input.function == .rate { factor /= Double(input.windows.length) / 1000 }
        return factor
    }

    private func remarkNonCounter(_ input: RangeInput, _ position: SourceRange) {
        if !options.features.typeAndUnitLabels && input.labels.isNamedLikeCounter { return }
        let name = input.metricName
        guard !name.isEmpty else { return }
        if options.features.typeAndUnitLabels {
            let type = input.labels["__type__"] ?? ""
            if type != "counter" && type != "histogram" {
                annotations.inform(Remark.maybeNoCounter(name, type: type), position)
            }
            return
        }
        annotations.inform(Remark.maybeNoCounter(name), position)
    }

    /// The increase over histograms `lo..<hi`, at least two; nil when they do not go together.
    private func histogramDifference(
        _ input: RangeInput, _ lo: Int, _ hi: Int, _ isCounter: Bool, _ position: SourceRange
    ) -> Histogram? {
        let list = input.columns.histograms[lo..<hi]
        let name = input.metricName
        var previous = list[lo]
        let last = list[hi - 1]
        let hasGauge = previous.resetHint == .gauge || last.resetHint == .gauge
        if isCounter && hasGauge { annotations.warn(Remark.notCounter(name), position) }
        var hasCustom = previous.hasCustomBounds
        if isCounter && list[lo + 1].isReset(since: previous) {
            // The first sample does not count then, nor does its layout.
            let second = list[lo + 1]
            previous = Histogram()
            previous.schema = second.schema
            previous.customBounds = second.customBounds
            hasCustom = second.hasCustomBounds
        }
        if last.hasCustomBounds != hasCustom {
            annotations.warn(Remark.mixedSchemas(name), position)
            return nil
        }
        var schema = min(last.schema, previous.schema)
        if isCounter {
            for current in list.dropFirst().dropLast() {
                if current.resetHint == .gauge {
                    annotations.warn(Remark.notCounter(name), position)
                }
                schema = min(schema, current.schema)
                if current.hasCustomBounds != hasCustom {
                    annotations.warn(Remark.mixedSchemas(name), position)
                    return nil
                }
            }
        }
        var difference = last
        if !hasCustom { difference.reduceResolution(to: schema) }
        do throws(HistogramMismatch) {
            try difference.subtract(previous)
            if isCounter {
                for current in list.dropFirst() {
                    if current.isReset(since: previous) { try difference.add(previous) }
                    previous = current
                }
            }
        } catch {
            annotations.warn(Remark.mismatch(error, name), position)
            return nil
        }
        if !isCounter && !(list[lo].resetHint == .gauge && last.resetHint == .gauge) {
            annotations.warn(Remark.notGauge(name), position)
        }
        difference.resetHint = .gauge
        difference.compact()
        return difference
    }

    // MARK: irate and idelta

    /// A float or a histogram with its time.
    private struct Point {
        var time: Int64
        var float: Double
        var histogram: Histogram?
    }

    func instantChange(
        _ input: RangeInput, _ position: SourceRange, _ series: inout Series
    ) throws(QueryError) {
        let isRate = input.function == .irate
        let columns = input.columns
        try input.slide { (window: Window) throws(QueryError) in
            if window.histograms.isEmpty {
                guard window.floats.count > 1 else { return }
                let last = window.floats.upperBound - 1
                var value = columns.values[last]
                if !isRate || !(value < columns.values[last - 1]) {
                    value -= columns.values[last - 1]
                }
                let interval = columns.times[last] - columns.times[last - 1]
                if isRate { value /= Double(interval) / 1000 }
                series.floats[window.step] = value
                return
            }
            guard let (before, after) = lastTwo(columns, window) else { return }
            guard let right = after.histogram, let left = before.histogram else {
                if before.histogram == nil && after.histogram == nil {
                    var value = after.float
                    if !isRate || !(value < before.float) { value -= before.float }
                    if isRate { value /= Double(after.time - before.time) / 1000 }
                    series.floats[window.step] = value
                } else {
                    annotations.warn(Remark.mixed(input.metricName), position)
                }
                return
            }
            let isGauge = (left.resetHint == .gauge, right.resetHint == .gauge)
            if isRate && (isGauge.0 || isGauge.1) {
                annotations.warn(Remark.notCounter(input.metricName), position)
            }
            if !isRate && !(isGauge.0 && isGauge.1) {
                annotations.warn(Remark.notGauge(input.metricName), position)
            }
            var value = right
            if !isRate || !right.isReset(since: left) {
                do throws(HistogramMismatch) {
                    try value.subtract(left)
                } catch {
                    annotations.warn(Remark.mismatch(error, input.metricName), position)
                    return
                }
            }
            value.resetHint = .gauge
            value.compact()
            if isRate { value.divide(by: Double(after.time - before.time) / 1000) }
            series.set(HistogramBox(value), at: window.step)
        }
    }

    /// The last two samples of a window with histograms, whatever they are.
    private func lastTwo(_ columns: SampleColumns, _ window: Window) -> (Point, Point)? {
        var points: [Point] = window.floats.suffix(2).map {
            Point(time: columns.times[$0], float: columns.values[$0])
        }
        points += window.histograms.suffix(2).map {
            Point(
                time: columns.histogramTimes[$0], float: 0, histogram: columns.histograms[$0])
        }
        guard points.count > 1 else { return nil }
        points.sort { $0.time < $1.time }
        return (points[points.count - 2], points[points.count - 1])
    }

    // MARK: changes and resets

    func transitions(_ input: RangeInput, _ series: inout Series) throws(QueryError) {
        let columns = input.columns
        let isResets = input.function == .resets
        // Samples of both kinds in order, and how many transitions lie before each.
        var count = 0.0
        var before: [Double] = []
        var times: [Int64] = []
        var (i, j) = (0, 0)
        var previousFloat: Double?
        var previousHistogram: Histogram?
        while i < columns.times.count || j < columns.histogramTimes.count {
            let isFloat =
                j == columns.histogramTimes.count
                || (i < columns.times.count && columns.times[i] < columns.histogramTimes[j])
            if isFloat {
                let value = columns.values[i]
                if let previousFloat {
                    let isChange =
                        isResets
                        ? value < previousFloat
                        : value != previousFloat && !(value.isNaN && previousFloat.isNaN)
                    if isChange { count += 1 }
                } else if previousHistogram != nil {
                    count += 1
                }
                times.append(columns.times[i])
                (previousFloat, previousHistogram) = (value, nil)
                i += 1
            } else {
                let value = columns.histograms[j]
                if let previousHistogram {
                    let isChange =
                        isResets
                        ? value.isReset(since: previousHistogram)
                        : !value.hasSameObservations(as: previousHistogram)
                    if isChange { count += 1 }
                } else if previousFloat != nil {
                    count += 1
                }
                times.append(columns.histogramTimes[j])
                (previousFloat, previousHistogram) = (nil, value)
                j += 1
            }
            before.append(count)
        }
        try input.slide { (window: Window) throws(QueryError) in
            // The window's samples are neighbours in the merged order too.
            let first = window.floats.lowerBound + window.histograms.lowerBound
            let last = window.floats.upperBound + window.histograms.upperBound - 1
            series.floats[window.step] = before[last] - before[first]
        }
    }
}

internal import Model

// The functions of range vectors. Each gets one series at a time and slides over it: `lo..<hi` are
// the samples in (end - length, end], found by two indexes that only move forward. What a function
// can carry from one window to the next it carries: resets and changes are found once for the
// series, sums are differences of compensated running sums, extremes use a monotonic queue.

/// One series' samples and where its windows lie.
struct RangeInput {
    var function: Function
    var labels: Labels
    var columns: SampleColumns
    var windows: Evaluation.Windows
    var grid: Grid
    /// The scalar arguments, a column each.
    var parameters: [[Double]]

    var metricName: String { labels.name }
}

/// A window: samples by index, and its end.
struct Window {
    var step: Int
    var end: Int64
    var floats: Range<Int>
    var histograms: Range<Int>

    var isEmpty: Bool { floats.isEmpty && histograms.isEmpty }
    var isMixed: Bool { !floats.isEmpty && !histograms.isEmpty }
}

extension RangeInput {
    /// Calls `body` for each window that is not empty.
    @inline(__always)
    func slide(_ body: (Window) throws(QueryError) -> Void) throws(QueryError) {
        let look = windows.look
        let length = windows.length
        let times = columns.times
        let histogramTimes = columns.histogramTimes
        var (lo, hi, histogramLo, histogramHi) = (0, 0, 0, 0)
        for step in 0..<look.count {
            let end = look.time(step)
            let open = end &- length
            while hi < times.count && times[hi] <= end { hi += 1 }
            while lo < hi && times[lo] <= open { lo += 1 }
            if !histogramTimes.isEmpty {
                while histogramHi < histogramTimes.count && histogramTimes[histogramHi] <= end {
                    histogramHi += 1
                }
                while histogramLo < histogramHi && histogramTimes[histogramLo] <= open {
                    histogramLo += 1
                }
            }
            if lo == hi && histogramLo == histogramHi { continue }
            try body(
                Window(
                    step: step, end: end, floats: lo..<hi, histograms: histogramLo..<histogramHi))
        }
    }
}

extension Evaluation {
    /// Streams what a range function makes of each series.
    func streamRange(_ node: Call, _ grid: Grid, _ sink: Sink) throws(QueryError) {
        var parameters: [[Double]] = []
        for argument in node.arguments where argument.type == .scalar {
            parameters.append(try scalar(argument, grid))
        }
        guard let matrix = node.arguments.first(where: { $0.type == .matrix }) else { return }
        try checkParameters(node, parameters)
        var series = Series(.empty, steps: grid.count)
        let position = position(node, matrix.unwrapped)
        try windows(matrix, grid, keeping: sink.labels) {
            (labels: Labels, _: Bool, columns: inout SampleColumns, windows: Windows)
                throws(QueryError) in
            series.reset(labels, steps: grid.count)
            // last_over_time keeps even a name that the subquery in it was to drop, as in
            // Prometheus 3.5.
            if node.function != .lastOverTime { dropName(&series) }
            var input = RangeInput(
                function: node.function, labels: labels, columns: SampleColumns(),
                windows: windows, grid: grid, parameters: parameters)
            swap(&input.columns, &columns)
            defer { swap(&input.columns, &columns) }
            try countTouched(input)
            try apply(input, position, &series)
            if node.function == .quantileOverTime {
                try warn(input, node.arguments[0].unwrapped.range)
            }
            try sink(&series)
        }
    }

    /// Where annotations of a range function point.
    private func position(_ node: Call, _ matrix: Expression) -> SourceRange {
        if node.function == .quantileOverTime { return node.arguments[0].unwrapped.range }
        // Prometheus forgets where a subquery stood.
        if case .subquery = matrix { return SourceRange(0, 0) }
        return matrix.range
    }

    /// Says of quantiles outside 0 to 1 that were applied to floats.
    private func warn(_ input: RangeInput, _ position: SourceRange) throws(QueryError) {
        guard input.parameters[0].contains(where: { !($0 >= 0 && $0 <= 1) }) else { return }
        try input.slide { (window: Window) throws(QueryError) in
            let q = input.parameters[0][window.step]
            guard !(q >= 0 && q <= 1), !window.floats.isEmpty else { return }
            annotations.warn(Remark.badQuantile(q), position)
        }
    }

    private func checkParameters(_ node: Call, _ parameters: [[Double]]) throws(QueryError) {
        switch node.function {
        case .doubleExponentialSmoothing:
            for (values, what) in zip(parameters, ["smoothing factor", "trend factor"]) {
                if let bad = values.first(where: { !($0 > 0 && $0 < 1) }) {
                    let name = what == "smoothing factor" ? "sf" : "tf"
                    throw .execution(
                        "invalid \(what). Expected: 0 < \(name) < 1, got: \(goNumber(bad))")
                }
            }
        default: break
        }
    }

    private func countTouched(_ input: RangeInput) throws(QueryError) {
        var touched = 0
        var widest = 0
        try input.slide { (window: Window) throws(QueryError) in
            let count = window.floats.count + window.histograms.count
            touched += count
            widest = max(widest, count)
        }
        statistics.samplesTouched += touched
        if widest > options.limits.samplesMax {
            throw .tooManySamples(limit: options.limits.samplesMax)
        }
    }

    private func apply(
        _ input: RangeInput, _ position: SourceRange, _ series: inout Series
    ) throws(QueryError) {
        switch input.function {
        case .rate, .increase, .delta: try extrapolated(input, position, &series)
        case .irate, .idelta: try instantChange(input, position, &series)
        case .changes, .resets: try transitions(input, &series)
        case .sumOverTime, .avgOverTime: try sums(input, position, &series)
        case .minOverTime, .maxOverTime, .tsOfMinOverTime, .tsOfMaxOverTime:
            try extremes(input, position, &series)
        case .stddevOverTime, .stdvarOverTime, .quantileOverTime, .madOverTime:
            try spreads(input, position, &series)
        case .deriv, .predictLinear, .doubleExponentialSmoothing:
            try trends(input, position, &series)
        case .countOverTime:
            try input.slide { (window: Window) throws(QueryError) in
                series.floats[window.step] =
                    Double(window.floats.count + window.histograms.count)
            }
        case .presentOverTime:
            try input.slide { (window: Window) throws(QueryError) in
                series.floats[window.step] = 1
            }
        case .lastOverTime, .tsOfLastOverTime: try lasts(input, &series)
        default: break
        }
    }

    private func lasts(_ input: RangeInput, _ series: inout Series) throws(QueryError) {
        let columns = input.columns
        let wantsTime = input.function == .tsOfLastOverTime
        var boxes: [HistogramBox?] = Array(repeating: nil, count: columns.histograms.count)
        try input.slide { (window: Window) throws(QueryError) in
            let float = window.floats.last.map { columns.times[$0] } ?? Int64.min
            let other = window.histograms.last.map { columns.histogramTimes[$0] } ?? Int64.min
            if wantsTime {
                series.floats[window.step] = Double(max(float, other)) / 1000
            } else if other > float, let index = window.histograms.last {
                let box = boxes[index] ?? HistogramBox(columns.histograms[index])
                boxes[index] = box
                series.set(box, at: window.step)
            } else if let index = window.floats.last {
                series.floats[window.step] = columns.values[index]
            }
        }
    }
}

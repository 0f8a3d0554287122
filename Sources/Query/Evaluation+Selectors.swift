internal import Model
internal import Text

extension Evaluation {
    /// The time that `@` fixes, or nil.
    func fixedTime(_ at: AtModifier?) -> Int64? {
        switch at {
        case .time(let time)?: time.millis
        case .start?: span.start
        case .end?: span.end
        case nil: nil
        }
    }

    /// The steps at which a selector looks: moved by its offset, or fixed by `@`.
    func reference(_ at: AtModifier?, _ offset: DurationValue?, _ grid: Grid) -> Grid {
        let back = offset?.span.millis ?? 0
        if let fixed = fixedTime(at) {
            return Grid(start: fixed &- back, step: 0, count: grid.count)
        }
        return Grid(start: grid.start &- back, step: grid.step, count: grid.count)
    }

    /// Streams the newest sample of each series at each step, or its time in seconds.
    func select(
        _ node: VectorSelector, _ grid: Grid, isTimestamp: Bool, _ sink: Sink
    ) throws(QueryError) {
        let look = reference(node.at, node.offset, grid)
        let from = look.start &- options.lookback.millis &+ 1
        try select(node.selector, look, (from, look.end), isTimestamp: isTimestamp, sink)
    }

    /// The same at the times of `look`, of samples in `span` alone.
    func select(
        _ selector: Selector, _ look: Grid, _ span: (from: Int64, to: Int64), isTimestamp: Bool,
        _ sink: Sink
    ) throws(QueryError) {
        let lookback = options.lookback.millis
        var series = Series(.empty, steps: look.count)
        var request = SeriesRequest(
            selector, from: Timestamp(millis: span.from), to: Timestamp(millis: span.to))
        request.labels = sink.labels.map { $0 + metadataNames.texts }
        request.isNewestEnough = look.count == 1 && look.start == span.to
        try samples(request) {
            (labels: Labels, columns: inout SampleColumns) throws(QueryError) in
            series.reset(labels, steps: look.count)
            let count = newest(columns, look, lookback, isTimestamp, into: &series)
            guard count > 0 else { return }
            statistics.samplesTouched += count
            try sink(&series)
        }
    }

    /// Calls `body` with each series that has samples in a time.
    func samples(
        _ request: SeriesRequest, _ body: (Labels, inout SampleColumns) throws(QueryError) -> Void
    ) throws(QueryError) {
        var failure: QueryError?
        var count = 0
        source.forEachSeries(request) { labels, columns in
            count += 1
            do throws(QueryError) {
                guard count <= options.limits.seriesMax else {
                    throw QueryError.tooManySeries(limit: options.limits.seriesMax)
                }
                try checkpoint(columns.times.count + columns.histogramTimes.count)
                try body(labels, &columns)
                return true
            } catch {
                failure = error
                return false
            }
        }
        statistics.seriesSelected += count
        if let failure { throw failure }
    }

    /// Fills a series with the newest samples that are not older than the lookback, and counts
    /// them. One pass.
    private func newest(
        _ columns: SampleColumns, _ look: Grid, _ lookback: Int64, _ isTimestamp: Bool,
        into series: inout Series
    ) -> Int {
        let times = columns.times
        let values = columns.values
        var next = 0
        var count = 0
        if columns.histogramTimes.isEmpty && !isTimestamp {
            for step in 0..<look.count {
                let time = look.time(step)
                while next < times.count && times[next] <= time { next += 1 }
                guard next > 0, times[next - 1] > time &- lookback else { continue }
                let value = values[next - 1]
                if isAbsent(value) { continue }
                series.floats[step] = value
                count += 1
            }
            return count
        }
        var boxes: [HistogramBox?] = Array(repeating: nil, count: columns.histograms.count)
        var nextHistogram = 0
        for step in 0..<look.count {
            let time = look.time(step)
            while next < times.count && times[next] <= time { next += 1 }
            while nextHistogram < columns.histogramTimes.count
                && columns.histogramTimes[nextHistogram] <= time
            { nextHistogram += 1 }
            let floatTime = next > 0 ? times[next - 1] : Int64.min
            let histogramTime =
                nextHistogram > 0 ? columns.histogramTimes[nextHistogram - 1] : Int64.min
            guard max(floatTime, histogramTime) > time &- lookback else { continue }
            if histogramTime > floatTime {
                let histogram = columns.histograms[nextHistogram - 1]
                if histogram.isStaleMarker { continue }
                count += histogram.weight
                if isTimestamp {
                    series.floats[step] = Double(histogramTime) / 1000
                    continue
                }
                let box = boxes[nextHistogram - 1] ?? HistogramBox(histogram)
                boxes[nextHistogram - 1] = box
                series.set(box, at: step)
            } else {
                let value = values[next - 1]
                if isAbsent(value) { continue }
                series.floats[step] = isTimestamp ? Double(floatTime) / 1000 : value
                count += 1
            }
        }
        return count
    }

    /// What a range function reads: the windows of a selector or of a subquery.
    struct Windows {
        /// Where each window ends.
        var look: Grid
        var length: Int64
        /// The selector's name and labels are kept for functions that need them.
        var range: SourceRange
    }

    /// Calls `body` with the samples of each series of a range vector, stale markers taken out.
    func windows(
        _ expression: Expression, _ grid: Grid, keeping labels: [String]? = nil,
        _ body: (Labels, Bool, inout SampleColumns, Windows) throws(QueryError) -> Void
    ) throws(QueryError) {
        switch expression {
        case .paren(let inner, _): return try windows(inner, grid, keeping: labels, body)
        case .matrix(let node):
            let look = reference(node.vector.at, node.vector.offset, grid)
            let windows = Windows(
                look: look, length: node.window.span.millis, range: node.range)
            var request = SeriesRequest(
                node.vector.selector,
                from: Timestamp(millis: look.start &- windows.length &+ 1),
                to: Timestamp(millis: look.end))
            request.labels = labels.map { $0 + metadataNames.texts }
            try samples(request) {
                (labels: Labels, columns: inout SampleColumns) throws(QueryError) in
                removeStale(&columns)
                if columns.isEmpty { return }
                try body(labels, false, &columns, windows)
            }
        case .subquery(let node): try subqueryWindows(node, grid, keeping: labels, body)
        default: throw .execution("expected a range vector")
        }
    }

    private func removeStale(_ columns: inout SampleColumns) {
        if columns.values.contains(where: { isAbsent($0) }) {
            var kept = 0
            for index in columns.values.indices where !isAbsent(columns.values[index]) {
                columns.values[kept] = columns.values[index]
                columns.times[kept] = columns.times[index]
                kept += 1
            }
            columns.values.removeLast(columns.values.count - kept)
            columns.times.removeLast(columns.times.count - kept)
        }
        guard columns.histograms.contains(where: { $0.isStaleMarker }) else { return }
        let fresh = columns.histograms.indices.filter { !columns.histograms[$0].isStaleMarker }
        columns.histogramTimes = fresh.map { columns.histogramTimes[$0] }
        columns.histograms = fresh.map { columns.histograms[$0] }
    }

    /// A subquery may skip the sample that was a reset, and repeat it: only the counts tell.
    private func unhinted(_ histogram: Histogram) -> Histogram {
        guard histogram.resetHint == .reset || histogram.resetHint == .noReset else {
            return histogram
        }
        var changed = histogram
        changed.resetHint = .unknown
        return changed
    }

    /// Evaluates the inner expression once, over all the windows, at multiples of the step.
    private func subqueryWindows(
        _ node: Subquery, _ grid: Grid, keeping labels: [String]?,
        _ body: (Labels, Bool, inout SampleColumns, Windows) throws(QueryError) -> Void
    ) throws(QueryError) {
        let look = reference(node.at, node.offset, grid)
        let step = node.step?.span.millis ?? options.defaultStep.millis
        let length = node.window.span.millis
        let windows = Windows(look: look, length: length, range: node.range)
        // The first multiple of the step after the start of the first window, which is left open.
        let open = Timestamp(millis: look.start &- length).floor(to: TimeSpan(millis: step))
        let first = open.millis &+ step
        guard first <= look.end else { return }
        let count = (look.end - first) / step + 1
        guard count <= Int64(options.limits.samplesMax) else {
            throw .tooManySamples(limit: options.limits.samplesMax)
        }
        let inner = Grid(start: first, step: step, count: Int(count))
        var columns = SampleColumns()
        try streamUnique(node.expression, inner, keeping: labels) {
            (series: inout Series) throws(QueryError) in
            columns.removeAll()
            for index in 0..<inner.count {
                if !isAbsent(series.floats[index]) {
                    columns.append(series.floats[index], at: inner.time(index))
                } else if let box = series.histogram(index) {
                    columns.append(unhinted(box.value), at: inner.time(index))
                }
            }
            if columns.isEmpty { return }
            try body(series.labels, series.dropsName, &columns, windows)
        }
    }
}

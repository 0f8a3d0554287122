internal import Model
internal import Text

// Aggregations that fold: each input series is streamed into the accumulators of its group, one
// for each step. The group of a series is looked up once. An accumulator is 40 bytes or, for most
// operators, 16 or less: arrays by what an operator needs.

/// The groups of an aggregation by their labels.
struct Groups {
    private let names: LabelNames
    private let isWithout: Bool
    private var places: [Labels: Int] = [:]
    /// The last series' labels and place: neighbours are often alike in what is looked at.
    private var last = (labels: Labels.empty, place: -1)
    private(set) var labels: [Labels] = []
    private(set) var dropsName: [Bool] = []

    init(_ grouping: [String], isWithout: Bool) {
        names = LabelNames(isWithout ? grouping + [Labels.metricName] : grouping)
        self.isWithout = isWithout
    }

    /// The number of a series' group, made when it is new.
    mutating func place(_ series: Series, extra: (String, String)? = nil) -> Int {
        if !isWithout && names.isEmpty && extra == nil && !labels.isEmpty { return 0 }
        if extra == nil && last.place >= 0 && series.labels.isSame(as: last.labels) {
            return last.place
        }
        let place = find(series, extra)
        if extra == nil { last = (series.labels, place) }
        return place
    }

    private mutating func find(_ series: Series, _ extra: (String, String)?) -> Int {
        var key =
            isWithout ? series.labels.dropping(names) : series.labels.keeping(names)
        if let extra { key = key.setting(extra.0, extra.1) }
        if let place = places[key] { return place }
        places[key] = labels.count
        labels.append(key)
        dropsName.append(series.dropsName)
        return labels.count - 1
    }

    func series(_ place: Int, steps: Int) -> Series {
        var series = Series(labels[place], steps: steps)
        series.dropsName = dropsName[place]
        return series
    }
}

/// The state of one group at all steps.
private struct Accumulator {
    var value: [Double]
    var compensation: [Double]
    var mean: [Double]
    var count: [Double]
    var isIncremental: [Bool] = []
    var histograms: [HistogramBox?] = []
    /// Steps with a mix, or with histograms that do not go together.
    var isSpoiled: [Bool] = []
    var lists: [[Double]] = []

    init(_ op: AggregationOperator, steps: Int) {
        let zeros = Array(repeating: 0.0, count: steps)
        count = zeros
        value = zeros
        let needsMean = op == .avg || op == .stddev || op == .stdvar
        mean = needsMean ? zeros : []
        compensation = op == .sum || op == .avg ? zeros : []
        if op == .avg { isIncremental = Array(repeating: false, count: steps) }
        if op == .quantile { lists = Array(repeating: [], count: steps) }
    }
}

extension Evaluation {
    func aggregate(_ node: Aggregate, _ grid: Grid) throws(QueryError) -> [Series] {
        if node.op.picks { return try pick(node, grid) }
        if node.op == .countValues { return try countValues(node, grid) }
        var quantiles: [Double] = []
        if node.op == .quantile, let parameter = node.parameter {
            quantiles = try scalar(parameter, grid)
        }
        var groups = Groups(node.grouping, isWithout: node.isWithout)
        var states: [Accumulator] = []
        try streamUnique(node.expression, grid, keeping: node.isWithout ? nil : node.grouping) {
            (series: inout Series) throws(QueryError) in
            if series.isEmpty { return }
            let place = groups.place(series)
            if place == states.count {
                guard place < options.limits.seriesMax else {
                    throw .tooManySeries(limit: options.limits.seriesMax)
                }
                try hold(grid.count)
                states.append(Accumulator(node.op, steps: grid.count))
            }
            if node.op == .quantile { try hold(grid.count) }
            fold(node, series, &states[place])
        }
        if let parameter = node.parameter {
            for q in quantiles where !(q >= 0 && q <= 1) {
                annotations.warn(Remark.badQuantile(q), parameter.unwrapped.range)
            }
        }
        var result: [Series] = []
        result.reserveCapacity(states.count)
        for place in states.indices {
            var out = groups.series(place, steps: grid.count)
            finish(node, quantiles, &states[place], &out)
            if !out.isEmpty { result.append(out) }
        }
        return result
    }

    private func fold(_ node: Aggregate, _ series: Series, _ state: inout Accumulator) {
        switch node.op {
        case .sum: foldSum(series, &state)
        case .avg: foldAverage(series, &state)
        case .count, .group:
            for step in series.floats.indices where series.isPresent(step) {
                state.count[step] += 1
            }
            return
        case .min, .max: foldExtreme(node.op == .max, series, &state)
        case .stddev, .stdvar: foldDeviation(series, &state)
        case .quantile:
            for step in series.floats.indices where !isAbsent(series.floats[step]) {
                state.lists[step].append(series.floats[step])
            }
        case .bottomk, .topk, .limitk, .limitRatio, .countValues: break
        }
        guard series.hasHistograms else { return }
        if node.op == .sum || node.op == .avg {
            foldHistograms(node, series, &state)
        } else if series.histograms.contains(where: { $0 != nil }) {
            annotations.inform(
                Remark.ignoredHistogram(node.op.rawValue), node.expression.range)
        }
    }

    private func foldSum(_ series: Series, _ state: inout Accumulator) {
        for step in series.floats.indices {
            let value = series.floats[step]
            if isAbsent(value) { continue }
            kahanAdd(value, &state.value[step], &state.compensation[step])
            state.count[step] += 1
        }
    }

    private func foldAverage(_ series: Series, _ state: inout Accumulator) {
        for step in series.floats.indices {
            let value = series.floats[step]
            if isAbsent(value) { continue }
            state.count[step] += 1
            let count = state.count[step]
            if !state.isIncremental[step] {
                var (sum, rest) = (state.value[step], state.compensation[step])
                kahanAdd(value, &sum, &rest)
                if count == 1 || !sum.isInfinite {
                    state.value[step] = sum
                    state.compensation[step] = rest
                    continue
                }
                // The sum would overflow: from here on the mean itself is carried.
                state.isIncremental[step] = true
                state.mean[step] = state.value[step] / (count - 1)
                state.compensation[step] /= count - 1
            }
            let weight = (count - 1) / count
            state.mean[step] *= weight
            state.compensation[step] *= weight
            kahanAdd(value / count, &state.mean[step], &state.compensation[step])
        }
    }

    private func foldExtreme(_ isMax: Bool, _ series: Series, _ state: inout Accumulator) {
        for step in series.floats.indices {
            let value = series.floats[step]
            if isAbsent(value) { continue }
            let best = state.value[step]
            if state.count[step] == 0 || best.isNaN || (isMax ? value > best : value < best) {
                state.value[step] = value
            }
            state.count[step] += 1
        }
    }

    /// Welford's algorithm.
    private func foldDeviation(_ series: Series, _ state: inout Accumulator) {
        for step in series.floats.indices {
            let value = series.floats[step]
            if isAbsent(value) { continue }
            state.count[step] += 1
            if state.count[step] == 1 {
                state.mean[step] = value
                state.value[step] = value.isFinite ? 0 : .nan
                continue
            }
            let delta = value - state.mean[step]
            state.mean[step] += delta / state.count[step]
            state.value[step] += delta * (value - state.mean[step])
        }
    }

    private func foldHistograms(
        _ node: Aggregate, _ series: Series, _ state: inout Accumulator
    ) {
        let steps = series.floats.count
        if state.histograms.isEmpty {
            state.histograms = Array(repeating: nil, count: steps)
            state.isSpoiled = Array(repeating: false, count: steps)
            // How many histograms, kept where the floats' counts cannot be mistaken for them.
            state.lists = Array(repeating: [0], count: steps)
        }
        for step in 0..<steps {
            guard let box = series.histograms[step] else { continue }
            state.lists[step][0] += 1
            guard let sum = state.histograms[step] else {
                state.histograms[step] = box
                continue
            }
            var total = sum.value
            do throws(HistogramMismatch) {
                if node.op == .sum {
                    try total.add(box.value)
                } else {
                    let count = state.lists[step][0]
                    var part = box.value
                    part.divide(by: count)
                    var share = total
                    share.divide(by: count)
                    try part.subtract(share)
                    try total.add(part)
                }
                state.histograms[step] = HistogramBox(total)
            } catch {
                annotations.warn(
                    Remark.mismatch(error, series.labels.name), node.expression.range)
                state.isSpoiled[step] = true
            }
        }
    }

    private func finish(
        _ node: Aggregate, _ quantiles: [Double], _ state: inout Accumulator, _ out: inout Series
    ) {
        let hasHistograms = !state.histograms.isEmpty
        for step in out.floats.indices {
            if hasHistograms, let box = state.histograms[step] {
                if state.count[step] > 0 {
                    annotations.warn(Remark.mixedAggregation, node.expression.range)
                } else if !state.isSpoiled[step] {
                    var value = box.value
                    value.compact()
                    out.set(HistogramBox(value), at: step)
                }
                continue
            }
            if node.op == .quantile {
                if !state.lists[step].isEmpty {
                    out.floats[step] = quantile(quantiles[step], &state.lists[step])
                }
                continue
            }
            let count = state.count[step]
            if count == 0 { continue }
            let value = state.value[step]
            out.floats[step] =
                switch node.op {
                case .sum: value.isInfinite ? value : value + state.compensation[step]
                case .avg:
                    state.isIncremental[step]
                        ? state.mean[step] + state.compensation[step]
                        : value / count + state.compensation[step] / count
                case .count: count
                case .group: 1
                case .stdvar: value / count
                case .stddev: (value / count).squareRoot()
                default: value
                }
        }
    }
}

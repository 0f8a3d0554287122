internal import CMath
internal import Model
internal import Text

extension Evaluation {
    /// histogram_count and its kin: a number for each native histogram, nothing for floats.
    func summarize(_ function: Function, _ series: inout Series) {
        for step in series.floats.indices {
            guard let histogram = series.histogram(step)?.value else {
                series.floats[step] = absent
                continue
            }
            series.floats[step] =
                switch function {
                case .histogramAvg: histogram.sum / histogram.count
                case .histogramCount: histogram.count
                case .histogramSum: histogram.sum
                case .histogramStddev: variance(histogram).squareRoot()
                default: variance(histogram)
                }
        }
        series.histograms.removeAll(keepingCapacity: true)
    }

    /// As if all of a bucket lay in its geometric middle, or its arithmetic one with custom bounds.
    private func variance(_ histogram: Histogram) -> Double {
        let mean = histogram.sum / histogram.count
        var (sum, rest) = (0.0, 0.0)
        for bucket in histogram.buckets where bucket.count != 0 {
            var value: Double
            if histogram.hasCustomBounds {
                value = (bucket.upper + bucket.lower) / 2
            } else if bucket.lower <= 0 && bucket.upper >= 0 {
                value = 0
            } else {
                value = (bucket.upper * bucket.lower).squareRoot()
                if bucket.upper < 0 { value = -value }
            }
            let delta = value - mean
            kahanAdd(bucket.count * delta * delta, &sum, &rest)
        }
        return (sum + rest) / histogram.count
    }

    func histogramQuantile(_ node: Call, _ grid: Grid) throws(QueryError) -> [Series] {
        let q = try scalar(node.arguments[0], grid)
        defer {
            // Behind what the argument has to say.
            for value in q where !(value >= 0 && value <= 1) {
                annotations.warn(Remark.badQuantile(value), node.arguments[0].unwrapped.range)
            }
        }
        let position = node.arguments[1].unwrapped.range
        return try overHistograms(
            node.arguments[1], grid,
            native: { histogram, step, labels in
                let (value, remark) = nativeQuantile(q[step], histogram)
                switch remark {
                case .isNaN:
                    annotations.inform(
                        Remark.nanQuantile(labels.name), node.arguments[0].unwrapped.range)
                case .isSkewed:
                    annotations.inform(
                        Remark.skewedQuantile(labels.name), node.arguments[0].unwrapped.range)
                case nil: break
                }
                return value
            },
            classic: { buckets, step, labels in
                let (value, isForced) = classicQuantile(q[step], &buckets)
                if isForced {
                    let name = isDelayed ? labels.name : ""
                    annotations.inform(Remark.forcedMonotonic(name), position)
                }
                return value
            })
    }

    func histogramFraction(_ node: Call, _ grid: Grid) throws(QueryError) -> [Series] {
        let lower = try scalar(node.arguments[0], grid)
        let upper = try scalar(node.arguments[1], grid)
        return try overHistograms(
            node.arguments[2], grid,
            native: { histogram, step, labels in
                if histogram.sum.isNaN && histogram.count > 0 {
                    annotations.inform(
                        Remark.nanFraction(labels.name), node.arguments[0].unwrapped.range)
                }
                return nativeFraction(lower[step], upper[step], histogram)
            },
            classic: { buckets, step, _ in
                classicFraction(lower[step], upper[step], &buckets)
            })
    }

    /// Series of classic histograms that belong together, by their bounds.
    private struct Group {
        var labels: Labels
        var dropsName = false
        var members: [(bound: Double, series: Int)] = []
    }

    /// Calls `native` for each native histogram and `classic` for the buckets of each classic one.
    private func overHistograms(
        _ argument: Expression, _ grid: Grid,
        native: (Histogram, Int, Labels) -> Double,
        classic: (inout [ClassicBucket], Int, Labels) -> Double
    ) throws(QueryError) -> [Series] {
        let list = try vector(argument, grid)
        let le = LabelNames(["le"])
        var places: [Labels: Int] = [:]
        var groups: [Group] = []
        for (index, series) in list.enumerated()
        where series.floats.contains(where: { !isAbsent($0) }) {
            let text = series.labels["le"] ?? ""
            guard let bound = parseGoNumber(text) else {
                annotations.warn(
                    Remark.badBucket(series.labels.name, text), argument.unwrapped.range)
                continue
            }
            let labels = series.labels.dropping(le)
            let place = places[labels] ?? groups.count
            if place == groups.count {
                places[labels] = place
                groups.append(Group(labels: labels, dropsName: series.dropsName))
            }
            groups[place].members.append((bound, index))
        }
        var result: [Series] = []
        // Steps at which a group has a native histogram too: neither counts there.
        var conflicts: [Int: Set<Int>] = [:]
        for series in list where series.hasHistograms {
            try checkpoint(grid.count)
            var out = Series(series.labels, steps: grid.count)
            out.dropsName = series.dropsName
            dropName(&out)
            let group = places[series.labels]
            for step in 0..<grid.count {
                guard let histogram = series.histogram(step)?.value else { continue }
                if let group,
                    groups[group].members.contains(where: {
                        !isAbsent(list[$0.series].floats[step])
                    })
                {
                    annotations.warn(
                        Remark.mixedClassic(series.labels.name), argument.unwrapped.range)
                    conflicts[group, default: []].insert(step)
                    continue
                }
                out.floats[step] = native(histogram, step, series.labels)
            }
            if !out.isEmpty { result.append(out) }
        }
        for place in groups.indices {
            try checkpoint(grid.count * groups[place].members.count)
            groups[place].members.sort { $0.bound < $1.bound }
            let out = overClassic(groups[place], list, grid, conflicts[place] ?? [], classic)
            if !out.isEmpty { result.append(out) }
        }
        return try merged(result)
    }

    private func overClassic(
        _ group: Group, _ list: [Series], _ grid: Grid, _ conflicts: Set<Int>,
        _ classic: (inout [ClassicBucket], Int, Labels) -> Double
    ) -> Series {
        var buckets: [ClassicBucket] = []
        var out = Series(group.labels, steps: grid.count)
        dropName(&out)
        for step in 0..<grid.count where !conflicts.contains(step) {
            buckets.removeAll(keepingCapacity: true)
            for member in group.members {
                let count = list[member.series].floats[step]
                if !isAbsent(count) {
                    buckets.append(ClassicBucket(upper: member.bound, count: count))
                }
            }
            if buckets.isEmpty { continue }
            out.floats[step] = classic(&buckets, step, group.labels)
        }
        return out
    }
}

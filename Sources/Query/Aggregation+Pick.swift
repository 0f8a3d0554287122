internal import Model
internal import Text

// Aggregations that pick series: topk, bottomk, limitk, limit_ratio; and count_values, whose
// groups depend on the values.

extension Evaluation {
    /// A candidate of topk, at one step of one group.
    private struct Candidate {
        var value: Double
        var series: Int
    }

    func pick(_ node: Aggregate, _ grid: Grid) throws(QueryError) -> [Series] {
        guard let parameter = node.parameter else { return [] }
        let values = try scalar(parameter, grid)
        let list = try vector(node.expression, grid)
        if node.op == .limitRatio { return try limitRatio(node, parameter, values, list) }
        var limits: [Int] = []
        for value in values {
            if value.isNaN { throw .execution("Parameter value is NaN") }
            guard abs(value) < 9.2e18 else {
                throw .execution(
                    "Scalar value \(goNumber(value)) \(value < 0 ? "under" : "over")flows int64")
            }
            limits.append(max(0, min(Int(value), list.count)))
        }
        guard limits.contains(where: { $0 > 0 }) else { return [] }
        var groups = Groups(node.grouping, isWithout: node.isWithout)
        let places = list.map { groups.place($0) }
        var isKept = list.map { _ in [Bool]() }
        var order: [Int] = []
        if node.op == .limitk {
            var taken = groups.labels.map { _ in Array(repeating: 0, count: grid.count) }
            for (index, series) in list.enumerated() {
                isKept[index] = Array(repeating: false, count: grid.count)
                for step in 0..<grid.count
                where series.isPresent(step) && taken[places[index]][step] < limits[step] {
                    taken[places[index]][step] += 1
                    isKept[index][step] = true
                }
            }
        } else {
            for index in list.indices {
                isKept[index] = Array(repeating: false, count: grid.count)
                if list[index].histograms.contains(where: { $0 != nil }) {
                    annotations.inform(
                        Remark.ignoredHistogram(node.op.rawValue), node.range)
                }
            }
            let heaps = try candidates(node, list, places, groups.labels.count, limits)
            for group in heaps {
                for (step, heap) in group.enumerated() {
                    for candidate in heap { isKept[candidate.series][step] = true }
                }
                if grid.count == 1 { order += group[0].map(\.series) }
            }
        }
        if order.isEmpty { order = Array(list.indices) }
        return kept(list, order, isKept)
    }

    /// The best of each group at each step, the very best first.
    private func candidates(
        _ node: Aggregate, _ list: [Series], _ places: [Int], _ groups: Int, _ limits: [Int]
    ) throws(QueryError) -> [[[Candidate]]] {
        let isTop = node.op == .topk
        // NaN is worse than any number, and of equal ones the earlier stays.
        func isWorse(_ left: Double, _ right: Double) -> Bool {
            if left.isNaN { return !right.isNaN }
            return isTop ? left < right : left > right
        }
        var heaps = Array(
            repeating: Array(repeating: [Candidate](), count: limits.count), count: groups)
        for (index, series) in list.enumerated() {
            try checkpoint(limits.count)
            let group = places[index]
            for step in limits.indices {
                let value = series.floats[step]
                if isAbsent(value) || limits[step] == 0 { continue }
                // A heap with the worst on top.
                let candidate = Candidate(value: value, series: index)
                if heaps[group][step].count < limits[step] {
                    heaps[group][step].append(candidate)
                    siftUp(&heaps[group][step], isWorse)
                } else if isWorse(heaps[group][step][0].value, value) {
                    heaps[group][step][0] = candidate
                    siftDown(&heaps[group][step], isWorse)
                }
            }
        }
        for group in heaps.indices {
            for step in limits.indices {
                heaps[group][step].sort { left, right in
                    if isWorse(right.value, left.value) { return true }
                    return !isWorse(left.value, right.value) && left.series < right.series
                }
            }
        }
        return heaps
    }

    private func siftUp(_ heap: inout [Candidate], _ isWorse: (Double, Double) -> Bool) {
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isWorse(heap[child].value, heap[parent].value) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private func siftDown(_ heap: inout [Candidate], _ isWorse: (Double, Double) -> Bool) {
        var parent = 0
        while true {
            var worst = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if isWorse(heap[child].value, heap[worst].value) { worst = child }
            }
            if worst == parent { return }
            heap.swapAt(worst, parent)
            parent = worst
        }
    }

    /// The series with only the kept steps, in an order.
    private func kept(_ list: [Series], _ order: [Int], _ isKept: [[Bool]]) -> [Series] {
        var result: [Series] = []
        for index in order where isKept[index].contains(true) {
            var series = list[index]
            for step in series.floats.indices where !isKept[index][step] {
                series.floats[step] = absent
                series.set(nil, at: step)
            }
            result.append(series)
        }
        return result
    }

    /// A share of the series, the same at each step: by a hash of the labels, as Prometheus'.
    private func limitRatio(
        _ node: Aggregate, _ parameter: Expression, _ values: [Double], _ list: [Series]
    ) throws(QueryError) -> [Series] {
        if values.contains(where: \.isNaN) { throw .execution("Ratio value is NaN") }
        if let highest = values.max(), highest > 1 {
            annotations.warn(Remark.badRatio(highest, 1), parameter.range)
        }
        if let lowest = values.min(), lowest < -1 {
            annotations.warn(Remark.badRatio(lowest, -1), parameter.range)
        }
        let isKept = list.map { series in
            let place = Double(xxHash64(series.labels.bytes)) / 18_446_744_073_709_551_616
            return values.map { value in
                let ratio = max(-1, min(1, value))
                return ratio >= 0 ? place < ratio : place >= 1 + ratio
            }
        }
        return kept(list, Array(list.indices), isKept)
    }

    // MARK: count_values

    func countValues(_ node: Aggregate, _ grid: Grid) throws(QueryError) -> [Series] {
        guard let parameter = node.parameter else { return [] }
        let bytes = try string(parameter, grid)
        guard let name = String(validating: bytes, as: UTF8.self), !name.isEmpty else {
            throw .execution("invalid label name \(goQuoted(bytes))")
        }
        let grouping = node.isWithout ? node.grouping + [name] : node.grouping
        var groups = Groups(grouping, isWithout: node.isWithout)
        var result: [Series] = []
        try streamUnique(node.expression, grid) { (series: inout Series) throws(QueryError) in
            for step in 0..<grid.count where series.isPresent(step) {
                let value =
                    series.histogram(step).map { histogramNotation($0.value) }
                    ?? plainNumber(series.floats[step])
                let place = groups.place(series, extra: (name, value))
                if place == result.count {
                    try keep(Series(groups.labels[place], steps: grid.count), in: &result)
                }
                let count = result[place].floats[step]
                result[place].floats[step] = isAbsent(count) ? 1 : count + 1
            }
        }
        return result
    }
}

/// A histogram as a label's value, as Prometheus writes it.
func histogramNotation(_ histogram: Histogram) -> String {
    var text = "{count:\(goNumber(histogram.count)), sum:\(goNumber(histogram.sum))"
    for bucket in histogram.buckets where bucket.count != 0 {
        text += ", " + (bucket.includesLower ? "[" : "(")
        text += goNumber(bucket.lower) + "," + goNumber(bucket.upper)
        text += (bucket.includesUpper ? "]" : ")") + ":" + goNumber(bucket.count)
    }
    return text + "}"
}

/// XXH64 with seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
func xxHash64(_ bytes: [UInt8]) -> UInt64 {
    let (p1, p2, p3): (UInt64, UInt64, UInt64) = (
        0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9
    )
    let (p4, p5): (UInt64, UInt64) = (0x85eb_ca77_c2b2_ae63, 0x27d4_eb2f_1656_67c5)
    func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 {
        (value << count) | (value >> (64 - count))
    }
    func word(_ index: Int, _ size: Int) -> UInt64 {
        (0..<size).reduce(0) { $0 | UInt64(bytes[index + $1]) << UInt64(8 * $1) }
    }
    func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotated(accumulator &+ lane &* p2, 31) &* p1
    }
    var index = 0
    var hash: UInt64
    if bytes.count >= 32 {
        var lanes = [p1 &+ p2, p2, 0, 0 &- p1]
        while index + 32 <= bytes.count {
            for lane in 0..<4 { lanes[lane] = round(lanes[lane], word(index + 8 * lane, 8)) }
            index += 32
        }
        hash =
            rotated(lanes[0], 1) &+ rotated(lanes[1], 7) &+ rotated(lanes[2], 12)
            &+ rotated(lanes[3], 18)
        for lane in lanes { hash = (hash ^ round(0, lane)) &* p1 &+ p4 }
    } else {
        hash = p5
    }
    hash = hash &+ UInt64(bytes.count)
    while index + 8 <= bytes.count {
        hash = rotated(hash ^ round(0, word(index, 8)), 27) &* p1 &+ p4
        index += 8
    }
    if index + 4 <= bytes.count {
        hash = rotated(hash ^ (word(index, 4) &* p1), 23) &* p2 &+ p3
        index += 4
    }
    while index < bytes.count {
        hash = rotated(hash ^ (UInt64(bytes[index]) &* p5), 11) &* p1
        index += 1
    }
    hash = (hash ^ (hash >> 33)) &* p2
    hash = (hash ^ (hash >> 29)) &* p3
    return hash ^ (hash >> 32)
}

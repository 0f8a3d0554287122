internal import Model

// Binary operations between vectors. Each series' signature, the labels that it is matched by, is
// worked out once for the query; series with equal signatures are a match group. Then groups are
// worked through one after the other, and within a group step by step, since which series have a
// value may change. Where a group has one series on each side, which is the usual case, that is one
// loop over two columns.

/// The series of both sides with one signature, by their places.
private struct MatchGroup {
    var signature: Labels
    var left: [Int] = []
    var right: [Int] = []
}

extension Evaluation {
    func matched(_ node: BinaryExpression, _ grid: Grid) throws(QueryError) -> [Series] {
        let matching = node.matching ?? VectorMatching()
        let left = try vector(node.left, grid)
        let right = try vector(node.right, grid)
        if node.op == .or { return try union(matching, left, right, grid) }
        guard !left.isEmpty, node.op == .unless || !right.isEmpty else { return [] }
        let groups = matchGroups(matching, left, right)
        switch node.op {
        case .and, .unless: return intersection(node.op == .and, groups, left, right, grid)
        default:
            let isSwapped = matching.cardinality == .oneToMany
            var operation = VectorOperation(
                evaluation: self, node: node, matching: matching, grid: grid,
                isSwapped: isSwapped, many: isSwapped ? right : left, one: isSwapped ? left : right)
            for group in groups {
                try operation.run(
                    group.signature, many: isSwapped ? group.right : group.left,
                    one: isSwapped ? group.left : group.right)
            }
            return operation.result.filter { !$0.isEmpty }
        }
    }

    private func signature(_ names: LabelNames, _ isOn: Bool, _ labels: Labels) -> Labels {
        isOn ? labels.keeping(names) : labels.dropping(names)
    }

    private func matchGroups(
        _ matching: VectorMatching, _ left: [Series], _ right: [Series]
    ) -> [MatchGroup] {
        let names = LabelNames(
            matching.isOn ? matching.labels : matching.labels + [Labels.metricName])
        var places: [Labels: Int] = [:]
        places.reserveCapacity(left.count)
        var groups: [MatchGroup] = []
        for (index, series) in left.enumerated() {
            let key = signature(names, matching.isOn, series.labels)
            if let place = places[key] {
                groups[place].left.append(index)
            } else {
                places[key] = groups.count
                groups.append(MatchGroup(signature: key, left: [index]))
            }
        }
        for (index, series) in right.enumerated() {
            let key = signature(names, matching.isOn, series.labels)
            if let place = places[key] {
                groups[place].right.append(index)
            } else {
                places[key] = groups.count
                groups.append(MatchGroup(signature: key, right: [index]))
            }
        }
        return groups
    }

    /// At which steps any of some series has a value.
    private func presence(_ list: [Series], _ indices: [Int], _ steps: Int) -> [Bool] {
        var isPresent = Array(repeating: false, count: steps)
        for index in indices {
            for step in 0..<steps where list[index].isPresent(step) { isPresent[step] = true }
        }
        return isPresent
    }

    private func hide(_ series: inout Series, _ step: Int) {
        series.floats[step] = absent
        series.set(nil, at: step)
    }

    private func intersection(
        _ wanted: Bool, _ groups: [MatchGroup], _ left: [Series], _ right: [Series], _ grid: Grid
    ) -> [Series] {
        var list = left
        for group in groups where !group.left.isEmpty {
            let other = presence(right, group.right, grid.count)
            for index in group.left {
                for step in 0..<grid.count where other[step] != wanted {
                    hide(&list[index], step)
                }
            }
        }
        return list.filter { !$0.isEmpty }
    }

    private func union(
        _ matching: VectorMatching, _ left: [Series], _ right: [Series], _ grid: Grid
    ) throws(QueryError) -> [Series] {
        var others = right
        for group in matchGroups(matching, left, right) where !group.right.isEmpty {
            if group.left.isEmpty { continue }
            let taken = presence(left, group.left, grid.count)
            for index in group.right {
                for step in 0..<grid.count where taken[step] { hide(&others[index], step) }
            }
        }
        // The same series may come from either side at different steps.
        return try merged(left + others.filter { !$0.isEmpty })
    }
}

/// Arithmetic or comparison of two vectors. `many` may have several series in a group when the
/// cardinality says so, `one` only one at a time; for `group_right` the sides are swapped.
private struct VectorOperation {
    let evaluation: Evaluation
    let node: BinaryExpression
    let matching: VectorMatching
    let grid: Grid
    let isSwapped: Bool
    let many: [Series]
    let one: [Series]
    var result: [Series] = []
    private var places: [Labels: Int] = [:]
    /// Steps at which the side of many has anything: elsewhere nothing is matched.
    private var occupied: [Bool]?

    init(
        evaluation: Evaluation, node: BinaryExpression, matching: VectorMatching, grid: Grid,
        isSwapped: Bool, many: [Series], one: [Series]
    ) {
        self.evaluation = evaluation
        self.node = node
        self.matching = matching
        self.grid = grid
        self.isSwapped = isSwapped
        self.many = many
        self.one = one
    }

    private var dropsName: Bool { !node.op.isComparison || node.returnsBool }

    mutating func run(
        _ signature: Labels, many manyIndices: [Int], one oneIndices: [Int]
    ) throws(QueryError) {
        try evaluation.checkpoint(grid.count * (manyIndices.count + oneIndices.count))
        if oneIndices.count > 1 { try refuseDuplicates(signature, oneIndices) }
        guard !manyIndices.isEmpty, !oneIndices.isEmpty else { return }
        // Who gave the result of a step: one to one allows no second.
        var isTaken = manyIndices.count > 1 ? Array(repeating: false, count: grid.count) : []
        for manyIndex in manyIndices {
            for oneIndex in oneIndices {
                let pair = (many[manyIndex], one[oneIndex])
                var out = Series(labels(pair.0.labels, pair.1.labels), steps: grid.count)
                // As in Prometheus 3.5: a name that was to be dropped survives a comparison.
                out.dropsName = node.returnsBool && evaluation.isDelayed
                guard fill(&out, pair.0, pair.1) else { continue }
                if matching.cardinality == .oneToOne {
                    if manyIndices.count > 1 {
                        for step in 0..<grid.count where out.isPresent(step) {
                            if isTaken[step] {
                                throw .execution(
                                    "multiple matches for labels: many-to-one matching must be "
                                        + "explicit (group_left/group_right)")
                            }
                            isTaken[step] = true
                        }
                    }
                }
                let isAlone = manyIndices.count == 1 && oneIndices.count == 1
                try add(out, mayRepeat: !isAlone || matching.cardinality != .oneToOne)
            }
        }
    }

    /// Computes a pair at all steps; false when nothing comes of it.
    private func fill(_ out: inout Series, _ first: Series, _ second: Series) -> Bool {
        let (left, right) = isSwapped ? (second, first) : (first, second)
        if !left.hasHistograms && !right.hasHistograms && !node.op.isComparison {
            switch node.op {
            case .add: return each(&out, left, right) { $0 + $1 }
            case .sub: return each(&out, left, right) { $0 - $1 }
            case .mul: return each(&out, left, right) { $0 * $1 }
            case .div: return each(&out, left, right) { $0 / $1 }
            default: return each(&out, left, right) { arithmetic(node.op, $0, $1) }
            }
        }
        var isAny = false
        for step in 0..<grid.count where left.isPresent(step) && right.isPresent(step) {
            let result = evaluation.combine(
                node, left.floats[step], left.histogram(step), right.floats[step],
                right.histogram(step))
            switch result {
            case .nothing: continue
            case .float(let value): out.floats[step] = value
            case .histogram(let histogram): out.set(HistogramBox(histogram), at: step)
            case .same(let box): out.set(box, at: step)
            }
            isAny = true
        }
        return isAny
    }

    @inline(__always)
    private func each(
        _ out: inout Series, _ left: Series, _ right: Series,
        _ function: (Double, Double) -> Double
    ) -> Bool {
        var isAny = false
        for step in out.floats.indices {
            let (a, b) = (left.floats[step], right.floats[step])
            if isAbsent(a) || isAbsent(b) { continue }
            out.floats[step] = function(a, b)
            isAny = true
        }
        return isAny
    }

    /// The labels of a result.
    private func labels(_ many: Labels, _ one: Labels) -> Labels {
        var labels = many
        if dropsName && !(node.op.isComparison && evaluation.isDelayed) {
            labels = labels.withoutName
        }
        if matching.cardinality == .oneToOne {
            let names = LabelNames(matching.labels)
            if matching.isOn {
                labels = labels.keeping(names)
            } else if !names.isEmpty {
                labels = labels.dropping(names)
            }
        }
        for name in matching.include { labels = labels.setting(name, one[name] ?? "") }
        return labels
    }

    private mutating func add(_ series: Series, mayRepeat: Bool) throws(QueryError) {
        guard mayRepeat else { return try evaluation.keep(series, in: &result) }
        guard let place = places[series.labels] else {
            places[series.labels] = result.count
            return try evaluation.keep(series, in: &result)
        }
        for step in series.floats.indices where !result[place].take(series, step) {
            throw .execution(
                "multiple matches for labels: grouping labels must ensure unique matches")
        }
    }

    private mutating func refuseDuplicates(
        _ signature: Labels, _ indices: [Int]
    ) throws(QueryError) {
        if occupied == nil {
            occupied = (0..<grid.count).map { step in many.contains { $0.isPresent(step) } }
        }
        var owner = Array(repeating: -1, count: grid.count)
        for index in indices {
            for step in 0..<grid.count where one[index].isPresent(step) {
                if owner[step] >= 0 && occupied?[step] ?? false {
                    let side = isSwapped ? "left" : "right"
                    throw .execution(
                        "found duplicate series for the match group \(braced(signature)) on the "
                            + "\(side) hand-side of the operation: "
                            + "[\(braced(one[index].labels)), \(braced(one[owner[step]].labels))]"
                            + ";many-to-many matching not allowed: matching labels must be unique "
                            + "on one side")
                }
                owner[step] = index
            }
        }
    }
}

/// Labels as Prometheus prints them in errors.
func braced(_ labels: Labels) -> String {
    let list = labels.pairs.map { "\(labelNotation($0.name))=\(goQuoted($0.value))" }
    return "{" + list.joined(separator: ", ") + "}"
}

internal import Model
internal import Text

extension Evaluation {
    /// Whether a function works on one series at a time.
    func isStreamed(_ node: Call) -> Bool {
        switch node.function {
        case .absent, .absentOverTime, .histogramQuantile, .histogramFraction, .info, .labelJoin,
            .labelReplace, .scalar, .sort, .sortByLabel, .sortByLabelDesc, .sortDesc, .vector, .pi,
            .time:
            false
        case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year:
            !node.arguments.isEmpty
        default: true
        }
    }

    func call(_ node: Call, _ grid: Grid) throws(QueryError) -> Value {
        switch node.function {
        case .time: return .scalar((0..<grid.count).map { Double(grid.time($0)) / 1000 })
        case .pi: return .scalar(Array(repeating: Double.pi, count: grid.count))
        case .scalar: return .scalar(try toScalar(node.arguments[0], grid))
        case .vector:
            var series = Series(.empty, steps: grid.count)
            series.floats = try scalar(node.arguments[0], grid)
            return .vector([series])
        case .absent: return .vector(try absentSeries(node, grid))
        case .absentOverTime: return .vector(try absentOverTime(node, grid))
        case .sort, .sortDesc, .sortByLabel, .sortByLabelDesc:
            return .vector(try sorted(node, grid))
        case .labelReplace: return .vector(try labelReplace(node, grid))
        case .labelJoin: return .vector(try labelJoin(node, grid))
        case .histogramQuantile: return .vector(try histogramQuantile(node, grid))
        case .histogramFraction: return .vector(try histogramFraction(node, grid))
        case .info: return .vector(try info(node, grid))
        case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year:
            guard node.arguments.isEmpty else { break }
            var series = Series(.empty, steps: grid.count)
            for step in 0..<grid.count {
                series.floats[step] = timePart(node.function, Double(grid.time(step)) / 1000)
            }
            return .vector([series])
        default: break
        }
        return .vector(try collect(.call(node), grid))
    }

    func streamCall(_ node: Call, _ grid: Grid, _ sink: Sink) throws(QueryError) {
        if node.arguments.contains(where: { $0.type == .matrix }) {
            return try streamRange(node, grid, sink)
        }
        if node.function == .timestamp { return try streamTimestamp(node, grid, sink) }
        var parameters: [[Double]] = []
        for argument in node.arguments where argument.type == .scalar {
            parameters.append(try scalar(argument, grid))
        }
        guard let input = node.arguments.first(where: { $0.type == .vector }) else { return }
        try streamUnique(input, grid, keeping: sink.labels) {
            (series: inout Series) throws(QueryError) in
            dropName(&series)
            switch node.function {
            case .histogramAvg, .histogramCount, .histogramStddev, .histogramStdvar, .histogramSum:
                summarize(node.function, &series)
            case .clamp, .clampMin, .clampMax, .round:
                limit(node.function, parameters, &series)
            case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year:
                map(&series) { timePart(node.function, $0) }
            default: elementwise(node.function, &series)
            }
            try sink(&series)
        }
    }

    /// Of a selector the times of its samples, of anything else the times of the steps.
    private func streamTimestamp(_ node: Call, _ grid: Grid, _ sink: Sink) throws(QueryError) {
        let argument = node.arguments[0].unwrapped
        if case .vector(var selector) = argument {
            // Prometheus 3.5 forgets the offset when there is an `@`.
            if selector.at != nil { selector.offset = nil }
            return try select(
                selector, grid, isTimestamp: true,
                Sink(keeping: sink.labels) { (series: inout Series) throws(QueryError) in
                    self.dropName(&series)
                    try sink(&series)
                })
        }
        try streamUnique(argument, grid, keeping: sink.labels) {
            (series: inout Series) throws(QueryError) in
            dropName(&series)
            for step in series.floats.indices where series.isPresent(step) {
                series.floats[step] = Double(grid.time(step)) / 1000
            }
            series.histograms = []
            try sink(&series)
        }
    }

    private func toScalar(_ argument: Expression, _ grid: Grid) throws(QueryError) -> [Double] {
        var values = Array(repeating: Double.nan, count: grid.count)
        var counts = Array(repeating: 0, count: grid.count)
        try streamUnique(argument, grid, keeping: []) {
            (series: inout Series) throws(QueryError) in
            for step in 0..<grid.count where !isAbsent(series.floats[step]) {
                counts[step] += 1
                values[step] = counts[step] == 1 ? series.floats[step] : .nan
            }
        }
        return values
    }

    // MARK: Absence

    private func absentSeries(_ node: Call, _ grid: Grid) throws(QueryError) -> [Series] {
        var result = Series(
            absentLabels(node.arguments[0].unwrapped), steps: grid.count)
        var isSeen = Array(repeating: false, count: grid.count)
        try streamUnique(node.arguments[0], grid, keeping: []) {
            (series: inout Series) throws(QueryError) in
            for step in 0..<grid.count where series.isPresent(step) { isSeen[step] = true }
        }
        for step in 0..<grid.count where !isSeen[step] { result.floats[step] = 1 }
        return result.isEmpty ? [] : [result]
    }

    private func absentOverTime(_ node: Call, _ grid: Grid) throws(QueryError) -> [Series] {
        var result = Series(
            absentLabels(node.arguments[0].unwrapped), steps: grid.count)
        var isSeen = Array(repeating: false, count: grid.count)
        try windows(node.arguments[0], grid, keeping: []) {
            (labels: Labels, _: Bool, columns: inout SampleColumns, windows: Windows)
                throws(QueryError) in
            let input = RangeInput(
                function: node.function, labels: labels, columns: columns, windows: windows,
                grid: grid, parameters: [])
            try input.slide { (window: Window) throws(QueryError) in isSeen[window.step] = true }
        }
        for step in 0..<grid.count where !isSeen[step] { result.floats[step] = 1 }
        return result.isEmpty ? [] : [result]
    }

    /// The labels that a selector demands exactly once.
    private func absentLabels(_ expression: Expression) -> Labels {
        let matchers: [Matcher]
        switch expression {
        case .vector(let node): matchers = node.selector.matchers
        case .matrix(let node): matchers = node.vector.selector.matchers
        default: return .empty
        }
        var pairs: [(String, String)] = []
        for matcher in matchers where matcher.name != Labels.metricName {
            let isOnly = matchers.filter { $0.name == matcher.name }.count == 1
            if matcher.op == .equal && isOnly { pairs.append((matcher.name, matcher.value)) }
        }
        return Labels(pairs)
    }

    // MARK: Order

    /// By value or by label; in a range the order is that of the labels anyway.
    private func sorted(_ node: Call, _ grid: Grid) throws(QueryError) -> [Series] {
        var list = try vector(node.arguments[0], grid)
        if node.function == .sort || node.function == .sortDesc {
            for place in list.indices { list[place].histograms = [] }
            list.removeAll { $0.isEmpty }
            guard grid.count == 1 else { return list }
            let isDescending = node.function == .sortDesc
            // NaN at the end in both.
            return stablySorted(list) { left, right in
                let (a, b) = (left.floats[0], right.floats[0])
                if a.isNaN || b.isNaN { return !a.isNaN && b.isNaN }
                return isDescending ? a > b : a < b
            }
        }
        guard grid.count == 1 else { return list }
        var names: [String] = []
        for argument in node.arguments.dropFirst() {
            names.append(String(decoding: try string(argument, grid), as: UTF8.self))
        }
        let isDescending = node.function == .sortByLabelDesc
        return list.sorted { left, right in
            for name in names {
                let (a, b) = (left.labels[name] ?? "", right.labels[name] ?? "")
                if a == b { continue }
                return naturallyPrecedes(a, b) != isDescending
            }
            return precedes(left.labels, right.labels) != isDescending
        }
    }

    private func stablySorted(
        _ list: [Series], _ comesFirst: (Series, Series) -> Bool
    ) -> [Series] {
        let order = list.indices.sorted { left, right in
            if comesFirst(list[left], list[right]) { return true }
            return !comesFirst(list[right], list[left]) && left < right
        }
        return order.map { list[$0] }
    }
}

/// Numbers within texts compare as numbers: "node-9" before "node-10".
func naturallyPrecedes(_ left: String, _ right: String) -> Bool {
    let (a, b) = (chunks(left), chunks(right))
    for (x, y) in zip(a, b) where x != y {
        if let first = x.first, let second = y.first, isDigit(first), isDigit(second) {
            let (p, q) = (x.drop { $0 == UInt8(ascii: "0") }, y.drop { $0 == UInt8(ascii: "0") })
            if p.count != q.count { return p.count < q.count }
            if p != q { return p.lexicographicallyPrecedes(q) }
            return x.count < y.count
        }
        return x.lexicographicallyPrecedes(y)
    }
    return a.count < b.count
}

/// Runs of digits and runs of other bytes.
private func chunks(_ text: String) -> [[UInt8]] {
    var list: [[UInt8]] = []
    for byte in text.utf8 {
        if let last = list.last?.last, isDigit(last) == isDigit(byte) {
            list[list.count - 1].append(byte)
        } else {
            list.append([byte])
        }
    }
    return list
}

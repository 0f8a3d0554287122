internal import CMath
internal import Model

// Binary operations between numbers, and between a vector and a number. Those between vectors are
// in VectorMatching.swift.

/// What an operation on two samples gives: a float, a histogram, or nothing.
enum BinaryResult {
    case float(Double)
    case histogram(Histogram)
    case nothing
    /// A histogram that stays what it was.
    case same(HistogramBox)
}

/// Arithmetic on floats.
@inline(__always)
func arithmetic(_ op: BinaryOperator, _ left: Double, _ right: Double) -> Double {
    switch op {
    case .add: left + right
    case .sub: left - right
    case .mul: left * right
    case .div: left / right
    case .pow: pitot_pow(left, right)
    case .mod: pitot_fmod(left, right)
    case .atan2: pitot_atan2(left, right)
    default: .nan
    }
}

/// A comparison of floats.
@inline(__always)
func holds(_ op: BinaryOperator, _ left: Double, _ right: Double) -> Bool {
    switch op {
    case .equal: left == right
    case .notEqual: left != right
    case .less: left < right
    case .lessEqual: left <= right
    case .greater: left > right
    case .greaterEqual: left >= right
    default: false
    }
}

extension Evaluation {
    func binary(_ node: BinaryExpression, _ grid: Grid) throws(QueryError) -> Value {
        switch (node.left.type, node.right.type) {
        case (.scalar, .scalar):
            var left = try scalar(node.left, grid)
            let right = try scalar(node.right, grid)
            for step in left.indices {
                left[step] =
                    node.op.isComparison
                    ? (holds(node.op, left[step], right[step]) ? 1 : 0)
                    : arithmetic(node.op, left[step], right[step])
            }
            return .scalar(left)
        case (.vector, .vector): return .vector(try matched(node, grid))
        default: return .vector(try collect(.binary(node), grid))
        }
    }

    /// A vector and a number: each series by itself.
    func streamScalarBinary(
        _ node: BinaryExpression, _ grid: Grid, _ sink: Sink
    ) throws(QueryError) {
        let isSwapped = node.left.type == .scalar
        let numbers = try scalar(isSwapped ? node.left : node.right, grid)
        try streamUnique(isSwapped ? node.right : node.left, grid, keeping: sink.labels) {
            (series: inout Series) throws(QueryError) in
            if !node.op.isComparison || node.returnsBool { dropName(&series) }
            if series.hasHistograms {
                mixedWithNumbers(node, numbers, isSwapped, &series)
            } else if node.op.isComparison {
                compare(node, numbers, isSwapped, &series)
            } else {
                calculate(node.op, numbers, isSwapped, &series)
            }
            try sink(&series)
        }
    }

    /// One loop for each operator, so that the choice is made once.
    private func calculate(
        _ op: BinaryOperator, _ numbers: [Double], _ isSwapped: Bool, _ series: inout Series
    ) {
        func each(_ function: (Double, Double) -> Double) {
            for step in series.floats.indices {
                let value = series.floats[step]
                if isAbsent(value) { continue }
                series.floats[step] =
                    isSwapped ? function(numbers[step], value) : function(value, numbers[step])
            }
        }
        switch op {
        case .add: each { $0 + $1 }
        case .sub: each { $0 - $1 }
        case .mul: each { $0 * $1 }
        case .div: each { $0 / $1 }
        default: each { arithmetic(op, $0, $1) }
        }
    }

    private func compare(
        _ node: BinaryExpression, _ numbers: [Double], _ isSwapped: Bool, _ series: inout Series
    ) {
        for step in series.floats.indices {
            let value = series.floats[step]
            if isAbsent(value) { continue }
            let isTrue =
                isSwapped
                ? holds(node.op, numbers[step], value) : holds(node.op, value, numbers[step])
            if node.returnsBool {
                series.floats[step] = isTrue ? 1 : 0
            } else if !isTrue {
                series.floats[step] = absent
            }
        }
    }

    private func mixedWithNumbers(
        _ node: BinaryExpression, _ numbers: [Double], _ isSwapped: Bool, _ series: inout Series
    ) {
        for step in series.floats.indices where series.isPresent(step) {
            let value = series.floats[step]
            let number = numbers[step]
            let box = series.histogram(step)
            let result =
                isSwapped
                ? combine(node, number, nil, value, box) : combine(node, value, box, number, nil)
            place(result, node, keeping: value, box, at: step, in: &series)
        }
    }

    /// Puts a result where its operands were. `value` and `box` are what a comparison lets through.
    private func place(
        _ result: BinaryResult, _ node: BinaryExpression, keeping value: Double,
        _ box: HistogramBox?, at step: Int, in series: inout Series
    ) {
        series.set(nil, at: step)
        switch result {
        case .nothing: series.floats[step] = absent
        case .float(let number):
            let isFilter = node.op.isComparison && !node.returnsBool
            series.floats[step] = isFilter ? value : number
        case .histogram(let histogram):
            series.floats[step] = absent
            series.set(HistogramBox(histogram), at: step)
        case .same(let kept):
            series.floats[step] = absent
            series.set(kept, at: step)
        }
    }

    /// Two samples, each a float unless there is a histogram. A comparison gives its left side when
    /// it holds, or 1 and 0 with `bool`.
    func combine(
        _ node: BinaryExpression, _ left: Double, _ leftBox: HistogramBox?, _ right: Double,
        _ rightBox: HistogramBox?
    ) -> BinaryResult {
        switch (leftBox, rightBox) {
        case (nil, nil):
            if !node.op.isComparison { return .float(arithmetic(node.op, left, right)) }
            let isTrue = holds(node.op, left, right)
            if node.returnsBool { return .float(isTrue ? 1 : 0) }
            return isTrue ? .float(left) : .nothing
        case (nil, let box?):
            if node.op == .mul {
                var value = box.value
                value.scale(by: left)
                value.compact()
                return .histogram(value)
            }
            return mismatched(node, "float", "histogram")
        case (let box?, nil):
            var value = box.value
            if node.op == .mul {
                value.scale(by: right)
            } else if node.op == .div {
                value.divide(by: right)
            } else {
                return mismatched(node, "histogram", "float")
            }
            value.compact()
            return .histogram(value)
        case (let first?, let second?): return combine(node, first, second)
        }
    }

    private func combine(
        _ node: BinaryExpression, _ left: HistogramBox, _ right: HistogramBox
    ) -> BinaryResult {
        switch node.op {
        case .equal, .notEqual:
            let isSame = left.value.hasSameObservations(as: right.value)
            let isTrue = isSame == (node.op == .equal)
            if node.returnsBool { return .float(isTrue ? 1 : 0) }
            return isTrue ? .same(left) : .nothing
        case .add, .sub:
            var value = left.value
            do throws(HistogramMismatch) {
                if node.op == .add {
                    try value.add(right.value)
                } else {
                    try value.subtract(right.value)
                }
            } catch {
                annotations.warn(Remark.badLayout(node.op.rawValue), node.range)
                return .nothing
            }
            value.compact()
            return .histogram(value)
        default: return mismatched(node, "histogram", "histogram")
        }
    }

    private func mismatched(
        _ node: BinaryExpression, _ left: String, _ right: String
    ) -> BinaryResult {
        annotations.inform(Remark.badTypes(left, node.op.rawValue, right), node.range)
        return .nothing
    }
}

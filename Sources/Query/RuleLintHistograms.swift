internal import Model
internal import Text

// Classic histograms: cumulative buckets, told apart by `le`.

extension RuleLook {
    mutating func checkHistograms() {
        var quantiles: [(call: Call, argument: Expression)] = []
        var sums: [(node: Aggregate, isQuantile: Bool)] = []
        rule.query.expression.walk { expression, parents in
            switch expression {
            case .call(let node):
                if node.function == .histogramQuantile || node.function == .histogramFraction,
                    let last = node.arguments.last
                {
                    quantiles.append((node, last))
                }
            case .aggregate(let node):
                let isQuantile = parents.contains {
                    guard case .call(let call) = $0 else { return false }
                    return call.function == .histogramQuantile
                        || call.function == .histogramFraction
                }
                sums.append((node, isQuantile))
            default: break
            }
        }
        for (call, argument) in quantiles { check(call, argument) }
        for (node, isQuantile) in sums where !isQuantile { check(node) }
    }

    /// `histogram_quantile` over buckets that have lost their bounds.
    private mutating func check(_ call: Call, _ argument: Expression) {
        guard let loss = loss(of: "le", in: argument), readsBuckets(argument) else { return }
        add(
            .missingLe, loss.range,
            "\(call.function.rawValue) needs the label le, which \(loss.what) takes away",
            "write \(loss.fix)")
    }

    /// `sum` over buckets without `le`: each event counts once for each bound above it.
    private mutating func check(_ node: Aggregate) {
        guard node.op == .sum || node.op == .avg, !node.keeps("le"),
            let name = bucketsOfAllBounds(node.expression)
        else { return }
        add(
            .sumOfBuckets, node.range,
            "\(node.op.rawValue) over all buckets of \(name) counts an event once for each bound "
                + "that it lies under",
            "keep le with by (le), choose one bound with le=\"...\", or read "
                + String(name.dropLast("_bucket".count)) + "_count")
    }

    /// Buckets read without a condition on `le`.
    private func bucketsOfAllBounds(_ expression: Expression) -> String? {
        switch expression.unwrapped {
        case .vector(let node):
            guard let name = node.selector.metricName, name.hasSuffix("_bucket"),
                !name.contains(":"),
                !node.selector.matchers.contains(where: { $0.name == "le" })
            else { return nil }
            return name
        case .matrix(let node): return bucketsOfAllBounds(.vector(node.vector))
        case .call(let node):
            guard node.function.isForCounters || node.function == .lastOverTime else { return nil }
            return node.arguments.first.flatMap(bucketsOfAllBounds)
        default: return nil
        }
    }

    private func readsBuckets(_ expression: Expression) -> Bool {
        var isFound = false
        expression.walk { one, _ in
            guard case .vector(let node) = one, let name = node.selector.metricName else { return }
            if name.hasSuffix("_bucket") || name.contains("_bucket:") { isFound = true }
        }
        return isFound
    }

    /// Which aggregation takes a label away; nil when none is sure to.
    func loss(
        of label: String, in expression: Expression, depth: Int = 0
    ) -> (range: SourceRange, what: String, fix: String)? {
        switch expression.unwrapped {
        case .aggregate(let node):
            if node.op.picks { return loss(of: label, in: node.expression, depth: depth) }
            if !node.keeps(label) {
                let op = node.op.rawValue
                if node.isWithout {
                    return (node.range, "\(op) without (\(label))", "\(label) out of without ()")
                }
                let list = (node.grouping + [label]).joined(separator: ", ")
                let by = node.grouping.joined(separator: ", ")
                let what = by.isEmpty ? "\(op)(...)" : "\(op) by (\(by))"
                return (node.range, what, "\(op) by (\(list)) (...)")
            }
            // A `by` of a label that is gone already keeps nothing.
            return loss(of: label, in: node.expression, depth: depth)
        case .call(let node):
            if [.labelReplace, .labelJoin, .info].contains(node.function) { return nil }
            guard let argument = node.arguments.first(where: { $0.type != .scalar }) else {
                return nil
            }
            return loss(of: label, in: argument, depth: depth)
        case .subquery(let node): return loss(of: label, in: node.expression, depth: depth)
        case .unary(let node): return loss(of: label, in: node.expression, depth: depth)
        case .binary(let node):
            if node.op == .or { return nil }
            if node.matching?.include.isEmpty == false { return nil }
            if node.matching?.cardinality == .oneToMany || node.left.type == .scalar {
                return loss(of: label, in: node.right, depth: depth)
            }
            return loss(of: label, in: node.left, depth: depth)
        case .vector(let node):
            return recordedLoss(of: label, node, depth)
        case .matrix(let node): return recordedLoss(of: label, node.vector, depth)
        case .number, .string, .paren: return nil
        }
    }

    private func recordedLoss(
        of label: String, _ node: VectorSelector, _ depth: Int
    ) -> (range: SourceRange, what: String, fix: String)? {
        // A rule may read itself, and many rules may record one metric.
        guard depth < 8, let name = node.selector.metricName, let makers = lint.recorded[name],
            makers.count <= 4,
            makers.allSatisfy({ maker in
                !maker.rule.labels.contains { $0.name == label }
                    && loss(of: label, in: maker.rule.query.expression, depth: depth + 1) != nil
            })
        else { return nil }
        return (node.range, "the rule that records \(name)", "\(label) into that rule's by ()")
    }
}

extension Aggregate {
    /// Whether a label is left after it.
    func keeps(_ label: String) -> Bool {
        if op == .countValues, case .string(let text)? = parameter?.unwrapped, text.text == label {
            return true
        }
        return op.picks || grouping.contains(label) != isWithout
    }
}

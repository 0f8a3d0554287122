internal import Model
internal import Text

// info(v, {selector}): adds the labels of info series (by default `target_info`) to the series of
// v that have the same `instance` and `job`. At each step the info series that have a value count;
// so a series of v may come out as several, one for each set of labels it was given over time.

extension Evaluation {
    func info(_ node: Call, _ grid: Grid) throws(QueryError) -> [Series] {
        let base = try vector(node.arguments[0], grid)
        var matchers: [Matcher] = []
        if node.arguments.count > 1, case .vector(let selector) = node.arguments[1].unwrapped {
            matchers = selector.selector.matchers
        }
        let nameMatchers = matchers.filter { $0.name == Labels.metricName }
        let dataMatchers = matchers.filter { $0.name != Labels.metricName }
        let wanted =
            (nameMatchers.isEmpty
                ? [Matcher(Labels.metricName, .equal, "target_info")] : nameMatchers)
            + dataMatchers
        let identity = LabelNames(["instance", "job"])
        // Prometheus asks for the name too where there is nothing to look for.
        let isIdentified = base.contains { !$0.labels.keeping(identity).isEmpty }
        /// What is an info series itself gets no labels: any of these says so.
        let ignored: [Selector]
        let infoSelector: Selector
        let emptySelector: Selector
        do throws(PatternError) {
            ignored = try (node.arguments.count > 1 ? nameMatchers : wanted)
                .map { (matcher) throws(PatternError) in try Selector([matcher]) }
            infoSelector = try Selector(wanted)
            emptySelector = try Selector(isIdentified ? dataMatchers : matchers)
        } catch {
            throw .execution(error.description)
        }
        let infos = try infoSeries(infoSelector, like: node.arguments[0], grid)
        var byTarget: [Labels: [Int]] = [:]
        for (index, series) in infos.enumerated() {
            byTarget[series.labels.keeping(identity), default: []].append(index)
        }
        let dataNames = Set(dataMatchers.map(\.name))
        // Without its labels a series is kept only when they may be missing.
        let keepsBare = emptySelector.matches(.empty)
        var result: [Series] = []
        for series in base {
            try checkpoint(grid.count)
            if ignored.contains(where: { $0.matches(series.labels) }) {
                try keep(series, in: &result)
                continue
            }
            let candidates = byTarget[series.labels.keeping(identity)] ?? []
            var places: [Labels: Int] = [:]
            for step in 0..<grid.count where series.isPresent(step) {
                let present = candidates.filter { infos[$0].isPresent(step) }
                let added = try infoLabels(
                    present.map { infos[$0].labels }, dataNames, series.labels)
                if added.isEmpty && !keepsBare { continue }
                let labels =
                    added.isEmpty
                    ? series.labels
                    : Labels(
                        added + series.labels.pairs.map { ($0.name, $0.value) })
                let place = places[labels] ?? result.count
                if place == result.count {
                    places[labels] = place
                    var fresh = Series(labels, steps: grid.count)
                    fresh.dropsName = series.dropsName
                    try keep(fresh, in: &result)
                }
                _ = result[place].take(series, step)
            }
        }
        return try merged(result)
    }

    /// The info series at each step. As in Prometheus, of those samples that a selector like the
    /// first of `base` could see: with an offset, others than the steps need.
    private func infoSeries(
        _ selector: Selector, like base: Expression, _ grid: Grid
    ) throws(QueryError) -> [Series] {
        var list: [Series] = []
        let model = firstModifiers(base)
        let seen = reference(model?.at, model?.offset, grid)
        let span = (seen.start &- options.lookback.millis, seen.end)
        try select(selector, grid, span) { (series: inout Series) throws(QueryError) in
            try keep(series, in: &list)
        }
        return list
    }

    /// A subquery counts as one selector.
    private func firstModifiers(
        _ expression: Expression
    ) -> (at: AtModifier?, offset: DurationValue?)? {
        switch expression {
        case .vector(let node): (node.at, node.offset)
        case .matrix(let node): (node.vector.at, node.vector.offset)
        case .subquery(let node): (node.at, node.offset)
        default: expression.children.lazy.compactMap { self.firstModifiers($0) }.first
        }
    }

    /// What info series add to a series; they must not contradict each other.
    private func infoLabels(
        _ infos: [Labels], _ names: Set<String>, _ base: Labels
    ) throws(QueryError) -> [(String, String)] {
        var added: [(String, String)] = []
        for info in infos {
            for (name, value) in info.pairs where name != Labels.metricName {
                if !names.isEmpty && !names.contains(name) { continue }
                if let other = added.first(where: { $0.0 == name }), other.1 != value {
                    throw .execution("conflicting label: \(name)")
                }
                if base[name] == nil && !added.contains(where: { $0.0 == name }) {
                    added.append((name, value))
                }
            }
        }
        return added
    }
}

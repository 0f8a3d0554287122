internal import Model

/// What differs from what was expected.
struct ScriptMismatch: Error {
    var what: String
}

/// How far numbers may lie apart, relative to the sum of their sizes.
private let tolerance = 1e-6

extension ScriptEvaluation {
    func check(
        _ result: QueryResult, start: Timestamp, step: TimeSpan
    ) throws(ScriptMismatch) {
        if failure != nil { throw ScriptMismatch(what: "expected an error, but got none") }
        try check(result.warnings, "warning", needsWarning, refusesWarnings, warnings)
        try check(result.infos, "info", needsInfo, refusesInfos, infos)
        if case .range(_, let end, _) = times, case .matrix(let list) = result.value {
            try compare(list, start, end, step)
        } else {
            try compare(result.value)
        }
    }

    private func check(
        _ found: [Annotation], _ kind: String, _ isNeeded: Bool, _ isRefused: Bool,
        _ expected: [ScriptMatch]
    ) throws(ScriptMismatch) {
        let texts = found.map(\.message)
        if texts.isEmpty && (isNeeded || !expected.isEmpty) {
            throw ScriptMismatch(what: "expected a \(kind), but got none")
        }
        if isRefused, let text = texts.first {
            throw ScriptMismatch(what: "unexpected \(kind): \(text)")
        }
        if expected.isEmpty { return }
        for match in expected where !texts.contains(where: match.holds) {
            throw ScriptMismatch(what: "an expected \(kind) is missing; found \(texts)")
        }
        for text in texts where !expected.contains(where: { $0.holds(text) }) {
            throw ScriptMismatch(what: "unexpected \(kind): \(text)")
        }
    }

    func compare(_ value: QueryValue) throws(ScriptMismatch) {
        switch value {
        case .scalar(let number):
            guard let scalar else { throw ScriptMismatch(what: "got the scalar \(number)") }
            guard isAlmostEqual(scalar, number, tolerance) else {
                throw ScriptMismatch(what: "expected \(scalar), but got \(number)")
            }
        case .string(let text): throw ScriptMismatch(what: "got the string \(goQuoted(text))")
        case .matrix: throw ScriptMismatch(what: "got a range vector")
        case .vector(let samples):
            if scalar != nil { throw ScriptMismatch(what: "expected a scalar, got a vector") }
            try compare(samples)
        }
    }

    /// A later line for the same labels replaces an earlier one.
    private func expectations() -> [Labels: (place: Int, values: [SequenceValue])] {
        var all: [Labels: (place: Int, values: [SequenceValue])] = [:]
        for (place, line) in series.enumerated() { all[line.labels] = (place, line.values) }
        return all
    }

    private func compare(_ samples: [InstantSample]) throws(ScriptMismatch) {
        let expected = expectations()
        for (place, sample) in samples.enumerated() {
            guard let wanted = expected[sample.labels] else {
                throw ScriptMismatch(
                    what: "unexpected \(sample.labels) = \(shown(sample.value, sample.histogram))")
            }
            if isOrdered && wanted.place != place {
                throw ScriptMismatch(
                    what: "\(sample.labels) is at place \(place), not \(wanted.place)")
            }
            try compare(
                wanted.values.first ?? .omitted, sample.value, sample.histogram,
                "\(sample.labels)")
        }
        let found = Set(samples.map(\.labels))
        for line in series where !found.contains(line.labels) {
            throw ScriptMismatch(what: "\(line.labels) is missing")
        }
    }

    private func compare(
        _ list: [RangeSeries], _ start: Timestamp, _ end: Timestamp, _ step: TimeSpan
    ) throws(ScriptMismatch) {
        let expected = expectations()
        for series in list {
            guard let wanted = expected[series.labels] else {
                throw ScriptMismatch(what: "unexpected \(series.labels) = \(series.values)")
            }
            var points: [Int64: (Double, Histogram?)] = [:]
            for (time, value) in zip(series.times, series.values) { points[time] = (value, nil) }
            for (time, value) in zip(series.histogramTimes, series.histograms) {
                points[time] = (0, value)
            }
            for (place, value) in wanted.values.enumerated() {
                let time = start.millis + step.millis * Int64(place)
                if time > end.millis {
                    throw ScriptMismatch(what: "more values expected than the range has")
                }
                let point = points.removeValue(forKey: time)
                let name = "\(series.labels) at \(time) ms"
                switch (value, point) {
                case (.omitted, nil): continue
                case (_, nil): throw ScriptMismatch(what: "\(name) is missing")
                case (_, let point?): try compare(value, point.0, point.1, name)
                }
            }
            if let time = points.keys.min() {
                throw ScriptMismatch(what: "unexpected value of \(series.labels) at \(time) ms")
            }
        }
        let found = Set(list.map(\.labels))
        for line in series where !found.contains(line.labels) {
            throw ScriptMismatch(what: "\(line.labels) is missing")
        }
    }

    private func compare(
        _ expected: SequenceValue, _ value: Double, _ histogram: Histogram?, _ name: String
    ) throws(ScriptMismatch) {
        let isRight: Bool
        switch expected {
        case .omitted: isRight = false
        case .float(let number):
            isRight = histogram == nil && isAlmostEqual(number, value, tolerance)
        case .histogram(let wanted, let hasHint):
            isRight = histogram.map { isAlmostEqual(wanted, $0, checksHint: hasHint) } ?? false
        }
        if isRight { return }
        throw ScriptMismatch(
            what: "\(name): expected \(shown(expected)), but got \(shown(value, histogram))")
    }
}

private func isAlmostEqual(
    _ expected: Histogram, _ found: Histogram, checksHint: Bool
) -> Bool {
    func areEqual(_ left: Double, _ right: Double) -> Bool { isAlmostEqual(left, right, tolerance) }
    func areEqual(_ left: Histogram.Buckets, _ right: Histogram.Buckets) -> Bool {
        let (a, b) = (left.indexed.filter { $0.count != 0 }, right.indexed.filter { $0.count != 0 })
        return a.count == b.count
            && zip(a, b).allSatisfy { $0.index == $1.index && areEqual($0.count, $1.count) }
    }
    return expected.schema == found.schema && areEqual(expected.count, found.count)
        && areEqual(expected.sum, found.sum) && expected.customBounds == found.customBounds
        && expected.zeroThreshold == found.zeroThreshold
        && areEqual(expected.zeroCount, found.zeroCount)
        && areEqual(expected.positive, found.positive)
        && areEqual(expected.negative, found.negative)
        && (!checksHint || expected.resetHint == found.resetHint)
}

private func shown(_ value: SequenceValue) -> String {
    switch value {
    case .omitted: "nothing"
    case .float(let number): goNumber(number)
    case .histogram(let histogram, _): shown(0, histogram)
    }
}

private func shown(_ value: Double, _ histogram: Histogram?) -> String {
    guard let histogram else { return goNumber(value) }
    return "\(histogramNotation(histogram)) schema \(histogram.schema) hint \(histogram.resetHint)"
}

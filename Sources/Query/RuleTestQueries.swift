internal import Model
internal import Text

// What an expression gives, compared as promtool does: floats are equal or (fuzzy) neighbours, NaN
// equals nothing, histograms are equal as they print in the notation of tests.

/// A sample with its labels read.
private struct TestSample {
    var labels: Labels
    var value: Double
    var histogram: Histogram?

    var shown: String {
        let number = histogram.map(testNotation) ?? goNumber(value)
        return "\(labels) \(number)"
    }

    func equals(_ other: TestSample, isFuzzy: Bool) -> Bool {
        guard labels == other.labels else { return false }
        switch (histogram, other.histogram) {
        case (let left?, let right?): return testNotation(left) == testNotation(right)
        case (nil, nil):
            return value == other.value
                || isFuzzy && (value.nextUp == other.value || value.nextDown == other.value)
        default: return false
        }
    }
}

extension QueryExpectation {
    func outcome(
        _ test: RuleTest, _ file: RuleTestFile, _ store: ScriptStore, _ options: QueryOptions
    ) -> RuleTestOutcome {
        let what = "expr \(oneLine(expression)) at \(time)"
        var outcome = RuleTestOutcome(at: position, test.title, what)
        let wanted: [TestSample]
        let found: [TestSample]
        do throws(QueryError) {
            found = try samples(at: test.start + time, store, options)
            wanted = try expected()
        } catch {
            outcome.fault = "\(error)"
            return outcome
        }
        let isEqual =
            wanted.count == found.count
            && zip(wanted, found).allSatisfy { $0.equals($1, isFuzzy: file.isFuzzy) }
        if isEqual { return outcome }
        outcome.fault = "\(wanted.count) samples expected, \(found.count) found"
        outcome.difference = difference(wanted, found, file.isFuzzy)
        return outcome
    }

    private func samples(
        at time: Timestamp, _ store: ScriptStore, _ options: QueryOptions
    ) throws(QueryError) -> [TestSample] {
        let result = try Query(parsing: expression, options: options).evaluate(at: time, on: store)
        switch result.value {
        case .vector(let list):
            let samples = list.map {
                TestSample(labels: $0.labels, value: $0.value, histogram: $0.histogram)
            }
            return samples.sorted { precedes($0.labels, $1.labels) }
        case .scalar(let value): return [TestSample(labels: .empty, value: value)]
        case .string, .matrix: throw .execution("rule result is not a vector or scalar")
        }
    }

    private func expected() throws(QueryError) -> [TestSample] {
        var list: [TestSample] = []
        for sample in samples {
            let labels = try SeriesNotation.labels(sample.labels)
            guard !sample.histogram.isEmpty else {
                list.append(TestSample(labels: labels, value: sample.value))
                continue
            }
            let values = try SeriesNotation.values(sample.histogram)
            guard values.count == 1, case .histogram(let histogram, _) = values[0] else {
                throw .execution("expected one histogram, got \(oneLine(sample.histogram))")
            }
            list.append(TestSample(labels: labels, value: 0, histogram: histogram))
        }
        return list.sorted { precedes($0.labels, $1.labels) }
    }

    private func difference(
        _ wanted: [TestSample], _ found: [TestSample], _ isFuzzy: Bool
    ) -> [String] {
        var missing: [TestSample] = []
        var extra = found
        var lines: [String] = []
        for sample in wanted {
            if let place = extra.firstIndex(where: { sample.equals($0, isFuzzy: isFuzzy) }) {
                extra.remove(at: place)
            } else {
                missing.append(sample)
            }
        }
        for sample in missing {
            lines.append("- " + sample.shown)
            if let place = extra.firstIndex(where: { $0.labels == sample.labels }) {
                lines.append("+ " + extra.remove(at: place).shown)
            }
        }
        lines += extra.map { "+ " + $0.shown }
        if wanted.contains(where: { $0.value.isNaN && $0.histogram == nil }) {
            lines.append("note: NaN equals nothing here, as in promtool; test `x != x` instead")
        }
        return lines
    }
}

/// A text on one line for a message.
func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}

/// The widest run of buckets that is written with its empty ones.
private let filledMax = 4096

/// A histogram in the notation of series, buckets from the first to the last that is not empty.
func testNotation(_ histogram: Histogram) -> String {
    var parts: [String] = []
    func add(_ key: String, _ value: Double) {
        if value != 0 { parts.append("\(key):\(goNumber(value))") }
    }
    if histogram.schema != 0 { parts.append("schema:\(histogram.schema)") }
    add("count", histogram.count)
    add("sum", histogram.sum)
    add("z_bucket", histogram.zeroCount)
    add("z_bucket_w", histogram.zeroThreshold)
    if histogram.hasCustomBounds {
        let bounds = histogram.customBounds.map(goNumber).joined(separator: " ")
        parts.append("custom_values:[\(bounds)]")
    }
    switch histogram.resetHint {
    case .unknown: break
    case .reset: parts.append("counter_reset_hint:reset")
    case .noReset: parts.append("counter_reset_hint:not_reset")
    case .gauge: parts.append("counter_reset_hint:gauge")
    }
    for (buckets, offset, key) in [
        (histogram.positive, "offset", "buckets"), (histogram.negative, "n_offset", "n_buckets"),
    ] {
        let filled = buckets.indexed.filter { $0.count != 0 }
        guard let first = filled.first, let last = filled.last else { continue }
        if first.index != 0 { parts.append("\(offset):\(first.index)") }
        guard last.index - first.index < filledMax else {
            // Not to be read back, but never mistaken for another.
            parts.append("\(key):\(filled.map { "\($0.index):\(goNumber($0.count))" })")
            continue
        }
        var counts = Array(repeating: 0.0, count: last.index - first.index + 1)
        for bucket in filled { counts[bucket.index - first.index] = bucket.count }
        parts.append("\(key):[\(counts.map(goNumber).joined(separator: " "))]")
    }
    return "{{" + parts.joined(separator: " ") + "}}"
}

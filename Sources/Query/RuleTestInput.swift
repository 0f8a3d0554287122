internal import Model
internal import Text

// promtool writes the input series of a test as the lines of one `load` command and parses that.
// So a line that is empty or a comment ends the input, and what stands below it is not loaded: a
// value folded with `>` ends in a newline. Of two series with the same labels the later counts.

/// The samples of a test's input series.
struct RuleTestInput {
    /// The most samples of a test.
    static let samplesMax = 20_000_000

    var series: [SeriesNotation] = []
    /// The first line that is not loaded, if there is one.
    var ignored: SourcePosition?

    init(_ test: RuleTest, round: TimeSpan) throws(RuleTestFault) {
        var places: [Labels: Int] = [:]
        var samples = 0
        for line in test.input {
            let text = "  \(line.series) \(line.values)"
            for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
                let trimmed = trim(part)
                if ignored != nil { continue }
                guard let first = trimmed.first, first != "#" else {
                    ignored = line.position
                    continue
                }
                let found: SeriesNotation
                do throws(QueryError) {
                    found = try SeriesNotation(parsing: trimmed)
                } catch {
                    throw RuleTestFault(line.position, "input series: \(error)")
                }
                samples += found.values.count
                guard samples <= Self.samplesMax else {
                    throw RuleTestFault(
                        line.position, "more than \(Self.samplesMax) values in a test")
                }
                if let place = places[found.labels] {
                    series[place] = found
                } else {
                    places[found.labels] = series.count
                    series.append(found)
                }
            }
        }
        for place in series.indices { series[place].settle(test.interval, round) }
        // A blank line at the very end ends nothing that is missed.
        if let last = test.input.last, ignored == last.position { ignored = nil }
    }

    private func trim(_ line: Substring) -> String {
        var rest = line
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest.drop { $0.isWhitespace })
    }
}

extension SeriesNotation {
    /// What a database gives back of histograms.
    fileprivate mutating func settle(_ interval: TimeSpan, _ round: TimeSpan) {
        let isMixed = values.contains {
            if case .histogram = $0 { true } else { false }
        }
        guard isMixed else { return }
        dropOvertaken(interval, round)
        settleHints()
    }

    /// Of what comes between two rounds a database takes the floats first: then a histogram older
    /// than a float is out of order. A stale marker behind a histogram of a round before is itself
    /// taken for a histogram.
    private mutating func dropOvertaken(_ interval: TimeSpan, _ round: TimeSpan) {
        func roundOf(_ place: Int) -> Int64 {
            (interval.millis * Int64(place) + round.millis - 1) / round.millis
        }
        var endsInHistogram = false
        var start = 0
        while start < values.count {
            var end = start
            var lastFloat: Int?
            while end < values.count, roundOf(end) == roundOf(start) {
                if case .float(let value) = values[end], !(isAbsent(value) && endsInHistogram) {
                    lastFloat = end
                }
                end += 1
            }
            if lastFloat != nil { endsInHistogram = false }
            for place in start..<end {
                guard case .histogram = values[place] else { continue }
                if place < lastFloat ?? start {
                    values[place] = .omitted
                } else {
                    endsInHistogram = true
                }
            }
            start = end
        }
    }

    private mutating func settleHints() {
        var previous: Histogram?
        for place in values.indices {
            switch values[place] {
            case .omitted: continue
            case .float: previous = nil
            case .histogram(var histogram, let hasHint):
                histogram.settleHint(after: previous)
                values[place] = .histogram(histogram, hasHint: hasHint)
                previous = histogram
            }
        }
    }
}

/// Why a test cannot be run.
struct RuleTestFault: Error {
    var position: SourcePosition
    var what: String

    init(_ position: SourcePosition, _ what: String) {
        self.position = position
        self.what = what
    }
}

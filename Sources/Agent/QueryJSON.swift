public import Model
public import Query
public import Text

// Prometheus' JSON of query results (its web/api/v1 documentation): numbers are text, times are
// seconds with as many decimals as needed, labels are sorted by name.

/// Writes a value as `resultType` and `result`, the members of `data`; `more` writes others.
/// `millis` is the time of an instant query.
public func writeQueryValue(
    _ value: QueryValue, at millis: Int64, into json: inout JSONWriter,
    more: (inout JSONWriter) -> Void = { _ in }
) {
    json.object { json in
        json.member("resultType", value.type.rawValue)
        json.key("result")
        switch value {
        case .scalar(let number): json.sample(millis, number)
        case .string(let text):
            json.array { json in
                json.time(millis)
                json.string(text)
            }
        case .vector(let samples):
            json.array { json in for sample in samples { json.sample(sample, millis) } }
        case .matrix(let list):
            json.array { json in for series in list { json.series(series) } }
        }
        more(&json)
    }
}

/// Writes what a query used as the member `stats`. Times are seconds.
public func writeQueryStatistics(
    _ statistics: QueryStatistics, queued: Double, evaluated: Double, into json: inout JSONWriter
) {
    json.key("stats")
    json.object { json in
        json.key("timings")
        json.object { json in
            json.member("evalTotalTime", evaluated)
            // Sorting and preparing are parts of the evaluation here.
            json.member("resultSortTime", integer: 0)
            json.member("queryPreparationTime", integer: 0)
            json.member("innerEvalTime", evaluated)
            json.member("execQueueTime", queued)
            json.member("execTotalTime", queued + evaluated)
        }
        json.key("samples")
        json.object { json in
            json.member("totalQueryableSamples", integer: statistics.samplesTouched)
            json.member("peakSamples", integer: statistics.samplesPeak)
        }
    }
}

extension JSONWriter {
    /// Labels as an object, sorted by name as they are stored.
    public mutating func labels(_ labels: Labels) {
        let bytes = labels.bytes
        object { json in
            labels.forEachRange { name, value in json.member(utf8: bytes[name], bytes[value]) }
        }
    }

    /// Milliseconds as seconds: `1435781430.781`.
    public mutating func time(_ millis: Int64) {
        let (seconds, rest) = millis.magnitude.quotientAndRemainder(dividingBy: 1000)
        if millis >= 0 && rest == 0 { return literal(String(seconds)) }
        var text = (millis < 0 ? "-" : "") + String(seconds)
        if rest != 0 { text += "." + String(1000 + rest).dropFirst() }
        literal(text)
    }

    /// A number in quotes, as Go writes it: plain between 1e-6 and 1e21, else with an exponent.
    public mutating func quotedNumber(_ value: Double) {
        // Most are whole; of others Swift's shortest digits are Go's where both write no exponent.
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53,
            whole != 0 || value.sign == .plus
        {
            return quotedLiteral(String(whole))
        }
        let size = abs(value)
        if size >= 1e-4 && size < 1e15 { return quotedLiteral(value.description) }
        let isPlain = size == 0 || size >= 1e-6 && size < 1e21
        string(isPlain ? plainNumber(value) : goNumber(value))
    }

    fileprivate mutating func sample(_ millis: Int64, _ value: Double) {
        array { json in
            json.time(millis)
            json.quotedNumber(value)
        }
    }

    fileprivate mutating func sample(_ millis: Int64, _ histogram: Histogram) {
        array { json in
            json.time(millis)
            json.histogram(histogram)
        }
    }

    fileprivate mutating func sample(_ sample: InstantSample, _ millis: Int64) {
        object { json in
            json.key("metric")
            json.labels(sample.labels)
            if let histogram = sample.histogram {
                json.key("histogram")
                json.sample(millis, histogram)
            } else {
                json.key("value")
                json.sample(millis, sample.value)
            }
        }
    }

    fileprivate mutating func series(_ series: RangeSeries) {
        object { json in
            json.key("metric")
            json.labels(series.labels)
            if !series.times.isEmpty {
                json.key("values")
                json.array { json in
                    for place in series.times.indices {
                        json.sample(series.times[place], series.values[place])
                    }
                }
            }
            if !series.histogramTimes.isEmpty {
                json.key("histograms")
                json.array { json in
                    for place in series.histogramTimes.indices {
                        json.sample(series.histogramTimes[place], series.histograms[place])
                    }
                }
            }
        }
    }

    /// The first number of a bucket says which bounds belong to it: 0 the upper, 1 the lower, 2
    /// none, 3 both.
    private mutating func histogram(_ histogram: Histogram) {
        object { json in
            json.key("count")
            json.quotedNumber(histogram.count)
            json.key("sum")
            json.quotedNumber(histogram.sum)
            let buckets = histogram.buckets.filter { $0.count != 0 }
            if buckets.isEmpty { return }
            json.key("buckets")
            json.array { json in
                for bucket in buckets {
                    json.array { json in
                        let lower = bucket.includesLower
                        json.integer(bucket.includesUpper ? (lower ? 3 : 0) : (lower ? 1 : 2))
                        json.quotedNumber(bucket.lower)
                        json.quotedNumber(bucket.upper)
                        json.quotedNumber(bucket.count)
                    }
                }
            }
        }
    }
}

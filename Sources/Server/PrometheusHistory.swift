public import Backtest
import Glibc
public import Model
import Text
import Wire

// Raw samples from a Prometheus over its HTTP API: an instant query of a range selector, such as
// `requests_total[1h]`, answers with the samples as they are stored, at their own times. It is
// asked slice by slice, one request at a time, with a pause after each; what is too much for it is
// asked in shorter slices. A URL that ends in `/read` is asked by remote read instead, which tells
// stale markers and brings external labels; answers are streamed chunks, or samples.

/// How gently a Prometheus is asked.
public struct FetchLimits: Sendable {
    /// The first length of a slice, and the shortest.
    public var slice = TimeSpan.hours(2)
    public var sliceMin = TimeSpan.minutes(1)
    /// After each request; also as long as the request took.
    public var pause = TimeSpan.milliseconds(20)
    /// Tries of one request; between them the answer's Retry-After, or a growing wait.
    public var attempts = 8
    public var waitMax = TimeSpan.seconds(60)
    /// How long one request may take.
    public var timeout = TimeSpan.seconds(120)

    public init() {}
}

/// A slice of what was fetched.
public struct FetchedSlice: Sendable {
    /// Series that are new; they take the next numbers.
    public var added: [Labels] = []
    public var columns: [HistoryColumn] = []
    /// The end of the slice.
    public var to: Timestamp
}

/// Fetches the samples of selectors, slice by slice.
public struct PrometheusHistory: Sendable {
    public let from: Timestamp
    public let to: Timestamp
    /// Requests made, and those that were made again.
    public private(set) var requests = 0
    public private(set) var retries = 0
    /// How long the last answer asked to be left alone.
    public private(set) var retryAfter: TimeSpan?
    private let url: String
    private let selectors: [String]
    private let extra: Labels
    private let limits: FetchLimits
    private let client = HTTPClient()
    private var at: Timestamp
    private var slice: TimeSpan
    private var numbers: [Labels: UInt32] = [:]
    private var isRemoteRead: Bool { url.hasSuffix("/read") }
    /// Chunks of native histograms that were passed over.
    public private(set) var histograms = 0

    /// Samples of `selectors` in (from, to]; `extra` labels are added to each series, as external
    /// labels are when Prometheus sends them.
    public init(
        url: String, selectors: [String], from: Timestamp, to: Timestamp, extra: Labels = .empty,
        limits: FetchLimits = FetchLimits()
    ) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.selectors = selectors
        self.from = from
        self.to = to
        self.extra = extra
        self.limits = limits
        at = from
        slice = limits.slice
    }

    /// Goes on from a time.
    public mutating func start(at time: Timestamp) { at = max(from, time) }

    /// The next slice; nil at the end. Waits as the source asks.
    public mutating func next() throws(FileFault) -> FetchedSlice? {
        guard at < to else { return nil }
        while true {
            let end = min(at + slice, to)
            if let columns = try fetch(to: end) {
                at = end
                return number(columns, to: end)
            }
            guard slice > limits.sliceMin else {
                throw FileFault(path: url, reason: "a minute of samples is too much for one answer")
            }
            slice = max(limits.sliceMin, TimeSpan(millis: slice.millis / 2))
        }
    }

    private mutating func number(_ series: [MatrixSeries], to end: Timestamp) -> FetchedSlice {
        var fetched = FetchedSlice(to: end)
        var seen: Set<UInt32> = []
        for one in series {
            let labels = extra.isEmpty ? one.labels : extra.merging(one.labels)
            let number = numbers[labels] ?? UInt32(numbers.count)
            if numbers.updateValue(number, forKey: labels) == nil { fetched.added.append(labels) }
            // Two selectors may find it.
            guard seen.insert(number).inserted else { continue }
            fetched.columns.append(
                HistoryColumn(number: number, times: one.times, values: one.values))
        }
        return fetched
    }

    /// The samples of (at, end]; nil when they are too many at once.
    private mutating func fetch(to end: Timestamp) throws(FileFault) -> [MatrixSeries]? {
        var all: [MatrixSeries] = []
        if isRemoteRead { return try read(to: end) }
        for selector in selectors {
            let span = TimeSpan(millis: (end - at).millis)
            let body =
                "query=" + formEncoded("\(selector)[\(span)]") + "&time="
                + formEncoded(decimal(end.seconds, 3))
            let type = [("Content-Type", "application/x-www-form-urlencoded")]
            guard let answer = try ask("/api/v1/query", Array(body.utf8), type) else { return nil }
            do throws(MatrixFault) {
                for series in try MatrixReader.read(answer.body) {
                    // Prometheus 2 includes the lower end, 3 does not.
                    let later = series.after(at)
                    if !later.times.isEmpty { all.append(later) }
                }
            } catch {
                throw FileFault(path: url, reason: error.reason)
            }
        }
        return all
    }

    /// The same by remote read.
    private mutating func read(to end: Timestamp) throws(FileFault) -> [MatrixSeries]? {
        var all: [MatrixSeries] = []
        for text in selectors {
            let place = SourcePosition(file: "", line: 1, column: 1)
            // It is the text of a selector that was read from a rule.
            guard let selector = try? Selector.parse(text, at: place) else { continue }
            let request = RemoteReadRequest(
                matching: selector.matchers, from: at + .milliseconds(1), to: end)
            let headers = [
                ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
                ("X-Prometheus-Remote-Read-Version", "0.1.0"),
            ]
            guard let answer = try ask("", request.compressed(), headers) else { return nil }
            do throws(WireError) {
                let isStreamed = answer.contentType.contains("streamed-protobuf")
                let read: RemoteReadAnswer
                if isStreamed {
                    read = try RemoteReadAnswer(streamed: answer.body)
                } else {
                    read = try RemoteReadAnswer(snappy: answer.body)
                }
                histograms += read.histograms
                for one in read.series {
                    // Chunks reach beyond what was asked for.
                    let series = MatrixSeries(
                        labels: one.labels, times: one.times, values: one.values
                    ).after(at).through(end)
                    if !series.times.isEmpty { all.append(series) }
                }
            } catch {
                if case .tooManySamples = error { return nil }
                throw FileFault(path: url, reason: "the answer does not read: \(error.reason)")
            }
        }
        return all
    }

    /// Asks until there is an answer. Nil when the answer would be too large.
    private mutating func ask(
        _ path: String, _ body: [UInt8], _ headers: [(name: String, value: String)]
    ) throws(FileFault) -> HTTPAnswer? {
        var wait = TimeSpan.seconds(1)
        var last = "no answer"
        for attempt in 0..<limits.attempts {
            let begun = wallClock()
            requests += 1
            let answer = client.post(
                url + path, body: body, headers: headers, timeout: limits.timeout)
            pause(max(limits.pause, min(wallClock() - begun, limits.waitMax)))
            retryAfter = answer.retryAfter
            switch answer.status {
            case 200: return answer
            case 422 where isTooMuch(answer.body): return nil
            // A server of remote read that has a limit says it so.
            case 400 where isRemoteRead && isTooMuch(answer.body): return nil
            case 0 where answer.isTooLarge: return nil
            case 0, 429, 500...599:
                last = answer.status == 0 ? "no answer" : "status \(answer.status)"
            default:
                throw FileFault(
                    path: url, reason: "status \(answer.status): \(excerpt(answer.body))")
            }
            if attempt + 1 < limits.attempts {
                retries += 1
                pause(min(limits.waitMax, answer.retryAfter ?? wait))
                wait = wait * 2
            }
        }
        throw FileFault(path: url, reason: "\(last) after \(limits.attempts) tries")
    }

    private func isTooMuch(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body.prefix(4096), as: UTF8.self)
        return text.contains("too many samples") || text.contains("exceeded sample limit")
    }

    private func excerpt(_ body: [UInt8]) -> String {
        String(decoding: body.prefix(200), as: UTF8.self).replacing("\n", with: " ")
    }

    private func pause(_ span: TimeSpan) {
        guard span > .zero else { return }
        usleep(UInt32(clamping: span.millis * 1000))
    }
}

/// Percent-encodes what a form's value may not hold.
private func formEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            out.append(byte)
        default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: out, as: UTF8.self)
}

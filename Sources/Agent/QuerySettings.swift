public import Model
public import Query
import Text

/// What queries may use: `queries` of `pitot.yaml`.
public struct QuerySettings: Sendable {
    /// Queries evaluated at a time, each on a thread of its own; read at the start.
    public var concurrency = 2
    /// How long a query may take from its arrival.
    public var timeout = TimeSpan.minutes(2)
    /// Samples that one query may hold at once.
    public var samplesMax = 50_000_000
    /// How far back an instant selector looks.
    public var lookback = TimeSpan.minutes(5)
    /// Parts of PromQL that are off unless asked for.
    public var features = QueryFeatures()

    /// Which pages of other origins may read the API: an expression that matches their whole
    /// origin, as Prometheus' `--web.cors.origin`; read at the start.
    public var corsOrigin = ".*"

    public init() {}
}

extension FieldReader {
    /// `queries: {concurrency: 4, timeout: 2m, samples: 50000000, lookback: 5m}`, and `features`
    /// by the names of Prometheus' flags.
    mutating func readQueries(into settings: inout QuerySettings) {
        if let concurrency = optionalInteger("concurrency") {
            check("concurrency", 1...64 ~= concurrency, expected: "1 to 64")
            settings.concurrency = concurrency
        }
        if let timeout = optionalDuration("timeout") {
            check("timeout", timeout > .zero && timeout <= .hours(1), expected: "1ms to 1h")
            settings.timeout = timeout
        }
        if let samples = optionalInteger("samples") {
            check("samples", samples > 0, expected: "1 or more")
            settings.samplesMax = samples
        }
        if let lookback = optionalDuration("lookback") {
            check("lookback", lookback > .zero, expected: "a duration like 5m")
            settings.lookback = lookback
        }
        if let origin = optionalString("corsOrigin") {
            check(
                "corsOrigin", (try? Pattern(origin)) != nil, expected: "a regular expression of RE2"
            )
            settings.corsOrigin = origin
        }
        for flag in optionalStrings("features") ?? [] where !settings.features.enable(flag) {
            fail(
                at: position(of: "features"), "\"\(flag)\" is no feature of queries",
                expected: QueryFeatures.flags.joined(separator: ", "))
        }
    }

    private mutating func check(_ key: String, _ isGood: Bool, expected: String) {
        guard !isGood else { return }
        fail(at: position(of: key), "queries.\(key) is out of range", expected: expected)
    }
}

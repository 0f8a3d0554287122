public import Model
import Text

/// Where the past is read from: `backfill` of `pitot.yaml`.
public struct BackfillSettings: Hashable, Sendable {
    /// The base URL of a Prometheus, which is asked over its query API.
    public var prometheus = ""
    /// The URL of a remote-read endpoint, which is asked instead; empty for none.
    public var remoteRead = ""
    /// What the sender's remote write adds to each series and its API leaves out; nil asks it.
    public var externalLabels: Labels?
    /// How far back; nil for the longest period of the SLOs.
    public var range: TimeSpan?
    /// How long alerts may wait for the past.
    public var timeout = TimeSpan.minutes(10)
    /// The least time between two requests.
    public var pause = TimeSpan.milliseconds(20)

    public init() {}
}

extension FieldReader {
    /// `backfill: {prometheus: URL, externalLabels: {cluster: eu1}, range: 30d, timeout: 10m}`.
    mutating func readBackfill(into settings: inout BackfillSettings?) {
        var read = BackfillSettings()
        read.prometheus = optionalString("prometheus") ?? ""
        read.remoteRead = optionalString("remoteRead") ?? ""
        for (key, url) in [("prometheus", read.prometheus), ("remoteRead", read.remoteRead)]
        where !url.isEmpty && !isHTTP(url) {
            fail(
                at: position(of: key), "\"\(url)\" is no address",
                expected: "http:// or https:// and a host")
        }
        if read.prometheus.isEmpty == read.remoteRead.isEmpty {
            fail(
                at: node, "backfill has \(read.prometheus.isEmpty ? "no source" : "two sources")",
                expected: "\"prometheus\", a base URL, or \"remoteRead\", a URL such as "
                    + "http://prometheus:9090/api/v1/read")
        }
        if optionalNode("externalLabels") != nil {
            read.externalLabels = Labels(pairs("externalLabels").map { ($0.name, $0.value) })
        }
        if let range = optionalDuration("range") {
            check("range", range >= .minutes(1) && range <= .days(400), "1m to 400d")
            read.range = range
        }
        if let timeout = optionalDuration("timeout") {
            check("timeout", timeout >= .seconds(1) && timeout <= .days(1), "1s to 1d")
            read.timeout = timeout
        }
        if let pause = optionalDuration("pause") {
            check("pause", pause >= .zero && pause <= .minutes(1), "0s to 1m")
            read.pause = pause
        }
        settings = read
    }

    private mutating func check(_ key: String, _ isGood: Bool, _ expected: String) {
        guard !isGood else { return }
        fail(at: position(of: key), "backfill.\(key) is out of range", expected: expected)
    }
}

import Agent
import Alerting
import Glibc
import Ingest
import Model
import Query
import Storage
import Text

// What the server says of itself, in the members that Prometheus' clients read.

extension QueryEndpoints {
    /// Clients choose by the version what they ask for: it is that of the API that we speak, ours
    /// stands behind it.
    static var buildInformation: HTTPResponse {
        success { json in
            json.object { json in
                json.member("version", "3.5.3+pitot.\(version)")
                for key in ["revision", "branch", "buildUser", "buildDate", "goVersion"] {
                    json.member(key, "")
                }
            }
        }
    }

    static func runtimeInformation(
        _ parameters: QueryParameters, _ view: QueryView
    ) -> HTTPResponse {
        success { json in
            json.object { json in
                json.member("startTime", parameters.startedAt.rfc3339)
                json.member("CWD", workingFolder)
                json.member("hostname", hostName)
                json.member("serverTime", parameters.now.rfc3339)
                json.member("reloadConfigSuccess", bool: true)
                json.member("lastConfigTime", parameters.startedAt.rfc3339)
                json.member("corruptionCount", integer: 0)
                json.member("storageRetention", retention(view))
            }
        }
    }

    private static var workingFolder: String {
        var path = [CChar](repeating: 0, count: 4096)
        guard getcwd(&path, path.count) != nil else { return "" }
        return text(path)
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return text(name)
    }

    private static func text(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func retention(_ view: QueryView) -> String {
        let intake = view.configuration.intake
        return "\(intake.retentionTime) or \(intake.retentionBytes >> 20)MiB"
    }

    /// Our settings by the names that Prometheus' flags have.
    static func flags(_ view: QueryView) -> HTTPResponse {
        let configuration = view.configuration
        let queries = configuration.queries
        return success { json in
            json.object { json in
                json.member("query.lookback-delta", "\(queries.lookback)")
                json.member("query.max-concurrency", "\(queries.concurrency)")
                json.member("query.max-samples", "\(queries.samplesMax)")
                json.member("query.timeout", "\(queries.timeout)")
                json.member(
                    "storage.tsdb.retention.size", "\(configuration.intake.retentionBytes)B")
                json.member(
                    "storage.tsdb.retention.time", "\(configuration.intake.retentionTime)")
                json.member("web.enable-remote-write-receiver", "true")
                json.member("web.external-url", configuration.externalURL)
                json.member("web.listen-address", configuration.listen)
            }
        }
    }

    /// The part of the configuration that is Prometheus' as well. The rest may hold secrets.
    static func settings(_ view: QueryView) -> HTTPResponse {
        let notifier = view.configuration.notifier
        var yaml = "global:\n  evaluation_interval: \(notifier.evaluationInterval)\n"
        let labels = notifier.externalLabels.pairs
        if !labels.isEmpty { yaml += "  external_labels:\n" }
        for label in labels { yaml += "    \(label.name): \(quoted(label.value))\n" }
        return success { json in json.object { $0.member("yaml", yaml) } }
    }

    static func storeFigures(
        _ parameters: QueryParameters, _ view: QueryView
    ) throws(QueryFault) -> HTTPResponse {
        var limit = 10
        if !parameters["limit"].isEmpty {
            guard let number = Int(parameters["limit"]), 1...10_000 ~= number else {
                throw .badData("limit must be a positive number, at most 10000")
            }
            limit = number
        }
        let figures = view.cardinality(limit: limit)
        let extent = view.extent()
        return success { json in
            json.object { json in
                json.key("headStats")
                json.object { json in
                    json.member("numSeries", integer: extent.series)
                    json.member("numLabelPairs", integer: figures.labelPairs)
                    json.member("chunkCount", integer: extent.chunks.chunks)
                    json.member("minTime", integer: Int(extent.chunks.first?.millis ?? 0))
                    json.member("maxTime", integer: Int(extent.chunks.last?.millis ?? 0))
                }
                for (key, list) in [
                    ("seriesCountByMetricName", figures.seriesByMetric),
                    ("labelValueCountByLabelName", figures.valuesByLabel),
                    ("memoryInBytesByLabelName", figures.bytesByLabel),
                    ("seriesCountByLabelValuePair", figures.seriesByPair),
                ] {
                    json.key(key)
                    json.array { json in for entry in list { json.entry(entry) } }
                }
            }
        }
    }

    /// Nothing is scraped: samples are written to us.
    static var noTargets: HTTPResponse {
        success { json in
            json.object { json in
                json.key("activeTargets")
                json.array { _ in }
                json.key("droppedTargets")
                json.array { _ in }
                json.key("droppedTargetCounts")
                json.object { _ in }
            }
        }
    }

    static var noScrapePools: HTTPResponse {
        success { json in
            json.object { json in
                json.key("scrapePools")
                json.array { _ in }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func entry(_ entry: IndexCardinality.Entry) {
        object { json in
            json.member("name", entry.name)
            json.member("value", integer: entry.count)
        }
    }
}

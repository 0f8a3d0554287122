import Alerting
import Ingest
import Model
import SLO
import Text
import Wire

/// Reads the mapping of `pitot.yaml` (DESIGN §5). Every key is optional, unknown ones are errors.
struct ConfigurationReader {
    private let document: YAMLNode
    private let zones: TimeZones
    private(set) var diagnostics: [Diagnostic] = []

    private let templateFiles: [SourceFile]

    /// `templates` are the files that the document names under that key, once they were read.
    init(_ document: YAMLNode, zones: TimeZones, templates: [SourceFile] = []) {
        self.document = document
        self.zones = zones
        templateFiles = templates
    }

    mutating func read(into configuration: inout Configuration) {
        var fields = FieldReader(document, of: "configuration")
        configuration.listen = fields.optionalString("listen") ?? configuration.listen
        configuration.data = fields.optionalString("data") ?? configuration.data
        configuration.rules = fields.optionalStrings("rules") ?? []
        configuration.externalURL = fields.optionalString("externalURL") ?? ""
        configuration.notifier.externalURL = configuration.externalURL
        let externalLabels = fields.pairs("externalLabels").map { ($0.name, $0.value) }
        configuration.notifier.externalLabels = Labels(externalLabels)
        for (key, read) in Self.parts {
            guard let node = fields.optionalNode(key) else { continue }
            var reader = FieldReader(node, of: key)
            read(self, &reader, &configuration)
            diagnostics += reader.finish()
        }
        configuration.notifier.alertmanagers = alertmanagers(&fields)
        configuration.templatePaths = fields.optionalStrings("templates") ?? []
        let (templates, faults) = compiledTemplates(templateFiles, into: &configuration)
        diagnostics += faults
        let global = GlobalSettings.read(&fields)
        var receivers = ReceiverReader(global, templates)
        configuration.notifier.receivers = receivers.read(&fields)
        diagnostics += receivers.diagnostics
        var intervals = TimeIntervalReader(zones)
        intervals.read(&fields)
        configuration.notifier.timeIntervals = intervals.intervals
        diagnostics += intervals.diagnostics
        var routes = RouteReader(
            receivers: receivers.names, intervals: Set(intervals.intervals.map(\.name)))
        configuration.notifier.route = routes.readRoute(
            &fields, standard: configuration.notifier.receivers.map(\.name))
        configuration.notifier.inhibitRules =
            routes.readInhibition(&fields) ?? InhibitRule.standard
        diagnostics += routes.diagnostics
        var noise = NoiseReader()
        noise.read(&fields, into: &configuration.notifier, receivers: receivers.names)
        diagnostics += noise.diagnostics
        diagnostics += fields.finish()
    }

    private typealias Part = @Sendable (Self, inout FieldReader, inout Configuration) -> Void

    private static let parts: [(key: String, read: Part)] = [
        ("evaluation", { $0.readEvaluation(&$1, &$2) }),
        ("remoteWrite", { $0.readRemoteWrite(&$1, &$2) }),
        ("limits", { $0.readLimits(&$1, &$2) }),
        ("retention", { $0.readRetention(&$1, &$2) }),
        ("log", { $0.readLog(&$1, &$2) }),
        ("queries", { $1.readQueries(into: &$2.queries) }),
        ("events", { $1.readEvents(into: &$2.events) }),
        ("runs", { $1.readRuns(into: &$2.runs) }),
        ("webhooks", { $1.readWebhooks(into: &$2.webhooks) }),
        ("otlp", { $1.readOTLP(into: &$2.otlp) }),
        ("spans", { $1.readSpans(into: &$2.spans) }),
        ("backfill", { $1.readBackfill(into: &$2.backfill) }),
        ("notify", { $1.readDelivery(into: &$2.notifier.delivery) }),
    ]

    private func readRetention(
        _ fields: inout FieldReader, _ configuration: inout Configuration
    ) {
        if let time = fields.optionalDuration("time") {
            if time < .hours(1) {
                fields.fail(
                    at: fields.position(of: "time"), "retention.time is below an hour",
                    expected: "1h or more")
            }
            configuration.intake.retentionTime = time
        }
        if let size = fields.optionalSize("size") {
            if size < 64 << 20 {
                fields.fail(
                    at: fields.position(of: "size"), "retention.size is below 64MiB",
                    expected: "64MiB or more")
            }
            configuration.intake.retentionBytes = size
        }
    }

    /// `sync: commit`, or how long acknowledged data may wait for the disk; `checkpoint: 128MiB`.
    private func readLog(_ fields: inout FieldReader, _ configuration: inout Configuration) {
        if let size = fields.optionalSize("checkpoint") {
            if size < 64 << 10 || size > 4 << 30 {
                fields.fail(
                    at: fields.position(of: "checkpoint"), "log.checkpoint is out of range",
                    expected: "64KiB to 4GiB")
            }
            configuration.checkpointBytes = size
        }
        guard let text = fields.optionalString("sync") else { return }
        if text == "commit" {
            configuration.logSyncInterval = .zero
        } else if let interval = parseDuration(text), interval > .zero, interval <= .minutes(1) {
            configuration.logSyncInterval = interval
        } else {
            fields.fail(
                at: fields.position(of: "sync"), "\"\(text)\" is no way to sync the log",
                expected: "commit, or a duration up to 1m")
        }
    }

    private func readEvaluation(_ fields: inout FieldReader, _ configuration: inout Configuration) {
        if let interval = fields.optionalDuration("interval") {
            positive(&fields, "interval", interval)
            configuration.notifier.evaluationInterval = interval
        }
        configuration.exportsSLOs = fields.optionalBool("sloSeries") ?? false
        if let offset = fields.optionalDuration("queryOffset") {
            configuration.ruleQueryOffset = offset
        }
        if let settle = fields.optionalDuration("settle") {
            positive(&fields, "settle", settle)
            configuration.intake.settle = settle
        }
    }

    private func readRemoteWrite(
        _ fields: inout FieldReader, _ configuration: inout Configuration
    ) {
        if let labels = fields.optionalStrings("replicaLabels") {
            configuration.intake.replicaLabels = labels
        }
        if let window = fields.optionalDuration("outOfOrderWindow") {
            if window < .zero || window > .hours(1) {
                fields.fail(
                    at: fields.position(of: "outOfOrderWindow"),
                    "outOfOrderWindow is out of range", expected: "0s to 1h")
            }
            configuration.intake.outOfOrderWindow = window
        }
    }

    private func readLimits(_ fields: inout FieldReader, _ configuration: inout Configuration) {
        if let series = fields.optionalInteger("series") {
            atLeastOne(&fields, "series", series)
            configuration.intake.seriesMax = series
        }
        if let labels = fields.optionalInteger("labelsPerSeries") {
            atLeastOne(&fields, "labelsPerSeries", labels)
            configuration.intake.labelLimits.labels = labels
        }
        if let size = fields.optionalSize("bodyBytes") {
            if size < 1024 || size > 256 << 20 {
                fields.fail(
                    at: fields.position(of: "bodyBytes"), "bodyBytes is out of range",
                    expected: "1KiB to 256MiB")
            }
            configuration.wire.bodyBytes = size
        }
        if let series = fields.optionalInteger("seriesPerNamespace") {
            atLeastOne(&fields, "seriesPerNamespace", series)
            configuration.intake.seriesPerNamespaceMax = series
        }
        if let bodies = fields.optionalInteger("concurrentBodies") {
            atLeastOne(&fields, "concurrentBodies", bodies)
            configuration.concurrentBodies = bodies
        }
        if let status = fields.optionalInteger("status") {
            if status != 400 && status != 429 {
                fields.fail(
                    at: fields.position(of: "status"), "status \(status) for shed series",
                    expected: "400 (dropped for good) or 429 (the sender tries again)")
            }
            configuration.shedStatus = status
        }
    }

    private mutating func alertmanagers(_ fields: inout FieldReader) -> [String] {
        let urls = fields.optionalStrings("alertmanagers") ?? []
        for url in urls where !isHTTP(url) {
            fields.fail(
                at: fields.position(of: "alertmanagers"), "\"\(url)\" is no address",
                expected: "http:// or https:// and a host")
        }
        return urls
    }

    private func positive(_ fields: inout FieldReader, _ key: String, _ span: TimeSpan) {
        guard span <= .zero else { return }
        fields.fail(
            at: fields.position(of: key), "\(key) is not positive", expected: "a duration like 15s")
    }

    private func atLeastOne(_ fields: inout FieldReader, _ key: String, _ count: Int) {
        guard count < 1 else { return }
        fields.fail(at: fields.position(of: key), "\(key) is below 1", expected: "1 or more")
    }
}

func isHTTP(_ url: String) -> Bool {
    ["http://", "https://"].contains { url.hasPrefix($0) && url.utf8.count > $0.utf8.count }
}

public import Alerting
public import Ingest
public import Model
public import Query
public import Runs
public import SLO
public import Text
public import Traces
public import Wire

/// `pitot.yaml` and the rule files, read and checked.
public struct Configuration: Sendable {
    /// Address and port to listen on.
    public var listen = "127.0.0.1:9797"
    /// Folder of the event log.
    public var data = "./data"
    /// Folders and files of rules, as the configuration names them.
    public var rules: [String] = []
    public var externalURL = ""
    public var intake = IntakeSettings.standard
    public var wire = WireLimits.standard
    /// Requests with a body that are read or answered at a time.
    public var concurrentBodies = 256
    /// How long acknowledged data may wait for `fdatasync`; zero makes it durable first.
    public var logSyncInterval = TimeSpan.zero
    /// Bytes of log after which a checkpoint is due.
    public var checkpointBytes = 128 << 20
    /// What a write is answered of which a limit shed new series, and nothing else is wrong.
    public var shedStatus = 400
    public var queries = QuerySettings()
    public var events = EventSettings()
    public var runs = RunSettings()
    public var webhooks = IncomingSettings()
    public var backfill: BackfillSettings?
    public var otlp = OTLPSettings()
    public var spans = SpanSettings()
    public var notifier = NotifierSettings()
    public var definitions: [SLODefinition] = []
    /// Of Prometheus rule files.
    public var ruleGroups: [RuleGroup] = []
    /// Whether the figures of SLOs are series of the store.
    public var exportsSLOs = false
    /// Maintenance windows and budget adjustments.
    public var corrections = Corrections()
    /// Models under watch, and the paths of the baselines that they name.
    public var driftModels: [DriftModel] = []
    public var baselinePaths: [String] = []
    /// Files of notification templates, as the configuration names them.
    public var templatePaths: [String] = []
    /// How far back groups look that do not say it themselves.
    public var ruleQueryOffset = TimeSpan.zero
    public var diagnostics: [Diagnostic] = []

    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

extension Configuration {
    /// Reads the files. Pure: the same bytes give the same configuration, now and in replay.
    public static func read(_ files: ConfigurationFiles) -> Configuration {
        var configuration = Configuration()
        let zones = files.timeZones
        if let config = files.config { configuration.readMain(config, files.templates, zones) }
        for file in files.rules { configuration.readRules(file, zones, files.baselines) }
        configuration.refuseDuplicates()
        configuration.diagnostics += configuration.corrections.review(configuration.definitions)
        configuration.diagnostics += SLOLint.findings(configuration.definitions)
        configuration.diagnostics += QueryQuestion.findings(
            configuration.definitions, configuration.queries)
        configuration.refuseDriftDuplicates()
        configuration.diagnostics.sort()
        return configuration
    }

    private mutating func readMain(
        _ file: SourceFile, _ templates: [SourceFile], _ zones: TimeZones
    ) {
        do throws(Diagnostic) {
            let documents = try YAML.parse(file.bytes, file: file.path)
            for document in documents.dropFirst() {
                diagnostics.append(
                    .error(at: document.position, "a second document", expected: "one"))
            }
            guard let document = documents.first else { return }
            var reader = ConfigurationReader(document, zones: zones, templates: templates)
            reader.read(into: &self)
            diagnostics += reader.diagnostics
        } catch {
            diagnostics.append(error)
        }
    }

    private mutating func readRules(
        _ file: SourceFile, _ zones: TimeZones, _ baselines: [SourceFile]
    ) {
        do throws(Diagnostic) {
            for document in try YAML.parse(file.bytes, file: file.path) {
                if document.isNull { continue }
                if DriftModelReader.recognizes(document) {
                    readDriftModels(document, file.path, baselines)
                    continue
                }
                if document["groups"] != nil && !DefinitionReader.recognizes(document) {
                    let read = RuleFile.read(document, file: file.path, options: ruleOptions)
                    for var group in read.groups {
                        group.queryOffset = group.queryOffset ?? ruleQueryOffset
                        ruleGroups.append(group)
                    }
                    diagnostics += read.diagnostics
                    continue
                }
                if CorrectionReader.recognizes(document) {
                    let file = CorrectionReader.read(document, zones: zones)
                    corrections.maintenance += file.corrections.maintenance
                    corrections.adjustments += file.corrections.adjustments
                    diagnostics += file.diagnostics
                    continue
                }
                let file = DefinitionReader.read(document, zones: zones)
                definitions += file.definitions
                diagnostics += file.diagnostics
            }
        } catch {
            diagnostics.append(error)
        }
    }

    /// What rules are evaluated under. A subquery without a step takes the global interval.
    private var ruleOptions: QueryOptions {
        var options = QueryOptions()
        options.features = queries.features
        options.limits.samplesMax = queries.samplesMax
        options.lookback = queries.lookback
        options.defaultStep = notifier.evaluationInterval
        return options
    }

    /// A ledger's key is (service, name): two SLOs cannot share it.
    private mutating func refuseDuplicates() {
        var seen: [String: SLODefinition] = [:]
        for definition in definitions {
            let key = definition.service + "/" + definition.name
            if let first = seen[key] {
                diagnostics.append(
                    .error(
                        at: definition.position, "the SLO \(key) stands twice",
                        expected: "each name once per service",
                        hint: "the other is at \(first.position)"))
            } else {
                seen[key] = definition
            }
        }
    }
}

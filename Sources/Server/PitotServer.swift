import Agent
import Alerting
import Glibc
import Ingest
import Model
public import Text
import Wire

/// What `pitot serve` was told on its command line; nil leaves it to the configuration.
public struct ServeOptions: Sendable {
    public var config: String?
    public var rules: [String] = []
    public var data: String?
    public var listen: String?
    /// Folder of the recording; nil for none.
    public var record: String?
    public var logFormat = Logger.Format.logfmt

    public init() {}
}

/// Caps and times of the shell; tests make them small. The body limit is the configuration's.
struct ServerLimits: Sendable {
    var http = HTTPLimits()
    var owner = OwnerLimits()
    var segmentBytesMax = EventLog.segmentBytesMax
    /// How often the configuration's files are looked at.
    var watchInterval = TimeSpan.seconds(5)
    var recording = RecordingLimits()
    var joinAfter = Backfiller.joinAfter
}

/// Why the agent did not start.
public enum StartFault: Error, Sendable {
    case configuration([Diagnostic])
    case file(FileFault)
    case log(String)
    case recording(String)
    case listen(ListenFault)
}

/// The running agent: HTTP in front, the owner in the middle, log and courier behind.
public final class PitotServer: Sendable {
    /// The port it listens on.
    public var port: UInt16 { http.port }

    private let http: HTTPServer
    /// For OTLP alone, on its own port.
    private let otlp: HTTPServer?
    private let grpc: GRPCServer?
    private let owner: Owner
    private let courier: Courier
    private let storekeeper: Storekeeper
    private let rules: RuleRunner
    private let watch: FileWatch
    private let router: Router
    private let queries: QueryPool
    private let features: FeatureEndpoints
    private let recorder: Recorder?
    private let backfiller: Backfiller?
    private let ownerThread: Worker
    private let logger: Logger
    private let options: ServeOptions
    private let vault = SecretVault()

    /// Reads the configuration, replays the log and starts to listen; `/-/ready` tells when the
    /// replay is done.
    public convenience init(_ options: ServeOptions, logger: Logger) throws(StartFault) {
        try self.init(options, logger: logger, limits: ServerLimits())
    }

    init(_ options: ServeOptions, logger: Logger, limits: ServerLimits) throws(StartFault) {
        let files = try Self.load(options, vault)
        let configuration = Configuration.read(files)
        guard !configuration.hasErrors else {
            throw .configuration(configuration.diagnostics)
        }
        for warning in configuration.diagnostics { logger.warn(warning.description) }
        let log: EventLog
        do throws(LogFault) {
            log = try EventLog(
                folder: options.data ?? configuration.data,
                segmentBytesMax: limits.segmentBytesMax)
        } catch { throw .log(error.reason) }
        self.options = options
        self.logger = logger
        let relay = Relay()
        courier = Courier(vault: vault) { relay.deliver($0, $1) }
        storekeeper = Storekeeper(folder: log.folder) { relay.tell($0) }
        rules = RuleRunner(concurrency: configuration.queries.concurrency) { relay.take($0) }
        owner = Owner(
            log: log, courier: courier, storekeeper: storekeeper, rules: rules, logger: logger,
            vault: vault, limits: limits.owner)
        relay.connect(owner)
        watch = FileWatch(
            files, each: limits.watchInterval, logger: logger,
            load: { [vault] () throws(FileFault) in try Self.loadFiles(options, vault) },
            offer: { [owner] in owner.mailbox.postAlways(.configure($0, nil)) })
        recorder = try Self.recorder(options, configuration, logger, limits)
        owner.recorder = recorder
        backfiller = Self.backfiller(configuration, owner, logger, limits)
        backfiller?.prepare()
        queries = QueryPool(concurrency: configuration.queries.concurrency)
        features = FeatureEndpoints(configuration, logger, owner)
        let otlpIntake = OTLPIntake(configuration, owner: owner)
        router = Router(
            write: Self.writes(configuration), owner: owner, features: features,
            pipelines: PipelineEndpoints(configuration),
            otlp: OTLPEndpoint(intake: otlpIntake), queries: queries,
            crossOrigin: CrossOrigin(configuration.queries.corsOrigin),
            loadFiles: { [vault] () throws(FileFault) in try Self.loadFiles(options, vault) })
        let httpLimits = Self.limits(limits.http, configuration)
        do throws(ListenFault) {
            http = try HTTPServer(
                address: options.listen ?? configuration.listen,
                limits: httpLimits,
                hooks: HTTPHooks(
                    refused: { [router] in router.refused($0, $1) },
                    atOnce: { [router] in router.atOnce($0) }),
                handler: { [router] in router.handle($0) })
            otlp = try Self.listenForOTLP(configuration.otlp, httpLimits, router, logger)
            grpc = try Self.listenForGRPC(configuration, otlpIntake, logger)
        } catch { throw .listen(error) }
        router.stand(behind: http)
        for start in [courier.start, queries.start, features.intake.start] { start() }
        features.tee?.start()
        for start in [storekeeper.start, rules.start, watch.start] { start() }
        recorder?.start()
        ownerThread = Worker { [owner, logger] in
            do throws(LogFault) {
                try owner.start(files)
                owner.run()
            } catch {
                logger.error("the event log cannot be read", ("reason", error.reason))
                exit(1)
            }
        }
        backfiller?.start()
        logger.info("listening", ("port", String(http.port)), ("version", version))
    }

    /// Reads the files again, as SIGHUP asks. An error keeps what is in force.
    public func reload() {
        do throws(FileFault) {
            owner.mailbox.postAlways(.configure(try Self.loadFiles(options, vault), nil))
        } catch {
            logger.error(
                "configuration not read; the old one stays",
                ("file", error.path), ("reason", error.reason))
        }
    }

    /// Takes no more connections, answers what has come, makes it durable, and ends. The port and
    /// the data folder are free then. Called once.
    public func stop() {
        http.quiesce()
        otlp?.quiesce()
        grpc?.quiesce()
        watch.stop()
        features.intake.stop()
        features.tee?.stop()
        backfiller?.stop()
        owner.mailbox.postAlways(.stop)
        ownerThread.join()
        queries.stop()
        rules.stop()
        courier.stop()
        storekeeper.stop()
        recorder?.stop()
        router.stand(behind: nil)
        http.stop()
        otlp?.stop()
        grpc?.stop()
        logger.info("stopped")
    }

    private static func writes(_ configuration: Configuration) -> WriteEndpoint {
        WriteEndpoint(
            seed: HashSeed(low: randomBits(), high: randomBits()), limits: configuration.wire)
    }

    private static func limits(
        _ limits: HTTPLimits, _ configuration: Configuration
    ) -> HTTPLimits {
        var limits = limits
        limits.bodyBytes = configuration.wire.bodyBytes
        limits.bodies = configuration.concurrentBodies
        return limits
    }

    /// OTLP's own port. One that nobody asked for may be taken: then there is none.
    private static func listenForOTLP(
        _ settings: OTLPSettings, _ limits: HTTPLimits, _ router: Router, _ logger: Logger
    ) throws(ListenFault) -> HTTPServer? {
        guard !settings.http.isEmpty else { return nil }
        do throws(ListenFault) {
            let server = try HTTPServer(
                address: settings.http, limits: limits,
                hooks: HTTPHooks(refused: { router.refused($0, $1) }),
                handler: { router.handleOTLP($0) })
            logger.info("listening for OTLP over HTTP", ("port", String(server.port)))
            return server
        } catch {
            if settings.isHTTPSet { throw error }
            logger.warn(
                "no port for OTLP over HTTP of its own", ("address", settings.http),
                ("reason", error.reason))
            return nil
        }
    }

    /// OTLP over gRPC, in clear or with the certificate that is configured.
    private static func listenForGRPC(
        _ configuration: Configuration, _ intake: OTLPIntake, _ logger: Logger
    ) throws(ListenFault) -> GRPCServer? {
        let settings = configuration.otlp
        guard !settings.grpc.isEmpty else { return nil }
        var tls: GRPCTLS?
        if !settings.certificate.isEmpty {
            tls = GRPCTLS(certificate: settings.certificate, key: settings.key)
            guard tls != nil else {
                throw ListenFault(
                    address: settings.grpc,
                    reason: "\(settings.certificate) and \(settings.key) are no certificate and key"
                )
            }
        }
        var limits = GRPCLimits()
        limits.messageBytes = configuration.wire.bodyBytes
        do throws(ListenFault) {
            let server = try GRPCServer(
                address: settings.grpc, tls: tls, limits: limits, intake: intake)
            logger.info("listening for OTLP over gRPC", ("port", String(server.port)))
            return server
        } catch {
            if settings.isGRPCSet { throw error }
            logger.warn(
                "no port for OTLP over gRPC", ("address", settings.grpc), ("reason", error.reason))
            return nil
        }
    }

    private static func backfiller(
        _ configuration: Configuration, _ owner: Owner, _ logger: Logger, _ limits: ServerLimits
    ) -> Backfiller? {
        guard let settings = configuration.backfill, let longest = configuration.longestPeriod
        else {
            return nil
        }
        return Backfiller(
            settings, range: settings.range ?? longest, selectors: configuration.selectorTexts,
            owner: owner, logger: logger, joinAfter: limits.joinAfter)
    }

    private static func recorder(
        _ options: ServeOptions, _ configuration: Configuration, _ logger: Logger,
        _ limits: ServerLimits
    ) throws(StartFault) -> Recorder? {
        guard let folder = options.record else { return nil }
        do throws(LogFault) {
            return try Recorder(
                folder: folder, labelLimits: configuration.intake.labelLimits, logger: logger,
                limits: limits.recording)
        } catch { throw .recording(error.reason) }
    }

    private static func load(
        _ options: ServeOptions, _ vault: SecretVault
    ) throws(StartFault) -> ConfigurationFiles {
        do throws(FileFault) {
            return try loadFiles(options, vault)
        } catch { throw .file(error) }
    }

    /// The configuration file and the rules it and the command line name, without secrets.
    static func loadFiles(
        _ options: ServeOptions, _ vault: SecretVault = SecretVault()
    ) throws(FileFault) -> ConfigurationFiles {
        var config: SourceFile?
        if let path = options.config {
            guard let bytes = readFile(path) else {
                throw FileFault(path: path, reason: String(cString: strerror(errno)))
            }
            config = SourceFile(path: path, bytes: bytes)
        }
        var paths = options.rules
        if paths.isEmpty {
            paths = Configuration.read(ConfigurationFiles(config: config, rules: [])).rules
        }
        let files = try ConfigurationFiles(config: config, rules: try ruleFiles(at: paths))
            .addingTimeZones().addingBaselines().addingTemplates()
        return vault.withhold(files)
    }
}

/// Ties the courier's answers to the owner, which is made after it.
private final class Relay: @unchecked Sendable {
    // Sound: connected before the courier's thread starts.
    private weak var owner: Owner?

    func connect(_ owner: Owner) { self.owner = owner }

    func deliver(_ id: DeliveryID, _ outcome: Outcome) {
        owner?.mailbox.postAlways(.delivered(id, outcome))
    }

    func take(_ outcome: RuleOutcome) { owner?.mailbox.postAlways(.evaluated(outcome)) }

    func tell(_ news: KeptNews) { owner?.mailbox.postAlways(.kept(news)) }
}

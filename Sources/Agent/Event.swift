public import Alerting
public import Ingest
public import Model
public import Storage
public import Text
public import Wire

/// Who waits for the answer to a request. Server's numbering.
public struct RequestID: Hashable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }
}

/// A file as it was read.
public struct SourceFile: Hashable, Sendable {
    public let path: String
    public let bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Everything a configuration is made of: `pitot.yaml`, if there is one, and the rule files.
public struct ConfigurationFiles: Hashable, Sendable {
    public let config: SourceFile?
    /// In the order of their paths.
    public let rules: [SourceFile]
    /// The files of the time zones that the rules name, by the zones' names.
    public let zones: [SourceFile]
    /// Baselines that the rules name, in the order of their paths.
    public let baselines: [SourceFile]
    /// Files of notification templates, in the order of the configuration.
    public let templates: [SourceFile]

    public init(
        config: SourceFile?, rules: [SourceFile], zones: [SourceFile] = [],
        baselines: [SourceFile] = [], templates: [SourceFile] = []
    ) {
        self.templates = templates
        self.config = config
        self.zones = zones.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.rules = rules.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.baselines = baselines.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }
}

/// What happens to the agent. Named in the past; later issues append cases.
public enum Event: Sendable {
    /// The process has started, after replay and before anything new.
    case started
    case configured(ConfigurationFiles)
    case write(WriteBatch, RequestID)
    /// A deadline has come.
    case tick
    case delivered(DeliveryID, Outcome)
    /// A round of rules was evaluated.
    case evaluated(RuleOutcome)
    /// Rows and requests of models; who sent them may wait for an answer.
    case features(FeatureBatch, RequestID?)
    /// What was told of runs, changes and alerts; who told it waits for an answer.
    case pipeline(PipelineBatch, RequestID)
    /// What was asked for an SLI was found out.
    case answered(AskID, Answer)
    /// Somebody asks for something through Alertmanager's API; of what came with it this much was
    /// refused.
    case alertmanager(AlertmanagerChange, refused: String?, RequestID)
    /// Spans came; who sent them waits for an answer.
    case spans(SpanBatch, RequestID)
    /// The past is going to be read, from this time on.
    case backfillBegan(from: Timestamp)
    /// Samples of the past, later than those before.
    case backfilled(PastSamples)
    /// There is no more, or none was to be had for too long.
    case backfillEnded(isWhole: Bool)
}

/// The answer to a write.
public struct WriteReply: Sendable {
    public let id: RequestID
    /// What became of the samples.
    public let tally: WriteTally
    /// 204 when everything is stored; 400, or what is configured for shed series, otherwise.
    public let status: Int

    /// One line that names what was refused and why; nil when all was stored.
    public var refusals: String? {
        guard !tally.isWhole else { return nil }
        let what = tally.examples.map { example in
            example.series.isEmpty
                ? example.refusal.advice : "\(example.refusal.advice): \(example.series)"
        }
        guard tally.refusedTotal > tally.lenient else {
            return "series without samples refused: " + what.joined(separator: "; ")
        }
        let refused = tally.refusedTotal - tally.lenient
        let all = refused + tally.written + tally.histogramsWritten + tally.exemplarsWritten
        return "\(refused) of \(all) samples refused, the rest is stored: "
            + what.joined(separator: "; ")
    }
}

/// What became of a configuration.
public struct ConfigurationReport: Sendable {
    public let isTaken: Bool
    public let diagnostics: [Diagnostic]
}

/// An alert began or ended; for the agent's own log.
public struct AlertNews: Hashable, Sendable {
    public let labels: Labels
    /// "firing" or "resolved".
    public let state: String
    /// What a person is told; empty at the end.
    public let summary: String
}

/// What the shell is to do.
public enum Effect: Sendable {
    case announce(AlertNews)
    case reply(WriteReply)
    case send(Delivery)
    case report(ConfigurationReport)
    /// A segment of samples is full: to be written and mapped.
    case writeSegment(SegmentDraft)
    /// Segments that left retention.
    case removeSegments([UInt32])
    /// A group of rules is due: to be evaluated on a point in time of the store.
    case evaluate(RuleRound)
    /// The answer to rows of features.
    case featuresTaken(FeatureReply)
    /// The answer to what was told of runs.
    case pipelineTaken(PipelineReply)
    /// The answer to what somebody asked for through Alertmanager's API.
    case alertmanagerDone(AlertmanagerReply)
    /// The answer to spans.
    case spansTaken(SpanReply)
    /// Something is to be found out for an SLI.
    case ask(AskID, Question)
}

/// An effect, and the log position that must be durable before it is carried out.
public struct PlannedEffect: Sendable {
    public let after: LogPosition
    public let effect: Effect
}

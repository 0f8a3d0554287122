public import Model

// What is told of pipelines, whoever tells it: OpenLineage, CloudEvents of Tekton, Argo Events,
// Knative or anybody's curl, MLflow's and Alertmanager's webhooks. Readers make these of bytes; the
// `Runs` module folds them. All that a reader keeps is bounded here.

/// Who tells of a run; part of what the run is. A number is never used again.
public enum RunSource: UInt8, CaseIterable, Hashable, Sendable {
    case openLineage = 1
    /// Kubernetes objects, whoever carried them: Tekton's events are of the same runs.
    case kubernetes
    /// `io.pitot.run.*`.
    case generic

    /// As the API and the label `source` have it.
    public var word: String {
        switch self {
        case .openLineage: "openlineage"
        case .kubernetes: "kubernetes"
        case .generic: "generic"
        }
    }
}

/// What a report says of a run.
public enum RunStep: UInt8, CaseIterable, Hashable, Sendable {
    /// It waits.
    case queued = 1
    case started, running
    /// Metadata alone.
    case other
    case completed, failed, aborted

    /// Whether nothing more is to come.
    public var isEnd: Bool {
        switch self {
        case .completed, .failed, .aborted: true
        case .queued, .started, .running, .other: false
        }
    }
}

/// A dataset that a run read or wrote.
public struct DatasetUse: Hashable, Sendable {
    public var namespace = ""
    public var name = ""
    public var isOutput = false
    /// When its content was changed last, if that was told.
    public var updatedAt: Timestamp?
    public var rows: Int?
    public var version = ""

    /// Nothing.
    public init() {}
}

/// One thing told of one run. Reports add up: what one does not say, another may have said.
public struct RunReport: Hashable, Sendable {
    public var source: RunSource
    /// Within which the id is one: empty where ids are global.
    public var scope = ""
    public var id = ""
    /// The run it is a step of, of the same source; empty for none.
    public var parent = ""
    public var namespace = ""
    public var job = ""
    /// "DAG", "TrainJob", "PipelineRun".
    public var kind = ""
    public var step = RunStep.other
    /// When what is reported happened; nil when that was not told.
    public var at: Timestamp?
    public var startedAt: Timestamp?
    public var nominalAt: Timestamp?
    public var message = ""
    /// Tags as `tag_x`, labels as `label_x`, in the order of their names.
    public var labels: [FeatureHeader] = []
    /// The names of facets, those of datasets behind "inputs." and "outputs.".
    public var facets: [String] = []
    public var datasets: [DatasetUse] = []

    /// A report of a source.
    public init(_ source: RunSource) { self.source = source }
}

/// What changed. A number is never used again.
public enum ChangeKind: UInt8, CaseIterable, Hashable, Sendable {
    /// Another version serves.
    case deploy = 1
    /// An alias of a registry points elsewhere.
    case alias
    /// A registry has another version, or moved one between stages.
    case version, stage
    /// Anything else that somebody found worth telling.
    case other

    /// As the API has it.
    public var word: String {
        switch self {
        case .deploy: "deploy"
        case .alias: "alias"
        case .version: "version"
        case .stage: "stage"
        case .other: "change"
        }
    }
}

/// A change of what runs.
public struct ChangeReport: Hashable, Sendable {
    public var kind: ChangeKind
    /// What makes it one: the same key is the same change.
    public var key = ""
    public var namespace = ""
    public var model = ""
    public var version = ""
    /// The alias, the stage, or what a person wrote.
    public var detail = ""
    public var source = ""
    public var at: Timestamp?

    /// A change of a kind.
    public init(_ kind: ChangeKind) { self.kind = kind }
}

/// An alert of another system.
public struct AlertReport: Hashable, Sendable {
    public var labels = Labels.empty
    public var isFiring = false
    public var startsAt = Timestamp.distantPast
    /// Of one that is over.
    public var endsAt: Timestamp?
    public var summary = ""

    /// Nothing.
    public init() {}
}

/// One thing that was told.
public enum PipelineEvent: Hashable, Sendable {
    case run(RunReport)
    case dataset(DatasetUse, at: Timestamp?)
    case change(ChangeReport)
    case alert(AlertReport)
}

/// Why something told was not taken. A number is never used again.
public enum PipelineFault: UInt8, Error, CaseIterable, Hashable, Sendable {
    case malformed = 0
    case tooDeep, tooLarge, notUTF8
    /// A member that it must have is missing or is none.
    case notAnEvent
    /// A time that is none.
    case badTime
    /// An event of a type that says nothing of runs.
    case unknownType
    /// More events, or longer names, than are taken.
    case tooMany, tooLong
    /// Of a time that is ahead of the clock, or too long ago to count.
    case ahead, ancient
    /// Of a run that may have been counted and forgotten.
    case forgotten
    /// There was no room for another live run.
    case shed

    /// The `reason` label of metrics.
    public var label: String {
        switch self {
        case .malformed: "malformed_json"
        case .tooDeep: "too_deep"
        case .tooLarge: "too_large"
        case .notUTF8: "not_utf8"
        case .notAnEvent: "not_an_event"
        case .badTime: "bad_time"
        case .unknownType: "unknown_type"
        case .tooMany: "too_many"
        case .tooLong: "too_long"
        case .ahead: "ahead_of_clock"
        case .ancient: "ancient"
        case .forgotten: "forgotten"
        case .shed: "shed"
        }
    }

    /// What a sender is told.
    public var advice: String {
        switch self {
        case .malformed: "not JSON"
        case .tooDeep: "nested too deeply"
        case .tooLarge: "too large"
        case .notUTF8: "not UTF-8"
        case .notAnEvent: "not an event: a member that it must have is missing"
        case .badTime: "a time that is not RFC 3339"
        case .unknownType: "an event of a type that is not about runs"
        case .tooMany: "more events than are taken at once"
        case .tooLong: "an id or a name that is too long"
        case .ahead: "ahead of the clock"
        case .ancient: "too old to be counted"
        case .forgotten: "of a run that may have been counted and forgotten"
        case .shed: "no room for another live run"
        }
    }

    init(_ fault: JSONFault) {
        switch fault {
        case .malformed, .badNumber: self = .malformed
        case .tooDeep: self = .tooDeep
        case .tooLarge: self = .tooLarge
        case .notUTF8: self = .notUTF8
        }
    }
}

/// What is kept of one event at most.
public struct PipelineLimits: Sendable {
    public var bodyBytes = 32 << 20
    /// Events of a body.
    public var events = 10_000
    /// Bytes of an id or a name; longer ones are refused.
    public var nameBytes = 1024
    /// Bytes of a label's value or a message; longer ones are cut.
    public var textBytes = 256
    public var labels = 32
    public var facets = 64
    public var datasets = 100
    /// Alerts of one notification.
    public var alerts = 10_000

    /// The values above.
    public init() {}
}

/// What a body held.
public struct PipelineReading: Sendable {
    public var events: [PipelineEvent] = []
    /// The events that gave none, by their place in the body.
    public var refused: [(index: Int, fault: PipelineFault)] = []
    /// How many events the body had.
    public var received = 0
    /// Those that are about requests to models.
    public var inference = 0

    /// Nothing.
    public init() {}

    mutating func refuse(_ fault: PipelineFault) {
        refused.append((max(0, received - 1), fault))
    }

    /// A body of which nothing can be read.
    static func whole(_ fault: PipelineFault) -> PipelineReading {
        var reading = PipelineReading()
        reading.received = 1
        reading.refuse(fault)
        return reading
    }
}

public import Drift
public import Model
public import Text

// A model under watch, as its team wrote it (`kind: DriftModels`), checked.

/// What a feature is.
public enum DriftFeatureType: String, CaseIterable, Hashable, Sendable {
    case numeric
    case categorical
    case binary
}

/// One feature that a model is asked with.
public struct DriftFeature: Hashable, Sendable {
    public let name: String
    /// Nil takes what the values are.
    public let type: DriftFeatureType?
    /// For people.
    public let unit: String
}

/// What tells a model's version.
public enum DriftVersionSource: Hashable, Sendable {
    /// Rows that say so; requests have none.
    case rows
    /// `model_version` of the V2 response, for which its request's rows wait.
    case response
    /// A header of the request that the logger passes on.
    case header(String)
    /// The endpoint's version, such as `canary: "2"`.
    case endpoints([String: String])
    case fixed(String)

    var isHeader: Bool { if case .header = self { true } else { false } }
}

/// One model under watch.
public struct DriftModel: Hashable, Sendable {
    /// The name that events carry: KServe's InferenceService, or the path of `/api/v1/features/`.
    public var model: String
    /// Nil takes any.
    public var namespace: String?
    public var endpoint: String?
    /// What of its traffic this is about. A model whose answers are watched has a definition more.
    public var stream = DriftStream.inputs
    public var versionSource = DriftVersionSource.rows
    public var features: [DriftFeature] = []
    /// From files; of a version the first that has its version, else the first without one.
    public var baselines: [Baseline] = []
    /// Rows of which a baseline is made live, for a version without a file.
    public var firstRows: Int?
    public var live: BaselineSettings
    public var monitor: MonitorSettings
    /// As declared: of all streams of the model together. With two, each monitor has twice as much.
    public var budget = DriftBudget.rows(100_000)
    public var usesOneRowPerRequest = true
    /// The share of requests that its sender passes on, as declared.
    public var samplingShare = 1.0
    /// The outputs that stand among a row's members.
    public var outputNames: [String] = []
    /// What the columns of a response without names are called, in their order.
    public var outputColumns: [String] = []
    /// Whether answers are watched as a stream of their own.
    public var hasOutputs = false
    /// How answers meet their labels; nil looks at none.
    public var outcome: OutcomeSettings?
    public var detectors: [DetectorChoice] = []
    /// Windows end after so much time, on its multiples, or so many used rows.
    public var windowEvery = TimeSpan.hours(1)
    public var windowRows: UInt64?
    /// How long a request waits for its response.
    public var responseWithin = TimeSpan.minutes(1)
    public var severity = "page"
    public var labels = Labels.empty
    public var annotations: [String: String] = [:]
    /// Where it stands, for messages.
    public let position: SourcePosition

    init(model: String, at position: SourcePosition) {
        self.model = model
        self.position = position
        live = BaselineSettings(model: model, version: "")
        monitor = MonitorSettings(seed: Self.seed(model))
    }

    /// Models of one configuration.
    static let modelsMax = 1000

    /// A seed that is the same everywhere, for who names none.
    static func seed(_ model: String) -> UInt64 {
        var hash = FNV1a64()
        hash.combine(model.utf8)
        return hash.value
    }

    /// What tells it from others in messages and state.
    var title: String {
        let name = [namespace ?? "", model, endpoint ?? ""].joined(separator: "/")
        return stream == .inputs ? name : name + Self.outputsSuffix
    }

    /// Told apart from any name: "/" ends no name's part.
    static let outputsSuffix = "/#outputs"

    /// Whether what was answered is of any use.
    var looksAtAnswers: Bool { hasOutputs || outcome != nil }

    /// Whether an event is about it.
    func matches(model: String, namespace: String, endpoint: String) -> Bool {
        stream == .inputs && model == self.model && self.namespace ?? namespace == namespace
            && self.endpoint ?? endpoint == endpoint
    }

    /// The baseline of a version, from files.
    func baseline(version: String) -> Baseline? {
        baselines.first { $0.version == version } ?? baselines.first { $0.version.isEmpty }
    }

    /// Whether rows are of any use.
    var watchesRows: Bool { firstRows != nil || !baselines.isEmpty }
    /// Whether somebody looks at them, with a baseline or without.
    var looksAtRows: Bool { watchesRows || !detectors.isEmpty }

    /// The definition of its answers, which shares all but what it looks at.
    func isOutputs(of model: DriftModel) -> Bool {
        stream == .outputs && title == model.title + Self.outputsSuffix
    }
}

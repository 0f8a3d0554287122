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
}

/// One model under watch.
public struct DriftModel: Hashable, Sendable {
    /// The name that events carry: KServe's InferenceService, or the path of `/api/v1/features/`.
    public var model: String
    /// Nil takes any.
    public var namespace: String?
    public var endpoint: String?
    public var versionSource = DriftVersionSource.rows
    public var features: [DriftFeature] = []
    /// From files; of a version the first that has its version, else the first without one.
    public var baselines: [Baseline] = []
    /// Rows of which a baseline is made live, for a version without a file.
    public var firstRows: Int?
    public var live: BaselineSettings
    public var monitor: MonitorSettings
    public var usesOneRowPerRequest = true
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
        [namespace ?? "", model, endpoint ?? ""].joined(separator: "/")
    }

    /// Whether an event is about it.
    func matches(model: String, namespace: String, endpoint: String) -> Bool {
        model == self.model && self.namespace ?? namespace == namespace
            && self.endpoint ?? endpoint == endpoint
    }

    /// The baseline of a version, from files.
    func baseline(version: String) -> Baseline? {
        baselines.first { $0.version == version } ?? baselines.first { $0.version.isEmpty }
    }

    /// Whether rows are of any use.
    var watchesRows: Bool { firstRows != nil || !baselines.isEmpty }
}

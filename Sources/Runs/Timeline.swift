public import Model
public import Wire

// What happened besides runs, on one axis: changes of what runs, drift findings, alerts of our own
// and of others. Each kind has a ring of its own, so that a flood of one does not push out another.
// An entry has a key; what has the same key is the same thing, told again.

/// What a thing on the timeline is. A number is never used again.
public enum TimelineKind: UInt8, CaseIterable, Hashable, Sendable {
    case deploy = 1
    case alias, version, stage, change
    case drift, alert
    case run, maintenance

    /// As the API has it.
    public var word: String {
        switch self {
        case .deploy: "deploy"
        case .alias: "alias"
        case .version: "version"
        case .stage: "stage"
        case .change: "change"
        case .drift: "drift"
        case .alert: "alert"
        case .run: "run"
        case .maintenance: "maintenance"
        }
    }

    init(_ kind: ChangeKind) {
        switch kind {
        case .deploy: self = .deploy
        case .alias: self = .alias
        case .version: self = .version
        case .stage: self = .stage
        case .other: self = .change
        }
    }
}

/// One thing that happened.
public struct TimelineEntry: Hashable, Sendable {
    static let blank = TimelineEntry(.change, key: "", at: .distantPast)

    public var kind: TimelineKind
    public var key: String
    public var at: Timestamp
    /// When it was over; nil while it goes on, and for what has no length.
    public var until: Timestamp?
    public var title = ""
    /// "mlflow", "kserve", "alertmanager"; empty for our own.
    public var source = ""
    /// `namespace`, `model`, or what an alert carries.
    public var labels = Labels.empty
    /// Another thing's number within the ring, for paging.
    public internal(set) var number: UInt64 = 0

    /// A thing without details.
    public init(_ kind: TimelineKind, key: String, at: Timestamp) {
        self.kind = kind
        self.key = key
        self.at = at
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&kind)
        archive.field(&key)
        archive.field(&at)
        archive.field(&until)
        archive.field(&title)
        archive.field(&source)
        archive.field(&labels)
        archive.field(&number)
    }
}

/// Things of one sort, the newest of them.
struct TimelineRing: Sendable {
    private let most: Int
    /// In the order they were told.
    private(set) var entries: [TimelineEntry] = []
    private var numbers: [String: UInt64] = [:]
    private var first: UInt64 = 0
    private(set) var dropped: UInt64 = 0
    private(set) var taken: UInt64 = 0

    init(most: Int) { self.most = most }

    private func place(_ key: String) -> Int? { numbers[key].map { Int($0 - first) } }

    func entry(_ key: String) -> TimelineEntry? { place(key).map { entries[$0] } }

    /// Adds one, or changes what is known under its key.
    mutating func take(_ entry: TimelineEntry) -> Bool {
        if let place = place(entry.key) {
            entries[place].at = min(entries[place].at, entry.at)
            if entries[place].until == nil { entries[place].until = entry.until }
            return false
        }
        if entries.count >= most {
            // A tenth at a time, so that an entry costs O(1).
            let leaving = max(1, most / 10)
            for entry in entries.prefix(leaving) { numbers[entry.key] = nil }
            entries.removeFirst(leaving)
            first += UInt64(leaving)
            dropped += UInt64(leaving)
        }
        var entry = entry
        entry.number = first + UInt64(entries.count)
        numbers[entry.key] = entry.number
        entries.append(entry)
        taken += 1
        return true
    }

    mutating func end(_ key: String, at time: Timestamp) -> TimelineEntry? {
        guard let place = place(key), entries[place].until == nil else { return nil }
        entries[place].until = max(entries[place].at, time)
        return entries[place]
    }

    mutating func archive(_ archive: inout Archive) {
        archive.array(&entries, blank: .blank) { $1.archive(&$0) }
        archive.field(&first)
        archive.field(&dropped)
        archive.field(&taken)
        guard archive.isReading else { return }
        numbers = [:]
        for (place, entry) in entries.enumerated() {
            numbers[entry.key] = first + UInt64(place)
        }
        if numbers.count != entries.count || entries.count > most { archive.fail() }
    }
}

/// All of it but runs, which `RunBook` has, and maintenance, which the configuration has.
public struct Timeline: Sendable {
    public static let changesMax = 5000
    public static let driftsMax = 2000
    public static let alertsMax = 10_000
    /// No change is looked for that happened longer before an alert.
    public static let lookBack = TimeSpan.hours(24)

    private var changes = TimelineRing(most: changesMax)
    private var drifts = TimelineRing(most: driftsMax)
    private var alerts = TimelineRing(most: alertsMax)
    /// Keys of our own alerts that fire, by their labels.
    private var firing: [Labels: String] = [:]
    public private(set) var recoveries = Recoveries()

    public init() {}

    /// How many there are, were taken and were dropped, by sort.
    public var figures: [(sort: String, count: Int, taken: UInt64, dropped: UInt64)] {
        [("change", changes), ("drift", drifts), ("alert", alerts)].map {
            ($0.0, $0.1.entries.count, $0.1.taken, $0.1.dropped)
        }
    }

    /// Everything, in no order.
    public var entries: [TimelineEntry] {
        changes.entries + drifts.entries + alerts.entries
    }

    // MARK: Taking

    /// Takes a change.
    public mutating func take(_ change: ChangeReport, at now: Timestamp) {
        var entry = TimelineEntry(
            TimelineKind(change.kind), key: change.key, at: min(change.at ?? now, now))
        entry.source = change.source
        entry.labels = Labels(
            [("namespace", change.namespace), ("model", change.model)].filter { !$0.1.isEmpty })
        entry.title = Self.title(of: change)
        _ = changes.take(entry)
    }

    private static func title(of change: ChangeReport) -> String {
        let name =
            change.namespace.isEmpty ? change.model : change.namespace + "/" + change.model
        let version = change.version
        switch change.kind {
        case .deploy:
            let more = change.detail.isEmpty ? "" : ": " + change.detail
            return (version.isEmpty ? "\(name) deployed" : "\(name) serves \(version)") + more
        case .alias:
            return version.isEmpty
                ? "\(name) alias \(change.detail)"
                : "\(name) alias \(change.detail) moved to version \(version)"
        case .version: return "\(name) version \(version) registered"
        case .stage: return "\(name) version \(version) moved to \(change.detail)"
        case .other: return [name, change.detail].filter { !$0.isEmpty }.joined(separator: ": ")
        }
    }

    /// Takes an alert of another system.
    public mutating func take(_ alert: AlertReport, at now: Timestamp) {
        let key =
            "am/" + hexadecimal(alert.labels.fingerprint) + "/" + String(alert.startsAt.millis)
        var entry = TimelineEntry(.alert, key: key, at: alert.startsAt)
        entry.labels = alert.labels
        entry.source = "alertmanager"
        entry.title = alert.summary
        _ = alerts.take(entry)
        guard !alert.isFiring else { return }
        let until = alert.endsAt.map { min($0, now) } ?? now
        if let ended = alerts.end(key, at: until) { recoveries.note(ended) }
    }

    /// Takes the beginning of an alert of our own.
    public mutating func fired(_ labels: Labels, _ title: String, at time: Timestamp) {
        let key = "own/" + hexadecimal(labels.fingerprint) + "/" + String(time.millis)
        var entry = TimelineEntry(.alert, key: key, at: time)
        entry.labels = labels
        entry.title = title
        _ = alerts.take(entry)
        firing[labels] = key
    }

    /// Takes its end.
    public mutating func resolved(_ labels: Labels, at time: Timestamp) {
        guard let key = firing.removeValue(forKey: labels) else { return }
        if let ended = alerts.end(key, at: time) { recoveries.note(ended) }
    }

    /// Takes what was found to drift.
    public mutating func drifted(_ labels: Labels, _ title: String, at time: Timestamp) {
        let key = "drift/" + hexadecimal(labels.fingerprint) + "/" + String(time.millis)
        var entry = TimelineEntry(.drift, key: key, at: time)
        entry.labels = labels
        entry.title = title
        _ = drifts.take(entry)
    }

    // MARK: The change seen last

    /// The newest change or drift finding not after a time that can have to do with `labels`.
    /// O(entries of the last day).
    public func lastChange(before time: Timestamp, of labels: Labels) -> TimelineEntry? {
        var found: (entry: TimelineEntry, isNear: Bool)?
        for entry in changes.entries + drifts.entries
        where entry.at <= time && time - entry.at <= Self.lookBack {
            guard let isNear = Self.isNear(entry.labels, labels) else { continue }
            if let known = found {
                // What is about the same thing is nearer than what may be.
                if known.isNear && !isNear { continue }
                if known.isNear == isNear && known.entry.at >= entry.at { continue }
            }
            found = (entry, isNear)
        }
        return found?.entry
    }

    private static let modelNames = ["model", "inference_service", "model_name"]
    private static let namespaceNames = [
        "namespace", "exported_namespace", "destination_service_namespace", "namespace_name",
    ]

    /// Whether a thing is about the same model or namespace; nil when it is about another.
    public static func isNear(_ labels: Labels, _ other: Labels) -> Bool? {
        var isNear = false
        if let model = labels["model"] {
            if let named = modelNames.lazy.compactMap({ other[$0] }).first {
                if named != model { return nil }
                isNear = true
            } else if other["service"] == model {
                isNear = true
            }
        }
        if let namespace = labels["namespace"],
            let named = namespaceNames.lazy.compactMap({ other[$0] }).first
        {
            if named != namespace { return nil }
            isNear = true
        }
        return isNear
    }

    // MARK: In a checkpoint

    /// All rings, and what is worked out from them no more.
    public mutating func archive(_ archive: inout Archive) {
        changes.archive(&archive)
        drifts.archive(&archive)
        alerts.archive(&archive)
        archive.dictionary(&firing, blankKey: .empty, blank: "") {
            $0.field(&$1)
            $0.field(&$2)
        }
        archive.field(&recoveries)
    }
}

extension Timeline: Archivable {
    /// To read into.
    public static let blank = Timeline()
}

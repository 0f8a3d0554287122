public import Model
public import Storage
public import Wire

/// Settings of the intake.
public struct IntakeSettings: Hashable, Sendable {
    /// How long after its first sample an incomplete scrape is taken as it is.
    public var settle: TimeSpan
    /// Active series in all; beyond it only new ones are refused.
    public var seriesMax: Int
    /// Series of one namespace, by the label of that name.
    public var seriesPerNamespaceMax: Int
    public var labelLimits: LabelLimits
    /// External labels that tell senders apart, besides the usual ones.
    public var replicaLabels: [String]

    public static let standard = IntakeSettings(
        settle: .seconds(2), seriesMax: 2_000_000, seriesPerNamespaceMax: 200_000,
        labelLimits: .standard,
        replicaLabels: ["__replica__"])

    public init(
        settle: TimeSpan, seriesMax: Int, seriesPerNamespaceMax: Int, labelLimits: LabelLimits,
        replicaLabels: [String]
    ) {
        self.seriesPerNamespaceMax = seriesPerNamespaceMax
        self.settle = settle
        self.seriesMax = seriesMax
        self.labelLimits = labelLimits
        self.replicaLabels = replicaLabels
    }
}

/// Where a series belongs. 16 bytes a series, beside the store's tail.
struct SeriesPlace: Sendable {
    enum Role: UInt8, Sendable { case plain, up, processStart }

    static let noFeed = UInt32.max

    var target: UInt32
    var metric: UInt32
    var feed: UInt32
    var role: Role
}

/// A series that somebody counts: its last real value, and who wants the increments.
struct Feed: Sendable {
    var lastTime: Timestamp
    var lastValue: Double
    /// The newest start the series has told; `distantPast` when none.
    var lastStart = Timestamp.distantPast
    let metric: UInt32
    let target: UInt32
    var routes: [Route]
}

/// Turns samples into increments, scrape by scrape.
///
/// Samples are checked and stored at once; their increments wait until the scrape they belong to is
/// complete (or has settled), so that births are judged with the whole scrape in sight and no
/// reader ever sees errors without their total. O(1) a sample, no allocation in steady state.
public struct Intake: Sendable {
    public internal(set) var store = SeriesStore()
    public internal(set) var targets: [Target] = []
    public private(set) var totals = WriteTally()
    public internal(set) var cardinality = Cardinality()
    /// Increments emitted so far, by class; and scrapes closed, complete or settled.
    public internal(set) var incrementCounts = [Int](
        repeating: 0, count: IncrementClass.allCases.count)
    public internal(set) var scrapesComplete = 0
    public internal(set) var scrapesSettled = 0
    public var settings: IntakeSettings

    var places: [SeriesPlace] = []
    var feeds: [Feed] = []
    var senders: [Sender] = []
    var cursor = ScrapeCursor()
    var timers = ScrapeTimers()
    var lastSweep = Timestamp.distantPast
    /// Targets with a feed: only their silence matters.
    private(set) var watched: [UInt32] = []
    private var isWatched: [Bool] = []
    private var metrics: [String: UInt32] = [:]
    private var targetByIdentity: [Labels: UInt32] = [:]
    private var senderByIdentity: [Labels: UInt32] = [:]

    public init(settings: IntakeSettings) { self.settings = settings }

    // MARK: Series

    /// Adds a series and gives it a target.
    mutating func add(_ labels: Labels, now: Timestamp) -> SeriesID {
        let id = store.add(labels)
        let name = labels[Labels.metricName] ?? ""
        cardinality.add(
            namespace: cardinality.namespace(labels[Cardinality.namespaceLabel] ?? ""),
            metric: name)
        let role: SeriesPlace.Role =
            name == "up" ? .up : name == "process_start_time_seconds" ? .processStart : .plain
        let target = targetIndex(of: labels, now: now)
        if role == .up { targets[Int(target)].hasUp = true }
        places.append(
            SeriesPlace(
                target: target, metric: metricIndex(name), feed: SeriesPlace.noFeed, role: role))
        return id
    }

    /// The target a series belongs to.
    public func target(of id: SeriesID) -> UInt32 { places[Int(id.index)].target }

    /// Sets who counts a series from its next sample on. What was stored of it before is its
    /// starting value, so nothing between is lost or invented.
    public mutating func route(_ id: SeriesID, to routes: [Route]) {
        let index = Int(id.index)
        let place = places[index]
        guard place.feed == SeriesPlace.noFeed else {
            feeds[Int(place.feed)].routes = routes
            return
        }
        guard !routes.isEmpty else { return }
        let tail = store.tail(of: id)
        let isKnown = !tail.isEmpty && Self.isCount(tail.value)
        places[index].feed = UInt32(feeds.count)
        feeds.append(
            Feed(
                lastTime: isKnown ? tail.time : .distantPast, lastValue: isKnown ? tail.value : 0,
                metric: place.metric, target: place.target, routes: routes))
        if !isWatched[Int(place.target)] {
            isWatched[Int(place.target)] = true
            watched.append(place.target)
        }
    }

    private mutating func metricIndex(_ name: String) -> UInt32 {
        if let known = metrics[name] { return known }
        let index = UInt32(metrics.count)
        metrics[name] = index
        return index
    }

    private static let senderLabels = ["cluster", "prometheus", "prometheus_replica"]

    private mutating func targetIndex(of labels: Labels, now: Timestamp) -> UInt32 {
        let senderLabels = Self.senderLabels + settings.replicaLabels
        let isSingleton = labels["instance"] == nil
        let identity =
            isSingleton ? labels : labels.keeping(senderLabels + ["job", "instance"])
        if let known = targetByIdentity[identity] { return known }
        let index = UInt32(targets.count)
        targetByIdentity[identity] = index
        let sender = senderIndex(labels.keeping(senderLabels))
        targets.append(
            Target(identity: identity, sender: sender, isSingleton: isSingleton, now: now))
        isWatched.append(false)
        return index
    }

    private mutating func senderIndex(_ identity: Labels) -> UInt32 {
        if let known = senderByIdentity[identity] { return known }
        let index = UInt32(senders.count)
        senderByIdentity[identity] = index
        senders.append(Sender())
        return index
    }

    /// NaN, infinities and negative values are no counts. Beyond 2^53 neighbouring whole numbers
    /// look the same: a counter that wrapped below zero (2^64) would swallow all later events.
    @inline(__always)
    static func isCount(_ value: Double) -> Bool { value >= 0 && value < 0x1p53 }

    // MARK: Access for the steps in the other files

    mutating func count(_ tally: WriteTally) { totals.add(tally) }

    /// The process starts again: what was silent meanwhile was not silent, we were.
    public mutating func started(at now: Timestamp) {
        for index in targets.indices { targets[index].lastArrival = now }
    }
}

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
    /// External labels that tell the replicas of one sender apart.
    public var replicaLabels: [String]
    /// How much older than the newest scrape a sample may be and still count.
    public var outOfOrderWindow: TimeSpan

    public static let standard = IntakeSettings(
        settle: .seconds(2), seriesMax: 2_000_000, seriesPerNamespaceMax: 200_000,
        labelLimits: .standard, replicaLabels: ["__replica__"], outOfOrderWindow: .minutes(5))

    public init(
        settle: TimeSpan, seriesMax: Int, seriesPerNamespaceMax: Int, labelLimits: LabelLimits,
        replicaLabels: [String], outOfOrderWindow: TimeSpan
    ) {
        self.seriesPerNamespaceMax = seriesPerNamespaceMax
        self.settle = settle
        self.seriesMax = seriesMax
        self.labelLimits = labelLimits
        self.replicaLabels = replicaLabels
        self.outOfOrderWindow = outOfOrderWindow
    }
}

/// Where a series belongs. 20 bytes a series, beside the store's own.
struct SeriesPlace: Sendable {
    enum Role: UInt8, Sendable { case plain, up, processStart }

    static let noFeed = UInt32.max

    var target: UInt32
    var metric: UInt32
    var feed: UInt32
    /// The series under which its samples are stored: itself, or for a replica the shared one.
    var stored: UInt32
    var role: Role
    /// Of the target's replicas the one that sends it; of a shared series the one stored last.
    var replica: UInt8
}

/// A series that was added.
struct AddedSeries {
    let id: SeriesID
    /// What consumers are to be asked about: the series, or the new one that replicas share.
    let routable: SeriesID?
}

/// Turns samples into increments, scrape by scrape.
///
/// Samples are checked and stored at once; their increments wait until the scrape they belong to is
/// complete (or has settled), so that births are judged with the whole scrape in sight and no
/// reader ever sees errors without their total. O(1) a sample, no allocation in steady state.
public struct Intake: Sendable {
    public internal(set) var store = SeriesStore()
    public internal(set) var targets = PagedArray<Target>()
    public private(set) var totals = WriteTally()
    public internal(set) var cardinality = Cardinality()
    /// Increments emitted so far, by class; and scrapes closed, complete or settled.
    public internal(set) var incrementCounts = [Int](
        repeating: 0, count: IncrementClass.allCases.count)
    public internal(set) var scrapesComplete = 0
    public internal(set) var scrapesSettled = 0
    /// Samples taken out of order; those of a replica that another one's stands for; and how often
    /// a target's kept scrapes were judged again.
    public internal(set) var outOfOrder = 0
    public internal(set) var deduplicated = 0
    public internal(set) var refolds = 0
    public var settings: IntakeSettings

    var places = PagedArray<SeriesPlace>()
    var feeds = PagedArray<Feed>()
    var senders: [Sender] = []
    var cursor = ScrapeCursor()
    var timers = ScrapeTimers()
    var lastSweep = Timestamp.distantPast
    /// Targets with a feed: only their silence matters.
    private(set) var watched: [UInt32] = []
    var isWatched: [Bool] = []
    /// Of a shared series the replicas' own.
    var sharers: [UInt32: [UInt32]] = [:]
    private var metrics: [String: UInt32] = [:]
    private var targetByIdentity: [Labels: UInt32] = [:]
    private var senderByIdentity: [Labels: UInt32] = [:]

    public init(settings: IntakeSettings) { self.settings = settings }

    // MARK: Series

    /// Adds a series and gives it a target. A replica's series gets a second one, without the
    /// replica labels, which it shares with the other replicas.
    mutating func add(_ labels: Labels, now: Timestamp) -> AddedSeries {
        guard let split = splitReplica(labels) else {
            let id = place(labels, stored: nil, replica: .empty, now: now)
            return AddedSeries(id: id, routable: id)
        }
        let known = store.find(split.series)
        let shared = known ?? place(split.series, stored: nil, replica: nil, now: now)
        let id = place(labels, stored: shared, replica: split.replica, now: now)
        places[Int(id.index)].feed = places[Int(shared.index)].feed
        return AddedSeries(id: id, routable: known == nil ? shared : nil)
    }

    private mutating func place(
        _ labels: Labels, stored: SeriesID?, replica: Labels?, now: Timestamp
    ) -> SeriesID {
        let id = store.add(labels)
        let name = labels[Labels.metricName] ?? ""
        let role: SeriesPlace.Role =
            name == "up" ? .up : name == "process_start_time_seconds" ? .processStart : .plain
        let target: UInt32
        if let stored {
            target = places[Int(stored.index)].target
            sharers[stored.index, default: []].append(id.index)
        } else {
            cardinality.add(
                namespace: cardinality.namespace(labels[Cardinality.namespaceLabel] ?? ""),
                metric: name)
            target = targetIndex(of: labels, now: now)
        }
        if role == .up { targets[Int(target)].hasUp = true }
        let number = replica.map { targets[Int(target)].number(of: $0, now: now) } ?? 0
        places.append(
            SeriesPlace(
                target: target, metric: metricIndex(name), feed: SeriesPlace.noFeed,
                stored: stored?.index ?? id.index, role: role, replica: number))
        return id
    }

    /// The target a series belongs to.
    public func target(of id: SeriesID) -> UInt32 { places[Int(id.index)].target }

    /// Whether consumers can count it: a replica's series is counted through the shared one.
    public func isRoutable(_ id: SeriesID) -> Bool { places[Int(id.index)].stored == id.index }

    /// Sets who counts a series from its next sample on. What was stored of it before is its
    /// starting value, so nothing between is lost or invented.
    public mutating func route(_ id: SeriesID, to routes: [Route]) {
        guard isRoutable(id) else { return }
        let index = Int(id.index)
        let place = places[index]
        guard place.feed == SeriesPlace.noFeed else {
            feeds[Int(place.feed)].routes = routes
            return
        }
        guard !routes.isEmpty else { return }
        let tail = store.tail(of: id)
        var cursor = CounterCursor()
        if !tail.isEmpty {
            cursor = .showsNoCount
            if Counter.isCount(tail.value) {
                cursor = CounterCursor(time: tail.time, value: tail.value)
            }
        }
        let feed = UInt32(feeds.count)
        feeds.append(
            Feed(
                startingAt: cursor, metric: place.metric, target: place.target, routes: routes))
        places[index].feed = feed
        for sharer in sharers[id.index] ?? [] { places[Int(sharer)].feed = feed }
        if !isWatched[Int(place.target)] {
            isWatched[Int(place.target)] = true
            watched.append(place.target)
        }
    }

    /// Call before consumers change: what late samples would correct is theirs no more.
    public mutating func willReroute() { settleAll() }

    private mutating func metricIndex(_ name: String) -> UInt32 {
        if let known = metrics[name] { return known }
        let index = UInt32(metrics.count)
        metrics[name] = index
        return index
    }

    private static let senderLabels = ["cluster", "prometheus", "prometheus_replica"]

    private mutating func targetIndex(of labels: Labels, now: Timestamp) -> UInt32 {
        let isSingleton = labels["instance"] == nil
        let identity =
            isSingleton ? labels : labels.keeping(Self.senderLabels + ["job", "instance"])
        if let known = targetByIdentity[identity] { return known }
        let index = UInt32(targets.count)
        targetByIdentity[identity] = index
        let sender = senderIndex(labels.keeping(Self.senderLabels))
        var target = Target(identity: identity, sender: sender, isSingleton: isSingleton)
        target.replicas = [Replica(name: nil, lastArrival: now)]
        targets.append(target)
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

    // MARK: Access for the steps in the other files

    mutating func count(_ tally: WriteTally) { totals.add(tally) }

    mutating func noteDeduplicated() { deduplicated += 1 }

    /// The process starts again: what was silent meanwhile was not silent, we were.
    public mutating func started(at now: Timestamp) {
        for index in targets.indices {
            for replica in targets[index].replicas.indices {
                targets[index].replicas[replica].lastArrival = now
            }
        }
    }
}

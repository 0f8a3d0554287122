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
    /// Series in the life of the data folder: each uses up a number of 32 bits.
    public var seriesNumbersMax = Int(UInt32.max) - 1_000_000
    public var labelLimits: LabelLimits
    /// External labels that tell the replicas of one sender apart.
    public var replicaLabels: [String]
    /// How much older than the newest scrape a sample may be and still count.
    public var outOfOrderWindow: TimeSpan
    /// How long samples are kept, and series without any.
    public var retentionTime = TimeSpan.hours(24)
    /// How many bytes of sealed samples are kept.
    public var retentionBytes = 4 << 30

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

/// Turns samples into increments, scrape by scrape.
///
/// Samples are checked and stored at once; their increments wait until the scrape they belong to is
/// complete (or has settled), so that births are judged with the whole scrape in sight and no
/// reader ever sees errors without their total. O(1) a sample, no allocation in steady state.
public struct Intake: Sendable {
    public internal(set) var store: SeriesStore
    public internal(set) var targets = PagedArray<Target>()
    public internal(set) var totals = WriteTally()
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
    /// Series that were given a stale marker because their sender gives none.
    public internal(set) var staleMarkersAdded = 0
    public var settings: IntakeSettings
    /// Off where nobody queries: a back-test of SLOs counts samples and keeps none.
    public var storesSamples = true
    /// While the past is read; its state is in no checkpoint, for none is made meanwhile.
    var past: PastReading?
    /// The whole scrape that is being taken; kept for its memory.
    var whole = Scrape(
        time: .distantPast, replica: 0, previous: .distantPast, deadline: .distantPast)

    var places = PagedArray<SeriesPlace>()
    var feeds = PagedArray<Feed>()
    var senders: [Sender] = []
    var cursor = ScrapeCursor()
    var timers = ScrapeTimers()
    var lastSweep = Timestamp.distantPast
    /// Targets with a feed: only their silence matters.
    var watched: [UInt32] = []
    var isWatched: [Bool] = []
    /// Of a shared series the replicas' own.
    var sharers: [UInt32: [UInt32]] = [:]
    /// Numbers of metrics' names, of targets and of senders.
    var metrics: [String: UInt32] = [:]
    var targetByIdentity: [Labels: UInt32] = [:]
    var senderByIdentity: [Labels: UInt32] = [:]
    /// What was last heard of each metric, by its number, to pass over what repeats: a cache.
    var metadataPrints: [UInt64?] = []
    /// What `SeriesStore.touch` gave, kept so that its loads are not left out.
    var touched: UInt64 = 0
    /// The feeds of histograms' buckets.
    var buckets: [FamilyBound: UInt32] = [:]
    /// Numbers of feeds that are free again.
    var freeFeeds: [UInt32] = []
    /// Where the sweep over the series goes on, and when it was last at work.
    var sweepNext = 0
    var lastSeriesSweep = Timestamp.distantPast

    /// `seed` keys the hash tables of labels; nothing that comes out depends on it.
    public init(settings: IntakeSettings, seed: UInt64 = 0) {
        self.settings = settings
        store = SeriesStore(seed: seed)
    }

    /// A segment of samples was written and mapped. False when it is not wanted any more.
    public mutating func attach(_ segment: Segment) -> Bool { store.chunks.attach(segment) }

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

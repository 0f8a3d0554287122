import Model

/// A series that somebody counts, and who wants its increments.
struct Feed: Sendable {
    /// After the scrapes that have left the out-of-order window.
    var base: Counter
    /// After all closed scrapes.
    var head: Counter
    /// Empty, or one element: somebody counts its native histograms.
    var native: [NativeFeed] = []
    /// The start that its newest sample told, for the log: what repeats is not logged.
    var toldStart: Int64 = 0
    var metric: UInt32
    var target: UInt32
    /// Of which histogram it is a part, 0 for none. Equal only within one target.
    var family: UInt64 = 0
    /// Its `le`, NaN when it has none.
    var bucket = Double.nan
    private(set) var routes: [Route]
    /// All its consumers read it as a gauge.
    private(set) var isGauge = false
    /// All its consumers read it as a counter; `only` is the consumer when there is but one.
    private(set) var isCounter = false
    private(set) var only: Route?

    init(startingAt cursor: CounterCursor, metric: UInt32, target: UInt32, routes: [Route]) {
        base = Counter(cursor: cursor)
        head = base
        self.metric = metric
        self.target = target
        self.routes = routes
        noteReadings()
    }

    /// Takes other consumers.
    mutating func route(to routes: [Route]) {
        self.routes = routes
        noteReadings()
    }

    private mutating func noteReadings() {
        isGauge = !routes.isEmpty && routes.allSatisfy { $0.reading == .gauge }
        isCounter = routes.allSatisfy { $0.reading == .counter }
        only = routes.count == 1 ? routes[0] : nil
        let isNative = routes.contains { $0.reading.isNative }
        if isNative && native.isEmpty { native = [NativeFeed()] }
        if !isNative { native = [] }
    }

    /// The state after all closed scrapes is forgotten: they are folded again.
    mutating func rewind(toNothing isNothing: Bool = false) {
        head = isNothing ? Counter() : base
        for index in native.indices {
            native[index].head = isNothing ? HistogramCounter() : native[index].base
        }
    }

    /// The closed scrapes count for good.
    mutating func settle() {
        base = head
        for index in native.indices { native[index].base = native[index].head }
    }
}

extension Feed: Archivable {
    static let blank = Feed(startingAt: CounterCursor(), metric: 0, target: 0, routes: [])

    mutating func archive(_ archive: inout Archive) {
        archive.field(&base)
        archive.field(&head)
        archive.field(&toldStart)
        archive.field(&metric)
        archive.field(&target)
        archive.field(&family)
        archive.field(&bucket)
        archive.field(&routes)
        if archive.isReading { noteReadings() }
        var histograms = native
        archive.field(&histograms)
        if archive.isReading && histograms.count != native.count { return archive.fail() }
        native = histograms
    }
}

public import Model

/// The small parts of the intake's state, for checkpoints.
struct IntakeHead: Archivable {
    static let blank = IntakeHead()

    var totals = WriteTally()
    var counts: [Int] = []
    var incrementCounts: [Int] = []
    var senders: [Sender] = []
    var timers: [ScrapeTimers.Timer] = []
    var metrics: [String: UInt32] = [:]
    var freeFeeds: [UInt32] = []
    var lastSweep = Timestamp.distantPast
    var lastSeriesSweep = Timestamp.distantPast

    mutating func archive(_ archive: inout Archive) {
        archive.field(&totals)
        archive.array(&counts, blank: 0) { $0.field(&$1) }
        archive.array(&incrementCounts, blank: 0) { $0.field(&$1) }
        archive.field(&senders)
        archive.field(&timers)
        archive.dictionary(&metrics, blankKey: "", blank: 0) {
            $0.field(&$1)
            $0.field(&$2)
        }
        archive.field(&freeFeeds)
        archive.field(&lastSweep)
        archive.field(&lastSeriesSweep)
        let isWhole =
            counts.count == Intake.countsKept
            && incrementCounts.count == IncrementClass.allCases.count
        if archive.isReading && !isWhole { archive.fail() }
    }
}

extension Intake {
    static let countsKept = 7

    /// The small parts of the state.
    var head: IntakeHead {
        var head = IntakeHead()
        head.totals = totals
        head.counts = [
            scrapesComplete, scrapesSettled, outOfOrder, deduplicated, refolds, sweepNext,
            staleMarkersAdded,
        ]
        head.incrementCounts = incrementCounts
        head.senders = senders
        head.timers = timers.waiting
        head.metrics = metrics
        head.freeFeeds = freeFeeds
        head.lastSweep = lastSweep
        head.lastSeriesSweep = lastSeriesSweep
        return head
    }

    mutating func take(_ head: IntakeHead) {
        totals = head.totals
        scrapesComplete = head.counts[0]
        scrapesSettled = head.counts[1]
        outOfOrder = head.counts[2]
        deduplicated = head.counts[3]
        refolds = head.counts[4]
        sweepNext = max(0, head.counts[5])
        staleMarkersAdded = head.counts[6]
        incrementCounts = head.incrementCounts
        senders = head.senders
        timers = ScrapeTimers(head.timers)
        metrics = head.metrics
        freeFeeds = head.freeFeeds
        lastSweep = head.lastSweep
        lastSeriesSweep = head.lastSeriesSweep
    }
}

extension WriteTally: Archivable {
    /// To read into.
    public static let blank = WriteTally()

    /// The counts; examples are for the reply alone. Reasons go by their words.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&stored)
        archive.field(&duplicates)
        archive.field(&histograms)
        archive.field(&histogramDuplicates)
        archive.field(&exemplars)
        archive.field(&exemplarDuplicates)
        var words: [String: Int] = [:]
        for (refusal, count) in zip(Refusal.all, refused) where count > 0 {
            words[refusal.word] = count
        }
        archive.dictionary(&words, blankKey: "", blank: 0) {
            $0.field(&$1)
            $0.field(&$2)
        }
        guard archive.isReading else { return }
        for (word, count) in words {
            if let index = Self.wordIndexes[word] { refused[index] = count }
        }
    }
}

extension SeriesPlace: Archivable {
    static let blank = SeriesPlace(
        target: 0, metric: 0, feed: noFeed, stored: 0, role: .plain, replica: 0)

    mutating func archive(_ archive: inout Archive) {
        archive.field(&target)
        archive.field(&metric)
        archive.field(&feed)
        archive.field(&stored)
        archive.field(&role)
        archive.field(&replica)
        archive.field(&state)
    }
}

public import Model

// Counters and feeds in checkpoints. The order of fields is the format; docs/formats/checkpoint.md.

extension CountedSample: Archivable {
    static let blank = CountedSample(feed: 0, value: 0, start: 0)

    mutating func archive(_ archive: inout Archive) {
        archive.field(&feed)
        archive.field(&value)
        archive.field(&start)
    }
}

extension CounterCursor: Archivable {
    static let blank = CounterCursor()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&time)
        archive.field(&value)
        archive.field(&start)
    }
}

extension Counter: Archivable {
    static let blank = Counter()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&cursor)
        archive.field(&shared)
        if shared.count > 1 { archive.fail() }
    }
}

extension SharedCounter.View: Archivable {
    static let blank = SharedCounter.View()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&cursor)
        archive.field(&epoch)
        archive.field(&isUndecided)
    }
}

extension SharedCounter: Archivable {
    static let blank = SharedCounter()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&views)
        archive.field(&epoch)
        archive.field(&maximum)
        archive.field(&maximumBefore)
        archive.field(&openedFrom)
        archive.field(&openedTo)
        archive.field(&newest)
        if views.isEmpty { archive.fail() }
    }
}

extension Route: Archivable {
    /// To read into.
    public static let blank = Route(slot: 0, since: .distantPast)

    /// Slot, since when, how it is read.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&slot)
        archive.field(&since)
        archive.field(&reading)
        guard reading != .counter else { return }
        archive.field(&bound)
    }
}

public import Model
public import Storage
import Wire

// Samples that the agent makes itself: what recording rules record, and the series of alerts. They
// are stored and found by queries like any others, and nothing else: they belong to no target, make
// no scrape, and no SLO counts them, whatever labels they have. Their maker says when a series
// ends, so it is never taken for missing; idle it may become, and the next sample wakes it.

/// Samples of our own in the form the log holds: new series with their labels, the others by
/// number.
public struct MadeSamples: Sendable {
    /// They take the next numbers in this order.
    public internal(set) var newSeries: [Labels] = []
    public internal(set) var ids: [UInt32] = []
    var times: [Timestamp] = []
    var values: [Double] = []
    public internal(set) var histograms: [ResolvedHistogram] = []

    public init() {}

    /// Samples in it.
    public var count: Int { ids.count + histograms.count }

    /// Adds a sample of a series that `Intake.resolve(made:)` gave.
    public mutating func add(_ id: UInt32, at time: Timestamp, value: Double) {
        ids.append(id)
        times.append(time)
        values.append(value)
    }

    /// Adds a histogram likewise.
    public mutating func add(_ id: UInt32, at time: Timestamp, histogram: Histogram) {
        histograms.append(ResolvedHistogram(id: id, time: time, start: 0, histogram: histogram))
    }
}

extension MadeSamples: Archivable {
    /// To read into.
    public static let blank = MadeSamples()

    /// New labels; numbers and times as differences to those before; histograms.
    public mutating func archive(_ archive: inout Archive) {
        archive.array(&newSeries, blank: .empty) { $0.field(&$1) }
        var samples = zip(ids, times).map { (id: Int64($0), time: $1.millis) }
        var last = (id: Int64(0), time: Int64(0))
        archive.array(&samples, blank: last) { archive, sample in
            var step = (id: sample.id &- last.id, time: sample.time &- last.time)
            archive.field(&step.id)
            archive.field(&step.time)
            last = (last.id &+ step.id, last.time &+ step.time)
            sample = last
            if UInt32(exactly: last.id) == nil { archive.fail() }
        }
        archive.field(&values)
        archive.field(&histograms)
        guard archive.isReading else { return }
        guard archive.isSound, values.count == samples.count else {
            self = MadeSamples()
            return archive.fail()
        }
        ids = samples.map { UInt32(clamping: $0.id) }
        times = samples.map { Timestamp(millis: $0.time) }
    }
}

/// What became of samples of our own.
public struct MadeTally: Hashable, Sendable {
    public var stored = 0
    public var duplicates = 0
    /// By `Refusal.word`.
    public var refused: [String: Int] = [:]

    public init() {}

    /// Adds another's figures.
    public mutating func add(_ other: MadeTally) {
        stored += other.stored
        duplicates += other.duplicates
        refused.merge(other.refused) { $0 + $1 }
    }

    /// One more that was refused.
    public mutating func refuse(_ refusal: Refusal) { refused[refusal.word, default: 0] += 1 }
}

extension MadeTally: Archivable {
    /// To read into.
    public static let blank = MadeTally()

    /// The figures; reasons by their words.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&stored)
        archive.field(&duplicates)
        archive.dictionary(&refused, blankKey: "", blank: 0) {
            $0.field(&$1)
            $0.field(&$2)
        }
    }
}

extension Intake {
    /// The number of a series of our own, added if need be and noted in `made`; or why a limit
    /// keeps it out. O(bytes of the labels).
    public mutating func resolve(
        made labels: Labels, into made: inout MadeSamples
    ) throws(MadeFault) -> UInt32 {
        if let known = store.find(labels) { return known.index }
        if let fault = fault(of: labels) { throw MadeFault(refusal: .labels(fault)) }
        if let limit = limitReached(by: labels, samples: 1) { throw MadeFault(refusal: limit) }
        made.newSeries.append(labels)
        return addMade(labels).index
    }

    /// Replay: adds the series that `resolve` added.
    public mutating func addSeries(of made: MadeSamples) {
        for labels in made.newSeries where store.find(labels) == nil { _ = addMade(labels) }
    }

    /// Stores samples of our own. O(samples).
    public mutating func store(_ made: MadeSamples) -> MadeTally {
        var tally = MadeTally()
        for index in made.ids.indices {
            let (time, value) = (made.times[index], made.values[index])
            take(made.ids[index], time, &tally, newest: value) { store, id in
                store.append(id, at: time, value: value)
            } late: { store, id in
                store.insert(id, at: time, value: value)
            }
        }
        for entry in made.histograms {
            // To the order of samples only the stale marker matters.
            let value = entry.histogram.isStaleMarker ? entry.histogram.sum : 0
            take(entry.id, entry.time, &tally, newest: value) { store, id in
                store.append(id, at: entry.time, histogram: entry.histogram)
            } late: { store, id in
                store.insert(id, at: entry.time, histogram: entry.histogram)
            }
        }
        return tally
    }

    /// The labels of a series that is there; nil of one that was forgotten.
    public func labels(ofMade id: UInt32) -> Labels? {
        guard Int(id) < places.count, !isForgotten(SeriesID(id)) else { return nil }
        return store.labels(of: SeriesID(id))
    }

    /// The newest sample that is stored of a series; the distant past without one.
    public func newest(ofMade id: UInt32) -> Timestamp {
        guard Int(id) < places.count, !isForgotten(SeriesID(id)) else { return .distantPast }
        let stored = SeriesID(places[Int(id)].stored)
        return max(store.chunks.newest(of: stored), store.tail(of: stored).time)
    }

    private mutating func addMade(_ labels: Labels) -> SeriesID {
        let id = store.add(labels)
        let name = labels[Labels.metricName] ?? ""
        cardinality.add(
            namespace: cardinality.namespace(labels[Cardinality.namespaceLabel] ?? ""),
            metric: name)
        places.append(
            SeriesPlace(
                target: SeriesPlace.noTarget, metric: metricIndex(name), feed: SeriesPlace.noFeed,
                stored: id.index, role: .made, replica: 0))
        return id
    }

    private mutating func take(
        _ id: UInt32, _ time: Timestamp, _ tally: inout MadeTally, newest value: Double,
        append: (inout SeriesStore, SeriesID) -> Void,
        late: (inout SeriesStore, SeriesID) -> InsertOutcome
    ) {
        guard Int(id) < places.count, !isForgotten(SeriesID(id)), time.millis > 0 else {
            return tally.refuse(.outOfBounds)
        }
        let place = places[Int(id)]
        let stored = SeriesID(place.stored)
        // Of a sender's series the tail is what its sender sent last; it stays so.
        let isMade = place.role == .made
        let newest =
            isMade ? store.tail(of: stored).time : store.chunks.newest(of: stored)
        if time > newest {
            if isMade {
                if place.state != .live { revive(stored) }
                store.advance(stored, to: time, value: value)
            }
            append(&store, stored)
            tally.stored += 1
            return
        }
        guard time > newest - settings.outOfOrderWindow else { return tally.refuse(.outOfOrder) }
        switch late(&store, stored) {
        case .inserted: tally.stored += 1
        case .same: tally.duplicates += 1
        case .different: tally.refuse(.conflict)
        case .full: tally.refuse(.outOfOrder)
        }
    }

    private func fault(of labels: Labels) -> LabelFault? {
        let limits = settings.labelLimits
        var count = 0
        var isTooLong = false
        labels.forEachRange { name, value in
            count += 1
            if name.count > limits.nameBytes || value.count > limits.valueBytes {
                isTooLong = true
            }
        }
        return count > limits.labels ? .tooMany : isTooLong ? .tooLong : nil
    }

    /// A sender sends a series that a rule made before: it belongs to a target from now on, and
    /// consumers see it after the next configuration.
    @inline(never)
    mutating func adopt(_ id: SeriesID, now: Timestamp) -> SeriesPlace {
        let index = Int(id.index)
        let labels = store.labels(of: id)
        let target = targetIndex(of: labels, now: now)
        places[index].target = target
        places[index].role = role(of: labels[Labels.metricName] ?? "")
        targets[Int(target)].series += 1
        if places[index].role == .up { targets[Int(target)].hasUp = true }
        return places[index]
    }
}

/// Why a series of our own was not added.
public struct MadeFault: Error, Hashable, Sendable {
    public let refusal: Refusal
}

extension Intake {
    /// Keeps an exemplar of a series of our own, if it is not older than the series' newest.
    public mutating func keep(_ exemplar: Exemplar, ofMade id: UInt32) {
        guard Int(id) < places.count, !isForgotten(SeriesID(id)) else { return }
        _ = store.add(exemplar, to: SeriesID(places[Int(id)].stored))
    }
}

public import Model
import Storage
import Wire

// Native histograms: checked, stored and logged as samples are. They belong to scrapes like any
// series; HistogramCounter counts them.

/// A histogram as the log holds it.
public struct ResolvedHistogram: Hashable, Sendable {
    public internal(set) var id: UInt32
    public internal(set) var time: Timestamp
    /// When it began to count, in milliseconds; 0 where it is not said.
    public internal(set) var start: Int64
    public internal(set) var histogram: Histogram

    /// A histogram of a series that is known.
    public init(id: UInt32, time: Timestamp, start: Int64, histogram: Histogram) {
        self.id = id
        self.time = time
        self.start = start
        self.histogram = histogram
    }
}

extension ResolvedHistogram: Archivable {
    /// To read into.
    public static let blank = ResolvedHistogram(
        id: 0, time: .distantPast, start: 0, histogram: .blank)

    /// Number, times, then what it holds.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&id)
        archive.field(&time)
        archive.field(&start)
        archive.field(&histogram)
    }
}

extension Intake {
    /// Takes the batch's histograms.
    mutating func takeHistograms(
        of batch: WriteBatch, _ resolution: Resolution, _ now: Timestamp,
        _ write: inout ResolvedWrite, _ output: inout IntakeOutput
    ) {
        for entry in batch.histograms {
            let id = resolution.ids[Int(entry.series)]
            guard id != Resolution.refusedSeries else { continue }
            if let fault = entry.fault {
                refuse(.histogram(fault), 1, id, &write.tally)
                continue
            }
            let time = Timestamp(millis: entry.timestamp)
            switch take(SeriesID(id), time, entry.histogram, entry.start, now, &output) {
            case .stored:
                write.histograms.append(
                    ResolvedHistogram(
                        id: id, time: time, start: entry.start, histogram: entry.histogram))
            case .duplicate: write.tally.histogramDuplicates += 1
            case .refused(let refusal): refuse(refusal, 1, id, &write.tally)
            }
        }
        write.tally.histograms = write.histograms.count
    }

    /// Replay: takes the histograms of a logged write.
    mutating func takeHistograms(
        of write: ResolvedWrite, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        for entry in write.histograms where Int(entry.id) < store.count {
            _ = take(
                SeriesID(entry.id), entry.time, entry.histogram, entry.start, now, &output)
        }
    }

    /// One histogram: its order, where it is stored, the scrape it belongs to.
    private mutating func take(
        _ id: SeriesID, _ time: Timestamp, _ histogram: Histogram, _ start: Int64,
        _ now: Timestamp, _ output: inout IntakeOutput
    ) -> Taken {
        if time.millis <= 0 { return .refused(.outOfBounds) }
        if time > now + Self.aheadMax { return .refused(.tooFarAhead) }
        var place = places[Int(id.index)]
        if place.role == .made { place = adopt(id, now: now) }
        let previous = store.tail(of: id)
        // To scrapes and order only the stale marker matters.
        let value = histogram.isStaleMarker ? histogram.sum : 0
        guard time > previous.time else {
            return takeLate(id, place, time, histogram, start, now, &output)
        }
        if place.state != .live { revive(id) }
        store.advance(id, to: time, value: value)
        if place.stored == id.index {
            store.append(id, at: time, histogram: histogram)
        } else if takesOver(place, time, value) {
            store.append(SeriesID(place.stored), at: time, histogram: histogram)
        }
        if !cursor.isAt(place.target, place.replica, time) { moveCursor(place, time, now, &output) }
        if previous.time == cursor.previous && !isStaleMarker(previous.value) {
            cursor.delivered += 1
        }
        noteFigures(place, value)
        noteCount(place, histogram, start)
        return .stored(isStartNew: false)
    }

    /// Adds a counted series' histogram to the scrape at the cursor.
    private mutating func noteCount(
        _ place: SeriesPlace, _ histogram: Histogram, _ start: Int64
    ) {
        guard place.feed != SeriesPlace.noFeed, !feeds[Int(place.feed)].native.isEmpty else {
            return
        }
        cursor.histograms.append(
            CountedHistogram(feed: place.feed, histogram: histogram, start: start))
    }

    private mutating func noteLate(
        _ place: SeriesPlace, _ time: Timestamp, _ histogram: Histogram, _ start: Int64,
        _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        let value = histogram.isStaleMarker ? histogram.sum : 0
        noteLateFigures(place, time, value, now, &output)
        noteCount(place, histogram, start)
    }

    private mutating func takeLate(
        _ id: SeriesID, _ place: SeriesPlace, _ time: Timestamp, _ histogram: Histogram,
        _ start: Int64, _ now: Timestamp, _ output: inout IntakeOutput
    ) -> Taken {
        let tail = store.tail(of: id)
        let newest = max(targets[Int(place.target)].head.newest, tail.time)
        guard time == tail.time || time > newest - settings.outOfOrderWindow else {
            return .refused(.outOfOrder)
        }
        // Not all of a replica's is stored: of a counted series the kept scrapes show repeats.
        let isShared = place.stored != id.index
        if isShared, let known = kept(place, time, now, &output) {
            return known == histogram ? .duplicate : .refused(.conflict)
        }
        guard !isShared || places[Int(place.stored)].replica == place.replica else {
            if time == tail.time { return .duplicate }
            noteDeduplicated()
            noteLate(place, time, histogram, start, now, &output)
            return .stored(isStartNew: false)
        }
        switch store.insert(SeriesID(place.stored), at: time, histogram: histogram) {
        case .inserted: break
        case .same: return .duplicate
        case .different: return .refused(.conflict)
        case .full: return .refused(.outOfOrder)
        }
        noteLate(place, time, histogram, start, now, &output)
        return .stored(isStartNew: false)
    }

    /// The replica's histogram of a time, if it is still in a scrape.
    private mutating func kept(
        _ place: SeriesPlace, _ time: Timestamp, _ now: Timestamp, _ output: inout IntakeOutput
    ) -> Histogram? {
        guard place.feed != SeriesPlace.noFeed else { return nil }
        commitCursor(now, &output)
        let scrape = targets[Int(place.target)].scrapes.first {
            $0.replica == place.replica && $0.time == time
        }
        return scrape?.histograms.first { $0.feed == place.feed }?.histogram
    }
}

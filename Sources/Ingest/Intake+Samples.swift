import Model
import Storage

// The per-sample path: order check, what is stored, the scrape it belongs to.

enum Taken {
    /// `isStartNew`: the sample's start was news, so replay needs it.
    case stored(isStartNew: Bool)
    case duplicate
    case refused(Refusal)
}

extension Intake {
    @inline(__always)
    mutating func take(
        _ id: SeriesID, _ time: Timestamp, _ value: Double, _ start: Int64, _ now: Timestamp,
        _ output: inout IntakeOutput
    ) -> Taken {
        if time.millis <= 0 { return .refused(.outOfBounds) }
        if time > now + Self.aheadMax { return .refused(.tooFarAhead) }
        var place = places[Int(id.index)]
        if place.role == .made { place = adopt(id, now: now) }
        let previous = store.tail(of: id)
        guard time > previous.time else {
            return takeLate(id, place, time, value, start, now, &output)
        }
        if place.state != .live { revive(id) }
        store.advance(id, to: time, value: value)
        if place.stored == id.index {
            if storesSamples { store.append(id, at: time, value: value) }
        } else {
            appendOnce(place, time, value)
        }
        if !cursor.isAt(place.target, place.replica, time) { moveCursor(place, time, now, &output) }
        return .stored(isStartNew: note(place, previous, value, start))
    }

    @inline(never)
    mutating func moveCursor(
        _ place: SeriesPlace, _ time: Timestamp, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        commitCursor(now, &output)
        let previous = targets[Int(place.target)].previousScrape(before: time, of: place.replica)
        cursor.begin(place.target, place.replica, previous: previous, at: time)
    }

    /// A sample that is not newer than its series: a repeat, or out of order.
    @inline(never)
    private mutating func takeLate(
        _ id: SeriesID, _ place: SeriesPlace, _ time: Timestamp, _ value: Double,
        _ start: Int64, _ now: Timestamp, _ output: inout IntakeOutput
    ) -> Taken {
        let tail = store.tail(of: id)
        if time == tail.time {
            return value.bitPattern == tail.value.bitPattern ? .duplicate : .refused(.conflict)
        }
        let newest = max(targets[Int(place.target)].head.newest, tail.time)
        guard time > newest - settings.outOfOrderWindow else { return .refused(.outOfOrder) }
        guard place.stored == id.index else {
            return takeLateReplica(place, time, value, start, now, &output)
        }
        switch storesSamples ? store.insert(id, at: time, value: value) : .inserted {
        case .inserted: break
        case .same: return .duplicate
        case .different: return .refused(.conflict)
        case .full: return .refused(.outOfOrder)
        }
        noteLate(place, time, value, start, now, &output)
        return .stored(isStartNew: start != 0)
    }

    /// Adds a late sample to its scrape.
    mutating func noteLate(
        _ place: SeriesPlace, _ time: Timestamp, _ value: Double, _ start: Int64,
        _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        noteLateFigures(place, time, value, now, &output)
        guard place.feed != SeriesPlace.noFeed else { return }
        cursor.samples.append(CountedSample(feed: place.feed, value: value, start: start))
    }

    /// Adds what a late sample says of its scrape.
    mutating func noteLateFigures(
        _ place: SeriesPlace, _ time: Timestamp, _ value: Double, _ now: Timestamp,
        _ output: inout IntakeOutput
    ) {
        outOfOrder += 1
        if !cursor.isAt(place.target, place.replica, time) { moveCursor(place, time, now, &output) }
        noteFigures(place, value)
    }

    @inline(__always)
    private mutating func note(
        _ place: SeriesPlace, _ previous: SeriesTail, _ value: Double, _ start: Int64
    ) -> Bool {
        if previous.time == cursor.previous && !isStaleMarker(previous.value) {
            cursor.delivered += 1
        }
        noteFigures(place, value)
        guard place.feed != SeriesPlace.noFeed else { return false }
        let feed = Int(place.feed)
        // What a sender repeats with each sample is told once.
        let isNew = start != 0 && start != feeds[feed].toldStart
        if isNew { feeds[feed].toldStart = start }
        cursor.samples.append(
            CountedSample(feed: place.feed, value: value, start: feeds[feed].toldStart))
        return isNew
    }

    @inline(__always)
    mutating func noteFigures(_ place: SeriesPlace, _ value: Double) {
        if isStaleMarker(value) { return noteEnd(place) }
        cursor.alive += 1
        if place.role != .plain { noteRole(place, value) }
    }

    @inline(never)
    private mutating func noteEnd(_ place: SeriesPlace) {
        cursor.ended += 1
        cursor.endedMetrics.append(place.metric)
        if place.role == .up { cursor.hasUpEnded = true }
    }

    private mutating func noteRole(_ place: SeriesPlace, _ value: Double) {
        switch place.role {
        case .up: cursor.upValue = value
        case .processStart:
            guard value > 0 && value < 1e11 else { return }
            cursor.processStart = Timestamp(millis: Int64(value * 1000))
        case .plain, .made: break
        }
    }

    /// Merges the run into its scrape, and closes what is complete.
    mutating func commitCursor(_ now: Timestamp, _ output: inout IntakeOutput) {
        guard cursor.target != ScrapeCursor.none else { return }
        let target = Int(cursor.target)
        defer { cursor.target = ScrapeCursor.none }
        cover(target, cursor.replica, until: cursor.time)
        targets[target].replicas[Int(cursor.replica)].lastArrival = now
        let place = targets[target].scrapes.lastIndex {
            $0.replica == cursor.replica && $0.time <= cursor.time
        }
        if let place, targets[target].scrapes[place].time == cursor.time {
            if targets[target].scrapes[place].isClosed {
                return takeIn(at: place, of: target, now, &output)
            }
            targets[target].scrapes[place].merge(cursor)
        } else {
            open(target, now, &output)
        }
        closeComplete(target, cursor.replica, now, &output)
    }

    /// Begins the scrape that the cursor holds.
    private mutating func open(
        _ target: Int, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        // A sender ahead of our clock: its scrape counts once its time has come.
        let deadline = max(now + settings.settle, cursor.time)
        var scrape = Scrape(
            time: cursor.time, replica: cursor.replica, previous: cursor.previous,
            deadline: deadline)
        scrape.merge(cursor)
        let last = targets[target].head.replicas[Int(cursor.replica)].last
        if scrape.time <= last { return takeInWhole(scrape, of: target, now, &output) }
        let place = targets[target].place(of: scrape)
        targets[target].scrapes.insert(scrape, at: place)
        targets[target].openCount += 1
        timers.add(
            ScrapeTimers.Timer(
                deadline: deadline, target: UInt32(target), replica: scrape.replica,
                time: scrape.time))
    }

    /// Keeps the time for which a sender's samples have come without a gap. What a gap is to the
    /// sender, its targets of known rhythm say: a new one knows nothing of it.
    mutating func cover(_ target: Int, _ replica: UInt8, until time: Timestamp) {
        // Only what is needed is read: a target holds arrays, and copying it retains each.
        let index = Int(targets[target].sender)
        if let interval = targets[target].head.replicas[Int(replica)].steps.median {
            senders[index].gapAfter = interval * 2
        }
        guard time > senders[index].newest else { return }
        if time - senders[index].newest > senders[index].gapAfter {
            senders[index].coveredSince = time
        }
        senders[index].newest = time
    }
}

extension Target {
    /// Where a scrape belongs among the others.
    func place(of scrape: Scrape) -> Int {
        (scrapes.lastIndex { $0.precedes(scrape) } ?? -1) + 1
    }
}

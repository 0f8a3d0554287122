import Model
import Storage

// The sweep over all series, a slice each second, once around in a quarter of a minute. It ends
// series whose sender does not say that they ended, takes idle ones out of the limits, and forgets
// those whose samples have all left retention. Driven by the time of events, so replay does the
// same.

extension Intake {
    /// Without a sample for so long a series no longer counts as active.
    static let idleAfter = TimeSpan.minutes(20)
    /// Scrapes in a row that a series may be missing from before it is taken for ended.
    static let missedMax: Int64 = 3
    /// PromQL looks back so far by itself.
    static let lookback = TimeSpan.minutes(5)
    private static let sliceSeconds = TimeSpan.seconds(1)
    private static let slices = 16
    private static let sliceMin = 1024
    /// Entries of lists of removed series looked at each second, about 5 ns each.
    private static let tidyBudget = 50_000

    /// Looks at the next slice of the series when it is time. O(series / 16), about 5 ns each.
    mutating func sweepSeries(_ now: Timestamp, _ output: inout IntakeOutput) {
        // Limits and stored samples are what it tends; a back-test has neither.
        guard storesSamples else { return }
        guard now >= lastSeriesSweep + Self.sliceSeconds, !places.isEmpty else { return }
        lastSeriesSweep = now
        let count = max(Self.sliceMin, places.count / Self.slices)
        for _ in 0..<min(count, places.count) {
            if sweepNext >= places.count { sweepNext = 0 }
            let index = sweepNext
            sweepNext += 1
            if !places.isReleased(index) { look(at: index, now, &output) }
        }
        store.tidy(budget: Self.tidyBudget)
        store.chunks.advance(to: now)
        output.drafts += store.chunks.takeDrafts()
        output.dropped += store.chunks.retain(
            now: now, time: settings.retentionTime, bytes: settings.retentionBytes)
    }

    @inline(__always)
    private mutating func look(at index: Int, _ now: Timestamp, _ output: inout IntakeOutput) {
        let place = places[index]
        switch place.state {
        case .dead: return
        case .live:
            let tail = store.tail(of: SeriesID(UInt32(index)))
            if now - tail.time > Self.idleAfter {
                retire(index)
            } else if place.stored == index && place.role != .made && !isStaleMarker(tail.value) {
                markIfMissing(index, place, tail.time, now)
            }
        case .marked:
            if now - store.tail(of: SeriesID(UInt32(index))).time > Self.idleAfter {
                retire(index)
            }
        case .idle:
            let tail = store.tail(of: SeriesID(UInt32(index)))
            guard !tail.isEmpty, now - tail.time > settings.retentionTime + Self.idleAfter else {
                return
            }
            forget(index, place, &output)
        }
    }

    /// Ends a series that its target's scrapes, or its silent target, no longer bring. Its sender's
    /// own clock and stale markers are not touched: a late sample still counts.
    private mutating func markIfMissing(
        _ index: Int, _ place: SeriesPlace, _ last: Timestamp, _ now: Timestamp
    ) {
        let target = targets[Int(place.target)]
        let patience = target.interval * Self.missedMax
        let end = last + patience
        guard patience < Self.lookback else { return }
        let isMissing = target.head.newest >= end
        let isSilent =
            now >= end + Self.silenceGrace
            && target.replicas.allSatisfy { now - $0.lastArrival > patience }
        guard isMissing || isSilent else { return }
        places[index].state = .marked
        store.end(SeriesID(UInt32(index)), at: end)
        staleMarkersAdded += 1
    }

    private mutating func retire(_ index: Int) {
        places[index].state = .idle
        store.chunks.seal(SeriesID(UInt32(index)))
        guard places[index].stored == index else { return }
        let labels = store.labels(of: SeriesID(UInt32(index)))
        cardinality.remove(
            namespace: labels[Cardinality.namespaceLabel] ?? "",
            metric: labels[Labels.metricName] ?? "")
    }

    /// A sample of a series that was not live.
    @inline(never)
    mutating func revive(_ id: SeriesID) {
        let index = Int(id.index)
        let wasIdle = places[index].state == .idle
        places[index].state = .live
        guard wasIdle, places[index].stored == id.index else { return }
        let labels = store.labels(of: id)
        cardinality.add(
            namespace: cardinality.namespace(labels[Cardinality.namespaceLabel] ?? ""),
            metric: labels[Labels.metricName] ?? "")
    }

    private mutating func forget(
        _ index: Int, _ place: SeriesPlace, _ output: inout IntakeOutput
    ) {
        let target = Int(place.target)
        if place.stored == index {
            if place.feed != SeriesPlace.noFeed { free(place.feed, of: target) }
            for sharer in sharers.removeValue(forKey: place.stored) ?? [] {
                places[Int(sharer)].feed = SeriesPlace.noFeed
            }
        } else {
            sharers[place.stored]?.removeAll { $0 == index }
        }
        places[index].state = .dead
        store.remove(SeriesID(UInt32(index)))
        let page = index / places.pageCapacity
        if (page + 1) * places.pageCapacity <= places.count,
            places.page(page).allSatisfy({ $0.state == .dead })
        {
            places.releasePage(page)
        }
        guard place.role != .made else { return }
        targets[target].series -= 1
        if targets[target].series == 0 { forgetTarget(target, &output) }
    }

    /// Whether a number stands for no series any more.
    @inline(__always)
    func isForgotten(_ id: SeriesID) -> Bool {
        let index = Int(id.index)
        return places.isReleased(index) || places[index].state == .dead
    }

    private mutating func free(_ feed: UInt32, of target: Int) {
        let isWaiting = targets[target].scrapes.contains { scrape in
            scrape.samples.contains { $0.feed == feed }
                || scrape.histograms.contains { $0.feed == feed }
        }
        if isWaiting { settle(target) }
        forgetFamily(feed)
        feeds[Int(feed)] = .blank
        freeFeeds.append(feed)
    }

    /// A target that is lost is remembered as long as somebody counts it; one that ended is not.
    private mutating func forgetTarget(_ index: Int, _ output: inout IntakeOutput) {
        if isWatched[index] {
            guard case .retired = targets[index].condition else { return }
            isWatched[index] = false
            watched.removeAll { $0 == index }
            output.forgotten.append(UInt32(index))
        }
        targetByIdentity[targets[index].identity] = nil
        targets[index] = .blank
        let page = index / targets.pageCapacity
        if (page + 1) * targets.pageCapacity <= targets.count,
            targets.page(page).allSatisfy({ $0.identity.isEmpty })
        {
            targets.releasePage(page)
        }
    }
}

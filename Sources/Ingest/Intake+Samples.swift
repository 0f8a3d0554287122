import Model
import Storage

// The per-sample path: order check, the scrape it belongs to, the increment it makes.

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
        let place = places[Int(id.index)]
        switch store.append(id, at: time, value: value) {
        case .stored(let previous):
            if place.target != cursor.target || time != cursor.time {
                commitCursor(now, &output)
                cursor.begin(place.target, targets[Int(place.target)], at: time)
            }
            return .stored(isStartNew: note(place, previous, time, value, start))
        case .duplicate: return .duplicate
        case .conflict: return .refused(.conflict)
        case .outOfOrder: return .refused(.outOfOrder)
        }
    }

    @inline(__always)
    private mutating func note(
        _ place: SeriesPlace, _ previous: SeriesTail, _ time: Timestamp, _ value: Double,
        _ start: Int64
    ) -> Bool {
        if previous.time == cursor.previous && !isStaleMarker(previous.value) {
            cursor.delivered += 1
        }
        if isStaleMarker(value) {
            noteEnd(place)
            return false
        }
        cursor.alive += 1
        if place.role != .plain { noteRole(place, value) }
        guard place.feed != SeriesPlace.noFeed else { return false }
        return stage(place.feed, previous, time, value, start)
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
            let start = Timestamp(millis: Int64(value * 1000))
            targets[Int(place.target)].processStart = start
        case .plain: break
        }
    }

    /// Works out a counted series' increment. What is no count is passed over. Returns whether the
    /// start was news.
    @inline(__always)
    private mutating func stage(
        _ index: UInt32, _ previous: SeriesTail, _ time: Timestamp, _ value: Double,
        _ start: Int64
    ) -> Bool {
        guard Self.isCount(value) else { return false }
        let last = feeds[Int(index)].lastTime
        let lastValue = feeds[Int(index)].lastValue
        feeds[Int(index)].lastTime = time
        feeds[Int(index)].lastValue = value
        let began = start == 0 ? nil : newStart(start, of: index, last, time)
        let staged: StagedIncrement
        if last == .distantPast {
            // A series that was there before and showed no count is not born now.
            staged = StagedIncrement(
                feed: index,
                kind: previous.isEmpty ? .firstSeen(start: began?.time) : .known(.baseline),
                value: value, span: .zero)
        } else {
            let step = time - last
            let isGap = step > cursor.gapAfter
            let span = isGap ? step : .zero
            if value < lastValue || began?.isRestart == true {
                staged = StagedIncrement(
                    feed: index, kind: .known(.reset), value: value, span: span)
            } else {
                staged = StagedIncrement(
                    feed: index, kind: .known(isGap ? .gap : .normal), value: value - lastValue,
                    span: span)
            }
        }
        cursor.staged.append(staged)
        return began != nil
    }

    /// Keeps a series' start. Nil when it says nothing new: a start that is not before its sample
    /// is none (OpenTelemetry sends that for "unknown"), and one earlier than what is known cannot
    /// be that of a restart. The first one heard of a known series is a restart if it lies after
    /// the previous sample.
    @inline(never)
    private mutating func newStart(
        _ start: Int64, of index: UInt32, _ last: Timestamp, _ time: Timestamp
    ) -> (time: Timestamp, isRestart: Bool)? {
        let start = Timestamp(millis: start)
        let known = feeds[Int(index)].lastStart
        guard start.millis > 0, start < time, start > known else { return nil }
        feeds[Int(index)].lastStart = start
        return (start, last != .distantPast && start > (known == .distantPast ? last : known))
    }

    /// Merges the run into its scrape, and closes what is complete.
    mutating func commitCursor(_ now: Timestamp, _ output: inout IntakeOutput) {
        guard cursor.target != ScrapeCursor.none else { return }
        let target = cursor.target
        defer { cursor.target = ScrapeCursor.none }
        cover(from: targets[Int(target)])
        let isLate = cursor.time <= targets[Int(target)].lastScrape
        if isLate { return emitLate(target, now, &output) }
        let opened = targets[Int(target)].merge(cursor, settle: settings.settle, now: now)
        if let deadline = opened { timers.add(deadline, target, cursor.time) }
        while targets[Int(target)].isOldestComplete,
            let oldest = targets[Int(target)].open.first, oldest.time <= now
        {
            scrapesComplete += 1
            closeOldest(of: target, now, &output)
        }
        while targets[Int(target)].open.count > Target.openMax {
            scrapesSettled += 1
            closeOldest(of: target, now, &output)
        }
    }

    /// Keeps the time for which a sender's samples have come without a gap. What a gap is to the
    /// sender, its targets of known rhythm say: a new one knows nothing of it.
    private mutating func cover(from target: Target) {
        let index = Int(target.sender)
        if target.hasLearntInterval { senders[index].gapAfter = cursor.gapAfter }
        guard cursor.time > senders[index].newest else { return }
        if cursor.time - senders[index].newest > senders[index].gapAfter {
            senders[index].coveredSince = cursor.time
        }
        senders[index].newest = cursor.time
    }
}

extension Target {
    /// Adds a run to its scrape. Returns the deadline when that scrape is new.
    mutating func merge(_ cursor: ScrapeCursor, settle: TimeSpan, now: Timestamp) -> Timestamp? {
        lastArrival = now
        let before = open.lastIndex { $0.time <= cursor.time }
        if let before, open[before].time == cursor.time {
            open[before].merge(cursor)
            return nil
        }
        // A sender ahead of our clock: its scrape counts once its time has come.
        let deadline = max(now + settle, cursor.time)
        var scrape = OpenScrape(time: cursor.time, previous: cursor.previous, deadline: deadline)
        scrape.merge(cursor)
        open.insert(scrape, at: before.map { $0 + 1 } ?? 0)
        return deadline
    }
}

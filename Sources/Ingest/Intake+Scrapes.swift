public import Model

// Closing a scrape: births are judged, the target's condition follows from what the scrape held,
// and its increments go to the ledger.

extension Intake {
    /// How often silence is looked for.
    public static let sweepInterval = TimeSpan.seconds(10)
    /// Room for batching and retries before a late target counts as silent.
    static let silenceGrace = TimeSpan.seconds(10)

    /// When `advance` has something to do next.
    public var nextDeadline: Timestamp? {
        let sweep = watched.isEmpty ? nil : lastSweep + Self.sweepInterval
        guard let timer = timers.next else { return sweep }
        return sweep.map { min($0, timer) } ?? timer
    }

    /// Closes scrapes that have settled and looks for silent targets. O(due + watched targets).
    public mutating func advance(to now: Timestamp, into output: inout IntakeOutput) {
        while let due = timers.popDue(at: now) {
            while let oldest = targets[Int(due.target)].open.first, oldest.time <= due.time {
                if targets[Int(due.target)].isOldestComplete {
                    scrapesComplete += 1
                } else {
                    scrapesSettled += 1
                }
                closeOldest(of: due.target, now, &output)
            }
        }
        guard now >= lastSweep + Self.sweepInterval else { return }
        lastSweep = now
        for target in watched { sweep(target, now, &output) }
    }

    private mutating func sweep(
        _ index: UInt32, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        let target = targets[Int(index)]
        guard case .up = target.condition, target.lastScrape != .distantPast,
            now - target.lastArrival > target.interval * 2 + Self.silenceGrace
        else { return }
        // The sender may have been quiet about everything; it is the target's silence all the same.
        set(.silent(since: target.lastScrape, noticed: target.lastArrival), of: index, &output)
    }

    mutating func closeOldest(
        of index: UInt32, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        let scrape = targets[Int(index)].open.removeFirst()
        emit(scrape.staged, of: index, scrape, now, &output)
        let condition = condition(after: scrape, of: targets[Int(index)], now)
        targets[Int(index)].closed(scrape)
        set(condition, of: index, &output)
    }

    /// Samples of a scrape that is closed already: counted at once, by its own place in time.
    mutating func emitLate(
        _ index: UInt32, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        var scrape = OpenScrape(time: cursor.time, previous: cursor.previous, deadline: now)
        scrape.merge(cursor)
        let isNewest = scrape.time == targets[Int(index)].lastScrape
        if isNewest { scrape.endedMetrics += targets[Int(index)].lastEnded }
        emit(scrape.staged, of: index, scrape, now, &output)
        targets[Int(index)].lastArrival = now
        guard isNewest else { return }
        targets[Int(index)].live += scrape.alive
        targets[Int(index)].lastEnded = scrape.endedMetrics
        if scrape.upValue != nil || scrape.hasUpEnded {
            set(condition(after: scrape, of: targets[Int(index)], now), of: index, &output)
        }
    }

    private mutating func set(
        _ condition: TargetCondition, of index: UInt32, _ output: inout IntakeOutput
    ) {
        guard targets[Int(index)].condition != condition else { return }
        targets[Int(index)].condition = condition
        output.conditions.append(ConditionChange(target: index, condition: condition))
    }

    private func condition(
        after scrape: OpenScrape, of target: Target, _ now: Timestamp
    ) -> TargetCondition {
        if scrape.hasUpEnded || (!target.hasUp && scrape.alive == 0 && scrape.ended > 0) {
            return .retired(at: scrape.time, noticed: now)
        }
        if scrape.upValue == 0 {
            if case .down = target.condition { return target.condition }
            return .down(since: scrape.time, noticed: now)
        }
        return .up
    }

    private mutating func emit(
        _ staged: [StagedIncrement], of index: UInt32, _ scrape: OpenScrape, _ now: Timestamp,
        _ output: inout IntakeOutput
    ) {
        for increment in staged {
            for route in feeds[Int(increment.feed)].routes {
                let kind = judge(increment, route, scrape, targets[Int(index)])
                incrementCounts[Int(kind.rawValue)] += 1
                output.increments.append(
                    Increment(
                        slot: route.slot, kind: kind, time: scrape.time, value: increment.value,
                        span: increment.span, target: index))
            }
        }
    }

    /// Birth or baseline (DESIGN §4.1): a first value counts when the series is known to have begun
    /// while it was being watched.
    private func judge(
        _ increment: StagedIncrement, _ route: Route, _ scrape: OpenScrape, _ target: Target
    ) -> IncrementClass {
        switch increment.kind {
        case .known(let kind): return kind
        case .firstSeen(let ownStart):
            // Another series of the metric ended in this scrape: this one may be its new name.
            let metric = feeds[Int(increment.feed)].metric
            let mayBeRenamed = scrape.endedMetrics.contains(metric)
            let covered = max(senders[Int(target.sender)].coveredSince, route.since)
            if let start = ownStart ?? target.processStart, start > covered, start <= scrape.time,
                !mayBeRenamed || start > scrape.previous
            {
                return .birth
            }
            let isRecent =
                scrape.previous != .distantPast && target.condition.hasShownItsSeries
                && scrape.time - scrape.previous <= target.interval * 2
            return isRecent && !mayBeRenamed ? .birth : .baseline
        }
    }
}

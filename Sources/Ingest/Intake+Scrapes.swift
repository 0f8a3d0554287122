public import Model

// Closing scrapes: when they are complete or have settled, and what is said of their target.

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
            let target = Int(due.target)
            while let oldest = targets[target].oldestOpen(of: due.replica),
                targets[target].scrapes[oldest].time <= due.time
            {
                if targets[target].isComplete(targets[target].scrapes[oldest]) {
                    scrapesComplete += 1
                } else {
                    scrapesSettled += 1
                }
                close(oldest, of: target, now, &output)
            }
        }
        sweepSeries(now, &output)
        guard now >= lastSweep + Self.sweepInterval else { return }
        lastSweep = now
        for target in watched { sweep(Int(target), now, &output) }
    }

    private mutating func sweep(
        _ index: Int, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        let target = targets[index]
        var isNew = false
        for (number, replica) in target.replicas.enumerated() {
            let fold = target.head.replicas[number]
            guard case .up = fold.condition, fold.last != .distantPast, replica.silence == nil,
                now - replica.lastArrival > fold.interval * 2 + Self.silenceGrace
            else { continue }
            // The sender may have been quiet about everything; it is the target's silence all the
            // same.
            targets[index].replicas[number].silence = (fold.last, replica.lastArrival)
            isNew = true
        }
        if isNew { tellCondition(of: index, &output) }
    }

    /// Closes the replica's open scrapes from the oldest on, while they are complete.
    mutating func closeComplete(
        _ target: Int, _ replica: UInt8, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        while let oldest = targets[target].oldestOpen(of: replica) {
            let scrape = targets[target].scrapes[oldest]
            if targets[target].isComplete(scrape) && scrape.time <= now {
                scrapesComplete += 1
            } else if targets[target].openCount > Target.openMax {
                scrapesSettled += 1
            } else {
                return
            }
            close(oldest, of: target, now, &output)
        }
    }
}

extension Target {
    /// The place of the replica's oldest open scrape.
    func oldestOpen(of replica: UInt8) -> Int? {
        guard openCount > 0 else { return nil }
        return scrapes.firstIndex { $0.replica == replica && !$0.isClosed }
    }
}

public import Model
import Storage

// Back-fill: what a counter did before the agent saw it first (DESIGN §4.6). Counting is a fold
// over scrapes in order of time, so history is folded into `base`, which live scrapes have not
// reached: while the past is read, targets hold their live scrapes, fold them from nothing, and
// count them so. At the end each target is joined: the held scrapes are folded once more, from
// what history left, and the difference is emitted. The first live value, a baseline until then,
// becomes what it is after the last sample of the past. The ledger is then that of an agent that
// saw all of it.
//
// Bounds: a target holds at most `Target.keptMax` scrapes. When it has more, it is joined with the
// past that is there; what comes of its past later is refused and counted.

/// The past while it is read.
struct PastReading: Sendable {
    /// What is covered of each sender's past.
    var senders: [UInt32: Sender] = [:]
    /// Targets that were joined already.
    var joined: Set<UInt32> = []
}

extension Intake {
    /// Whether the past is being read.
    public var isReadingPast: Bool { past != nil }

    /// From here on targets hold their scrapes, until `joinPast`.
    public mutating func beginPast() { past = PastReading() }

    /// Whether a target waits for its past.
    func isHolding(_ target: Int) -> Bool {
        past.map { !$0.joined.contains(UInt32(target)) } ?? false
    }

    /// Counts samples of the past, in any order within the call; calls go forward in time. Returns
    /// how many were refused: not older than what is live, or of a target that was joined.
    public mutating func takePast(
        _ write: ResolvedWrite, into output: inout IntakeOutput
    ) -> Int {
        let keys = write.ids.map { id in
            Int(id) < store.count ? scrapeKey(of: SeriesID(id)) : UInt64.max
        }
        let order = write.ids.indices.sorted {
            (write.times[$0], keys[$0], $0) < (write.times[$1], keys[$1], $1)
        }
        var refused = 0
        var first = 0
        while first < order.count {
            let (time, key) = (write.times[order[first]], keys[order[first]])
            var end = first + 1
            while end < order.count, keys[order[end]] == key, write.times[order[end]] == time {
                end += 1
            }
            let isTaken =
                key != .max
                && takePastScrape(
                    order[first..<end], of: write, at: Timestamp(millis: time), &output)
            if !isTaken { refused += end - first }
            first = end
        }
        return refused
    }

    private mutating func takePastScrape(
        _ samples: ArraySlice<Int>, of write: ResolvedWrite, at time: Timestamp,
        _ output: inout IntakeOutput
    ) -> Bool {
        guard let index = samples.first else { return false }
        let place = places[Int(write.ids[index])]
        let (target, replica) = (Int(place.target), Int(place.replica))
        let live = targets[target].scrapes.first { $0.replica == place.replica }?.time
        let last = targets[target].base.replicas[replica].last
        guard isHolding(target), time < live ?? .distantFuture, time > last else { return false }
        begin(time, place.replica, last)
        for sample in samples { add(places[Int(write.ids[sample])], write.values[sample]) }
        whole.closing = Scrape.Closing(at: time, covered: coverPast(target, replica, time))
        let before = output.increments.count
        step(target, whole, .past, &output.increments)
        countClasses(output.increments[before...])
        scrapesComplete += 1
        return true
    }

    /// As `cover`, of the past.
    private mutating func coverPast(
        _ target: Int, _ replica: Int, _ time: Timestamp
    ) -> Timestamp {
        let index = targets[target].sender
        var sender = past?.senders[index] ?? Sender(identity: .empty)
        if let interval = targets[target].base.replicas[replica].steps.median {
            sender.gapAfter = interval * 2
        }
        if time > sender.newest {
            if time - sender.newest > sender.gapAfter { sender.coveredSince = time }
            sender.newest = time
        }
        past?.senders[index] = sender
        return sender.coveredSince
    }

    // MARK: Joining

    /// Joins every target that still waits, and ends the reading. Targets that the past shows no
    /// more, and that are not live, have ended: it does not say how.
    public mutating func joinPast(now: Timestamp, into output: inout IntakeOutput) {
        guard past != nil else { return }
        let waiting = targets.indices.filter { !targets.isReleased($0) && isHolding($0) }
        join(waiting, &output)
        for target in waiting
        where targets[target].scrapes.isEmpty
            && now - targets[target].head.newest > targets[target].interval * Self.missedMax
        {
            retirePast(target, &output)
        }
        let senders = past?.senders ?? [:]
        for (index, sender) in senders where isContiguous(sender, self.senders[Int(index)]) {
            self.senders[Int(index)].coveredSince = min(
                self.senders[Int(index)].coveredSince, sender.coveredSince)
        }
        past = nil
    }

    private func isContiguous(_ past: Sender, _ live: Sender) -> Bool {
        live.coveredSince - past.newest <= past.gapAfter
    }

    /// Joins a target that holds all it can.
    mutating func joinEarly(_ target: Int, _ output: inout IntakeOutput) {
        join([target], &output)
    }

    private mutating func join(_ waiting: [Int], _ output: inout IntakeOutput) {
        var inScrapes: Set<UInt32> = []
        for target in waiting {
            for scrape in targets[target].scrapes where scrape.isClosed {
                for sample in scrape.samples { inScrapes.insert(sample.feed) }
            }
            let sender = past?.senders[targets[target].sender]
            refold(target, from: .distantPast, &output) { intake in
                intake.past?.joined.insert(UInt32(target))
                guard let sender else { return }
                for index in intake.targets[target].scrapes.indices {
                    guard let covered = intake.targets[target].scrapes[index].closing?.covered,
                        covered - sender.newest <= sender.gapAfter
                    else { continue }
                    intake.targets[target].scrapes[index].closing?.covered = min(
                        covered, sender.coveredSince)
                }
            }
            tellCondition(of: target, &output)
        }
        // Series that no held scrape shows go on from where the past left them.
        let joined = Set(waiting.map { UInt32($0) })
        for feed in feeds.indices
        where joined.contains(feeds[feed].target) && !inScrapes.contains(UInt32(feed)) {
            feeds[feed].rewind()
        }
    }

    private mutating func retirePast(_ target: Int, _ output: inout IntakeOutput) {
        for replica in targets[target].head.replicas.indices {
            let last = targets[target].head.replicas[replica].last
            guard last != .distantPast else { continue }
            let condition = TargetCondition.retired(at: last, noticed: last)
            targets[target].head.replicas[replica].condition = condition
            targets[target].base.replicas[replica].condition = condition
        }
        tellCondition(of: target, &output)
    }
}

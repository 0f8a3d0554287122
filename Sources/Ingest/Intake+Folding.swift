import Model

// Counting as a fold over closed scrapes in time order (DESIGN §4.1), so that the ledger depends on
// the set of samples within the out-of-order window and never on their order of arrival.
//
// A target keeps the closed scrapes of the window, and two states: `base` before them and `head`
// after them. In the usual case a scrape closes as the newest: one step of `head`. When something
// comes late, the kept scrapes are folded again from `base`, without it and with it, and the
// difference is emitted as signed increments. Both passes run the same code over the same values,
// so what was counted and what is taken back are equal by construction. A late run costs O(kept
// samples of the target); a window of 20 scrapes of 10 counted series about 5 us.

extension Intake {
    /// Which of a target's two states a step changes.
    enum Side {
        case base, head
        /// `base`, and what it counts is news: the past of a target that waits for it.
        case past
    }

    // MARK: Closing

    /// Closes an open scrape and counts it.
    mutating func close(
        _ place: Int, of target: Int, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        let sender = Int(targets[target].sender)
        let closing = Scrape.Closing(at: now, covered: senders[sender].coveredSince)
        let replica = Int(targets[target].scrapes[place].replica)
        targets[target].openCount -= 1
        targets[target].replicas[replica].silence = nil
        let isNewest = targets[target].scrapes[(place + 1)...].allSatisfy { !$0.isClosed }
        if isNewest {
            targets[target].scrapes[place].closing = closing
            let first = output.increments.count
            step(target, targets[target].scrapes[place], .head, &output.increments)
            countClasses(output.increments[first...])
        } else {
            let time = targets[target].scrapes[place].time
            refold(target, from: time, &output) {
                $0.targets[target].scrapes[place].closing = closing
            }
        }
        finish(target, &output)
    }

    /// Takes the cursor's samples into a scrape that was closed without them. What they say of the
    /// target is noticed now.
    mutating func takeIn(
        at place: Int, of target: Int, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        let time = cursor.time
        refold(target, from: time, &output) {
            $0.targets[target].scrapes[place].merge($0.cursor)
            guard $0.cursor.upValue != nil || $0.cursor.hasUpEnded else { return }
            $0.targets[target].scrapes[place].closing?.at = now
        }
        finish(target, &output)
    }

    /// Takes in a scrape that arrives after a newer one of its replica was closed.
    mutating func takeInWhole(
        _ late: Scrape, of target: Int, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        var scrape = late
        let sender = Int(targets[target].sender)
        scrape.closing = Scrape.Closing(at: now, covered: senders[sender].coveredSince)
        let fold = targets[target].base.replicas[Int(scrape.replica)]
        guard scrape.time > max(fold.last, targets[target].base.newest) else {
            return countStray(scrape, of: target, &output)
        }
        let place = targets[target].place(of: scrape)
        refold(target, from: scrape.time, &output) {
            $0.targets[target].scrapes.insert(scrape, at: place)
        }
        finish(target, &output)
    }

    /// Lets scrapes go that nothing can come before any more, and tells the target's condition.
    private mutating func finish(_ target: Int, _ output: inout IntakeOutput) {
        if isHolding(target) {
            guard targets[target].scrapes.count > Target.keptMax else {
                return tellCondition(of: target, &output)
            }
            joinEarly(target, &output)
        }
        // Nobody counts it: there is nothing to correct.
        let window = isWatched[target] ? settings.outOfOrderWindow : .zero
        let horizon = targets[target].head.newest - window
        var ignored: [Increment] = []
        while let oldest = targets[target].scrapes.first, oldest.isClosed,
            oldest.time <= horizon || targets[target].scrapes.count > Target.keptMax
        {
            step(target, oldest, .base, &ignored)
            ignored.removeAll(keepingCapacity: true)
            targets[target].scrapes.removeFirst()
        }
        tellCondition(of: target, &output)
    }

    mutating func tellCondition(of index: Int, _ output: inout IntakeOutput) {
        let condition = targets[index].judgedCondition
        guard targets[index].condition != condition else { return }
        targets[index].condition = condition
        output.conditions.append(ConditionChange(target: UInt32(index), condition: condition))
    }

    /// Forgets what late samples would need, as when consumers change: from here on they count only
    /// by themselves.
    mutating func settleAll() {
        for target in targets.indices where !targets.isReleased(target) { settle(target) }
    }

    /// The same for one target.
    mutating func settle(_ target: Int) {
        for scrape in targets[target].scrapes where scrape.isClosed {
            for sample in scrape.samples { feeds[Int(sample.feed)].settle() }
            for sample in scrape.histograms { feeds[Int(sample.feed)].settle() }
        }
        targets[target].base = targets[target].head
        targets[target].scrapes.removeAll { $0.isClosed }
    }

    // MARK: Folding

    /// Folds a target's closed scrapes again, before and after `change`, and emits what differs
    /// from `time` on.
    mutating func refold(
        _ target: Int, from time: Timestamp, _ output: inout IntakeOutput,
        _ change: (inout Intake) -> Void
    ) {
        refolds += 1
        let before = foldAll(target, from: time)
        change(&self)
        let after = foldAll(target, from: time)
        let first = output.increments.count
        // Both lists are in the scrapes' order: most of it stands in both.
        let prefix = zip(before, after).prefix { $0 == $1 }.count
        let suffix = min(
            zip(before.reversed(), after.reversed()).prefix { $0 == $1 }.count,
            min(before.count, after.count) - prefix)
        output.increments += before[prefix..<before.count - suffix].map(\.negated)
        output.increments += after[prefix..<after.count - suffix]
        countClasses(output.increments[first...])
    }

    /// Makes `head` anew from `base`; the increments of the scrapes at `time` and later.
    private mutating func foldAll(_ target: Int, from time: Timestamp) -> [Increment] {
        let closed = targets[target].scrapes.filter(\.isClosed)
        let isHolding = isHolding(target)
        for scrape in closed {
            for sample in scrape.samples {
                feeds[Int(sample.feed)].rewind(toNothing: isHolding)
            }
            for sample in scrape.histograms {
                feeds[Int(sample.feed)].rewind(toNothing: isHolding)
            }
        }
        if isHolding {
            let replicas = targets[target].base.replicas.map { _ in ReplicaFold() }
            targets[target].head = TargetFold(replicas: replicas)
        } else {
            targets[target].head = targets[target].base
        }
        var increments: [Increment] = []
        for scrape in closed {
            step(target, scrape, .head, &increments)
            if scrape.time < time { increments.removeAll(keepingCapacity: true) }
        }
        return increments
    }

    /// Takes the next scrape in time into one of the target's states. O(samples x consumers).
    mutating func step(
        _ target: Int, _ scrape: Scrape, _ side: Side, _ increments: inout [Increment]
    ) {
        guard let closing = scrape.closing else { return }
        let (judgement, gapAfter) =
            side == .head
            ? targets[target].head.judgement(of: scrape, closing, target)
            : targets[target].base.judgement(of: scrape, closing, target)
        if targets[target].hasHistograms {
            stepFamilies(scrape, side, judgement, gapAfter, &increments)
        } else {
            for sample in scrape.samples {
                if side == .head {
                    let isTaken = feeds[Int(sample.feed)].takeGrowth(
                        sample, at: scrape.time, replica: scrape.replica, gapAfter: gapAfter,
                        of: UInt32(target), into: &increments)
                    if isTaken { continue }
                }
                let judged = take(sample, of: scrape, side, gapAfter)
                guard side != .base, let judged else { continue }
                emit(sample, judged, judgement, &increments)
            }
        }
        advance(side, of: target, past: scrape, closing)
    }

    private mutating func advance(
        _ side: Side, of target: Int, past scrape: Scrape, _ closing: Scrape.Closing
    ) {
        let hasUp = targets[target].hasUp
        switch side {
        case .base, .past:
            targets[target].base.advance(past: scrape, hasUp: hasUp, at: closing.at)
        case .head: targets[target].head.advance(past: scrape, hasUp: hasUp, at: closing.at)
        }
    }

    /// A scrape from before everything that is kept: a sender's shard that has fallen far behind.
    /// Each of its series counts by its own last value.
    private mutating func countStray(
        _ scrape: Scrape, of target: Int, _ output: inout IntakeOutput
    ) {
        let judgement = Judgement(
            scrape: scrape, target: UInt32(target), covered: .distantFuture, processStart: nil,
            previous: .distantPast, isRecent: false)
        let gapAfter = targets[target].interval * 2
        let first = output.increments.count
        emitStray(scrape, judgement, gapAfter, &output.increments)
        countClasses(output.increments[first...])
    }

    mutating func countClasses(_ increments: ArraySlice<Increment>) {
        for increment in increments {
            incrementCounts[Int(increment.kind.rawValue)] += increment.isTakenBack ? -1 : 1
        }
    }
}

extension TargetFold {
    /// Longer steps between two samples are gaps. One replica's outages do not stretch what the
    /// other knows.
    func gapAfter(of fold: ReplicaFold) -> TimeSpan {
        if replicas.count == 1 { return fold.interval * 2 }
        let learnt = replicas.compactMap(\.steps.median).min()
        return (learnt ?? Target.intervalAssumed) * 2
    }

    /// What the next scrape is judged by, and how long a step may be.
    func judgement(
        of scrape: Scrape, _ closing: Scrape.Closing, _ target: Int
    ) -> (Judgement, gapAfter: TimeSpan) {
        let gapAfter = gapAfter(of: replicas[Int(scrape.replica)])
        let judgement = Judgement(
            scrape: scrape, target: UInt32(target), covered: closing.covered,
            processStart: scrape.processStart ?? processStart, previous: newest,
            isRecent: replicas.contains { replica in
                replica.last != .distantPast && replica.condition.hasShownItsSeries
                    && scrape.time - replica.last <= gapAfter
            })
        return (judgement, gapAfter)
    }

    /// Takes a scrape's figures over.
    mutating func advance(past scrape: Scrape, hasUp: Bool, at now: Timestamp) {
        if let start = scrape.processStart { processStart = start }
        newest = max(newest, scrape.time)
        let index = Int(scrape.replica)
        let last = replicas[index].last
        if last != .distantPast { replicas[index].steps.learn(scrape.time - last) }
        replicas[index].condition = condition(after: scrape, replicas[index], hasUp, now)
        replicas[index].beforeLast = last
        replicas[index].last = scrape.time
        replicas[index].live = scrape.alive
    }

    private func condition(
        after scrape: Scrape, _ fold: ReplicaFold, _ hasUp: Bool, _ now: Timestamp
    ) -> TargetCondition {
        if scrape.hasUpEnded || (!hasUp && scrape.alive == 0 && scrape.ended > 0) {
            return .retired(at: scrape.time, noticed: now)
        }
        if scrape.upValue == 0 {
            if case .down = fold.condition { return fold.condition }
            return .down(since: scrape.time, noticed: now)
        }
        return .up
    }
}

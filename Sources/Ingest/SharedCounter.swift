import Model

// A counter that several replicas of one sender see (DESIGN §4.1). Each replica's samples are
// judged for order and resets against its own; what is counted is the growth of the largest raw
// value within an epoch. An epoch begins with a reset. The resets that replicas see of one restart
// lie in overlapping intervals, so the second one joins the epoch that the first began: no
// replica's lag, failover or late scrape counts anything twice or looks like a restart.

/// What is known of one counter through several replicas.
struct SharedCounter: Sendable {
    /// A replica's view and the epoch it is in.
    struct View: Sendable {
        var cursor = CounterCursor()
        var epoch: UInt32 = 0
        /// It joined below the epoch's largest value: it lags, or it is the first to see a restart.
        var isUndecided = false
    }

    var views: [View] = []
    /// The newest epoch and the largest value in it; and the one before, for replicas that have not
    /// seen the reset yet.
    var epoch: UInt32 = 0
    var maximum = 0.0
    var maximumBefore = 0.0
    /// The interval in which the newest epoch's first reset was seen.
    var openedFrom = Timestamp.distantPast
    var openedTo = Timestamp.distantPast
    /// The newest sample of any replica.
    var newest = Timestamp.distantPast
}

extension Counter {
    /// As `take`, for a series of several replicas.
    mutating func takeShared(
        _ sample: CountedSample, at time: Timestamp, replica: Int, gapAfter: TimeSpan,
        isReset: Bool
    ) -> JudgedSample? {
        if shared.isEmpty { shared = [SharedCounter(cursor)] }
        guard Self.isCount(sample.value) else {
            if shared[0].views[0].cursor.isUnseen { shared[0].views[0].cursor.value = -1 }
            return nil
        }
        return shared[0].take(
            sample, at: time, replica: replica, gapAfter: gapAfter, isReset: isReset)
    }
}

extension SharedCounter {
    /// Goes on from what the first replica has shown.
    init(_ cursor: CounterCursor) {
        views = [View(cursor: cursor)]
        newest = cursor.time
        maximum = max(0, cursor.value)
    }

    mutating func take(
        _ sample: CountedSample, at time: Timestamp, replica: Int, gapAfter: TimeSpan,
        isReset: Bool
    ) -> JudgedSample? {
        while views.count <= replica { views.append(View(cursor: CounterCursor(), epoch: epoch)) }
        let wasEmpty = newest == .distantPast
        let first = views[0].cursor
        var view = views[replica]
        let before = view.cursor
        let news = sample.start == 0 ? .none : view.cursor.takeStart(sample.start, at: time)
        view.cursor.time = time
        view.cursor.value = sample.value
        defer {
            views[replica] = view
            newest = max(newest, time)
        }
        if wasEmpty {
            maximum = sample.value
            view.epoch = epoch
            let isBegun = isReset && first.isUnseen
            let kind = isBegun ? .known(.reset) : Counter(cursor: first).firstKind(first, news)
            return JudgedSample(kind: kind, value: sample.value, span: .zero)
        }
        let step = time - newest
        let span = step > gapAfter ? step : .zero
        let hasFallen =
            before.hasCounted && (sample.value < before.value || news.isRestart || isReset)
        // Back after a while in which another replica went on, or here for the first time.
        let isBack = time - before.time > gapAfter && newest > before.time
        if !before.hasCounted || isBack || epoch &- view.epoch > 1 {
            view.epoch = epoch
            // Nobody was here to see it fall: the counter restarted in the meantime.
            if span > .zero && sample.value < maximum {
                return begin(sample.value, from: newest, to: time, &view, span)
            }
            view.isUndecided = sample.value < maximum
            return grow(to: sample.value, in: view.epoch, span)
        }
        if sample.value >= maximum { view.isUndecided = false }
        guard hasFallen else {
            if isStale(view, sample.value, at: time, replica: replica, gapAfter) {
                return begin(sample.value, from: before.time, to: time, &view, span)
            }
            return grow(to: sample.value, in: view.epoch, span)
        }
        // Clocks differ by less than a scrape interval.
        let skew = TimeSpan(millis: gapAfter.millis / 2)
        let isKnown =
            view.epoch < epoch && before.time < openedTo + skew && time + skew > openedFrom
        guard isKnown else { return begin(sample.value, from: before.time, to: time, &view, span) }
        view.epoch = epoch
        return grow(to: sample.value, in: epoch, span)
    }

    /// Whether the epoch's largest value is of before a restart that nobody saw: the replica that
    /// brought it is gone, and the one that took over is still below.
    private func isStale(
        _ view: View, _ value: Double, at time: Timestamp, replica: Int, _ gapAfter: TimeSpan
    ) -> Bool {
        guard view.epoch == epoch, value < maximum else { return false }
        for (index, other) in views.enumerated() where index != replica {
            if time - other.cursor.time <= gapAfter { return false }
        }
        return true
    }

    /// Counts what a value adds to the largest of its epoch.
    private mutating func grow(
        to value: Double, in epoch: UInt32, _ span: TimeSpan
    ) -> JudgedSample {
        var growth = 0.0
        if epoch == self.epoch {
            growth = max(0, value - maximum)
            maximum = max(maximum, value)
        } else if epoch &+ 1 == self.epoch {
            growth = max(0, value - maximumBefore)
            maximumBefore = max(maximumBefore, value)
        }
        return JudgedSample(
            kind: .known(span > .zero ? .gap : .normal), value: growth, span: span)
    }

    private mutating func begin(
        _ value: Double, from: Timestamp, to: Timestamp, _ view: inout View, _ span: TimeSpan
    ) -> JudgedSample {
        epoch &+= 1
        view.epoch = epoch
        view.isUndecided = false
        for index in views.indices where views[index].isUndecided {
            views[index].epoch = epoch
            views[index].isUndecided = false
        }
        maximumBefore = maximum
        maximum = value
        openedFrom = from
        openedTo = to
        return JudgedSample(kind: .known(.reset), value: value, span: span)
    }
}

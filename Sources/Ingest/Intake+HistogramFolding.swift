import Model

// One scrape of a target that has counted histograms (DESIGN §4.1). The series of one histogram -
// its buckets, its count, its native form - are a family: the same labels less `le`, the same name
// less its suffix. They began together and restart together, so:
//
// - a fall of one is a reset of all. A bucket that happens not to fall would else count too little.
// - a member first seen while the others go on counting was left out before; it is not born now.
// - all events of a classic histogram count only where the bucket of the SLO's bound was seen.
//   Without it each of them would look slow: they are told apart, as not decided.
// - of one that comes in both forms the classic one counts, unless it lacks the bucket.

/// What a scrape says of its families.
private struct FamilyNews {
    /// Began anew.
    var fallen: Set<UInt64> = []
    /// A member went on counting.
    var counting: Set<UInt64> = []
    /// Buckets that were left out before.
    var late: Set<UInt32> = []
    /// Counted from buckets, by family and bound.
    var classic: Set<FamilyBound> = []
}

/// A bucket of a histogram.
struct FamilyBound: Hashable, Sendable {
    var family: UInt64
    var bound: Double
}

extension Intake {
    /// As `step`, for a target with histograms. O(samples x consumers).
    mutating func stepFamilies(
        _ scrape: Scrape, _ side: Side, _ judgement: Judgement, _ gapAfter: TimeSpan,
        _ increments: inout [Increment]
    ) {
        var news = fallen(in: scrape, side)
        var judged: [JudgedSample?] = []
        judged.reserveCapacity(scrape.samples.count)
        for sample in scrape.samples {
            let family = feeds[Int(sample.feed)].family
            let isReset = family != 0 && news.fallen.contains(family)
            let one = take(sample, of: scrape, side, gapAfter, isReset: isReset)
            if family != 0, let one, one.isCounting { news.counting.insert(family) }
            judged.append(one)
        }
        var natives: [JudgedHistogram?] = []
        for sample in scrape.histograms {
            let family = feeds[Int(sample.feed)].family
            let isReset = family != 0 && news.fallen.contains(family)
            natives.append(take(sample, of: scrape, side, gapAfter, isReset: isReset))
        }
        guard side != .base else { return }
        for (sample, one) in zip(scrape.samples, judged) {
            guard let one, one.isFirst else { continue }
            if news.counting.contains(feeds[Int(sample.feed)].family) {
                news.late.insert(sample.feed)
            }
        }
        for (sample, one) in zip(scrape.samples, judged) {
            guard let one else { continue }
            emit(sample, one, judgement, &news, &increments)
        }
        for (sample, one) in zip(scrape.histograms, natives) {
            guard let one else { continue }
            emit(sample, one, judgement, news, &increments)
        }
    }

    /// Takes a sample into one of its feed's states.
    @inline(__always)
    mutating func take(
        _ sample: CountedSample, of scrape: Scrape, _ side: Side, _ gapAfter: TimeSpan,
        isReset: Bool = false
    ) -> JudgedSample? {
        let feed = Int(sample.feed)
        let replica = Int(scrape.replica)
        let isGauge = feeds[feed].isGauge
        switch side {
        case .base, .past:
            if isGauge {
                return feeds[feed].base.takeGauge(sample, at: scrape.time, gapAfter: gapAfter)
            }
            return feeds[feed].base.take(
                sample, at: scrape.time, replica: replica, gapAfter: gapAfter, isReset: isReset)
        case .head:
            if isGauge {
                return feeds[feed].head.takeGauge(sample, at: scrape.time, gapAfter: gapAfter)
            }
            return feeds[feed].head.take(
                sample, at: scrape.time, replica: replica, gapAfter: gapAfter, isReset: isReset)
        }
    }

    private mutating func take(
        _ sample: CountedHistogram, of scrape: Scrape, _ side: Side, _ gapAfter: TimeSpan,
        isReset: Bool
    ) -> JudgedHistogram? {
        let feed = Int(sample.feed)
        let replica = Int(scrape.replica)
        guard !feeds[feed].native.isEmpty else { return nil }
        switch side {
        case .base, .past:
            return feeds[feed].native[0].base.take(
                sample, at: scrape.time, replica: replica, gapAfter: gapAfter, isReset: isReset)
        case .head:
            return feeds[feed].native[0].head.take(
                sample, at: scrape.time, replica: replica, gapAfter: gapAfter, isReset: isReset)
        }
    }

    private func fallen(in scrape: Scrape, _ side: Side) -> FamilyNews {
        var news = FamilyNews()
        let replica = Int(scrape.replica)
        for sample in scrape.samples {
            let feed = Int(sample.feed)
            let family = feeds[feed].family
            guard family != 0, !news.fallen.contains(family) else { continue }
            let falls =
                side == .head
                ? feeds[feed].head.falls(sample, at: scrape.time, replica: replica)
                : feeds[feed].base.falls(sample, at: scrape.time, replica: replica)
            if falls { news.fallen.insert(family) }
        }
        for sample in scrape.histograms {
            let feed = Int(sample.feed)
            let family = feeds[feed].family
            guard family != 0, let native = feeds[feed].native.first else { continue }
            let counter = side == .head ? native.head : native.base
            if counter.falls(sample, at: scrape.time, replica: replica) {
                news.fallen.insert(family)
            }
        }
        return news
    }

    // MARK: Telling consumers

    /// Tells a feed's consumers of a sample outside families.
    @inline(__always)
    mutating func emit(
        _ sample: CountedSample, _ judged: JudgedSample, _ judgement: Judgement,
        _ increments: inout [Increment]
    ) {
        let feed = Int(sample.feed)
        for route in feeds[feed].routes {
            if route.reading == .counter {
                increments.append(
                    judgement.increment(judged, for: route, metric: feeds[feed].metric))
            } else if route.reading == .gauge {
                let shown = JudgedSample(
                    kind: .known(.normal), value: sample.value, span: judged.span)
                increments.append(
                    judgement.increment(shown, for: route, metric: feeds[feed].metric))
            }
        }
    }

    private mutating func emit(
        _ sample: CountedSample, _ judged: JudgedSample, _ judgement: Judgement,
        _ news: inout FamilyNews, _ increments: inout [Increment]
    ) {
        let feed = Int(sample.feed)
        let family = feeds[feed].family
        guard family != 0 else { return emit(sample, judged, judgement, &increments) }
        var judged = judged
        if news.late.contains(sample.feed) { judged.kind = .known(.baseline) }
        emit(sample, judged, judgement, &increments)
        for route in feeds[feed].routes
        where route.reading == .histogramTotal || route.reading == .histogramRest {
            let key = FamilyBound(family: family, bound: route.bound)
            let isOpen = hasCounted(key, news)
            if isOpen { news.classic.insert(key) }
            if isOpen == (route.reading == .histogramRest) { continue }
            increments.append(
                judgement.increment(judged, for: route, metric: feeds[feed].metric))
        }
    }

    /// Whether the bucket of a bound was counted up to this scrape.
    private func hasCounted(_ key: FamilyBound, _ news: FamilyNews) -> Bool {
        guard let feed = buckets[key] else { return false }
        return feeds[Int(feed)].head.isSeen && !news.late.contains(feed)
    }

    private mutating func emit(
        _ sample: CountedHistogram, _ one: JudgedHistogram, _ judgement: Judgement,
        _ news: FamilyNews, _ increments: inout [Increment]
    ) {
        let feed = Int(sample.feed)
        for route in feeds[feed].routes where route.reading.isNative {
            let key = FamilyBound(family: feeds[feed].family, bound: route.bound)
            if news.classic.contains(key) { continue }
            let part = JudgedSample(
                kind: one.judged.kind, value: one.growth.part(route.reading, bound: route.bound),
                span: one.judged.span)
            increments.append(judgement.increment(part, for: route, metric: feeds[feed].metric))
        }
    }

    /// Samples of a scrape older than all that is kept: each counts by its own last value.
    mutating func emitStray(
        _ scrape: Scrape, _ judgement: Judgement, _ gapAfter: TimeSpan,
        _ increments: inout [Increment]
    ) {
        var news = FamilyNews()
        for sample in scrape.samples {
            let feed = Int(sample.feed)
            guard feeds[feed].base.shared.isEmpty, feeds[feed].head.shared.isEmpty,
                scrape.replica == 0, scrape.time > feeds[feed].head.cursor.time
            else { continue }
            let judged = take(sample, of: scrape, .head, gapAfter)
            feeds[feed].settle()
            if let judged { emit(sample, judged, judgement, &news, &increments) }
        }
        for sample in scrape.histograms {
            let feed = Int(sample.feed)
            guard let native = feeds[feed].native.first, native.head.count.shared.isEmpty,
                scrape.replica == 0, scrape.time > native.head.count.cursor.time
            else { continue }
            let falls = native.head.falls(sample, at: scrape.time, replica: 0)
            let judged = take(sample, of: scrape, .head, gapAfter, isReset: falls)
            feeds[feed].settle()
            if let judged { emit(sample, judged, judgement, news, &increments) }
        }
    }

    // MARK: Families

    /// Notes of which histogram a counted series is a part.
    mutating func noteFamily(_ feed: UInt32, of labels: Labels) {
        let index = Int(feed)
        let isNative = !feeds[index].native.isEmpty
        guard let family = HistogramFamily(labels, isNative: isNative) else { return }
        targets[Int(feeds[index].target)].hasHistograms = true
        feeds[index].family = family.identity
        guard let bucket = family.bucket else { return }
        feeds[index].bucket = bucket
        buckets[FamilyBound(family: family.identity, bound: bucket)] = feed
    }

    /// A feed is free again.
    mutating func forgetFamily(_ feed: UInt32) {
        let key = FamilyBound(family: feeds[Int(feed)].family, bound: feeds[Int(feed)].bucket)
        if buckets[key] == feed { buckets[key] = nil }
    }

    /// After a restart: what follows from the feeds.
    mutating func findFamilies() {
        let free = Set(freeFeeds)
        for index in feeds.indices where !feeds.isReleased(index) && !free.contains(UInt32(index)) {
            let feed = feeds[index]
            guard feed.family != 0 else { continue }
            targets[Int(feed.target)].hasHistograms = true
            guard !feed.bucket.isNaN else { continue }
            buckets[FamilyBound(family: feed.family, bound: feed.bucket)] = UInt32(index)
        }
    }
}

/// The histogram that a series is a part of.
struct HistogramFamily {
    /// A hash of its labels less `le`, its name less its suffix. Never 0.
    let identity: UInt64
    /// The number in `le`.
    let bucket: Double?

    /// Nil for a series that by its name and labels is of no histogram. A native one has the name
    /// without a suffix.
    init?(_ labels: Labels, isNative: Bool) {
        var name = labels[Labels.metricName] ?? ""
        let le = labels["le"].flatMap(bucketBound)
        if name.hasSuffix("_bucket"), le != nil {
            name.removeLast("_bucket".count)
        } else if name.hasSuffix("_count") && !isNative {
            name.removeLast("_count".count)
        } else if !isNative {
            return nil
        }
        bucket = le
        var pairs = labels.pairs.filter { $0.name != "le" && $0.name != Labels.metricName }
            .map { ($0.name, $0.value) }
        pairs.append((Labels.metricName, name))
        identity = max(1, Labels(pairs).fingerprint)
    }
}

/// The number of an `le` label: "0.25", "2.5e-1" and "+Inf". Nil for what is none.
public func bucketBound(_ text: String) -> Double? {
    guard let number = Double(text), !number.isNaN else { return nil }
    return number
}

extension JudgedSample {
    /// It went on from a value before.
    fileprivate var isCounting: Bool {
        switch kind {
        case .known(.normal), .known(.gap): true
        case .known(.reset), .known(.birth), .known(.baseline), .firstSeen: false
        }
    }

    /// Nothing is known of what it was before.
    fileprivate var isFirst: Bool {
        switch kind {
        case .firstSeen, .known(.baseline): true
        case .known(.normal), .known(.gap), .known(.reset), .known(.birth): false
        }
    }
}

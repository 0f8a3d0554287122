import Model

// Native histograms as counters. What is counted of one is the difference to the one before, bucket
// by bucket at the coarser resolution of both: thresholds of several SLOs are then read from it,
// and a histogram that lowers its resolution is no reset. A reset is what its hint says, or a
// count or bucket that fell, or a start that moved; a hint that says "none" is relative to a sample
// that we may not have, so it is not believed. Of several replicas the growth of the largest count
// within an epoch counts, as with other counters: the histogram with the larger count is the later.

/// One native histogram of a counted series, waiting in its scrape.
struct CountedHistogram: Sendable {
    var feed: UInt32
    var histogram: Histogram
    /// When it began to count, in milliseconds; 0 when the sample does not say.
    var start: Int64

    /// Its count, as a counter's sample.
    var counted: CountedSample { CountedSample(feed: feed, value: histogram.count, start: start) }
}

/// An increment before it is divided at anyone's bound.
struct JudgedHistogram: Sendable {
    var judged: JudgedSample
    /// What is counted, or for a baseline is not.
    let growth: Histogram
}

/// A native histogram as its samples so far have left it.
struct HistogramCounter: Sendable {
    var count = Counter()
    /// By replica, what its next one is compared with.
    var lasts: [Histogram?] = []
    /// The one with the largest count since the newest reset; and before that.
    var largest: Histogram?
    var largestBefore: Histogram?

    /// Whether it can be counted at all.
    private static func isCount(_ histogram: Histogram) -> Bool {
        histogram.resetHint != .gauge && !histogram.isStaleMarker
            && Counter.isCount(histogram.count)
    }

    /// Whether the next one would be judged a reset.
    func falls(_ sample: CountedHistogram, at time: Timestamp, replica: Int) -> Bool {
        guard Self.isCount(sample.histogram) else { return false }
        if count.falls(sample.counted, at: time, replica: replica) { return true }
        guard replica < lasts.count, let last = lasts[replica] else { return false }
        var histogram = sample.histogram
        if histogram.resetHint == .noReset { histogram.resetHint = .unknown }
        return histogram.isReset(since: last)
    }

    /// Takes the next one in time; nil when it is none of a counter. O(buckets).
    mutating func take(
        _ sample: CountedHistogram, at time: Timestamp, replica: Int, gapAfter: TimeSpan,
        isReset: Bool
    ) -> JudgedHistogram? {
        let histogram = sample.histogram
        guard Self.isCount(histogram),
            let judged = count.take(
                sample.counted, at: time, replica: replica, gapAfter: gapAfter, isReset: isReset)
        else { return nil }
        while lasts.count <= replica { lasts.append(nil) }
        lasts[replica] = histogram
        switch judged.kind {
        case .firstSeen, .known(.reset), .known(.birth), .known(.baseline):
            largestBefore = largest
            largest = histogram
            return JudgedHistogram(judged: judged, growth: histogram)
        case .known(.normal), .known(.gap):
            return grow(to: histogram, judged, replica)
        }
    }

    private mutating func grow(
        to histogram: Histogram, _ judged: JudgedSample, _ replica: Int
    ) -> JudgedHistogram {
        guard judged.value > 0 else {
            return JudgedHistogram(judged: judged, growth: Histogram())
        }
        let isOld = count.shared.first.map { $0.views[replica].epoch != $0.epoch } ?? false
        var growth = histogram
        var judged = judged
        if let known = isOld ? largestBefore : largest {
            do throws(HistogramMismatch) {
                try growth.subtract(known)
            } catch {
                // Other bounds in mid-life: how it grew cannot be told.
                judged.kind = .known(.baseline)
            }
        } else {
            judged.kind = .known(.baseline)
        }
        if isOld { largestBefore = histogram } else { largest = histogram }
        return JudgedHistogram(judged: judged, growth: growth)
    }
}

/// Both states of a counted series' native histograms, as `Feed` has them of its samples.
struct NativeFeed: Sendable {
    var base = HistogramCounter()
    var head = HistogramCounter()
}

extension Histogram {
    /// What a reading takes of it. A bucket that the bound cuts is on neither side. Observations of
    /// NaN are in no bucket; they count as above. O(buckets).
    func part(_ reading: Reading, bound: Double) -> Double {
        if reading == .nativeCount { return count }
        var below = 0.0
        var cut = 0.0
        for bucket in buckets {
            if bucket.upper <= bound {
                below += bucket.count
            } else if bucket.lower < bound {
                cut += bucket.count
            }
        }
        switch reading {
        case .nativeBelow: return below
        case .nativeUndecided: return cut
        case .nativeDecided: return count - cut
        case .counter, .witness, .histogramTotal, .histogramRest, .gauge, .nativeCount:
            return count
        }
    }
}

extension CountedHistogram: Archivable {
    static let blank = CountedHistogram(feed: 0, histogram: .blank, start: 0)

    mutating func archive(_ archive: inout Archive) {
        archive.field(&feed)
        archive.field(&histogram)
        archive.field(&start)
    }
}

extension HistogramCounter: Archivable {
    static let blank = HistogramCounter()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&count)
        archive.array(&lasts, blank: nil) { $0.field(&$1) }
        archive.field(&largest)
        archive.field(&largestBefore)
    }
}

extension NativeFeed: Archivable {
    static let blank = NativeFeed()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&base)
        archive.field(&head)
    }
}

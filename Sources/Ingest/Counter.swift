import Model

// What a counted series counts from (DESIGN §4.1): its last value, and how a further one is judged.
// A counter is a fold over its samples in time order; nothing here knows when they arrived.

/// One sample of a counted series, waiting in its scrape. 24 bytes.
struct CountedSample: Sendable {
    var feed: UInt32
    var value: Double
    /// When the counter began, in milliseconds; 0 when the sample does not say.
    var start: Int64
}

/// An increment before it is known who wants it.
struct JudgedSample: Sendable {
    enum Kind: Sendable {
        case known(IncrementClass)
        /// Birth or baseline, as the scrape and the consumer show. `start` is when the series
        /// itself says that its counter began.
        case firstSeen(start: Timestamp?)
    }

    var kind: Kind
    let value: Double
    let span: TimeSpan
}

/// Where one replica's view of a counter stands. 24 bytes.
struct CounterCursor: Sendable {
    /// Of the last count; `distantPast` before the first.
    var time = Timestamp.distantPast
    /// Negative when the series was seen and showed no count.
    var value = 0.0
    /// The newest start that was told; `distantPast` when none.
    var start = Timestamp.distantPast

    /// Nothing was ever seen of the series.
    var isUnseen: Bool { time == .distantPast && value >= 0 }
    var hasCounted: Bool { time != .distantPast }

    static let showsNoCount = CounterCursor(time: .distantPast, value: -1)

    /// Whether the sample's start is that of a restart. A start that is not before its sample says
    /// nothing (OpenTelemetry sends that for "unknown"), and one earlier than what is known cannot
    /// be that of a restart. The first one heard of a known counter is a restart if it lies after
    /// the previous sample.
    mutating func takeStart(_ millis: Int64, at time: Timestamp) -> StartNews {
        let told = Timestamp(millis: millis)
        guard millis > 0, told < time, told > start else { return .none }
        let known = start == .distantPast ? self.time : start
        start = told
        return hasCounted && told > known ? .restart : .began(told)
    }
}

/// What a sample's start says.
enum StartNews: Sendable {
    case none
    case began(Timestamp)
    case restart
}

/// A counter as its samples so far have left it.
struct Counter: Sendable {
    /// The only replica's view, while there is but one.
    var cursor = CounterCursor()
    /// Empty, or one element: several replicas send this series.
    var shared: [SharedCounter] = []

    /// NaN, infinities and negative values are no counts. Beyond 2^53 neighbouring whole numbers
    /// look the same: a counter that wrapped below zero (2^64) would swallow all later events.
    @inline(__always)
    static func isCount(_ value: Double) -> Bool { value >= 0 && value < 0x1p53 }

    /// Takes the next sample in time. Nil when it is no count. O(1), no allocation. With `isReset`
    /// it is known to have begun anew, as when another series of its histogram fell.
    mutating func take(
        _ sample: CountedSample, at time: Timestamp, replica: Int, gapAfter: TimeSpan,
        isReset: Bool = false
    ) -> JudgedSample? {
        if replica > 0 || !shared.isEmpty {
            return takeShared(
                sample, at: time, replica: replica, gapAfter: gapAfter, isReset: isReset)
        }
        let value = sample.value
        guard Self.isCount(value) else {
            if cursor.isUnseen { cursor.value = -1 }
            return nil
        }
        let news = sample.start == 0 ? .none : cursor.takeStart(sample.start, at: time)
        defer {
            cursor.time = time
            cursor.value = value
        }
        guard cursor.hasCounted else {
            let kind = isReset && cursor.isUnseen ? .known(.reset) : firstKind(cursor, news)
            return JudgedSample(kind: kind, value: value, span: .zero)
        }
        let step = time - cursor.time
        let isGap = step > gapAfter
        let span = isGap ? step : .zero
        if value < cursor.value || news.isRestart || isReset {
            return JudgedSample(kind: .known(.reset), value: value, span: span)
        }
        return JudgedSample(
            kind: .known(isGap ? .gap : .normal), value: value - cursor.value, span: span)
    }

    /// Takes the next value of a gauge; nil for NaN. The span says how long nothing was seen.
    mutating func takeGauge(
        _ sample: CountedSample, at time: Timestamp, gapAfter: TimeSpan
    ) -> JudgedSample? {
        guard !sample.value.isNaN else { return nil }
        let step = cursor.hasCounted ? time - cursor.time : .zero
        cursor.time = max(cursor.time, time)
        return JudgedSample(
            kind: .known(.normal), value: sample.value, span: step > gapAfter ? step : .zero)
    }

    /// Whether the next sample would be judged a reset.
    func falls(_ sample: CountedSample, at time: Timestamp, replica: Int) -> Bool {
        guard Self.isCount(sample.value) else { return false }
        var view = cursor
        if !shared.isEmpty {
            guard replica < shared[0].views.count else { return false }
            view = shared[0].views[replica].cursor
        } else if replica > 0 {
            return false
        }
        guard view.hasCounted else { return false }
        if sample.value < view.value { return true }
        return sample.start != 0 && view.takeStart(sample.start, at: time).isRestart
    }

    /// Whether a count of it was ever seen.
    var isSeen: Bool { cursor.hasCounted || !shared.isEmpty && shared[0].newest != .distantPast }

    /// A series that was there before and showed no count is not born now.
    func firstKind(_ cursor: CounterCursor, _ news: StartNews) -> JudgedSample.Kind {
        guard cursor.isUnseen else { return .known(.baseline) }
        if case .began(let start) = news { return .firstSeen(start: start) }
        return .firstSeen(start: nil)
    }
}

extension StartNews {
    var isRestart: Bool {
        if case .restart = self { return true }
        return false
    }
}

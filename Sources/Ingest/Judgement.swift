import Model

/// What decides between birth and baseline in one scrape (DESIGN §4.1): a first value counts when
/// the series is known to have begun while it was being watched.
struct Judgement {
    let scrape: Scrape
    let target: UInt32
    /// Since when the sender had come without a gap.
    let covered: Timestamp
    let processStart: Timestamp?
    /// The target's scrape before.
    let previous: Timestamp
    /// A scrape came at most two intervals ago and showed what there was.
    let isRecent: Bool

    func increment(_ judged: JudgedSample, for route: Route, metric: UInt32) -> Increment {
        let kind: IncrementClass
        switch judged.kind {
        case .known(let known): kind = known
        case .firstSeen(let start):
            kind = isBirth(start ?? processStart, route, metric) ? .birth : .baseline
        }
        return Increment(
            slot: route.slot, kind: kind, time: scrape.time, value: judged.value,
            span: judged.span, target: target)
    }

    private func isBirth(_ start: Timestamp?, _ route: Route, _ metric: UInt32) -> Bool {
        // Another series of the metric ended in this scrape: this one may be its new name.
        let mayBeRenamed = scrape.endedMetrics.contains(metric)
        if let start, start > max(covered, route.since), start <= scrape.time,
            !mayBeRenamed || start > previous
        {
            return true
        }
        return isRecent && !mayBeRenamed
    }
}

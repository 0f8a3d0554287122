public import Ingest
import Model

/// Events of the total, summed by the class of their increments. Kept per day.
public struct ClassTotals: Hashable, Sendable {
    private var normal = 0.0
    private var reset = 0.0
    private var gap = 0.0
    private var birth = 0.0
    private var baseline = 0.0

    public internal(set) subscript(_ kind: IncrementClass) -> Double {
        get {
            switch kind {
            case .normal: normal
            case .reset: reset
            case .gap: gap
            case .birth: birth
            case .baseline: baseline
            }
        }
        set {
            switch kind {
            case .normal: normal = newValue
            case .reset: reset = newValue
            case .gap: gap = newValue
            case .birth: birth = newValue
            case .baseline: baseline = newValue
            }
        }
    }
}

/// A time during which a group was not seen, and by what share of its targets.
struct UnobservedInterval: Hashable, Sendable {
    var from: Timestamp
    var to: Timestamp
    /// 1 when every target of the group was unseen.
    var weight: Double
}

/// What is left of a group's targets that retired long ago.
struct ForgottenTargets: Hashable, Sendable {
    var count: Int
    /// When the last of them was noticed to have retired.
    var noticed: Timestamp
}

/// The ledger of one SLO and one set of group labels.
struct GroupLedger: Sendable {
    static let unobservedMax = 32

    /// Index of its SLO in the ledger.
    var slo: Int
    let labels: Labels
    private let period: Period
    var history: EventHistory
    /// The spans that were seen, where `history` has what they stand for; empty where that is the
    /// same. An array of one, since few groups have it and all would hold the room.
    var drawn: [EventHistory] = []
    /// The first sample; nothing before it was seen.
    var started: Timestamp?
    /// The newest complete scrape.
    var asOf = Timestamp.distantPast
    var corrections = GroupCorrections()
    /// When a limit last shed a series of it, on the agent's clock.
    var shedLast = Timestamp.distantPast
    /// The first edge of the calendar or of a maintenance window that no event has passed.
    var nextEdge = Timestamp.distantPast
    var targets: [UInt32] = []
    /// Targets that are not up.
    var troubled = 0
    /// Of retired targets that are no longer among `targets`.
    private(set) var forgotten: ForgottenTargets?
    var isDirty = false
    /// The earliest change since it was last evaluated.
    var changedSince = Timestamp.distantFuture
    private(set) var unobserved: [UnobservedInterval] = []
    /// Minutes of gauges that may still change.
    var slices = SliceBook()
    /// Events that were seen and are neither good nor bad.
    private(set) var undecided = UndecidedEvents()
    private var classDays: [(day: Timestamp, totals: ClassTotals)] = []

    init(slo: Int, labels: Labels, period: Period) {
        self.slo = slo
        self.labels = labels
        self.period = period
        history = EventHistory(period: period)
    }

    /// Whether it had targets and all of them are forgotten: it has ended.
    var isForgotten: Bool { targets.isEmpty && forgotten != nil }

    /// Forgets a retired target that has left `targets`.
    mutating func forget(retiredAt noticed: Timestamp) {
        troubled -= 1
        let before = forgotten ?? ForgottenTargets(count: 0, noticed: noticed)
        forgotten = ForgottenTargets(
            count: before.count + 1, noticed: max(before.noticed, noticed))
    }

    /// Counts increments and marks the group dirty; true when it was clean.
    mutating func post(_ run: IncrementRun) -> Bool {
        if !run.isTakenBack { observe(run.time) }
        changedSince = min(changedSince, run.time)
        history.add(
            run.counts, at: run.time, span: run.span,
            increments: run.isTakenBack ? -run.increments : run.increments)
        if run.classes.0 != 0 { classify(run.classes.0, .normal, at: run.time) }
        if run.classes.1 != 0 { classify(run.classes.1, .reset, at: run.time) }
        if run.classes.2 != 0 { classify(run.classes.2, .gap, at: run.time) }
        if run.classes.3 != 0 { classify(run.classes.3, .birth, at: run.time) }
        if run.classes.4 != 0 { classify(run.classes.4, .baseline, at: run.time) }
        if run.undecided != 0 { undecided.add(run.undecided, at: run.time, from: periodStart) }
        defer { isDirty = true }
        return !isDirty
    }

    /// Counts events of which it is not known whether they are good, or takes them back.
    mutating func note(undecided events: Double, at time: Timestamp) {
        undecided.add(events, at: time, from: periodStart)
    }

    mutating func observe(_ time: Timestamp, isFirst: Bool = true) {
        if isFirst { started = min(started ?? time, time) }
        asOf = max(asOf, time)
    }

    /// Sums events of the total by class. `baseline` holds the values that were not counted.
    mutating func classify(_ value: Double, _ kind: IncrementClass, at time: Timestamp) {
        // 00:00:00 belongs to the old day. Calendar periods are not split: one of them is shown.
        let day =
            history.calendarStart(of: time) ?? (time - .milliseconds(1)).floor(to: .days(1))
        if let index = classDays.lastIndex(where: { $0.day == day }) {
            classDays[index].totals[kind] += value
            return
        }
        let start = periodStart
        let span = classSpan
        classDays.removeAll { $0.day + span <= start }
        var totals = ClassTotals()
        totals[kind] = value
        let index = classDays.firstIndex { $0.day > day } ?? classDays.count
        classDays.insert((day, totals), at: index)
    }

    /// Nothing before it is looked at any more.
    private var periodStart: Timestamp {
        history.calendarEdges.first?.at ?? EventHistory.lowerEdge(of: period.spanMax, to: asOf)
    }

    private var classSpan: TimeSpan { period.calendar == nil ? .days(1) : .milliseconds(1) }

    /// The classes from `time` on; its lower edge rounds outward to a day, or is a calendar edge.
    func classes(from time: Timestamp) -> ClassTotals {
        var sum = ClassTotals()
        for entry in classDays where entry.day + classSpan > time {
            for kind in IncrementClass.allCases { sum[kind] += entry.totals[kind] }
        }
        return sum
    }

    /// Notes a time that was not seen and is not made good by the counters. Bounded: the two
    /// closest intervals are joined to make room, which can only widen the bounds.
    mutating func addUnobserved(_ interval: UnobservedInterval) {
        guard interval.to > interval.from, !unobserved.contains(interval) else { return }
        let start = periodStart
        unobserved.removeAll { $0.to <= start }
        if unobserved.count >= Self.unobservedMax { joinClosest() }
        let index = unobserved.firstIndex { $0.from > interval.from } ?? unobserved.count
        unobserved.insert(interval, at: index)
    }

    /// A late sample showed that the counter did not fall there.
    mutating func removeUnobserved(_ interval: UnobservedInterval) {
        unobserved.removeAll { $0.from == interval.from && $0.to == interval.to }
    }

    private mutating func joinClosest() {
        var closest = 1
        for index in 1..<unobserved.count where gap(before: index) < gap(before: closest) {
            closest = index
        }
        unobserved[closest - 1].to = max(unobserved[closest - 1].to, unobserved[closest].to)
        unobserved[closest - 1].weight = max(
            unobserved[closest - 1].weight, unobserved[closest].weight)
        unobserved.remove(at: closest)
    }

    private func gap(before index: Int) -> TimeSpan {
        unobserved[index].from - unobserved[index - 1].to
    }

    /// Weighted seconds of (from, to] that were not seen, at most its length.
    func unobservedSeconds(from: Timestamp, to: Timestamp) -> Double {
        var seconds = 0.0
        for interval in unobserved {
            let overlap = min(interval.to, to) - max(interval.from, from)
            if overlap > .zero { seconds += overlap.seconds * interval.weight }
        }
        return min(seconds, max(0, (to - from).seconds))
    }
}

extension GroupLedger {
    /// What replaying gives and nothing else does: not its number of troubled targets, which
    /// follows from their conditions.
    mutating func archive(_ archive: inout Archive) {
        history.archive(&archive)
        archive.time(&started)
        archive.time(&asOf)
        archive.time(&shedLast)
        archive.field(&targets)
        // Bits: whether it is dirty, whether there is a history of what was drawn.
        var bits: UInt8 = (isDirty ? 1 : 0) | (drawn.isEmpty ? 0 : 2)
        archive.field(&bits)
        if bits > 3 { archive.fail() }
        isDirty = bits & 1 == 1
        if bits & 2 == 2 {
            var own = drawn.first ?? EventHistory(period: period)
            own.archive(&archive)
            drawn = [own]
        }
        changedSince = isDirty ? .distantPast : .distantFuture
        let blank = ForgottenTargets(count: 0, noticed: .distantPast)
        archive.optional(&forgotten, blank: blank) { archive, forgotten in
            archive.count(&forgotten.count)
            archive.time(&forgotten.noticed)
        }
        let interval = UnobservedInterval(from: .distantPast, to: .distantPast, weight: 0)
        archive.array(&unobserved, blank: interval) { archive, interval in
            archive.time(&interval.from)
            archive.time(&interval.to)
            archive.number(&interval.weight)
        }
        if unobserved.count > Self.unobservedMax { archive.fail() }
        slices.archive(&archive)
        undecided.archive(&archive)
        archive.array(&classDays, blank: (day: .distantPast, totals: ClassTotals())) {
            archive, entry in
            archive.time(&entry.day)
            for kind in IncrementClass.allCases { archive.number(&entry.totals[kind]) }
        }
    }
}

import Model
import Wire

// Runs against a schedule: each time of it is one event, counted at the latest moment at which it
// could be met. A run meets the time at which, or the first one before which, it began. What comes
// later and says that a time was met after all corrects it, for the last 64 times.

/// The times of one group of an SLO.
struct ScheduleGroup: Sendable {
    struct Closed: Hashable, Sendable {
        var at: Timestamp
        var isGood: Bool
    }

    /// When a time was met first.
    struct Met: Hashable, Sendable {
        var at: Timestamp
        var endedAt: Timestamp
    }

    static let kept = 64

    var labels: Labels
    var since: Timestamp
    /// The first time that is not closed.
    var nextAt: Timestamp
    var closed: [Closed] = []
    var met: [Met] = []

    init(_ labels: Labels, _ entry: WatchList.Entry, at now: Timestamp) {
        self.labels = labels
        since = max(entry.since, now)
        nextAt = entry.watch.rule.schedule?.next(after: since) ?? .distantFuture
    }

    init(_ labels: Labels) {
        self.labels = labels
        since = .distantPast
        nextAt = .distantFuture
    }

    /// Notes that a run met a time; true when a time that was counted bad was met after all.
    mutating func meet(_ at: Timestamp, endedAt: Timestamp, within: TimeSpan) -> Bool {
        guard at > since else { return false }
        if let known = met.firstIndex(where: { $0.at == at }) {
            met[known].endedAt = min(met[known].endedAt, endedAt)
        } else {
            let place = met.firstIndex { $0.at > at } ?? met.count
            met.insert(Met(at: at, endedAt: endedAt), at: place)
            if met.count > Self.kept { met.removeFirst() }
        }
        guard endedAt <= at + within,
            let place = closed.firstIndex(where: { $0.at == at && !$0.isGood })
        else { return false }
        closed[place].isGood = true
        return true
    }

    /// Closes the first time that is due; nil when none is.
    mutating func close(at now: Timestamp, _ rule: RunRule) -> Closed? {
        guard nextAt + rule.within < now, let schedule = rule.schedule else { return nil }
        let at = nextAt
        nextAt = schedule.next(after: at) ?? .distantFuture
        let isGood = met.contains { $0.at == at && $0.endedAt <= at + rule.within }
        let one = Closed(at: at, isGood: isGood)
        closed.append(one)
        if closed.count > Self.kept { closed.removeFirst() }
        return one
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&labels)
        archive.field(&since)
        archive.field(&nextAt)
        archive.array(&closed, blank: Closed(at: .distantPast, isGood: false)) {
            $0.field(&$1.at)
            $0.field(&$1.isGood)
        }
        archive.array(&met, blank: Met(at: .distantPast, endedAt: .distantPast)) {
            $0.field(&$1.at)
            $0.field(&$1.endedAt)
        }
        if closed.count > Self.kept || met.count > Self.kept { archive.fail() }
    }
}

extension RunBook {
    /// Groups of one SLO whose schedules are followed.
    private static let groupsMax = 10_000
    /// Times closed in one go; after a longer absence the rest follows with the next event.
    private static let closedMax = 10_000

    /// Notes which time of a schedule a run meets.
    mutating func meet(_ index: Int, _ place: Int, at now: Timestamp) {
        let run = runs[place]
        let rule = watches.entries[index].watch.rule
        let labels = run.labels.keeping(watches.entries[index].watch.by)
        var group = watches.entries[index].groups.firstIndex { $0.labels == labels }
        if group == nil && watches.entries[index].groups.count < Self.groupsMax {
            let made = ScheduleGroup(labels, watches.entries[index], at: now)
            watches.entries[index].groups.append(made)
            group = watches.entries[index].groups.count - 1
            watches.note(made, rule)
        }
        guard let group, run.outcome == .completed, let schedule = rule.schedule,
            let at = schedule.last(notAfter: run.begin ?? run.endedAt)
        else { return }
        let isMended = watches.entries[index].groups[group].meet(
            at, endedAt: run.endedAt, within: rule.within)
        guard isMended else { return }
        tally.corrected += 1
        posts.append(
            RunPost(watches.entries[index].watch, labels, at: at + rule.within, bad: -1, total: 0))
    }

    /// Counts the times that are over.
    mutating func advanceSchedules(to now: Timestamp) {
        guard let next = watches.nextDeadline, next <= now else { return }
        var left = Self.closedMax
        for index in watches.entries.indices where watches.entries[index].removedAt == nil {
            let watch = watches.entries[index].watch
            guard watch.rule.schedule != nil else { continue }
            for group in watches.entries[index].groups.indices {
                while left > 0,
                    let one = watches.entries[index].groups[group].close(at: now, watch.rule)
                {
                    left -= 1
                    posts.append(
                        RunPost(
                            watch, watches.entries[index].groups[group].labels,
                            at: one.at + watch.rule.within, bad: one.isGood ? 0 : 1, total: 1))
                }
            }
        }
        watches.findDeadline()
    }
}

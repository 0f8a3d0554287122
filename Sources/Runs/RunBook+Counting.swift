public import Model

// What SLOs count of runs. A watch has a number for as long as its ledger stays, which a run's
// counts are kept under: a day after the SLO was removed too, as the ledger does.

/// The SLOs of runs in force, and those removed less than a day ago.
struct WatchList: Sendable {
    struct Entry: Sendable {
        var number: UInt32
        var watch: RunWatch
        /// What happened before is not counted.
        var since: Timestamp
        var removedAt: Timestamp?
        var groups: [ScheduleGroup] = []
        /// Numbers of the facets that its rule asks for.
        var facets: [UInt32?] = []
    }

    static let removedKept = TimeSpan.days(1)

    var entries: [Entry] = []
    /// Goes up with each change.
    var generation: UInt64 = 1
    var lastNumber: UInt32 = 0
    /// Read from a checkpoint, to be found again by `configure`.
    var restored: [RestoredWatch] = []

    var isEmpty: Bool { entries.allSatisfy { $0.removedAt != nil } }

    /// When the next time of a schedule is over.
    private(set) var nextDeadline: Timestamp?

    /// After a group came.
    mutating func note(_ group: ScheduleGroup, _ rule: RunRule) {
        let due = group.nextAt + rule.within + .milliseconds(1)
        nextDeadline = min(nextDeadline ?? due, due)
    }

    /// After times were closed, or SLOs have changed.
    mutating func findDeadline() {
        nextDeadline =
            entries.filter { $0.removedAt == nil && $0.watch.rule.schedule != nil }
            .flatMap { entry in entry.groups.map { $0.nextAt + entry.watch.rule.within } }
            .min().map { $0 + .milliseconds(1) }
    }

    func index(of number: UInt32) -> Int? { entries.firstIndex { $0.number == number } }
}

extension RunBook {
    /// Takes the SLOs in force.
    public mutating func configure(
        _ new: [RunWatch], _ settings: RunSettings, at now: Timestamp
    ) {
        self.settings = settings
        var old = watches.entries
        var kept: [WatchList.Entry] = []
        for watch in new {
            if let place = old.firstIndex(where: { $0.watch == watch }) {
                var entry = old.remove(at: place)
                entry.removedAt = nil
                kept.append(entry)
            } else if let place = watches.restored.firstIndex(where: { $0.isOf(watch) }) {
                kept.append(watches.restored.remove(at: place).entry(watch))
            } else {
                watches.lastNumber += 1
                kept.append(
                    WatchList.Entry(number: watches.lastNumber, watch: watch, since: now))
            }
        }
        for var entry in old {
            let removedAt = entry.removedAt ?? now
            guard now - removedAt < WatchList.removedKept else { continue }
            entry.removedAt = removedAt
            kept.append(entry)
        }
        for index in kept.indices {
            let rule = kept[index].watch.rule
            kept[index].facets = rule.facets.map { facetNames.number(of: $0) }
            if rule.schedule != nil && kept[index].watch.by.isEmpty && kept[index].groups.isEmpty {
                kept[index].groups = [ScheduleGroup(.empty, kept[index], at: now)]
            }
        }
        watches.entries = kept
        watches.generation += 1
        watches.findDeadline()
        if minute == .distantPast { minute = now.floor(to: .minutes(1)) }
        wakeAll(at: now)
    }

    /// Hands out what was counted since.
    public mutating func takePosts() -> [RunPost] {
        if posts.isEmpty { return [] }
        defer { posts.removeAll(keepingCapacity: true) }
        return posts
    }

    /// The whole minute that has passed since the last call, up to which everything that came is
    /// counted; nil when none has.
    public mutating func takeMinute(at now: Timestamp) -> Timestamp? {
        let current = now.floor(to: .minutes(1))
        guard !watches.isEmpty, current > minute else { return nil }
        minute = current
        return current
    }

    // MARK: One run

    /// Counts the difference that the last change of a run makes.
    mutating func recount(_ place: Int, at now: Timestamp) {
        if runs[place].matchedIn != watches.generation { match(place) }
        var wakesAt = Timestamp.distantFuture
        var seen = 0
        for number in runs[place].matched {
            guard let index = watches.index(of: number) else { continue }
            let entry = watches.entries[index]
            let rule = entry.watch.rule
            if rule.measure == .lateness && rule.schedule != nil {
                meet(index, place, at: now)
                continue
            }
            var verdict = rule.verdict(of: runs[place], facets: entry.facets, at: now)
            if let told = verdict, told.at < entry.since { verdict = nil }
            let group = runs[place].labels.keeping(entry.watch.by)
            if update(place, entry, group, verdict) { seen += 1 }
            if let at = rule.wakesAt(runs[place], at: now) { wakesAt = min(wakesAt, at) }
        }
        if runs[place].counts.count > seen { takeBackUnmatched(place) }
        sleep(place, until: wakesAt)
    }

    private mutating func match(_ place: Int) {
        runs[place].matched = watches.entries.filter {
            $0.removedAt == nil && $0.watch.rule.matches(runs[place])
        }.map(\.number)
        runs[place].matchedIn = watches.generation
    }

    /// Replaces what a watch has counted of a run; whether it has counted it now.
    private mutating func update(
        _ place: Int, _ entry: WatchList.Entry, _ group: Labels, _ verdict: RunVerdict?
    ) -> Bool {
        let known = runs[place].counts.firstIndex { $0.watch == entry.number }
        if let known {
            let old = runs[place].counts[known]
            if old.verdict == verdict && old.group == group { return true }
            posts.append(RunPost(entry.watch, old.group, old.verdict, -1))
            tally.corrected += 1
            runs[place].counts.remove(at: known)
        }
        guard let verdict else { return false }
        if verdict.finding == .bad && runs[place].outcome == nil { tally.hung += 1 }
        posts.append(RunPost(entry.watch, group, verdict, 1))
        runs[place].counts.append(
            RunCount(watch: entry.number, group: group, verdict: verdict))
        return true
    }

    /// What was counted by watches that do not select the run any more.
    private mutating func takeBackUnmatched(_ place: Int) {
        let matched = runs[place].matched
        for count in runs[place].counts where !matched.contains(count.watch) {
            guard let index = watches.index(of: count.watch),
                watches.entries[index].removedAt == nil
            else { continue }
            posts.append(RunPost(watches.entries[index].watch, count.group, count.verdict, -1))
            tally.corrected += 1
        }
        let watches = self.watches
        runs[place].counts.removeAll { count in
            guard !matched.contains(count.watch) else { return false }
            guard let index = watches.index(of: count.watch) else { return true }
            return watches.entries[index].removedAt == nil
        }
    }
}

import Alerting
import Ingest
import Model
import Query

// When groups of rules are evaluated, and what they remember. As Prometheus does, each group has a
// phase of its own within its interval, by a hash of its file and name, so that groups spread over
// the time; a group that is still being evaluated when it is due again waits, and what it misses
// meanwhile is counted.

/// A rule and what it remembers.
struct ScheduledRule: Sendable {
    /// Sorted by labels.
    var alerts: [RuleAlert] = []
    /// The series it gave the last time, ascending.
    var series: [UInt32] = []
    var error: String?
    /// When it was last evaluated, on the agent's clock; the distant past before the first time.
    var evaluatedAt = Timestamp.distantPast
    var nanoseconds: Int64 = 0
}

/// A group in force.
struct ScheduledGroup: Sendable {
    var group: RuleGroup
    var interval: TimeSpan
    /// When it is due the next time.
    var next: Timestamp
    /// Due, and not begun yet.
    var waiting: Timestamp?
    /// The round that is being evaluated, and its time.
    var round: UInt64?
    var roundTime = Timestamp.distantPast
    /// Parallel to the group's rules.
    var rules: [ScheduledRule]
    /// Series of rules that are no more, to be ended with the next round.
    var orphans: [UInt32] = []

    /// When the last round began, on the agent's clock, and the time it was for.
    var evaluatedAt = Timestamp.distantPast
    var evaluatedFor = Timestamp.distantPast
    var nanoseconds: Int64 = 0
    var samples = 0
    var iterations: UInt64 = 0
    var missed: UInt64 = 0
    var evaluations: UInt64 = 0
    var failures: UInt64 = 0

    /// A group that was not there before.
    init(_ group: RuleGroup, interval: TimeSpan, now: Timestamp) {
        self.group = group
        self.interval = interval
        next = now
        rules = Array(repeating: ScheduledRule(), count: group.rules.count)
        next = slot(at: now) + interval
    }

    /// The latest of the group's times that is not after this one.
    func slot(at time: Timestamp) -> Timestamp {
        var hash = FNV1a64()
        hash.combine(group.file.utf8)
        hash.combine(0xff)
        hash.combine(group.name.utf8)
        let phase = TimeSpan(millis: Int64(hash.value % UInt64(max(1, interval.millis))))
        return (time - phase).floor(to: interval) + phase
    }

    /// Notes that it is due; what it missed is counted.
    mutating func fall(due now: Timestamp) {
        let passed = (now - next).millis / interval.millis
        missed += UInt64(passed) + (waiting == nil ? 0 : 1)
        waiting = next + interval * passed
        next = next + interval * (passed + 1)
    }

    var key: RuleGroupKey { RuleGroupKey(file: group.file, name: group.name) }
}

/// What tells groups apart.
struct RuleGroupKey: Hashable, Comparable, Sendable {
    var file: String
    var name: String

    static func < (left: Self, right: Self) -> Bool {
        if left.file != right.file {
            return left.file.utf8.lexicographicallyPrecedes(right.file.utf8)
        }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}

/// Series of a group that was removed: they end unless another group gives them meanwhile.
struct EndingSeries: Sendable {
    var ids: [UInt32]
    /// When they were last in force.
    var at: Timestamp
    var due: Timestamp
}

/// All groups, and what is counted of them together.
struct RuleSchedule: Sendable {
    /// Rounds under way at a time: as many points in time of the store are held.
    static let roundsMax = 4

    /// Sorted by file and name.
    var groups: [ScheduledGroup] = []
    var ending: [EndingSeries] = []
    /// Samples made, stored and refused.
    var tally = MadeTally()
    /// Rule alerts that fire, by their labels, and how many rules fire each.
    var firing: [Labels: Int] = [:]
    private(set) var lastRound: UInt64 = 0
    private var earliest: Timestamp?
    private var underWay = 0
    private var waiting = 0

    /// When something is due.
    var nextDeadline: Timestamp? {
        [earliest, ending.map(\.due).min()].compactMap { $0 }.min()
    }

    // MARK: Rounds

    /// The rounds to begin now. O(1) when nothing is due, else O(groups).
    mutating func begin(at now: Timestamp, _ context: RuleContext) -> [RuleRound] {
        if let earliest, earliest <= now {
            for index in groups.indices where groups[index].next <= now {
                if groups[index].waiting == nil { waiting += 1 }
                groups[index].fall(due: now)
            }
            self.earliest = groups.map(\.next).min()
        }
        var rounds: [RuleRound] = []
        while waiting > 0, underWay < Self.roundsMax, let index = longestWaiting() {
            waiting -= 1
            underWay += 1
            rounds.append(begin(index, context))
        }
        return rounds
    }

    private func longestWaiting() -> Int? {
        var found: (index: Int, since: Timestamp)?
        for (index, group) in groups.enumerated() where group.round == nil {
            guard let since = group.waiting, since < found?.since ?? .distantFuture else {
                continue
            }
            found = (index, since)
        }
        return found?.index
    }

    private mutating func begin(_ index: Int, _ context: RuleContext) -> RuleRound {
        let time = groups[index].waiting ?? groups[index].next
        lastRound += 1
        groups[index].waiting = nil
        groups[index].round = lastRound
        groups[index].roundTime = time
        let rules = groups[index].rules
        return RuleRound(
            number: lastRound, group: groups[index].group, time: time, context: context,
            alerts: rules.map(\.alerts), series: rules.map(\.series))
    }

    /// The group whose round this is; nil when nobody waits for it any more.
    func group(of round: UInt64) -> Int? { groups.firstIndex { $0.round == round } }

    /// A round has ended.
    mutating func end(_ index: Int) {
        groups[index].round = nil
        underWay -= 1
    }

    /// The process starts again: rounds under way are lost, and what was due meanwhile is not made
    /// up for. The time nobody looked does not count as time an alert was pending.
    mutating func restarted(at now: Timestamp) {
        for index in groups.indices {
            if groups[index].round != nil { groups[index].missed += 1 }
            groups[index].round = nil
            groups[index].waiting = nil
            let unseen = now - groups[index].evaluatedFor - groups[index].interval
            if unseen > groups[index].interval { groups[index].postpone(by: unseen) }
            if groups[index].next <= now {
                groups[index].next = groups[index].slot(at: now) + groups[index].interval
            }
        }
        recount()
    }

    /// Works out what is kept of all groups.
    mutating func recount() {
        earliest = groups.map(\.next).min()
        underWay = groups.count { $0.round != nil }
        waiting = groups.count { $0.waiting != nil }
        firing = [:]
        for group in groups {
            for rule in group.rules {
                for alert in rule.alerts where alert.state.isFiring {
                    firing[alert.labels, default: 0] += 1
                }
            }
        }
    }

    mutating func restore(lastRound: UInt64) { self.lastRound = lastRound }
}

extension ScheduledGroup {
    fileprivate mutating func postpone(by span: TimeSpan) {
        for rule in rules.indices {
            for index in rules[rule].alerts.indices {
                guard case .pending(let since) = rules[rule].alerts[index].state else { continue }
                rules[rule].alerts[index].state = .pending(since: since + span)
            }
        }
    }
}

import Alerting
import Ingest
import Model

// What rules remember, in checkpoints: first what is common to all groups, then some groups a
// section. Groups are named by file and name, which the configuration has.

extension RuleSchedule {
    /// Rules in a section, about; a group is never cut.
    private static let rulesPerSection = 500

    /// The sections from one group on; the first also holds what is common. Nil after the last.
    func section(from first: inout Int?) -> [UInt8]? {
        var archive = Archive()
        var copy = self
        guard let from = first else {
            var isCommon = true
            archive.field(&isCommon)
            copy.archiveCommon(&archive)
            first = 0
            return archive.bytes
        }
        guard from < groups.count else { return nil }
        var isCommon = false
        archive.field(&isCommon)
        var end = from
        var rules = 0
        while end < groups.count && (end == from || rules < Self.rulesPerSection) {
            rules += groups[end].rules.count
            end += 1
        }
        var part = groups[from..<end].map { StoredGroup($0) }
        archive.field(&part)
        first = end
        return archive.bytes
    }

    /// Takes the next section. False when it is malformed, or of groups that are not in force.
    mutating func restore(_ section: [UInt8]) -> Bool {
        var archive = Archive(reading: section)
        var isCommon = false
        archive.field(&isCommon)
        if isCommon {
            archiveCommon(&archive)
            return archive.isComplete
        }
        var part: [StoredGroup] = []
        archive.field(&part)
        guard archive.isComplete else { return false }
        var places: [RuleGroupKey: Int] = [:]
        for (place, group) in groups.enumerated() { places[group.key] = place }
        for stored in part {
            guard let place = places[stored.key],
                stored.state.rules.count == groups[place].rules.count
            else { return false }
            groups[place].take(stored.state)
        }
        return true
    }

    private mutating func archiveCommon(_ archive: inout Archive) {
        var round = lastRound
        archive.field(&round)
        restore(lastRound: round)
        archive.field(&tally)
        archive.array(&ending, blank: EndingSeries(ids: [], at: .distantPast, due: .distantPast)) {
            $0.field(&$1.ids)
            $0.field(&$1.at)
            $0.field(&$1.due)
        }
    }
}

/// A group by its name, and its state.
private struct StoredGroup: Archivable {
    static let blank = StoredGroup()

    var key = RuleGroupKey(file: "", name: "")
    var state = GroupState()

    private init() {}

    init(_ group: ScheduledGroup) {
        key = group.key
        state = group.state
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&key.file)
        archive.field(&key.name)
        archive.field(&state)
    }
}

/// All that a group knows besides its rules' text.
private struct GroupState: Archivable {
    static let blank = GroupState()

    var next = Timestamp.distantPast
    var waiting: Timestamp?
    /// 0 for none.
    var round: UInt64 = 0
    var times: [Timestamp] = []
    var counts: [UInt64] = []
    var rules: [ScheduledRule] = []
    var orphans: [UInt32] = []

    mutating func archive(_ archive: inout Archive) {
        archive.field(&next)
        archive.field(&waiting)
        archive.field(&round)
        archive.array(&times, blank: .distantPast) { $0.field(&$1) }
        archive.array(&counts, blank: 0) { $0.field(&$1) }
        archive.field(&rules)
        archive.field(&orphans)
        if archive.isReading && (times.count != 3 || counts.count != 6) { archive.fail() }
    }
}

extension ScheduledGroup {
    fileprivate var state: GroupState {
        var state = GroupState()
        state.next = next
        state.waiting = waiting
        state.round = round ?? 0
        state.times = [roundTime, evaluatedAt, evaluatedFor]
        state.counts = [
            iterations, missed, evaluations, failures, UInt64(samples),
            UInt64(bitPattern: nanoseconds),
        ]
        state.rules = rules
        state.orphans = orphans
        return state
    }

    fileprivate mutating func take(_ state: GroupState) {
        next = state.next
        waiting = state.waiting
        round = state.round == 0 ? nil : state.round
        (roundTime, evaluatedAt, evaluatedFor) = (state.times[0], state.times[1], state.times[2])
        (iterations, missed) = (state.counts[0], state.counts[1])
        (evaluations, failures) = (state.counts[2], state.counts[3])
        samples = Int(clamping: state.counts[4])
        nanoseconds = Int64(bitPattern: state.counts[5])
        rules = state.rules
        orphans = state.orphans
    }
}

extension ScheduledRule: Archivable {
    static let blank = ScheduledRule()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&alerts)
        archive.field(&series)
        archive.optional(&error, blank: "") { $0.field(&$1) }
        archive.field(&evaluatedAt)
        archive.field(&nanoseconds)
    }
}

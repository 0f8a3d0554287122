import Model
import SLO

// SLIs that the agent asks for itself: when each is due and what is under way. What is asked is an
// effect, the answer an event, so replay counts what was answered then and asks nothing. Each SLO
// has one question under way at most; what it misses meanwhile is not made up for and shows as time
// that was not seen.

/// The questions of the SLOs in force.
struct AskSchedule: Sendable {
    /// One SLO's.
    struct Slot: Sendable {
        var service: String
        var name: String
        /// When it is due the next time.
        var due: Timestamp
        /// The question under way: its number, what time it is about, when it was asked.
        var asked: (id: UInt64, about: Timestamp, at: Timestamp)?
        /// What the last answer was, for people; empty when it was good.
        var last = ""
        // Of the definition.
        var sli: SLI?
        var by: [String] = []
        var interval = TimeSpan.minutes(1)
        var timeout = TimeSpan.zero

        var isQuery: Bool {
            if case .query = sli { return true }
            return false
        }
    }

    /// No answer so long after its time-out is none.
    /// Queries under way at a time: as many points in time of the store are held.
    static let queriesMax = 8
    private static let grace = TimeSpan.seconds(30)
    /// The first probes after a configuration are spread over this time.
    private static let spread: UInt64 = 5000

    private(set) var slots: [Slot] = []
    private var lastID: UInt64 = 0
    private(set) var tally = AskTally()
    private var earliest: Timestamp?

    /// Takes the SLOs in force. Those that stay go on as they were.
    mutating func configure(
        _ definitions: [SLODefinition], now: Timestamp, settings: AskSettings
    ) {
        let old = slots
        slots = definitions.compactMap { definition in
            guard let times = settings.times(of: definition.sli) else { return nil }
            let known = old.first {
                $0.service == definition.service && $0.name == definition.name
            }
            let first = now + Self.phase(of: definition, within: times.interval)
            var slot =
                known ?? Slot(service: definition.service, name: definition.name, due: first)
            slot.due = min(slot.due, now + times.interval)
            slot.sli = definition.sli
            slot.by = definition.by
            slot.interval = times.interval
            slot.timeout = times.timeout
            return slot
        }
        findEarliest()
    }

    private static func phase(of definition: SLODefinition, within interval: TimeSpan) -> TimeSpan {
        var hash = FNV1a64()
        hash.combine(definition.key.utf8)
        let span = min(spread, UInt64(max(1, interval.millis)))
        return .milliseconds(Int64(hash.value % span))
    }

    private var queriesUnderWay: Int { slots.count { $0.isQuery && $0.asked != nil } }

    /// When `begin` has something to do next.
    var nextDeadline: Timestamp? { earliest }

    private mutating func findEarliest() {
        let isFull = queriesUnderWay >= Self.queriesMax
        earliest = slots.map { slot in
            guard let asked = slot.asked else {
                // One that has to wait is due when another has ended.
                return slot.isQuery && isFull ? .distantFuture : slot.due
            }
            return asked.at + slot.timeout + Self.grace
        }.min()
    }

    /// The questions to ask now, with the time each is about. O(1) when nothing is due.
    mutating func begin(at now: Timestamp) -> [(id: AskID, slot: Slot, about: Timestamp)] {
        guard let earliest, earliest <= now else { return [] }
        var begun: [(id: AskID, slot: Slot, about: Timestamp)] = []
        var room = Self.queriesMax - queriesUnderWay
        for index in slots.indices {
            if let asked = slots[index].asked {
                guard now >= asked.at + slots[index].timeout + Self.grace else { continue }
                slots[index].asked = nil
                tally.lost += 1
                if slots[index].isQuery { room += 1 }
            }
            guard slots[index].due <= now else { continue }
            if slots[index].isQuery {
                guard room > 0 else { continue }
                room -= 1
            }
            let behind = (now - slots[index].due).millis / slots[index].interval.millis
            let about = slots[index].due + slots[index].interval * behind
            slots[index].due = about + slots[index].interval
            lastID += 1
            slots[index].asked = (lastID, about, now)
            begun.append((AskID(lastID), slots[index], about))
        }
        tally.asked += begun.count
        findEarliest()
        return begun
    }

    /// Takes an answer; nil when nobody waits for it any more.
    mutating func end(
        _ id: AskID, _ answer: Answer
    ) -> (slot: Slot, about: Timestamp)? {
        guard let index = slots.firstIndex(where: { $0.asked?.id == id.number }),
            let asked = slots[index].asked
        else { return nil }
        tally.note(answer)
        slots[index].asked = nil
        slots[index].last = answer.fault
        findEarliest()
        return (slots[index], asked.about)
    }

    /// The process starts again: nothing is under way, and what was due meanwhile is past.
    mutating func restarted(at now: Timestamp) {
        for index in slots.indices where slots[index].asked != nil {
            slots[index].asked = nil
            tally.lost += 1
        }
        findEarliest()
    }

    /// What was wrong with the last answer for an SLO; empty when nothing was.
    func fault(of definition: SLODefinition) -> String {
        slots.first { $0.service == definition.service && $0.name == definition.name }?.last ?? ""
    }
}

/// How often and how long.
struct AskSettings: Sendable {
    var queryInterval: TimeSpan
    var queryTimeout: TimeSpan

    /// Nil for a kind that is not asked for.
    func times(of sli: SLI) -> (interval: TimeSpan, timeout: TimeSpan)? {
        switch sli {
        case .probe(let sli): (sli.interval, sli.request.timeout)
        case .query: (queryInterval, queryTimeout)
        case .events, .latency, .freshness, .threshold, .composite, .runs, .spans: nil
        }
    }
}

/// What became of questions; asked = answered + lost + under way.
struct AskTally: Sendable {
    var asked = 0
    var lost = 0
    /// Answers by what was wrong with them; empty when nothing was.
    var answers: [String: Int] = [:]

    mutating func note(_ answer: Answer) { answers[answer.kind, default: 0] += 1 }
}

extension AskSchedule {
    /// All but what the definitions give: `configure` must follow.
    mutating func archive(_ archive: inout Archive) {
        archive.field(&lastID)
        archive.field(&tally.asked)
        archive.field(&tally.lost)
        archive.dictionary(&tally.answers, blankKey: "", blank: 0) {
            $0.field(&$1)
            $0.field(&$2)
        }
        let blank = Slot(service: "", name: "", due: .distantPast)
        archive.array(&slots, blank: blank) { archive, slot in
            archive.field(&slot.service)
            archive.field(&slot.name)
            archive.field(&slot.due)
            archive.optional(&slot.asked, blank: (0, .distantPast, .distantPast)) {
                $0.field(&$1.id)
                $0.field(&$1.about)
                $0.field(&$1.at)
            }
            archive.field(&slot.last)
        }
    }
}

import Model

// When an event passes an edge of its SLO's calendar or of a maintenance window, the counts so far
// are marked. An edge is looked for once and then compared with: between two of them an event costs
// one comparison more.

extension Ledger {
    /// Marks every edge before `time`; an event at `time` comes next.
    mutating func passEdges(of index: Int, before time: Timestamp) {
        let entry = entries[groups[index].slo]
        let period = entry.definition.period
        if let calendar = period.calendar {
            groups[index].history.markCalendar(calendar, before: time)
        }
        let rules = groups[index].corrections.excluding
        if !rules.isEmpty || !groups[index].history.exclusions.isEmpty {
            // A bucket more, for what was rounded outward.
            let start = max(time, groups[index].history.newest) - period.spanMax - .hours(4)
            var wanted: [Exclusion] = []
            for rule in rules {
                for one in entry.corrections.maintenance[rule].occurrences(from: start, to: time) {
                    wanted.append(
                        Exclusion(rule: rule, from: one.from, to: one.to, low: .blank, high: nil))
                }
            }
            groups[index].history.markExclusions(wanted, before: time)
            for own in groups[index].drawn.indices {
                groups[index].drawn[own].markExclusions(wanted, before: time)
            }
        }
        groups[index].nextEdge = nextEdge(of: index, notBefore: time)
    }

    /// Works out what the newest event has passed, after a restart.
    mutating func setNextEdge(of index: Int) {
        let newest = groups[index].history.newest
        guard newest > .distantPast else { return }
        groups[index].nextEdge = nextEdge(of: index, notBefore: newest)
    }

    /// Takes another calendar and other maintenance windows over. `ruleNumbers` are the numbers
    /// that the windows have now, by those that they had.
    mutating func reviseEdges(of index: Int, _ ruleNumbers: [Int: Int] = [:]) {
        let slo = groups[index].slo
        groups[index].corrections = entries[slo].corrections(of: groups[index].labels)
        groups[index].history.renumberExclusions(ruleNumbers)
        for own in groups[index].drawn.indices {
            groups[index].drawn[own].renumberExclusions(ruleNumbers)
        }
        let newest = groups[index].history.newest
        guard newest > .distantPast else { return }
        if let calendar = entries[slo].definition.period.calendar {
            groups[index].history.keepEdges(of: calendar)
        }
        passEdges(of: index, before: newest)
    }

    private func nextEdge(of index: Int, notBefore time: Timestamp) -> Timestamp {
        let entry = entries[groups[index].slo]
        var next = Timestamp.distantFuture
        if let calendar = entry.definition.period.calendar {
            next = calendar.end(from: calendar.start(of: time))
        }
        for rule in groups[index].corrections.excluding {
            next = min(next, entry.corrections.maintenance[rule].nextEdge(notBefore: time) ?? next)
        }
        return next
    }
}

extension Ledger.Entry {
    /// Takes what of the corrections is about the SLO. Returns the numbers that its maintenance
    /// windows have now, by those that they had.
    mutating func take(_ all: Corrections) -> [Int: Int] {
        let old = corrections.maintenance.map(\.name)
        corrections = all.matching(definition)
        var numbers: [Int: Int] = [:]
        for (index, window) in corrections.maintenance.enumerated() {
            if let before = old.firstIndex(of: window.name) { numbers[before] = index }
        }
        return numbers
    }

    /// Which of the SLO's windows and adjustments are about a group.
    func corrections(of labels: Labels) -> GroupCorrections {
        var found = GroupCorrections()
        for (index, window) in corrections.maintenance.enumerated()
        where window.effect == .excluded && window.matches(definition, labels) {
            found.excluding.append(index)
        }
        for (index, adjustment) in corrections.adjustments.enumerated()
        where adjustment.matches(definition, labels) {
            found.adjusting.append(AdjustedEvents(rule: index, adjustment))
        }
        return found
    }
}

/// What corrects one group's counts.
struct GroupCorrections: Hashable, Sendable {
    /// Places of maintenance windows that exclude.
    var excluding: [Int] = []
    var adjusting: [AdjustedEvents] = []
}

/// An adjustment, for a group.
struct AdjustedEvents: Hashable, Sendable {
    let rule: Int
    let at: Timestamp
    let counts: EventCounts

    init(rule: Int, _ adjustment: Adjustment) {
        self.rule = rule
        at = adjustment.at
        counts = adjustment.counts
    }
}

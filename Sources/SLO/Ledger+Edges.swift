import Model

// When an event passes an edge of its SLO's calendar or of a maintenance window, the counts so far
// are marked. An edge is looked for once and then compared with: between two of them an event costs
// one comparison more.

extension Ledger {
    /// Marks every edge before `time`; an event at `time` comes next.
    mutating func passEdges(of index: Int, before time: Timestamp) {
        let entry = entries[groups[index].slo]
        if let calendar = entry.definition.period.calendar {
            groups[index].history.markCalendar(calendar, before: time)
        }
        groups[index].nextEdge = nextEdge(of: index, notBefore: time)
    }

    /// Works out what the newest event has passed, after a restart.
    mutating func setNextEdge(of index: Int) {
        let newest = groups[index].history.newest
        guard newest > .distantPast else { return }
        groups[index].nextEdge = nextEdge(of: index, notBefore: newest)
    }

    /// Takes another calendar and other maintenance windows over.
    mutating func reviseEdges(of index: Int) {
        let newest = groups[index].history.newest
        guard newest > .distantPast else { return }
        if let calendar = entries[groups[index].slo].definition.period.calendar {
            groups[index].history.keepEdges(of: calendar)
        }
        passEdges(of: index, before: newest)
    }

    private func nextEdge(of index: Int, notBefore time: Timestamp) -> Timestamp {
        var next = Timestamp.distantFuture
        if let calendar = entries[groups[index].slo].definition.period.calendar {
            next = calendar.end(from: calendar.start(of: time))
        }
        return next
    }
}

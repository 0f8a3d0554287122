public import Model
public import Text

/// Which SLOs and groups a maintenance window or an adjustment is about.
public struct SLOSelection: Hashable, Sendable {
    public let service: String
    /// Nil: every SLO of the service.
    public let name: String?
    /// That a group must have.
    public let labels: Labels

    func matches(_ definition: SLODefinition) -> Bool {
        service == definition.service && name ?? definition.name == definition.name
    }

    func matches(_ definition: SLODefinition, _ group: Labels) -> Bool {
        matches(definition) && labels.pairs.allSatisfy { group[$0.name] == $0.value }
    }
}

/// What a window does to the events in it.
public enum MaintenanceEffect: String, CaseIterable, Hashable, Sendable {
    /// They leave the budget and the alert windows.
    case excluded
    /// They stay; the window is only shown.
    case counted
}

/// A planned time of changes, from a file in git.
public struct MaintenanceWindow: Sendable {
    /// When it is.
    enum Times: Hashable, Sendable {
        case once(Occurrence)
        case weekly(WeeklyTimes)
    }

    /// One time that it is. Events of (from, to] are in it.
    public struct Occurrence: Hashable, Sendable {
        public let from: Timestamp
        public let to: Timestamp
    }

    public let name: String
    public let who: String
    public let why: String
    public let effect: MaintenanceEffect
    let times: Times
    /// Which SLOs and groups it is about.
    public let selections: [SLOSelection]
    /// Whether their alerts are not told meanwhile.
    public let isSilencing: Bool
    /// Where it stands, for messages.
    public let position: SourcePosition

    func matches(_ definition: SLODefinition) -> Bool {
        selections.contains { $0.matches(definition) }
    }

    /// Whether it is about a group.
    public func matches(_ definition: SLODefinition, _ group: Labels) -> Bool {
        selections.contains { $0.matches(definition, group) }
    }

    /// The times that overlap (from, to), in their order. O(days).
    public func occurrences(from: Timestamp, to: Timestamp) -> [Occurrence] {
        switch times {
        case .once(let one): one.from < to && one.to > from ? [one] : []
        case .weekly(let weekly): weekly.occurrences(from: from, to: to)
        }
    }

    /// The first beginning or end that is not before a time.
    func nextEdge(notBefore time: Timestamp) -> Timestamp? {
        let near: [Occurrence]
        switch times {
        case .once(let one): near = [one]
        case .weekly(let weekly): near = weekly.occurrences(around: time)
        }
        return near.flatMap { [$0.from, $0.to] }.filter { $0 >= time }.min()
    }

    /// How many there are in a span, at most.
    func occurrencesMax(in span: TimeSpan) -> Int {
        switch times {
        case .once: 1
        case .weekly(let weekly):
            weekly.days.count * (Int(span.millis / TimeSpan.days(7).millis) + 1)
        }
    }
}

/// Some days of each week, from one local time to another.
struct WeeklyTimes: Hashable, Sendable {
    /// 0 for Monday.
    let days: [Int64]
    /// Seconds of the local day. An end that is not after the beginning is on the next day.
    let from: Int64
    let to: Int64
    let zone: TimeZoneRules
    /// Occurrences begin neither before nor after.
    let since: Timestamp?
    let until: Timestamp?

    func occurrences(from: Timestamp, to: Timestamp) -> [MaintenanceWindow.Occurrence] {
        let first = max(from, since ?? from)
        let last = min(to, until ?? to)
        guard first <= last + .days(2) else { return [] }
        var found: [MaintenanceWindow.Occurrence] = []
        var day = zone.day(of: first).days - 2
        let end = zone.day(of: last).days + 1
        while day <= end {
            if let one = occurrence(on: CivilDate(days: day)), one.from < to, one.to > from {
                found.append(one)
            }
            day += 1
        }
        return found
    }

    /// Those of a week before and after a time, or after the first of all.
    func occurrences(around time: Timestamp) -> [MaintenanceWindow.Occurrence] {
        let from = max(time, since ?? time)
        return occurrences(from: from - .days(1), to: from + .days(9))
    }

    private func occurrence(on date: CivilDate) -> MaintenanceWindow.Occurrence? {
        guard days.contains(date.weekday) else { return nil }
        let ending = to > from ? date : CivilDate(days: date.days + 1)
        let begin = zone.firstTime(of: date, second: from)
        let end = zone.firstTime(of: ending, second: to)
        // Where clocks are set forward over all of it there is none.
        guard end > begin, begin >= since ?? begin, begin <= until ?? begin else { return nil }
        return MaintenanceWindow.Occurrence(from: begin, to: end)
    }
}

/// Events that are added to, or taken from, what was counted; from a file in git.
public struct Adjustment: Sendable {
    public let name: String
    public let who: String
    public let why: String
    /// When the events are taken to have happened.
    public let at: Timestamp
    public let good: Double
    public let bad: Double
    let selection: SLOSelection
    /// Where it stands, for messages.
    public let position: SourcePosition

    var counts: EventCounts { EventCounts(bad: bad, total: good + bad) }

    func matches(_ definition: SLODefinition) -> Bool { selection.matches(definition) }

    /// Whether it is about a group.
    public func matches(_ definition: SLODefinition, _ group: Labels) -> Bool {
        selection.matches(definition, group)
    }
}

/// What corrects the counts of an SLO, in the order of the files.
public struct Corrections: Sendable {
    public var maintenance: [MaintenanceWindow] = []
    public var adjustments: [Adjustment] = []

    public init() {}

    func matching(_ definition: SLODefinition) -> Corrections {
        var found = Corrections()
        found.maintenance = maintenance.filter { $0.matches(definition) }
        found.adjustments = adjustments.filter { $0.matches(definition) }
        return found
    }
}

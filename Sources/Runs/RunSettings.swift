public import Model

/// How many runs are known, and for how long.
public struct RunSettings: Hashable, Sendable {
    /// Runs under way, and those that have ended and may be told of again.
    public var runsMax = 100_000
    /// How long a run that has ended is known: what comes again later is refused.
    public var keep = TimeSpan.hours(24)
    /// How long a run without an end is known after it was told of last.
    public var liveFor = TimeSpan.days(7)
    /// Datasets that are known.
    public var datasetsMax = 10_000

    /// How far ahead of the clock, and how long ago, something may have happened.
    public static let aheadMax = TimeSpan.minutes(10)
    public static let behindMax = TimeSpan.days(35)

    /// The values above.
    public init() {}
}

/// Events of an SLO's group, to be counted at a time. Negative numbers take back.
public struct RunPost: Hashable, Sendable {
    public let service: String
    public let name: String
    public let group: Labels
    public let at: Timestamp
    public var bad = 0.0
    public var total = 0.0
    public var undecided = 0.0

    init(_ watch: RunWatch, _ group: Labels, _ verdict: RunVerdict, _ sign: Double) {
        service = watch.service
        name = watch.name
        self.group = group
        at = verdict.at
        switch verdict.finding {
        case .good: total = sign
        case .bad: (bad, total) = (sign, sign)
        case .undecided: undecided = sign
        }
    }

    init(_ watch: RunWatch, _ group: Labels, at: Timestamp, bad: Double, total: Double) {
        service = watch.service
        name = watch.name
        self.group = group
        self.at = at
        self.bad = bad
        self.total = total
    }
}

/// An SLO of runs, as the configuration has it.
public struct RunWatch: Hashable, Sendable {
    public let service: String
    public let name: String
    public let by: [String]
    public let rule: RunRule
    /// What else makes its ledger another one.
    public let token: String

    /// An SLO's.
    public init(service: String, name: String, by: [String], rule: RunRule, token: String) {
        self.service = service
        self.name = name
        self.by = by
        self.rule = rule
        self.token = token
    }
}

/// What was done with reports. A run's ends are counted by how they ended first.
public struct RunTally: Hashable, Sendable {
    /// Reports taken, by `RunStep.rawValue`.
    public var reports = [UInt64](repeating: 0, count: 8)
    /// Runs that ended, by `RunStep.rawValue`.
    public var ended = [UInt64](repeating: 0, count: 8)
    /// Refused, by `PipelineFault.rawValue`.
    public var faults = [UInt64](repeating: 0, count: 32)
    public var begun: UInt64 = 0
    public var forgotten: UInt64 = 0
    public var expired: UInt64 = 0
    /// Deadlines that passed without an end.
    public var hung: UInt64 = 0
    /// What was counted and then corrected.
    public var corrected: UInt64 = 0

    mutating func archive(_ archive: inout Archive) {
        let sizes = [reports.count, ended.count, faults.count]
        archive.array(&reports, blank: 0) { $0.field(&$1) }
        archive.array(&ended, blank: 0) { $0.field(&$1) }
        archive.array(&faults, blank: 0) { $0.field(&$1) }
        archive.field(&begun)
        archive.field(&forgotten)
        archive.field(&expired)
        archive.field(&hung)
        archive.field(&corrected)
        if archive.isReading && sizes != [reports.count, ended.count, faults.count] {
            archive.fail()
            self = RunTally()
        }
    }
}

public import Model
public import Text
import Wire

// What an SLO counts of runs. A run is one event at most, at one time: when it ended, when it
// started late, or when its deadline passed. The verdict is a function of what is known of the run
// and of the time, so what has been counted of it is corrected when more is told.

/// What is asked of runs.
public enum RunMeasure: UInt8, CaseIterable, Hashable, Sendable {
    /// Of those that succeeded or failed, the share that succeeded.
    case success = 1
    /// Of all that ended, the share that succeeded.
    case completion
    /// Of those that succeeded, the share that took no longer than a bound.
    case duration
    /// Starts, or scheduled times, of which the run was not too late.
    case lateness
    /// Of those that ended, the share that carries all of some facets.
    case metadata

    /// As files have it.
    public var word: String {
        switch self {
        case .success: "success"
        case .completion: "completion"
        case .duration: "duration"
        case .lateness: "lateness"
        case .metadata: "metadata"
        }
    }
}

/// Which runs are meant.
public enum RunLevel: UInt8, CaseIterable, Hashable, Sendable {
    /// Those that are no step of another.
    case pipelines = 1
    case steps, all

    /// As files have it.
    public var word: String {
        switch self {
        case .pipelines: "pipelines"
        case .steps: "steps"
        case .all: "all"
        }
    }
}

/// What a run was found to be.
public enum RunFinding: UInt8, Hashable, Sendable {
    case good = 1
    case bad
    /// It counts, but what would tell is missing.
    case undecided
}

/// What a run counts, and when.
public struct RunVerdict: Hashable, Sendable {
    public var finding: RunFinding
    public var at: Timestamp

    init(_ finding: RunFinding, at: Timestamp) {
        self.finding = finding
        self.at = at
    }
}

/// What an SLO counts of runs.
public struct RunRule: Hashable, Sendable {
    public var selector: Selector
    public var level = RunLevel.pipelines
    public var measure: RunMeasure
    /// The bound of `duration` and `lateness`.
    public var within = TimeSpan.zero
    /// A run that has not ended so long after it began is bad.
    public var deadline: TimeSpan?
    /// The facets of `metadata`.
    public var facets: [String] = []
    /// When runs should be; nil asks each run for its own nominal time.
    public var schedule: RunSchedule?

    /// A measure of the runs that a selector selects.
    public init(_ measure: RunMeasure, of selector: Selector) {
        self.measure = measure
        self.selector = selector
    }

    /// Whether a run of these labels is meant.
    func matches(_ run: Run) -> Bool {
        switch level {
        case .pipelines: if !run.parent.isEmpty { return false }
        case .steps: if run.parent.isEmpty { return false }
        case .all: break
        }
        return selector.matches(run.labels)
    }

    /// What a run counts now; nil when it counts nothing. `facets` are the numbers of the names.
    func verdict(of run: Run, facets: [UInt32?], at now: Timestamp) -> RunVerdict? {
        if measure == .lateness { return lateness(of: run, at: now) }
        if let hangsAt = deadlineOf(run), run.outcome == nil || run.endedAt > hangsAt,
            measure != .metadata
        {
            return hangsAt <= now ? RunVerdict(.bad, at: hangsAt) : nil
        }
        guard let outcome = run.outcome else { return nil }
        switch measure {
        case .success:
            if outcome == .aborted { return nil }
            return RunVerdict(outcome == .completed ? .good : .bad, at: run.endedAt)
        case .completion:
            return RunVerdict(outcome == .completed ? .good : .bad, at: run.endedAt)
        case .duration: return outcome == .completed ? duration(of: run) : nil
        case .metadata:
            let hasAll = facets.allSatisfy { facet in facet.map(run.facets.contains) ?? false }
            return RunVerdict(hasAll ? .good : .bad, at: run.endedAt)
        case .lateness: return nil
        }
    }

    private func duration(of run: Run) -> RunVerdict {
        if let took = run.duration {
            return RunVerdict(took <= within ? .good : .bad, at: run.endedAt)
        }
        // Without a start it took at least as long as it is known of.
        let isLong = run.firstAt.map { run.endedAt - $0 > within } ?? false
        return RunVerdict(isLong ? .bad : .undecided, at: run.endedAt)
    }

    private func lateness(of run: Run, at now: Timestamp) -> RunVerdict? {
        guard schedule == nil, let nominal = run.nominalAt else { return nil }
        let latest = nominal + within
        if let began = run.begin {
            return began <= latest ? RunVerdict(.good, at: began) : RunVerdict(.bad, at: latest)
        }
        if run.outcome != nil {
            // It began before it ended.
            return run.endedAt <= latest
                ? RunVerdict(.good, at: run.endedAt) : RunVerdict(.undecided, at: run.endedAt)
        }
        return now > latest ? RunVerdict(.bad, at: latest) : nil
    }

    private func deadlineOf(_ run: Run) -> Timestamp? {
        guard let deadline, let begin = run.begin else { return nil }
        return begin + deadline
    }

    /// When the verdict changes although nothing is told; nil when it does not.
    func wakesAt(_ run: Run, at now: Timestamp) -> Timestamp? {
        guard measure != .lateness, measure != .metadata, let hangsAt = deadlineOf(run),
            hangsAt > now, run.outcome == nil || run.endedAt > hangsAt
        else { return nil }
        return hangsAt
    }
}

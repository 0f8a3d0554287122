import Alerting
import Model
import Runs
import SLO
import Text
public import Wire

// Where runs meet the rest of the agent: what is told goes into the log and is folded, live and in
// replay; what SLOs count of it goes to their ledgers; what changed last goes with an alert.

/// The answer to what was told of runs.
public struct PipelineReply: Sendable {
    public let id: RequestID
    /// Events that were taken.
    public let taken: Int
    /// Those that were not, though they could be read.
    public let refused: [PipelineFault]

    /// Whether another try, later, may be taken.
    public var isRetriable: Bool { refused.contains(.shed) }
}

extension AgentCore {
    /// Logs what was told and folds it.
    mutating func take(_ batch: PipelineBatch, _ request: RequestID) -> PipelineReply {
        let canonical = RunBook.resolve(batch, at: now)
        append(.pipeline(canonical))
        var refused = apply(canonical)
        for fault in [PipelineFault.ahead, .ancient] {
            let count = canonical.faults[Int(fault.rawValue)] - batch.faults[Int(fault.rawValue)]
            refused += repeatElement(fault, count: Int(count))
        }
        return PipelineReply(
            id: request, taken: batch.events.count - refused.count, refused: refused)
    }

    /// Folds what was told; which was refused.
    mutating func apply(_ batch: PipelineBatch) -> [PipelineFault] {
        for (place, count) in batch.faults.enumerated() where count > 0 {
            if let fault = PipelineFault(rawValue: UInt8(place)) { runs.refuse(fault, count) }
        }
        var refused: [PipelineFault] = []
        for event in batch.events {
            switch event {
            case .run(let report):
                guard let fault = runs.take(report, at: now) else { continue }
                refused.append(fault)
                if fault == .shed { ledger.noteShedRuns(now: now) }
            case .dataset(let use, _): runs.take(use, at: now)
            case .change(let change): timeline.take(change, at: now)
            case .alert(let alert): timeline.take(alert, at: now)
            }
        }
        return refused
    }

    /// Takes the SLOs of runs in force.
    mutating func configureRuns() {
        let watches = ledger.definitions.compactMap { definition -> RunWatch? in
            guard case .runs(let rule) = definition.sli else { return nil }
            return RunWatch(
                service: definition.service, name: definition.name, by: definition.by, rule: rule,
                token: "\(definition.period)")
        }
        runs.configure(watches, configuration.runs, at: now)
    }

    /// Counts what runs and time have brought.
    mutating func advanceRuns() {
        runs.advance(to: now)
        for post in runs.takePosts() {
            ledger.count(
                EventCounts(bad: post.bad, total: post.total), undecided: post.undecided,
                service: post.service, name: post.name, labels: post.group, at: post.at)
        }
        guard let minute = runs.takeMinute(at: now) else { return }
        for (service, name) in runs.watchNames {
            ledger.keepCurrent(service: service, name: name, to: minute)
        }
    }

    /// When series of datasets are written next.
    var datasetDeadline: Timestamp? {
        runs.datasets.datasets.isEmpty ? nil : drift.exposedAt + DriftBook.exposureInterval
    }

    // MARK: The change seen last

    /// What changed last before a time and can have to do with an alert of an SLO, in words. The
    /// runs that the SLO counts are its events and no change.
    func lastChange(before time: Timestamp, of key: Labels, _ slo: SLODefinition) -> String? {
        guard let entry = lastChangeEntry(before: time, of: key, slo) else { return nil }
        let before = TimeSpan.seconds((time - entry.at).millis / 1000)
        return "\(entry.kind.word): \(entry.title), at \(entry.at.rfc3339), \(before) before"
    }

    /// What changed last before the first of an SLO's alerts began that are active, or until now.
    func lastChange(of verdict: Verdict) -> String? {
        let keys = verdict.pairs.map { verdict.burnKey($0.pair) }
        let began = keys.compactMap { notifier.book[$0]?.activeAt }.min() ?? verdict.asOf
        return keys.first.flatMap { lastChange(before: began, of: $0, verdict.definition) }
    }

    private func lastChangeEntry(
        before time: Timestamp, of key: Labels, _ slo: SLODefinition
    ) -> TimelineEntry? {
        let change = timeline.lastChange(before: time, of: key)
        var own: Selector?
        if case .runs(let rule) = slo.sli { own = rule.selector }
        guard let run = runs.lastEnd(before: time, of: key, except: own) else { return change }
        // A run that is about the same model or namespace beats a change that only may be.
        guard let change, Timeline.isNear(change.labels, key) == true else { return run }
        return run.at > change.at ? run : change
    }

    mutating func restoreTimeline(_ section: [UInt8]) -> Bool {
        var archive = Archive(reading: section)
        archive.field(&timeline)
        return archive.isComplete
    }
}

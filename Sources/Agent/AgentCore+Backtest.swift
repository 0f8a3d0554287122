public import Ingest
public import Model
import SLO
import Storage

// What a back-test drives the agent with: series by their labels, and samples by number, as replay
// takes them. Nothing is logged; time is the history's.

extension AgentCore {
    /// Series that no sample came for are remembered so long in a back-test: a history is bounded
    /// by itself, and numbers handed out must stay good.
    private static let historyKept = TimeSpan.days(800)

    /// Turns an agent that has taken its configuration into one for a back-test. Without
    /// `storesSamples` nothing can be queried, and counting costs a fraction.
    public mutating func beginBacktest(storesSamples: Bool) {
        isLogging = false
        intake.storesSamples = storesSamples
        intake.settings.retentionTime = Self.historyKept
    }

    /// Whether any rule reads series of this metric, or its targets' health does.
    public func reads(metric: String) -> Bool {
        metric == "up" || metric == "process_start_time_seconds" || ledger.reads(metric: metric)
    }

    /// The number of a series, which is added if need be.
    public mutating func number(of labels: Labels, at time: Timestamp) -> SeriesID? {
        if let known = intake.store.find(labels) { return known }
        now = max(now, time)
        for id in intake.addSeries(of: ResolvedWrite(adding: [labels]), now: now) { route(id) }
        return intake.store.find(labels)
    }

    /// Takes samples of known series, as replay does.
    public mutating func take(
        _ write: ResolvedWrite, at time: Timestamp, into effects: inout [PlannedEffect]
    ) {
        now = max(now, time)
        intake.apply(write, now: now, into: &output)
        settle(into: &effects)
    }

    /// Takes a whole scrape of known series; nothing follows from it before `conclude`.
    public mutating func takeScrape(
        _ ids: ArraySlice<UInt32>, _ values: ArraySlice<Double>, at time: Timestamp
    ) {
        now = max(now, time)
        intake.takeScrape(ids, values, at: time, now: now, into: &output)
    }

    /// Draws the conclusions from the scrapes taken since the last call.
    public mutating func conclude(into effects: inout [PlannedEffect]) {
        settle(into: &effects)
    }
}

extension Configuration {
    /// Whether a rule asks the store, so that a back-test has to keep samples.
    public var needsSamples: Bool {
        !ruleGroups.isEmpty
            || definitions.contains { definition in
                if case .query = definition.sli { true } else { false }
            }
    }
}

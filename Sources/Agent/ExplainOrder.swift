import Ingest
public import Model
import SLO
import Storage
import Text

// Explaining an SLO takes seconds when a month of samples is kept. So the owner only hands over
// what has to be looked at, a thread counts, and the owner writes the answer.

/// The series of one group.
struct GroupSeries: Sendable {
    typealias Entry = (id: SeriesID, labels: Labels)

    /// Those that the SLO reads.
    var counted: [Entry] = []
    /// `up` and `process_start_time_seconds` of their targets.
    var health: [Entry] = []
    var leftOut = 0
}

/// What is to be counted again for an explanation: a point in time.
public struct ExplainOrder: Sendable {
    /// Groups whose series are looked at; the others are explained without.
    static let groupsMax = 50
    /// No chunk of samples spans more.
    private static let chunkSpan = TimeSpan.hours(2)

    let service: String
    let name: String
    let now: Timestamp
    let verdicts: [Verdict]
    private let pasts: [GroupPast]
    private let view: QueryView

    init?(of agent: AgentCore, service: String, name: String, now: Timestamp) {
        guard
            agent.ledger.definitions.contains(where: { $0.service == service && $0.name == name })
        else { return nil }
        self.service = service
        self.name = name
        self.now = now
        verdicts = agent.ledger.evaluate(service: service, name: name, now: now)
        pasts = verdicts.prefix(Self.groupsMax).map { agent.ledger.past(of: $0) }
        view = agent.queryView()
    }

    /// Counts again; nil when told to stop.
    public func counted(shouldStop: () -> Bool = { false }) -> ExplainedSLO? {
        var answer = ExplainedSLO(order: self, recounts: [])
        guard let definition = verdicts.first?.definition, !definition.sli.counters.isEmpty else {
            return answer
        }
        let groups = groups(of: definition)
        guard let oldest = view.oldest else { return answer }
        var left = SeriesRecount.samplesMax
        for (verdict, past) in zip(verdicts, pasts) {
            let series = groups[verdict.labels] ?? GroupSeries()
            guard let period = verdict.period, verdict.asOf > .distantPast, left > 0 else {
                answer.recounts.append(nil)
                continue
            }
            let start = start(of: series, period, past.started, oldest, verdict.asOf, left)
            guard
                let recount = SeriesRecount(
                    definition, series, from: start, oldest: oldest, to: verdict.asOf, past, view,
                    shouldStop: shouldStop)
            else { return nil }
            left -= recount.samples
            answer.recounts.append(recount)
        }
        return answer
    }

    /// The series of each group, with the health of their targets.
    private func groups(of definition: SLODefinition) -> [Labels: GroupSeries] {
        var groups: [Labels: GroupSeries] = [:]
        var seen: Set<UInt32> = []
        var groupsOfTarget: [Labels: Set<Labels>] = [:]
        let target = ["job", "instance"]
        for selector in definition.sli.selectors {
            for one in (try? view.series(matching: selector.matchers)) ?? []
            where seen.insert(one.id.index).inserted {
                let group = one.labels.keeping(definition.by)
                if groups[group, default: GroupSeries()].counted.count >= SeriesRecount.seriesMax {
                    groups[group]?.leftOut += 1
                    continue
                }
                groups[group, default: GroupSeries()].counted.append(one)
                groupsOfTarget[one.labels.keeping(target), default: []].insert(group)
            }
        }
        for metric in ["up", "process_start_time_seconds"] {
            let matcher = Matcher(Labels.metricName, .equal, metric)
            for one in (try? view.series(matching: [matcher])) ?? [] {
                if seen.contains(one.id.index) { continue }
                for group in groupsOfTarget[one.labels.keeping(target)] ?? [] {
                    groups[group]?.health.append(one)
                }
            }
        }
        return groups
    }

    /// From where on every series of the group is kept that was there. What is kept of a series
    /// begins with a chunk, and chunks span up to two hours: what begins so late may have been cut.
    private func edge(of series: GroupSeries, _ oldest: Timestamp) -> Timestamp {
        (series.counted + series.health).reduce(oldest) { edge, one in
            let kept = view.column(one.id, as: 0, from: oldest, to: oldest + Self.chunkSpan)
            return max(edge, kept?.times.first ?? oldest)
        }
    }

    /// Where counting again begins: with the period, with what is kept, or with so many samples
    /// before the end as may be read.
    private func start(
        of series: GroupSeries, _ period: WindowFigures, _ started: Timestamp?,
        _ oldest: Timestamp, _ end: Timestamp, _ samplesMax: Int
    ) -> (Timestamp, SeriesRecount.Limit) {
        // A group that is younger than the period has nothing from before it began.
        var start = (period.from, SeriesRecount.Limit.none)
        if oldest > max(period.from, started ?? .distantPast) {
            start = (edge(of: series, oldest), .retention)
        }
        let hour = (series.counted + series.health).reduce(0) { sum, one in
            sum + (view.column(one.id, as: 0, from: end - .hours(1), to: end)?.times.count ?? 0)
        }
        guard hour > 0 else { return start }
        let hours = max(1, samplesMax / hour - 1)
        let most = end - .hours(Int64(hours))
        return most > start.0 ? (most, .samples) : start
    }
}

/// What came of an order.
public struct ExplainedSLO: Sendable {
    let order: ExplainOrder
    /// Of the first groups, in the order of the verdicts.
    var recounts: [SeriesRecount?]
}

extension AgentCore {
    /// What is to be counted again to explain an SLO; nil when there is none of that name.
    /// O(groups).
    public func explainOrder(service: String, name: String, now: Timestamp) -> ExplainOrder? {
        ExplainOrder(of: self, service: service, name: name, now: now)
    }
}

public import Agent
import Alerting
import Ingest
public import Model
import SLO
import Storage
public import Text

// One rule set over one history: an agent that is driven as the live one is, with the history's
// clock, and whose effects are looked at instead of carried out. Deliveries are answered as good
// receivers would.

/// What can keep a back-test from running.
public enum BacktestFault: Error, Sendable {
    /// The rules do not read.
    case rules([Diagnostic])
}

/// A rule set on its way through a history.
public struct BacktestRun: Sendable {
    /// The most alerts that are kept; what is more is counted.
    static let alertsMax = 100_000
    static let unused = UInt32.max

    public let name: String
    /// Samples of the history so far, and those of series that the rules read.
    public private(set) var samplesRead = 0
    public private(set) var samplesUsed = 0
    /// Alerts that were too many to keep.
    public private(set) var alertsDropped = 0
    private(set) var agent = AgentCore()
    private var effects: [PlannedEffect] = []
    /// The agent's number of each series of the history, or `unused`; and its scrape's key.
    private var numbers: [UInt32] = []
    private var keys: [UInt64] = []
    private var seriesUsed = 0
    private var alerts: [BacktestAlert] = []
    private var open: [Labels: Int] = [:]
    private let storesSamples: Bool
    private let began: Timestamp

    /// Reads the rules; the ledger begins at `start`.
    public init(
        name: String, files: ConfigurationFiles, from start: Timestamp
    ) throws(BacktestFault) {
        self.name = name
        began = start
        let configuration = Configuration.read(files)
        guard !configuration.hasErrors else { throw .rules(configuration.diagnostics) }
        storesSamples = configuration.needsSamples
        agent.handle(.started, at: start, into: &effects)
        agent.handle(.configured(files), at: start, into: &effects)
        agent.beginBacktest(storesSamples: storesSamples)
        look()
    }

    /// SLOs of the rule set.
    public var sloCount: Int { agent.sloCount }

    /// Whether the rules may read a series of this metric.
    public func reads(metric: String) -> Bool { storesSamples || agent.reads(metric: metric) }

    // MARK: The history

    /// Takes what happened next. Times do not go back.
    public mutating func take(_ event: HistoryEvent) {
        switch event {
        case .series(let labels): add(labels)
        case .batch(let batch): take(batch)
        case .restarted(let time):
            advance(to: time)
            agent.handle(.started, at: time, into: &effects)
            look()
        }
    }

    /// Adds series; they take the history's next numbers.
    public mutating func add(_ labels: [Labels]) {
        for labels in labels {
            let isRead = reads(metric: labels[Labels.metricName] ?? "")
            if isRead, let id = agent.number(of: labels, at: began) {
                numbers.append(id.index)
                keys.append(agent.intake.scrapeKey(of: id))
                seriesUsed += 1
            } else {
                numbers.append(Self.unused)
                keys.append(0)
            }
        }
    }

    /// Takes samples as they arrived, in any order within the out-of-order window.
    private mutating func take(_ batch: HistoryBatch) {
        samplesRead += batch.count
        advance(to: batch.now)
        let write = resolved(batch)
        guard write.tally.stored + write.tally.histograms > 0 else { return }
        samplesUsed += write.ids.count + write.histograms.count
        agent.take(write, at: batch.now, into: &effects)
        look()
    }

    private func resolved(_ batch: HistoryBatch) -> ResolvedWrite {
        var ids: [UInt32] = []
        var times: [Int64] = []
        var values: [Double] = []
        var starts: [StartNote] = []
        var told = batch.starts[...]
        ids.reserveCapacity(batch.numbers.count)
        times.reserveCapacity(batch.numbers.count)
        values.reserveCapacity(batch.numbers.count)
        for index in batch.numbers.indices {
            var start: StartNote?
            if let next = told.first, next.sample == index {
                start = StartNote(sample: ids.count, millis: next.millis)
                told.removeFirst()
            }
            let id = number(batch.numbers[index])
            guard id != Self.unused else { continue }
            if let start { starts.append(start) }
            ids.append(id)
            times.append(batch.times[index])
            values.append(batch.values[index])
        }
        let histograms = batch.histograms.compactMap { entry -> ResolvedHistogram? in
            let id = number(entry.id)
            if id == Self.unused { return nil }
            return ResolvedHistogram(
                id: id, time: entry.time, start: entry.start, histogram: entry.histogram)
        }
        return ResolvedWrite(
            ids: ids, times: times, values: values, starts: starts, histograms: histograms)
    }

    private func number(_ number: UInt32) -> UInt32 {
        Int(number) < numbers.count ? numbers[Int(number)] : Self.unused
    }

    /// Takes a stretch of time in columns; the next stretch begins after its last sample. Samples
    /// arrive when they are stamped.
    public mutating func take(_ columns: [HistoryColumn]) {
        let used = columns.filter { number($0.number) != Self.unused }
        samplesRead += columns.reduce(0) { $0 + $1.times.count + $1.histograms.count }
        samplesUsed += used.reduce(0) { $0 + $1.times.count + $1.histograms.count }
        if storesSamples || used.contains(where: { !$0.histograms.isEmpty }) {
            for batch in batches(of: used) {
                advance(to: batch.now)
                agent.take(resolved(batch), at: batch.now, into: &effects)
                look()
            }
            return
        }
        // The agent's numbers from here on.
        var merge = ScrapeMerge(
            used.map { column in
                ScrapeColumn(
                    id: number(column.number), times: column.times, values: column.values)
            }, keys: used.map { keys[Int($0.number)] })
        while let time = merge.nextTime {
            advance(to: time)
            while merge.nextTime == time {
                merge.next { agent.takeScrape($0, $1, at: time) }
            }
            agent.conclude(into: &effects)
            if !effects.isEmpty { look() }
        }
    }

    /// A batch for each time.
    private func batches(of columns: [HistoryColumn]) -> [HistoryBatch] {
        var byTime: [Timestamp: HistoryBatch] = [:]
        for column in columns {
            for (time, value) in zip(column.times, column.values) {
                let empty = HistoryBatch(now: time)
                byTime[time, default: empty].numbers.append(column.number)
                byTime[time, default: empty].times.append(time.millis)
                byTime[time, default: empty].values.append(value)
            }
            for (time, histogram) in column.histograms {
                byTime[time, default: HistoryBatch(now: time)].histograms.append(
                    ResolvedHistogram(
                        id: column.number, time: time, start: 0, histogram: histogram))
            }
        }
        return byTime.sorted { $0.key < $1.key }.map(\.value)
    }

    // MARK: Time and effects

    /// Lets time pass: deadlines of the agent are met in their order.
    public mutating func advance(to time: Timestamp) {
        while let due = agent.nextDeadline, due <= time {
            agent.handle(.tick, at: due, into: &effects)
            if !effects.isEmpty { look() }
            if agent.nextDeadline == due { return }
        }
    }

    /// Looks at what the agent wants done, until it wants no more.
    private mutating func look() {
        while !effects.isEmpty {
            let planned = effects
            effects.removeAll(keepingCapacity: true)
            for item in planned { look(at: item.effect) }
        }
    }

    private mutating func look(at effect: Effect) {
        switch effect {
        case .announce(let news): note(news)
        case .send(let delivery):
            agent.handle(
                .delivered(delivery.id, .delivered(status: 200)), at: agent.now, into: &effects)
        case .writeSegment(let draft):
            // Kept in memory, as mapped files are by the shell.
            if let segment = try? Segment(Region(draft.encode()), number: draft.number) {
                _ = agent.attach(segment)
            }
        case .evaluate(let round):
            let outcome = round.evaluate(
                on: agent.queryView(), startedAt: agent.now, nanoseconds: { 0 },
                shouldStop: { false })
            agent.handle(.evaluated(outcome), at: agent.now, into: &effects)
        case .ask(let id, .query(let question)):
            let answer = question.evaluate(on: agent.queryView()) { false }
            agent.handle(.answered(id, answer), at: agent.now, into: &effects)
        // Nobody can ask the past for a page.
        case .ask(_, .probe), .reply, .report, .removeSegments, .featuresTaken,
            .pipelineTaken, .spansTaken, .alertmanagerDone:
            break
        }
    }

    private mutating func note(_ news: AlertNews) {
        guard let alert = agent.notifier.book[news.labels] else { return }
        if let place = open[news.labels] {
            guard let ended = alert.endsAt else { return }
            alerts[place].resolvedAt = ended
            alerts[place].reason =
                alert.details.annotations.first {
                    $0.name == AlertBook.reasonAnnotation
                }?.value
            open[news.labels] = nil
        } else if let firedAt = alert.startsAt, alert.isFiring {
            guard alerts.count < Self.alertsMax else {
                alertsDropped += 1
                return
            }
            let verdict = verdict(of: news.labels)
            open[news.labels] = alerts.count
            alerts.append(
                BacktestAlert(
                    labels: news.labels, identity: identity(of: news.labels, verdict),
                    since: alert.activeAt ?? firedAt, firedAt: firedAt,
                    budgetRemaining: verdict?.budget.remaining, summary: news.summary))
        }
    }

    /// The verdict that an SLO's alert came from. O(groups), for alerts that begin.
    private func verdict(of labels: Labels) -> Verdict? {
        guard let service = labels["service"], let slo = labels["slo"] else { return nil }
        return agent.ledger.evaluateAll(now: agent.now).first { verdict in
            verdict.definition.service == service && verdict.definition.name == slo
                && verdict.labels.pairs.allSatisfy { labels[$0.name] == $0.value }
        }
    }

    private func identity(of labels: Labels, _ verdict: Verdict?) -> Labels {
        guard let verdict else { return labels }
        let own = ["alertname", "service", "slo", "severity", "window"]
        return labels.keeping(own + verdict.labels.pairs.map(\.name))
    }

    // MARK: The end

    /// What came of it, with the alerts that fired at `from` or later.
    public mutating func finish(from: Timestamp, to end: Timestamp) -> RuleSetResult {
        advance(to: end)
        let verdicts = agent.ledger.evaluateAll(now: agent.now)
        let told = alerts.filter { $0.firedAt >= from && $0.firedAt <= end }.sorted()
        return RuleSetResult(
            name: name, sloCount: agent.sloCount, seriesUsed: seriesUsed,
            samplesUsed: samplesUsed, alertsDropped: alertsDropped, alerts: told,
            budgets: verdicts.map { BudgetResult($0) })
    }
}

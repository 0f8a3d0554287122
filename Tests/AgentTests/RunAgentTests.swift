import Agent
import Alerting
import Model
import Runs
import SLO
import Storage
import Testing
import Text
import Wire

private func report(
    _ id: String, _ step: RunStep, _ seconds: Double, job: String = "train",
    datasets: [DatasetUse] = []
) -> RunReport {
    var report = RunReport(.openLineage)
    report.id = id
    report.namespace = "bank"
    report.job = job
    report.step = step
    report.at = at(seconds)
    report.datasets = datasets
    return report
}

extension AgentWorld {
    fileprivate mutating func tell(_ reports: [RunReport], at seconds: Double) {
        tell(reports.map { .run($0) }, at: seconds)
    }

    fileprivate mutating func tell(_ events: [PipelineEvent], at seconds: Double) {
        advance(to: seconds)
        var batch = PipelineBatch()
        batch.events = events
        handle(.pipeline(batch, RequestID(UInt64(seconds * 1000))), at: at(seconds))
    }
}

/// Runs in the whole agent: counted, alerted on, replayed.
@Suite struct RunAgentTests {
    private static let rules = sloRules(
        "{runs: {select: '{namespace=\"bank\"}', good: success, deadline: 1h}}",
        objective: "90", name: "pipelines", "by: [namespace, job]",
        "alerts: {page: {}, ticket: {}, evidence: {minBad: 2}}")

    private func replayed(_ log: [UInt8]) -> AgentCore {
        var agent = AgentCore()
        var effects: [PlannedEffect] = []
        var reader = LogReader(log, from: LogPosition(1))
        while let record = reader.next() {
            let isKnown = agent.replay(record, into: &effects)
            #expect(isKnown)
        }
        #expect(reader.end == .clean)
        return agent
    }

    private func records(_ agent: AgentCore) -> [[UInt8]] {
        var snapshot = agent.snapshot()
        var all: [[UInt8]] = []
        while let record = snapshot.next() { all.append([record.kind] + record.payload) }
        return all
    }

    private func restored(_ agent: AgentCore) -> AgentCore? {
        var snapshot = agent.snapshot()
        var restorer = AgentRestorer()
        while let record = snapshot.next() {
            guard restorer.take(record) else { return nil }
        }
        return restorer.finish()
    }

    @Test func runsAreEventsOfTheirSLO() throws {
        var world = AgentWorld(Self.rules)
        for number in 0..<10 {
            let began = Double(number) * 60 + 5
            world.tell([report("r\(number)", .started, began)], at: began)
            let end: RunStep = number == 3 ? .failed : .completed
            world.tell([report("r\(number)", end, began + 20)], at: began + 21)
            world.tell([report("r\(number)", end, began + 20)], at: began + 22)
        }
        world.advance(to: 660)
        #expect(try world.events() == [9, 1, 10])
        #expect(try world.slo()["labels"]?["job"]?.asString == "train")
        #expect(world.metrics().contains("pitot_runs_ended_total{outcome=\"failed\"} 1\n"))
    }

    @Test func timeGoesOnWithoutRuns() throws {
        var world = AgentWorld(Self.rules)
        world.tell([report("a", .failed, 10)], at: 11)
        world.advance(to: 7200)
        // An hour later the failure has left the short windows, and nothing is unseen.
        let slo = try world.slo()
        #expect(slo.number("asOf") == at(7200).seconds)
        #expect(try world.events() == [0, 1, 1])
        let hour = slo["windows"]?.elements.first { $0["window"]?.asString == "1h" }
        #expect(hour?["total"]?.asDouble == 0)
        #expect(slo["budget"]?["best"]?.asDouble == slo["budget"]?["worst"]?.asDouble)
    }

    @Test func aHungRunIsBadWhenItsDeadlineHasPassed() throws {
        var world = AgentWorld(Self.rules)
        world.tell([report("a", .started, 10)], at: 11)
        world.advance(to: 3609)
        #expect(try world.slos().isEmpty)
        world.advance(to: 3611)
        #expect(try world.events() == [0, 1, 1])
    }

    @Test(arguments: [30, 120, 300])
    func replayAndCheckpointsAreExact(cut: Int) throws {
        var world = AgentWorld(Self.rules)
        var log: [UInt8] = []
        var parted: AgentWorld?
        for number in 0..<400 {
            let now = Double(number) * 7 + 5
            var events: [PipelineEvent] = [
                .run(report("r\(number / 3)", [.started, .completed, .failed][number % 3], now))
            ]
            if number % 10 == 0 {
                var change = ChangeReport(.alias)
                change.key = "k\(number)"
                change.model = "fraud"
                events.append(.change(change))
                var use = DatasetUse()
                (use.namespace, use.name, use.updatedAt) = ("s3://x", "d\(number)", at(now))
                events.append(.dataset(use, at: nil))
            }
            world.tell(events, at: now)
            parted?.tell(events, at: now)
            log += world.takeLog()
            if number == cut {
                parted = AgentWorld(continuing: try #require(restored(world.agent)))
            }
        }
        world.advance(to: 3000)
        log += world.takeLog()
        parted?.advance(to: 3000)
        let all = records(world.agent)
        #expect(records(replayed(log)) == all)
        let others = try #require(parted.map { records($0.agent) })
        // All but the head, whose counters of the agent's own turns may differ.
        #expect(Array(others.dropFirst()) == Array(all.dropFirst()))
    }

    @Test func theChangeSeenLastGoesWithTheAlert() throws {
        var world = AgentWorld(Self.rules)
        var change = ChangeReport(.alias)
        (change.key, change.model, change.namespace) = ("k", "fraud", "bank")
        (change.version, change.detail, change.at) = ("7", "champion", at(3600))
        world.tell([.change(change)], at: 3601)
        for number in 0..<40 {
            let now = 3700 + Double(number)
            world.tell([report("r\(number)", .failed, now)], at: now)
        }
        world.advance(to: 3900)
        let alerts = try #require(
            try? JSONValue.parse(world.agent.alertsJSON()))
        let alert = try #require(alerts["data"]?["alerts"]?.elements.first)
        let told = try #require(alert["annotations"]?["last_change"]?.asString)
        // Not the failed runs: they are the events that burn.
        #expect(told.hasPrefix("alias: bank/fraud alias champion moved to version 7, at "))
        let explained = try #require(
            world.agent.explainJSON(service: "recommender", name: "pipelines", now: at(3900)))
        #expect(String(decoding: explained, as: UTF8.self).contains("\"lastChange\":\""))
        let timeline = String(
            decoding: world.agent.timelineJSON(TimelineFilter(from: at(0), to: at(4000))),
            as: UTF8.self)
        #expect(timeline.contains("bank/fraud alias champion moved to version 7"))
        #expect(timeline.contains("\"kind\":\"alert\"") && timeline.contains("\"kind\":\"run\""))
    }

    @Test func aDatasetsFreshnessIsJudgedByTheMinute() throws {
        var world = AgentWorld(
            sloRules("{freshness: {dataset: {name: fraud}, within: 10m}}", objective: "90"))
        var use = DatasetUse()
        (use.namespace, use.name, use.isOutput) = ("s3://x", "fraud", true)
        world.tell([report("w", .completed, 30, datasets: [use])], at: 31)
        world.advance(to: 1830)
        // Fresh until 630, then stale to the end at 1830.
        let events = try world.events()
        #expect(events[2] == 31 || events[2] == 30)
        #expect(events[1].map { (19...21).contains($0) } == true)
    }

    @Test func aPageOfRunsGoesOnWhereTheLastEnded() throws {
        var world = AgentWorld(Self.rules)
        for number in 0..<25 {
            world.tell(
                [report("r\(number)", number % 5 == 0 ? .failed : .completed, 10)], at: 11)
        }
        var filter = RunFilter()
        filter.limit = 2
        filter.state = "failed"
        var ids: [String] = []
        for _ in 0..<5 {
            let page = try JSONValue.parse(world.agent.runsJSON(filter))
            ids += page["data"]?["runs"]?.elements.compactMap { $0["id"]?.asString } ?? []
            guard let next = page["data"]?["next"]?.asString.flatMap({ Int($0) }) else { break }
            filter.before = next
        }
        #expect(ids == ["r20", "r15", "r10", "r5", "r0"])
    }
}

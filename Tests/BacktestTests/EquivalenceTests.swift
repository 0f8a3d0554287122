import Agent
import Model
import Storage
import Testing
import Wire

@testable import Backtest

// A back-test says what the agent would have done. So it is compared with the agent.

/// An hour in which a tenth fails, in six hours of one in a thousand.
private func errorShare(_ seconds: Double) -> Double {
    (7200..<10_800).contains(seconds) ? 0.1 : 0.001
}

private struct Lived {
    let live: LiveAgent
    let scrapes: [FleetScrape]
    let files: ConfigurationFiles
    let end: Timestamp

    init(seed: UInt64, rounds: Int = 960) throws {
        var fleet = Fleet(seed: seed, pods: 6)
        scrapes = fleet.run(rounds: rounds, errors: errorShare)
        files = sloRules("99.9")
        var live = LiveAgent(files, from: at(0))
        for scrape in scrapes { live.write(try decoded(scrape.outgoing), at: scrape.time) }
        end = at(Double(rounds + 2) * 15 + 10)
        live.advance(to: end)
        self.live = live
    }

    /// "fired SLOBurn page 1h" and so on, with times.
    func told(_ result: RuleSetResult) -> [String] {
        result.alerts.flatMap { alert in
            ["firing \(alert.labels)"]
                + (alert.resolvedAt == nil ? [] : ["resolved \(alert.labels)"])
        }.sorted()
    }

    var news: [String] { live.news.map { "\($0.state) \($0.labels)" }.sorted() }
}

@Suite struct EquivalenceTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func columnsGiveTheLedgerAndTheAlertsOfTheAgentThatWasThere(seed: UInt64) throws {
        let lived = try Lived(seed: seed)
        var run = try BacktestRun(name: "A", files: lived.files, from: at(0))
        var numbers: [Labels: UInt32] = [:]
        var labels: [Labels] = []
        // Stretches of 50 minutes: no boundary of a scrape's.
        for first in stride(from: 0.0, to: 22_000, by: 3000) {
            var columns: [UInt32: HistoryColumn] = [:]
            let known = labels.count
            for scrape in lived.scrapes
            where scrape.time > at(first) && scrape.time <= at(first + 3000) {
                for sample in scrape.samples {
                    let number = numbers[sample.labels] ?? UInt32(labels.count)
                    if numbers.updateValue(number, forKey: sample.labels) == nil {
                        labels.append(sample.labels)
                    }
                    let empty = HistoryColumn(number: number)
                    columns[number, default: empty].times.append(scrape.time)
                    columns[number, default: empty].values.append(sample.value)
                }
            }
            run.add(Array(labels[known...]))
            run.take(columns.sorted { $0.key < $1.key }.map(\.value))
        }
        let result = run.finish(from: at(0), to: lived.end)
        #expect(run.slos(lived.end) == lived.live.slos(lived.end))
        #expect(lived.told(result) == lived.news)
        #expect(result.pages.count >= 1)
        // Nobody asked for the other metric.
        #expect(run.samplesUsed < run.samplesRead)
    }

    @Test(arguments: 11...13 as ClosedRange<UInt64>)
    func aRecordingGivesTheSameHoweverItsSamplesWereDelivered(seed: UInt64) throws {
        let lived = try Lived(seed: seed)
        var generator = SeededGenerator(state: seed)
        // Late by up to two minutes, in bodies of several scrapes, some twice.
        var deliveries: [(time: Timestamp, scrape: FleetScrape)] = []
        for scrape in lived.scrapes {
            let late = Int64.random(in: 0...5, using: &generator) == 0
            let delay = late ? Int64.random(in: 0..<120_000, using: &generator) : 500
            deliveries.append((scrape.time + .milliseconds(delay), scrape))
            if Int.random(in: 0..<50, using: &generator) == 0 {
                deliveries.append((scrape.time + .milliseconds(delay + 700), scrape))
            }
        }
        deliveries.sort { $0.time < $1.time }
        var live = LiveAgent(lived.files, from: at(0))
        var encoder = RecordingEncoder(labelLimits: .standard)
        var files: [[UInt8]] = []
        var file = encoder.header(at: at(0), isRestart: true)
        for (index, delivery) in deliveries.enumerated() {
            let batch = try decoded(delivery.scrape.outgoing)
            live.write(batch, at: delivery.time)
            encoder.add(batch, at: delivery.time)
            if index % 100 == 99 { file += encoder.flush(at: delivery.time) }
            guard index % 2000 == 1999 else { continue }
            files.append(file + encoder.flush(at: delivery.time))
            encoder = RecordingEncoder(labelLimits: .standard)
            file = encoder.header(at: delivery.time, isRestart: false)
        }
        files.append(file + encoder.flush(at: lived.end))
        let end = lived.end + .minutes(3)
        live.advance(to: end)

        var run = try BacktestRun(name: "A", files: lived.files, from: at(0))
        var history = RecordingHistory()
        for file in files {
            #expect(history.read(file) { run.take($0) } == .clean)
        }
        let result = run.finish(from: at(0), to: end)
        #expect(history.malformed == 0)
        #expect(run.slos(end) == live.slos(end))
        #expect(
            lived.told(result) == live.news.map { "\($0.state) \($0.labels)" }.sorted())
    }

    @Test func theSameHistoryGivesTheSameBytes() throws {
        func bytes() throws -> [UInt8] {
            var fleet = Fleet(seed: 3, pods: 3)
            let scrapes = fleet.run(rounds: 1000, errors: errorShare)
            var results: [RuleSetResult] = []
            for objective in ["99.9", "99"] {
                var encoder = RecordingEncoder(labelLimits: .standard)
                var file = encoder.header(at: at(0), isRestart: true)
                for scrape in scrapes {
                    encoder.add(try decoded(scrape.outgoing), at: scrape.time)
                }
                file += encoder.flush(at: at(15_000))
                var run = try BacktestRun(name: objective, files: sloRules(objective), from: at(0))
                var history = RecordingHistory()
                _ = history.read(file) { run.take($0) }
                results.append(run.finish(from: at(0), to: at(15_100)))
            }
            #expect(results[0].alerts.count != results[1].alerts.count)
            return BacktestResult(
                from: at(0), to: at(15_100), series: 1, samples: scrapes.count,
                rules: results[0], against: results[1]
            ).json()
        }
        let once = try bytes()
        #expect(try once == bytes())
    }
}

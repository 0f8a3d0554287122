import Glibc
import Model
import Server
import Text
import Wire

/// Tells the demo: drives the workload, reads the agent's API, prints what happens, and checks it.
struct DemoStory {
    /// Told in steps of 30 minutes, a day at a time; then three hours in scrapes of 15 seconds.
    private static let past = TimeSpan.days(29)
    private static let pastStep = TimeSpan.minutes(30)
    private static let recent = TimeSpan.hours(3)
    private static let history = past + recent
    private static let calm = TimeSpan.minutes(3)
    private static let incident = TimeSpan.minutes(5)
    private static let aftermath = TimeSpan.minutes(9)

    private let base: String
    private let inbox: Inbox
    private let pace: Int
    private let client = HTTPClient()
    private let start: Timestamp
    private let incidentBegins: Timestamp
    private let incidentEnds: Timestamp
    private var workload: Workload
    private var clock: Timestamp
    private var samplesSent = 0
    private var firedAt: Timestamp?
    private var resolvedAt: Timestamp?
    private var failures: [String] = []

    init(port: UInt16, inbox: Inbox, pace: Int) {
        base = "http://127.0.0.1:\(port)"
        self.inbox = inbox
        self.pace = pace
        let length = Self.history + Self.calm + Self.incident + Self.aftermath
        start = (wallClock() - length).floor(to: .minutes(1))
        incidentBegins = start + Self.history + Self.calm
        incidentEnds = incidentBegins + Self.incident
        workload = Workload(startingAt: start)
        clock = start
    }

    /// Plays it through; false when something was not as it should be.
    mutating func tell() -> Bool {
        guard waitUntilReady() else {
            printError("the agent did not become ready")
            return false
        }
        playHistory()
        printLine("")
        printLine("Now 15 s of their life pass every \(pace) ms. Budget left, and burn over 5m/1h:")
        let end = incidentEnds + Self.aftermath
        while clock < end {
            step()
            usleep(UInt32(pace * 1000))
            showArrivals()
            if clock.millis % 60_000 == 0 { showBudgets() }
        }
        settle()
        conclude()
        for failure in failures { printError("NOT AS PROMISED: \(failure)") }
        return failures.isEmpty
    }

    private func waitUntilReady() -> Bool {
        for _ in 0..<200 {
            if client.get(base + "/-/ready").status == 200 { return true }
            usleep(25_000)
        }
        return false
    }

    // MARK: Driving

    private mutating func playHistory() {
        let pods = workload.models.reduce(0) { $0 + $1.pods.count }
        printLine(
            "\(workload.models.count) models on \(pods) pods, Poisson traffic: "
                + "remote-writing 29 days and 3 hours of ordinary life ...")
        let began = wallClock()
        while clock < start + Self.past { playBatch(steps: 48, of: Self.pastStep) }
        while clock < start + Self.history { playBatch(steps: 60, of: Workload.scrapeInterval) }
        // The first scrape of a target has none to compare with; it counts after two seconds.
        usleep(2_300_000)
        printLine(
            "... \(samplesSent) samples in \(decimal((wallClock() - began).seconds, 1)) s.")
        showBudgets()
    }

    /// Some scrapes in one request, as a sender that catches up writes them.
    private mutating func playBatch(steps: Int, of step: TimeSpan) {
        var batch = workload.scrape(at: clock)
        for _ in 1..<steps {
            clock = clock + step
            workload.advance(step, hasIncident: false)
            for (index, series) in workload.scrape(at: clock).enumerated() {
                batch[index].samples += series.samples
            }
        }
        send(batch)
        clock = clock + step
        workload.advance(step, hasIncident: false)
    }

    private mutating func step() {
        clock = clock + Workload.scrapeInterval
        let hasIncident = clock > incidentBegins && clock <= incidentEnds
        if hasIncident && clock - incidentBegins <= Workload.scrapeInterval {
            printLine("\(time(incidentBegins))  !! \(Workload.victim) begins to answer 503")
        }
        if clock > incidentEnds && clock - incidentEnds <= Workload.scrapeInterval {
            printLine("\(time(incidentEnds))  !! \(Workload.victim) is healthy again")
        }
        workload.advance(Workload.scrapeInterval, hasIncident: hasIncident)
        send(workload.scrape(at: clock))
    }

    private mutating func send(_ series: [OutgoingSeries]) {
        samplesSent += series.reduce(0) { $0 + $1.samples.count }
        let body = Snappy.compress(RemoteWriteEncoder.encode(series))
        let answer = client.post(
            base + "/api/v1/write", body: body,
            headers: [
                ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
                ("X-Prometheus-Remote-Write-Version", "0.1.0"),
            ])
        if answer.status != 204 {
            failures.append("a write was answered \(answer.status)")
        }
    }

    private mutating func settle() {
        for _ in 0..<40 where resolvedAt == nil {
            usleep(100_000)
            showArrivals()
        }
    }

    // MARK: Showing

    private mutating func showArrivals() {
        for arrival in inbox.take() {
            let window = arrival.labels["window"].map { " over \($0)" } ?? ""
            let severity = arrival.labels["severity"] ?? ""
            printLine("\(time(clock))  >> webhook: \(arrival.status) \(severity)\(window)")
            if arrival.status == "firing" { printLine("          \(arrival.summary)") }
            guard arrival.labels["inference_service"] == Workload.victim else {
                failures.append("an alert about another model: \(arrival.labels)")
                continue
            }
            guard severity == "page", arrival.labels["window"] == "1h" else { continue }
            if arrival.status == "firing" {
                firedAt = firedAt ?? time(of: arrival.startsAt)
            } else {
                resolvedAt = time(of: arrival.endsAt)
            }
        }
    }

    /// The scrape a stamp of an alert names; the clock if it names none.
    private func time(of stamp: String) -> Timestamp {
        var candidate = incidentBegins
        while candidate < clock && candidate.rfc3339 != stamp {
            candidate = candidate + Workload.scrapeInterval
        }
        return candidate
    }

    private func showBudgets() {
        var line = time(clock)
        for slo in slos() {
            let name = slo["labels"]?["inference_service"]?.asString ?? ""
            let left = slo["budget"]?["remaining"]?.asDouble.map { $0 * 100 }
            let windows = slo["windows"]?.elements ?? []
            let burns = ["5m", "1h"].map { wanted in
                decimal(
                    windows.first { $0["window"]?.asString == wanted }?["burnRate"]?.asDouble, 1)
            }
            line += "  \(name) \(decimal(left, 1)) % (\(burns[0])/\(burns[1]))"
        }
        printLine(line)
    }

    private func slos() -> [JSONValue] {
        let answer = client.get(base + "/api/v1/slos?service=inference")
        // An answer that does not parse shows as no SLOs, which the conclusion reports.
        let json = try? JSONValue.parse(answer.body)
        return json?["data"]?["slos"]?.elements ?? []
    }

    private func time(_ time: Timestamp) -> String {
        String(time.rfc3339.dropFirst(11).prefix(8))
    }

    // MARK: Checking

    private mutating func conclude() {
        printLine("")
        var sent = (total: 0, bad: 0)
        var counted = (total: 0.0, bad: 0.0)
        for model in workload.models {
            sent.total += model.total
            sent.bad += model.bad
        }
        for slo in slos() {
            counted.total += slo["events"]?["total"]?.asDouble ?? 0
            counted.bad += slo["events"]?["bad"]?.asDouble ?? 0
        }
        printLine(
            "Requests: \(sent.total) made, \(decimal(counted.total, 0)) counted. "
                + "Failures: \(sent.bad) made, \(decimal(counted.bad, 0)) counted.")
        if counted.total != Double(sent.total) || counted.bad != Double(sent.bad) {
            failures.append("the counts differ")
        }
        report("The page fired", firedAt, after: incidentBegins, within: .minutes(1))
        report("It resolved", resolvedAt, after: incidentEnds, within: .minutes(7))
    }

    private mutating func report(
        _ what: String, _ at: Timestamp?, after begin: Timestamp, within limit: TimeSpan
    ) {
        guard let at else {
            failures.append("\(what): never")
            return
        }
        printLine(
            "\(what) \(at - begin) after the incident "
                + (begin == incidentBegins ? "began." : "ended.")
        )
        if at - begin > limit { failures.append("\(what) later than \(limit)") }
    }
}

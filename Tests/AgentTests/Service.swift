import Agent
import Model
import Wire

/// One pod with its counters, and what a Prometheus sends of it.
struct Service {
    var labels: [(String, String)] = []
    var instance = "pod-1"
    var requests = 0.0
    var errors = 0.0
    /// Whether the error counter exists yet.
    var hasErrors = true
    var start: Timestamp?
    /// Seconds between scrapes.
    var interval = 15.0

    func series(_ metric: String, _ samples: [(time: Timestamp, value: Double)]) -> OutgoingSeries {
        let own = [("__name__", metric), ("job", "model"), ("instance", instance)]
        return OutgoingSeries(labels: Labels(labels + own), samples: samples)
    }

    /// A good scrape of what the counters show now.
    func scrape(_ time: Timestamp) -> [OutgoingSeries] {
        var all = [series("up", [(time, 1)]), series("requests_total", [(time, requests)])]
        if hasErrors { all.append(series("errors_total", [(time, errors)])) }
        if let start {
            all.append(series("process_start_time_seconds", [(time, start.seconds)]))
        }
        return all
    }

    /// A failed scrape; the first of them marks the series as ended.
    func failure(_ time: Timestamp, isFirst: Bool) -> [OutgoingSeries] {
        let up = series("up", [(time, 0)])
        return isFirst ? [up] + ended(time) : [up]
    }

    /// Stale markers for all series, `up` included.
    func retirement(_ time: Timestamp) -> [OutgoingSeries] {
        [series("up", [(time, staleMarker)])] + ended(time)
    }

    private func ended(_ time: Timestamp) -> [OutgoingSeries] {
        var metrics = ["requests_total"]
        if hasErrors { metrics.append("errors_total") }
        if start != nil { metrics.append("process_start_time_seconds") }
        return metrics.map { series($0, [(time, staleMarker)]) }
    }

    /// Requests and errors of each scrape from the one after `from` to `to`, in one body: as a
    /// sender does that catches up.
    mutating func run(
        from: Double, to: Double, _ rate: (_ seconds: Double) -> (requests: Double, errors: Double)
    ) -> [OutgoingSeries] {
        let names = ["up", "requests_total"] + (hasErrors ? ["errors_total"] : [])
        let labels = names.map { series($0, []).labels }
        var all: [OutgoingSeries] = []
        for step in 1...Int(((to - from) / interval).rounded()) {
            let seconds = from + Double(step) * interval
            let (more, bad) = rate(seconds)
            requests += more
            errors += bad
            let values = [1, requests] + (hasErrors ? [errors] : [])
            for (labels, value) in zip(labels, values) {
                all.append(OutgoingSeries(labels: labels, samples: [(at(seconds), value)]))
            }
        }
        return all
    }
}

extension AgentWorld {
    /// Lets a service run, a body an hour, and closes its last scrape.
    mutating func run(
        _ service: inout Service, from: Double, to: Double, every seconds: Double = 3600,
        _ rate: (_ seconds: Double) -> (requests: Double, errors: Double)
    ) {
        var start = from
        while start < to {
            let end = min(start + seconds, to)
            write(service.run(from: start, to: end, rate), at: at(end))
            start = end
        }
        advance(to: at(to + 3))
        if !isTicking { handle(.tick, at: at(to + 3)) }
    }

    /// One scrape at once.
    mutating func scrape(
        _ service: inout Service, _ seconds: Double, requests: Double, errors: Double = 0
    ) {
        service.requests += requests
        service.errors += errors
        write(service.scrape(at(seconds)), at: at(seconds))
    }
}

import Drift
import Model
import Runs
import Wire

// What is counted of models, as series of the store: the agent writes them to itself as if it had
// scraped them, so that SLOs count requests, their time and clean windows exactly, rules read them,
// and queries show them. They go through remote write's own encoder and decoder: one way in, one
// set of rules for births and resets. The target is there from the moment a model is configured, so
// that a series which begins later is a birth and counts from its first event.

extension DriftBook {
    /// How often.
    static let exposureInterval = TimeSpan.seconds(15)
    /// What keys label blocks; it never leaves the agent.
    private static let decoder = RemoteWriteDecoder(
        seed: HashSeed(low: 0x7069_746f, high: 0x6472_6966), limits: .standard)

    /// A scrape of the counters; nil when none is due.
    func exposure(at now: Timestamp, datasets: [Dataset] = []) -> WriteBatch? {
        guard !models.isEmpty || !datasets.isEmpty, now - exposedAt >= Self.exposureInterval else {
            return nil
        }
        var scrape = OwnScrape(at: now)
        scrape.add("up", [], 1)
        for watch in watches {
            let labels = DriftMetrics.labels(watch)
            if !watch.tally.isEmpty { Self.add(watch.tally, labels, to: &scrape) }
            guard watch.monitor != nil else { continue }
            for (result, count) in DriftMetrics.windows(watch) {
                scrape.add(
                    "pitot_drift_windows_total", labels + [("result", result)], Double(count))
            }
        }
        for dataset in datasets where dataset.updatedAt > .distantPast {
            scrape.add(
                "pitot_dataset_updated_timestamp_seconds",
                [("dataset_namespace", dataset.namespace), ("dataset", dataset.name)],
                dataset.updatedAt.seconds)
        }
        // What our own encoder made is whole; were it too long, that we are there is still said.
        return (try? Self.decoder.decode(RemoteWriteEncoder.encode(scrape.series)))
            ?? (try? Self.decoder.decode(RemoteWriteEncoder.encode([scrape.series[0]])))
    }

    private static func add(
        _ tally: InferenceTally, _ labels: [(name: String, value: String)],
        to scrape: inout OwnScrape
    ) {
        for (outcome, count) in DriftMetrics.outcomes(tally) {
            scrape.add(
                "pitot_inference_requests_total", labels + [("outcome", outcome)], Double(count))
        }
        let name = "pitot_inference_request_duration_seconds"
        let bounds = InferenceTally.boundsMillis.map { ($0 / 1000).description } + ["+Inf"]
        for (bound, count) in zip(bounds, tally.cumulative) {
            scrape.add(name + "_bucket", labels + [("le", bound)], Double(count))
        }
        scrape.add(name + "_count", labels, Double(tally.cumulative.last ?? 0))
        scrape.add(name + "_sum", labels, Double(tally.latencySum) / 1e9)
    }
}

/// Series with one sample each, of one target.
private struct OwnScrape {
    private let time: Timestamp
    private(set) var series: [OutgoingSeries] = []

    init(at time: Timestamp) { self.time = time }

    mutating func add(
        _ name: String, _ labels: [(name: String, value: String)], _ value: Double
    ) {
        let all = [("__name__", name), ("job", "pitot"), ("instance", "models")] + labels
        series.append(
            OutgoingSeries(
                labels: Labels(all.filter { !$0.1.isEmpty }), samples: [(time, value)]))
    }
}

import Model
import Wire

// The demo's world: a few models behind a mesh, each with some pods that Prometheus would scrape
// every 15 seconds. Requests arrive as a Poisson process; a pod counts them by response code.

/// A small seeded generator (SplitMix64, Steele et al. 2014): the same demo every time.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Arrivals in an interval that has `mean` of them on average: as a sum of small draws, each by
    /// Knuth's product method; above a thousand by the normal approximation.
    mutating func poisson(_ mean: Double) -> Int {
        if mean > 1000 {
            let sum = (0..<12).reduce(0.0) { sum, _ in sum + Double.random(in: 0..<1, using: &self)
            }
            return max(0, Int((mean + (sum - 6) * mean.squareRoot()).rounded()))
        }
        var left = mean
        var count = 0
        while left > 0 {
            let part = min(left, 16)
            left -= part
            count += smallPoisson(part)
        }
        return count
    }

    private mutating func smallPoisson(_ mean: Double) -> Int {
        let limit = expNegative(mean)
        var product = Double.random(in: 0..<1, using: &self)
        var count = 0
        while product > limit {
            count += 1
            product *= Double.random(in: 0..<1, using: &self)
        }
        return count
    }

    /// e^-x for 0 <= x <= 16, by its series on x/64 and six squarings.
    private func expNegative(_ x: Double) -> Double {
        let part = x / 64
        var result = 1 - part + part * part / 2 - part * part * part / 6
        for _ in 0..<6 { result *= result }
        return result
    }
}

/// One pod of a model and what it has counted.
struct DemoPod {
    let instance: String
    let startedAt: Timestamp
    var good = 0
    var bad = 0
}

/// A model: its traffic and its pods.
struct DemoModel {
    let namespace: String
    let name: String
    /// Requests per second over all pods.
    let rate: Double
    /// Share of requests that fail on an ordinary day.
    let ordinaryFailures: Double
    var pods: [DemoPod]

    var total: Int { pods.reduce(0) { $0 + $1.good + $1.bad } }
    var bad: Int { pods.reduce(0) { $0 + $1.bad } }
}

/// The models over time.
struct Workload {
    static let scrapeInterval = TimeSpan.seconds(15)
    static let victim = "fraud-detector"

    private(set) var models: [DemoModel]
    private var generator = SeededGenerator(seed: 20_261_123)

    init(startingAt start: Timestamp) {
        let shapes: [(String, String, Double, Double, Int)] = [
            ("payments", Self.victim, 120, 0.0002, 3), ("shop", "recommender", 300, 0.0003, 4),
            ("shop", "ranker", 80, 0.0001, 2), ("search", "embedder", 40, 0, 2),
        ]
        models = shapes.enumerated().map { index, shape in
            let pods = (0..<shape.4).map { pod in
                DemoPod(instance: "10.8.\(index).\(pod + 10):9090", startedAt: start)
            }
            return DemoModel(
                namespace: shape.0, name: shape.1, rate: shape.2, ordinaryFailures: shape.3,
                pods: pods)
        }
    }

    /// Lets some time pass; in an incident every request of the victim fails.
    mutating func advance(_ interval: TimeSpan, hasIncident: Bool) {
        let seconds = interval.seconds
        for model in models.indices {
            let isDown = hasIncident && models[model].name == Self.victim
            let failing = isDown ? 1 : models[model].ordinaryFailures
            let mean = models[model].rate * seconds / Double(models[model].pods.count)
            for pod in models[model].pods.indices {
                models[model].pods[pod].good += generator.poisson(mean * (1 - failing))
                models[model].pods[pod].bad += generator.poisson(mean * failing)
            }
        }
    }

    /// What Prometheus would send of one scrape of every pod.
    func scrape(at time: Timestamp) -> [OutgoingSeries] {
        var series: [OutgoingSeries] = []
        for model in models {
            for pod in model.pods {
                series += scrape(pod, of: model, at: time)
            }
        }
        return series
    }

    private func scrape(
        _ pod: DemoPod, of model: DemoModel, at time: Timestamp
    ) -> [OutgoingSeries] {
        let target = [("job", "inference"), ("instance", pod.instance)]
        let mesh =
            target + [
                ("__name__", "istio_requests_total"), ("reporter", "destination"),
                ("namespace", model.namespace), ("inference_service", model.name),
            ]
        func one(_ labels: [(String, String)], _ value: Double) -> OutgoingSeries {
            OutgoingSeries(labels: Labels(labels), samples: [(time, value)])
        }
        return [
            one(target + [("__name__", "up")], 1),
            one(
                target + [("__name__", "process_start_time_seconds")], pod.startedAt.seconds),
            one(mesh + [("response_code", "200")], Double(pod.good)),
            one(mesh + [("response_code", "503")], Double(pod.bad)),
        ]
    }
}

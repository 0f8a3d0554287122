import Model
import Wire

// Series shaped like a KServe predictor pod's: 40 each, nine or ten labels, about 300 bytes of
// labels; 28 histogram series, 6 request counters, 6 gauges. Every value moves at each scrape.

/// Pods and their scrapes as remote-write bodies.
struct BenchWorld {
    static let seriesPerPod = 40
    static let start = Timestamp(millis: 1_790_000_000_000)
    static let interval = TimeSpan.seconds(15)

    let pods: Int
    private let labels: [Labels]

    init(pods: Int) {
        self.pods = pods
        labels = (0..<pods).flatMap { pod in (0..<Self.seriesPerPod).map { Self.labels(pod, $0) } }
    }

    var seriesCount: Int { labels.count }

    /// Snappy bodies of `batch` series each that make one scrape of every pod; of remote write 2.0
    /// with the counters' starts, when asked.
    func bodies(scrape: Int, batch: Int = 2000, isSecond: Bool = false) -> [[UInt8]] {
        let time = Self.start + Self.interval * Int64(scrape)
        return stride(from: 0, to: labels.count, by: batch).map { first in
            let series = (first..<min(first + batch, labels.count)).map { index in
                OutgoingSeries(
                    labels: labels[index],
                    samples: [(time, Double(scrape * step(of: index)))],
                    start: Self.start - .minutes(Int64(index / Self.seriesPerPod)))
            }
            return Snappy.compress(
                isSecond ? RemoteWrite2Encoder.encode(series) : RemoteWriteEncoder.encode(series))
        }
    }

    /// What a series grows by in a scrape: the 5xx counters stand still but for one service in 25.
    private func step(of index: Int) -> Int {
        let isServerError = (32..<34).contains(index % Self.seriesPerPod)
        let isFailing = index / Self.seriesPerPod / 4 % 25 == 0
        return isServerError && !isFailing ? 0 : index % 7 + 1
    }

    private static let bounds = [
        "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000", "+Inf",
    ]
    private static let codes = ["200", "201", "404", "429", "500", "503"]
    private static let gauges = [
        "container_memory_working_set_bytes", "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED",
        "revision_queue_depth", "triton_inflight_batch_size", "process_resident_memory_bytes",
    ]

    private static func labels(_ pod: Int, _ index: Int) -> Labels {
        let service = "isvc-\(pod / 4)-predictor"
        var all = [
            ("cluster", "prod-eu-1"), ("namespace", "team-\(pod % 10)"),
            ("instance", "10.\(pod / 250).\(pod % 250).7:9091"),
            ("pod", "\(service)-00001-deployment-7d9f8c6b5-\(pod)x\(pod % 97)"),
            ("job", "kserve-predictor"), ("destination_service_name", service),
        ]
        switch index {
        case 0..<14: all += histogram("istio_request_duration_milliseconds", index)
        case 14..<28: all += histogram("request_predict_milliseconds", index - 14)
        case 28..<34:
            all += [
                ("__name__", "istio_requests_total"), ("reporter", "destination"),
                ("source_workload", "istio-ingressgateway"), ("request_protocol", "http"),
                ("response_code", codes[index - 28]),
            ]
        default:
            all += [
                ("__name__", gauges[index - 34]), ("container", "kserve-container"),
                ("node", "gpu-node-\(pod % 60)"), ("endpoint", "metrics"),
            ]
        }
        return Labels(all)
    }

    private static func histogram(_ name: String, _ index: Int) -> [(String, String)] {
        let common = [
            ("reporter", "destination"), ("request_protocol", "http"), ("response_code", "200"),
        ]
        switch index {
        case 0..<12: return common + [("__name__", name + "_bucket"), ("le", bounds[index])]
        case 12: return common + [("__name__", name + "_sum")]
        default: return common + [("__name__", name + "_count")]
        }
    }
}

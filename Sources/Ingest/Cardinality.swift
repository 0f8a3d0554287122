// How many series each namespace and metric has, and who was refused at a limit: what an operator
// asks first when new series are shed.

/// Series by namespace and metric.
public struct Cardinality: Sendable {
    /// What one namespace, or one metric, accounts for.
    public struct Share: Hashable, Sendable {
        public let name: String
        public internal(set) var series = 0
        /// Samples of new series that were refused at a limit since the process started: what is
        /// refused is not in the log.
        public internal(set) var refusedSamples = 0
    }

    /// The label that names a tenant.
    public static let namespaceLabel = "namespace"
    /// Namespaces told apart; further ones count together.
    static let namespacesMax = 10_000

    /// Series in all; of replicas the one they share.
    public private(set) var total = 0
    private var namespaces: [Share] = []
    private var namespaceByName: [String: Int] = [:]
    private var metrics: [String: Share] = [:]

    /// The namespace's number. A series without the label belongs to "".
    mutating func namespace(_ name: String) -> Int {
        if let known = namespaceByName[name] { return known }
        // The last number is for all that come after: "other", under a name nobody can take.
        guard namespaces.count < Self.namespacesMax else { return Self.namespacesMax - 1 }
        let isLast = namespaces.count == Self.namespacesMax - 1
        if isLast {
            namespaces.append(Share(name: "other namespaces"))
            return namespaces.count - 1
        }
        namespaceByName[name] = namespaces.count
        namespaces.append(Share(name: name))
        return namespaces.count - 1
    }

    func series(inNamespace index: Int) -> Int { namespaces[index].series }

    mutating func add(namespace: Int, metric: String, count: Int = 1) {
        total += count
        namespaces[namespace].series += count
        metrics[metric, default: Share(name: metric)].series += count
    }

    /// A series is idle, or gone.
    mutating func remove(namespace name: String, metric: String) {
        total -= 1
        namespaces[namespace(name)].series -= 1
        guard let share = metrics[metric] else { return }
        metrics[metric] = share.series > 1 || share.refusedSamples > 0 ? share : nil
        metrics[metric]?.series -= 1
    }

    mutating func refuse(samples: Int, namespace: Int, metric: String) {
        namespaces[namespace].refusedSamples += samples
        // A metric that has no series yet is not remembered: it may be one of very many.
        if metrics[metric] != nil { metrics[metric]?.refusedSamples += samples }
    }

    /// The namespaces with the most series. O(n log n).
    public func largestNamespaces(_ count: Int) -> [Share] { Self.largest(namespaces, count) }

    /// The metrics with the most series. O(n log n).
    public func largestMetrics(_ count: Int) -> [Share] {
        Self.largest(Array(metrics.values), count)
    }

    private static func largest(_ shares: [Share], _ count: Int) -> [Share] {
        Array(
            shares.sorted {
                ($1.series, $0.name) < ($0.series, $1.name)
            }.prefix(count))
    }
}

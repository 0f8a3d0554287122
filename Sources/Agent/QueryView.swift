import Ingest
public import Model
public import Query
public import Storage
public import Text

// What queries read: a point in time of the store. The owner takes it between two events and hands
// it to another thread; pages that change afterwards are copied by the owner as it writes.

/// Series, samples and what is said of them, as they were at one moment.
public struct QueryView: Sendable {
    /// The time when it was taken.
    public let now: Timestamp
    public let settings: QuerySettings
    /// What senders say of metrics.
    public let descriptions: [String: MetricDescription]
    private let index: SeriesIndexSnapshot
    private let chunks: ChunkSnapshot
    private let exemplars: ExemplarSnapshot
    private let replicas: ReplicaSeries

    init(of agent: AgentCore) {
        now = agent.now
        settings = agent.configuration.queries
        descriptions = agent.intake.store.descriptions
        index = agent.intake.store.index.snapshot()
        chunks = agent.intake.store.chunks.snapshot()
        exemplars = agent.intake.store.exemplarSnapshot()
        replicas = agent.intake.replicaSeries()
    }

    /// The series that satisfy every matcher, sorted by labels; those of replicas are left out.
    public func series(
        matching matchers: [Matcher]
    ) throws(PatternError) -> [(id: SeriesID, labels: Labels)] {
        try index.select(matchers).filter { !replicas.contains($0) }
            .map { (id: $0, labels: index.labels(of: $0)) }
            .sorted { $0.labels < $1.labels }
    }

    /// The exemplars of a series of a span, oldest first.
    public func exemplars(of id: SeriesID, from: Timestamp, to: Timestamp) -> [Exemplar] {
        exemplars.read(id, from: from, to: to)
    }

    /// The label names of the series that satisfy one of the selectors, or of all series for none.
    public func labelNames(matching selectors: [Selector]) throws(PatternError) -> [String] {
        try union(selectors) { (matchers) throws(PatternError) in
            try index.labelNames(matching: matchers)
        }
    }

    /// The values of a label, as `labelNames`.
    public func labelValues(
        _ name: String, matching selectors: [Selector]
    ) throws(PatternError) -> [String] {
        try union(selectors) { (matchers) throws(PatternError) in
            try index.labelValues(name, matching: matchers)
        }
    }

    private func union(
        _ selectors: [Selector], _ list: ([Matcher]) throws(PatternError) -> [String]
    ) throws(PatternError) -> [String] {
        if selectors.count < 2 { return try list(selectors.first?.matchers ?? []) }
        var all: Set<String> = []
        for selector in selectors { all.formUnion(try list(selector.matchers)) }
        return all.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

extension QueryView: SampleSource {
    public func forEachSeries(
        matching selector: Selector, from: Timestamp, to: Timestamp,
        _ body: (_ labels: Labels, _ samples: inout QueryColumns) -> Bool
    ) {
        // The selector was compiled when the query was parsed: RE2 takes its expressions again.
        guard let found = try? series(matching: selector.matchers) else { return }
        var stored = Storage.SampleColumns()
        var columns = QueryColumns()
        for (id, labels) in found {
            chunks.read(id, from: from, to: to, into: &stored)
            if stored.isEmpty { continue }
            columns.removeAll()
            columns.times.reserveCapacity(stored.times.count)
            for time in stored.times { columns.times.append(time.millis) }
            columns.values.append(contentsOf: stored.values)
            for time in stored.histogramTimes { columns.histogramTimes.append(time.millis) }
            columns.histograms.append(contentsOf: stored.histograms)
            guard body(labels, &columns) else { return }
        }
    }
}

extension AgentCore {
    /// A point in time for queries. O(segments); pages are shared, not copied.
    public func queryView() -> QueryView { QueryView(of: self) }
}

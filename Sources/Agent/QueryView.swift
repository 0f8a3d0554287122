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
    public let configuration: Configuration
    /// What senders say of metrics.
    public let descriptions: [String: MetricDescription]
    private let index: SeriesIndexSnapshot
    private let chunks: ChunkSnapshot
    private let exemplars: ExemplarSnapshot
    private let replicas: ReplicaSeries
    /// Selectors whose series are known already.
    private var prepared: [[Matcher]: [SeriesID]] = [:]

    public var settings: QuerySettings { configuration.queries }

    init(of agent: AgentCore) {
        now = agent.now
        configuration = agent.configuration
        descriptions = agent.intake.store.descriptions
        index = agent.intake.store.index.snapshot()
        chunks = agent.intake.store.chunks.snapshot()
        exemplars = agent.intake.store.exemplarSnapshot()
        replicas = agent.intake.replicaSeries()
    }

    /// The series that satisfy every matcher, sorted by labels; those of replicas are left out,
    /// and those without samples in `span`.
    public func series(
        matching matchers: [Matcher], in span: QuerySpan = .all
    ) throws(PatternError) -> [(id: SeriesID, labels: Labels)] {
        try numbers(matchers, span).map { (id: $0, labels: index.labels(of: $0)) }
            .sorted { precedes($0.labels, $1.labels) }
    }

    /// The same view, in which some selectors need not be looked up again: for the rules of a
    /// group, which ask for the same series time after time. Up to `preparedMax` series.
    public func preparing(_ selectors: [Selector]) -> QueryView {
        var view = self
        var room = Self.preparedMax
        for selector in selectors where view.prepared[selector.matchers] == nil {
            guard let found = try? numbers(selector.matchers, .all), found.count <= room else {
                continue
            }
            room -= found.count
            view.prepared[selector.matchers] = found
        }
        return view
    }

    /// Series of prepared selectors, together: 16 MB.
    static let preparedMax = 4_000_000

    private func numbers(
        _ matchers: [Matcher], _ span: QuerySpan
    ) throws(PatternError) -> [SeriesID] {
        if span.isAll, let known = prepared[matchers] { return known }
        let found = try index.select(matchers)
        if span.isAll && !hasReplicas { return found }
        return found.filter {
            !replicas.contains($0)
                && (span.isAll || chunks.hasSamples($0, from: span.from, to: span.to))
        }
    }

    /// The labels of a series by its number; nil when it is there no more.
    func labels(of id: UInt32) -> Labels? {
        let labels = index.labels(of: SeriesID(id))
        return labels.isEmpty ? nil : labels
    }

    /// The exemplars of a series of a span, oldest first.
    public func exemplars(of id: SeriesID, from: Timestamp, to: Timestamp) -> [Exemplar] {
        exemplars.read(id, from: from, to: to)
    }

    /// The time of the oldest sample that is kept; nil without any. O(series).
    var oldest: Timestamp? { chunks.span?.first }

    /// What a series was sent, to be counted again; nil when that is nothing.
    func column(
        _ id: SeriesID, as number: UInt32, from: Timestamp, to: Timestamp
    ) -> ScrapeColumn? {
        var stored = Storage.SampleColumns()
        chunks.readSent(id, from: from, to: to, into: &stored)
        if stored.times.isEmpty { return nil }
        return ScrapeColumn(id: number, times: stored.times, values: stored.values)
    }

    /// The label names of the series that satisfy one of the selectors and have samples in `span`;
    /// no selector is all series.
    public func labelNames(
        matching selectors: [Selector], in span: QuerySpan = .all
    ) throws(PatternError) -> [String] {
        if selectors.isEmpty && span.isAll && !hasReplicas { return try index.labelNames() }
        return index.labelNames(of: try union(selectors, span))
    }

    /// The values of a label, as `labelNames`.
    public func labelValues(
        _ name: String, matching selectors: [Selector], in span: QuerySpan = .all
    ) throws(PatternError) -> [String] {
        if selectors.isEmpty && span.isAll && !hasReplicas { return try index.labelValues(name) }
        return index.labelValues(name, of: try union(selectors, span))
    }

    /// The largest names and values, `limit` of each kind.
    public func cardinality(limit: Int) -> IndexCardinality { index.cardinality(limit: limit) }

    /// How many series are there, and samples of which times.
    public func extent() -> (series: Int, chunks: ChunkExtent) { (index.count, chunks.extent()) }

    /// Replicas' own series have the label that tells them apart; no others do.
    private var hasReplicas: Bool {
        configuration.intake.replicaLabels.contains {
            (try? index.labelValues($0))?.isEmpty == false
        }
    }

    private func union(
        _ selectors: [Selector], _ span: QuerySpan
    ) throws(PatternError) -> [SeriesID] {
        if selectors.count < 2 { return try numbers(selectors.first?.matchers ?? [], span) }
        var all: Set<SeriesID> = []
        for selector in selectors { all.formUnion(try numbers(selector.matchers, span)) }
        return all.sorted { $0.index < $1.index }
    }
}

/// The times that a list of series is about, both included.
public struct QuerySpan: Sendable {
    public var from: Timestamp
    public var to: Timestamp

    public init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    /// Whatever is stored.
    public static let all = QuerySpan(from: .distantPast, to: .distantFuture)

    var isAll: Bool { from == .distantPast && to == .distantFuture }
}

extension QueryView: SampleSource {
    /// In the order of the series' numbers, as Prometheus' head gives them: sorting costs as much
    /// as reading, and whoever needs the order of labels sorts what is left.
    public func forEachSeries(
        _ request: SeriesRequest,
        _ body: (_ labels: Labels, _ samples: inout QueryColumns) -> Bool
    ) {
        // The selector was compiled when the query was parsed: RE2 takes its expressions again.
        let found = (try? numbers(request.selector.matchers, .all)) ?? []
        var labels = LabelReader(index, keeping: request.labels, count: found.count)
        var stored = Storage.SampleColumns()
        var columns = QueryColumns()
        for id in found where read(id, request, &stored, into: &columns) {
            guard body(labels.labels(of: id), &columns) else { return }
        }
    }

    /// The same in the order of labels.
    public func forEachSeriesSorted(
        matching selector: Selector, from: Timestamp, to: Timestamp,
        _ body: (_ labels: Labels, _ samples: inout QueryColumns) -> Bool
    ) {
        let request = SeriesRequest(selector, from: from, to: to)
        var stored = Storage.SampleColumns()
        var columns = QueryColumns()
        for (id, labels) in (try? series(matching: selector.matchers)) ?? []
        where read(id, request, &stored, into: &columns) {
            guard body(labels, &columns) else { return }
        }
    }

    /// False when there is nothing; `stored` is a buffer to use again.
    private func read(
        _ id: SeriesID, _ request: SeriesRequest, _ stored: inout Storage.SampleColumns,
        into columns: inout QueryColumns
    ) -> Bool {
        let (from, to) = (request.from, request.to)
        if !request.isNewestEnough || !chunks.readNewest(id, from: from, to: to, into: &stored) {
            chunks.read(id, from: from, to: to, into: &stored)
        }
        if stored.isEmpty { return false }
        columns.removeAll()
        columns.times.append(contentsOf: stored.times.lazy.map(\.millis))
        columns.values.append(contentsOf: stored.values)
        if stored.histograms.isEmpty { return true }
        columns.histogramTimes.append(contentsOf: stored.histogramTimes.lazy.map(\.millis))
        columns.histograms.append(contentsOf: stored.histograms)
        return true
    }
}

extension AgentCore {
    /// A point in time for queries. O(segments); pages are shared, not copied.
    public func queryView() -> QueryView { QueryView(of: self) }
}

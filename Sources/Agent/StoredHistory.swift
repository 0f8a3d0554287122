import Ingest
public import Model
public import Storage

/// What an agent holds of the past, for a back-test: every series with the samples it was sent.
public struct StoredHistory: Sendable {
    /// Those of replicas are left out; their samples stand under the series they share.
    public let series: [(id: SeriesID, labels: Labels)]
    private let chunks: ChunkSnapshot

    init(of agent: AgentCore) {
        let index = agent.intake.store.index.snapshot()
        let replicas = agent.intake.replicaSeries()
        series = (0..<index.end.index).map { SeriesID($0) }
            .filter { index.isLive($0) && !replicas.contains($0) }
            .map { (id: $0, labels: index.labels(of: $0)) }
        chunks = agent.intake.store.chunks.snapshot()
    }

    /// The times of the first and the last sample; nil without any.
    public var span: (first: Timestamp, last: Timestamp)? { chunks.span }

    /// The samples of a series from one time to another, both included. O(segments + samples).
    public func read(
        _ id: SeriesID, from: Timestamp, to: Timestamp, into columns: inout SampleColumns
    ) { chunks.readSent(id, from: from, to: to, into: &columns) }
}

extension AgentCore {
    /// What it holds of the past.
    public func storedHistory() -> StoredHistory { StoredHistory(of: self) }
}

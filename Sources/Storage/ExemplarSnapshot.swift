public import Model

/// The exemplars of all series as they were at one moment, for any thread.
public struct ExemplarSnapshot: Sendable {
    private let ring: ExemplarRing
    private let heads: PageTree<ChunkHead>

    init(_ ring: ExemplarRing, _ heads: PageTree<ChunkHead>) {
        self.ring = ring
        self.heads = heads
    }

    /// A series' exemplars from one time to another, both included, oldest first.
    public func read(_ id: SeriesID, from: Timestamp, to: Timestamp) -> [Exemplar] {
        let index = Int(id.index)
        guard index < heads.count, !heads.isReleased(index) else { return [] }
        return ring.read(id.index, newest: heads[index].exemplar, from: from, to: to)
    }
}

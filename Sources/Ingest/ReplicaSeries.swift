public import Model

/// Which series are one replica's own, as of one moment. Their samples are stored under the series
/// without the replica label, so an answer that showed them too would show them twice.
public struct ReplicaSeries: Sendable {
    private let places: PagedArray<SeriesPlace>

    init(_ places: PagedArray<SeriesPlace>) { self.places = places }

    /// O(1).
    public func contains(_ id: SeriesID) -> Bool {
        Int(id.index) < places.count && places[Int(id.index)].stored != id.index
    }
}

extension Intake {
    /// As of now, for any thread. O(1).
    public func replicaSeries() -> ReplicaSeries { ReplicaSeries(places) }
}

import Model

/// Which names and values have the most series, as Prometheus' `/api/v1/status/tsdb` tells it.
public struct IndexCardinality: Sendable {
    /// A name and how many, or how many bytes.
    public struct Entry: Hashable, Sendable {
        public var name: String
        public var count: Int
    }

    /// Different pairs of a label and its value.
    public var labelPairs = 0
    public var seriesByMetric: [Entry] = []
    public var valuesByLabel: [Entry] = []
    /// Bytes of a label's values, counted for each series.
    public var bytesByLabel: [Entry] = []
    public var seriesByPair: [Entry] = []
}

extension SeriesIndexSnapshot {
    /// The largest of each kind, `limit` of them; of equal ones the first by name. O(values).
    public func cardinality(limit: Int) -> IndexCardinality {
        var found = IndexCardinality()
        for name in 0..<UInt32(state.names.numbers) where state.names.references(name) > 0 {
            let label = String(decoding: state.names.bytes(of: name), as: UTF8.self)
            var count = 0
            var bytes = 0
            state.forEachValue(of: name) { value in
                let series = state.seriesCount(value)
                count += 1
                bytes += state.values.length(of: value) * series
                let text = String(decoding: state.values.bytes(of: value), as: UTF8.self)
                if label == Labels.metricName {
                    found.seriesByMetric.append(.init(name: text, count: series))
                }
                found.seriesByPair.append(.init(name: "\(label)=\(text)", count: series))
                if found.seriesByPair.count > 4 * (limit + 1000) { cut(&found, limit) }
            }
            found.labelPairs += count
            found.valuesByLabel.append(.init(name: label, count: count))
            found.bytesByLabel.append(.init(name: label, count: bytes))
        }
        cut(&found, limit)
        return found
    }

    private func cut(_ found: inout IndexCardinality, _ limit: Int) {
        for list in [
            \IndexCardinality.seriesByMetric, \.valuesByLabel, \.bytesByLabel, \.seriesByPair,
        ] {
            found[keyPath: list].sort { ($1.count, $0.name) < ($0.count, $1.name) }
            found[keyPath: list].removeLast(max(0, found[keyPath: list].count - limit))
        }
    }
}

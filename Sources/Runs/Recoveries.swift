public import Model

// Time to recovery: how long alerts fired, ours and those of others. Counted when one ends, once
// for each time that it fired.

/// Ended alerts, by severity and origin.
public struct Recoveries: Hashable, Sendable, Archivable {
    /// To read into.
    public static let blank = Recoveries()
    /// Upper bounds of the buckets, in seconds.
    public static let bounds: [Double] = [
        60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400,
    ]
    private static let seriesMax = 64

    /// Of one severity and origin.
    public struct Row: Hashable, Sendable {
        public var severity: String
        /// "alertmanager", or empty for our own.
        public var source: String
        public var count: UInt64 = 0
        public var seconds = 0.0
        /// As a histogram's, each with those of the shorter ones.
        public var buckets = [UInt64](repeating: 0, count: Recoveries.bounds.count)
    }

    /// In the order of source and severity.
    public private(set) var rows: [Row] = []

    /// None.
    public init() {}

    mutating func note(_ entry: TimelineEntry) {
        guard let until = entry.until else { return }
        let severity = entry.labels["severity"] ?? ""
        var place = rows.firstIndex { $0.severity == severity && $0.source == entry.source }
        if place == nil && rows.count < Self.seriesMax {
            rows.append(Row(severity: severity, source: entry.source))
            rows.sort { ($0.source, $0.severity) < ($1.source, $1.severity) }
            place = rows.firstIndex { $0.severity == severity && $0.source == entry.source }
        }
        guard let place else { return }
        let took = (until - entry.at).seconds
        rows[place].count += 1
        rows[place].seconds += took
        for (bucket, bound) in Self.bounds.enumerated() where took <= bound {
            rows[place].buckets[bucket] += 1
        }
    }

    /// All rows.
    public mutating func archive(_ archive: inout Archive) {
        archive.array(&rows, blank: Row(severity: "", source: "")) { archive, row in
            archive.field(&row.severity)
            archive.field(&row.source)
            archive.field(&row.count)
            archive.field(&row.seconds)
            archive.array(&row.buckets, blank: 0) { $0.field(&$1) }
            if row.buckets.count != Self.bounds.count { archive.fail() }
        }
    }
}

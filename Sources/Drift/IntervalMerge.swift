public import Model

// Nodes count, an evaluator judges. Each node tells the rows of closed intervals by cell; here they
// are added and go through one monitor, interval by interval, in an order that the seed draws. Any
// split of the same rows over nodes gives the same counts, so the same report, evidence and alarms.

/// Rows of one cell of an interval's counters.
public struct FilledCell: Hashable, Sendable {
    public var feature: Int
    public var slot: Int
    public var cell: Int
    public var rows: UInt32

    /// So many rows.
    public init(feature: Int, slot: Int, cell: Int, rows: UInt32) {
        self.feature = feature
        self.slot = slot
        self.cell = cell
        self.rows = rows
    }
}

extension IntervalCounts {
    /// The cells that hold rows, by feature, slot and cell.
    public func filled(slots: Int) -> [FilledCell] {
        var filled: [FilledCell] = []
        for feature in 0..<features {
            for slot in 0..<slots {
                let counts = counts(feature: feature, slot: slot)
                guard counts.total > 0 else { continue }
                for cell in 0..<CellCounts.cellCount where counts[cell] > 0 {
                    filled.append(
                        FilledCell(feature: feature, slot: slot, cell: cell, rows: counts[cell]))
                }
            }
        }
        return filled
    }

    /// Counters of a baseline's features from the cells that hold rows; nil when a cell is none of
    /// the baseline's, or a feature has more rows than there are.
    public init?(of baseline: Baseline, rows: UInt64, filled: [FilledCell]) {
        self.init(of: baseline)
        guard count(rows: rows) else { return nil }
        for cell in filled {
            guard (0..<features).contains(cell.feature),
                (0..<baseline.phases.slotCount).contains(cell.slot),
                (0..<CellCounts.cellCount).contains(cell.cell),
                add(cell)
            else { return nil }
        }
        for feature in 0..<features {
            let all = (0..<baseline.phases.slotCount).reduce(UInt64(0)) {
                $0 + UInt64(counts(feature: feature, slot: $1).total)
            }
            if all > rows { return nil }
        }
    }
}

/// Counters of nodes, merged by interval.
public struct IntervalMerge: Sendable {
    /// Intervals that are held, at most.
    public static let intervalsMax = 100_000

    /// What one interval showed.
    public struct Step: Hashable, Sendable {
        public let end: Timestamp
        public let report: LevelReport
        public let alarms: [DriftAlarm]
        /// After the interval.
        public let evidence: Double
        public let isLatched: Bool
    }

    public let baseline: Baseline
    private let baselineID: String
    /// By their end.
    private var intervals: [(end: Timestamp, counts: IntervalCounts)] = []

    /// Nothing yet of a baseline's rows.
    public init(_ baseline: Baseline) {
        self.baseline = baseline
        baselineID = baseline.id
    }

    /// Adds a node's counters of the interval that ends there; false when they are of another
    /// baseline, or too many.
    public mutating func add(_ counts: IntervalCounts, end: Timestamp) -> Bool {
        guard counts.baselineID == baselineID else { return false }
        var place = intervals.count
        while place > 0, intervals[place - 1].end >= end { place -= 1 }
        if place < intervals.count, intervals[place].end == end {
            return intervals[place].counts.merge(counts)
        }
        guard intervals.count < Self.intervalsMax else { return false }
        intervals.insert((end, counts), at: place)
        return true
    }

    /// The intervals by their end.
    public var ends: [Timestamp] { intervals.map(\.end) }
    /// The counters of one of them.
    public func counts(_ place: Int) -> IntervalCounts { intervals[place].counts }

    /// Runs the detectors over all intervals in the order of time; nil when one has too many rows.
    /// O(rows * features).
    public func run(_ settings: MonitorSettings) -> [Step]? {
        var monitor = DriftMonitor(baseline, settings)
        var steps: [Step] = []
        for (end, counts) in intervals {
            guard let alarms = monitor.absorb(counts, at: end) else { return nil }
            let report = monitor.closeWindow()
            steps.append(
                Step(
                    end: end, report: report, alarms: alarms, evidence: monitor.evidence,
                    isLatched: monitor.isLatched))
        }
        return steps
    }
}

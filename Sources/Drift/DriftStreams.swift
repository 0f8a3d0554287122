internal import Model

// All streams of a model, and the one budget they share. An ordered feature has a stream of ranks;
// flags and levels have a 0/1 stream a level, one for other levels and one for new ones; every
// feature has one for missing values. A mean of e-detectors is an e-detector, however they depend
// on each other, so each stream's gamblers enter with the stream's share of one unit, and the sum
// of all wealth is compared with the budget: no correction for the number of features is needed.
//
// Per feature: 128 bytes of bets and 128 of counts a slot if it is ordered, and 96 a 0/1 stream.

/// What a stream watches.
public enum StreamPart: Hashable, Sendable {
    /// The order of a feature's values.
    case order
    /// Whether a value falls into this cell.
    case cell(Int)
}

/// A model's streams: counts that grow, bets, and their sum.
struct DriftStreams: Sendable {
    /// The share of a feature's entry that its missing values get.
    static let missingShare = 0.125

    private struct Lane: Sendable {
        /// Its place among ordered bets; -1 when it has none.
        var ordered: Int
        /// Its 0/1 streams; the first watches for missing values.
        var steps: Range<Int>
        /// 0 when the counts are of gaps.
        var own: UInt32
    }

    private struct Step: Sendable {
        let cell: Int
        let start: UInt64
        let entry: Double
        var bets = StepBets()
    }

    private struct Order: Sendable {
        let start: UInt64
        let entry: Double
        var bets = OrderedBets()
    }

    private let slots: Int
    private var lanes: [Lane] = []
    private var steps: [Step] = []
    private var orders: [Order] = []
    private var counts: [CellCounts] = []
    private var sums: [Double]

    init(_ baseline: Baseline, seed: UInt64) {
        slots = baseline.phases.slotCount
        sums = [Double](repeating: 0, count: baseline.features.count)
        let hash = UniformHash(seed: seed, version: baseline.versionHash)
        let share = 1 / Double(max(1, baseline.features.count))
        var stream: UInt32 = 0
        func nextStart() -> UInt64 {
            stream += 1
            return hash.start(stream: stream)
        }
        for feature in baseline.features {
            let first = steps.count
            let missing = share * Self.missingShare
            steps.append(Step(cell: CellCounts.missing, start: nextStart(), entry: missing))
            let rest = share - missing
            switch feature.cells {
            case .ordered(_, _, let isCutAtRows):
                orders.append(Order(start: nextStart(), entry: rest))
                lanes.append(
                    Lane(
                        ordered: orders.count - 1, steps: first..<steps.count,
                        own: isCutAtRows ? 0 : 1))
            case .flags, .levels:
                let watched = Self.watched(feature)
                for cell in watched {
                    steps.append(
                        Step(
                            cell: cell, start: nextStart(),
                            entry: rest / Double(watched.count)))
                }
                lanes.append(Lane(ordered: -1, steps: first..<steps.count, own: 1))
            }
        }
        restoreCounts(baseline)
    }

    /// The cells whose share is watched; of two alone one tells both.
    private static func watched(_ feature: FeatureBaseline) -> [Int] {
        var cells = feature.valueCells
        let own = cells.filter { $0 < FeatureBaseline.other }
        let hasOthers = !feature.others.isEmpty
        if !hasOthers { cells.removeAll { $0 == FeatureBaseline.other } }
        if own.count == 2 && !hasOthers { cells.removeFirst() }
        return cells
    }

    /// The sum of all wealth.
    var evidence: Double { sums.reduce(0, +) }

    /// Takes one feature's cell; `entry` is the time that has passed in the budget's unit.
    mutating func observe(
        feature: Int, cell: Int, slot: Int, row: UInt64, entry: Double
    ) {
        let lane = lanes[feature]
        let place = feature * slots + slot
        let isMissing = cell == CellCounts.missing
        // Where counts are of gaps one of them is no row.
        var sum = step(
            lane.steps.lowerBound, isOne: isMissing,
            ones: counts[place][CellCounts.missing], total: counts[place].total - (1 - lane.own),
            row, entry)
        // A missing value takes no part in the streams of values.
        for index in lane.steps.dropFirst() {
            if isMissing {
                sum += steps[index].bets.sum
                continue
            }
            let watched = steps[index].cell
            sum += step(
                index, isOne: cell == watched, ones: counts[place][watched],
                total: counts[place].values, row, entry)
        }
        if lane.ordered >= 0 && !isMissing {
            let uniform = UniformHash.uniform(start: orders[lane.ordered].start, row: row)
            let rank = counts[place].rank(adding: cell, uniform: uniform, own: lane.own)
            let share = orders[lane.ordered].entry * entry
            sum += orders[lane.ordered].bets.bet(on: rank, entry: share)
        } else {
            if lane.ordered >= 0 { sum += orders[lane.ordered].bets.sum }
            counts[place].add(cell)
        }
        sums[feature] = sum
    }

    private mutating func step(
        _ index: Int, isOne: Bool, ones: UInt32, total: UInt32, _ row: UInt64, _ entry: Double
    ) -> Double {
        steps[index].bets.observe(
            isOne: isOne, ones: ones, total: total,
            uniform: UniformHash.uniform(start: steps[index].start, row: row),
            entry: steps[index].entry * entry)
    }

    /// Forgets all wealth.
    mutating func reset() { shrink(by: 0) }

    /// Multiplies all wealth by a factor of at most 1.
    mutating func shrink(by factor: Double) {
        for index in steps.indices { steps[index].bets.shrink(by: factor) }
        for index in orders.indices { orders[index].bets.shrink(by: factor) }
        for index in sums.indices { sums[index] *= factor }
    }

    /// Bytes of state.
    var bytes: Int {
        lanes.count * MemoryLayout<Lane>.stride + steps.count * MemoryLayout<Step>.stride
            + orders.count * MemoryLayout<Order>.stride
            + counts.count * MemoryLayout<CellCounts>.stride
            + sums.count * MemoryLayout<Double>.stride
    }

    /// Starts again from the baseline's rows, or one in so many of them.
    mutating func restoreCounts(_ baseline: Baseline, oneIn: Int = 1) {
        counts = baseline.features.indices.flatMap { index in
            baseline.features[index].counts.map { slot in
                var counts = oneIn == 1 ? slot : slot.divided(by: UInt32(oneIn))
                if lanes[index].own == 0 { counts.add(0) }
                return counts
            }
        }
    }

    /// Each stream's wealth, the largest first, at most `most`.
    func largest(_ most: Int) -> [(feature: Int, part: StreamPart, wealth: Double)] {
        var all: [(feature: Int, part: StreamPart, wealth: Double, place: Int)] = []
        for (feature, lane) in lanes.enumerated() {
            if lane.ordered >= 0 {
                all.append((feature, .order, orders[lane.ordered].bets.sum, all.count))
            }
            for index in lane.steps {
                all.append((feature, .cell(steps[index].cell), steps[index].bets.sum, all.count))
            }
        }
        return all.sorted { ($1.wealth, $0.place) < ($0.wealth, $1.place) }.prefix(most)
            .map { ($0.feature, $0.part, $0.wealth) }
    }
}

extension DriftStreams {
    /// What changes, for a checkpoint; the rest follows from the baseline and the seed.
    mutating func archiveState(_ archive: inout Archive) {
        let (stepCount, orderCount, countCount) = (steps.count, orders.count, counts.count)
        var wealth: [Double] = []
        if !archive.isReading {
            for step in steps { wealth += step.bets.all }
            for order in orders { wealth += order.bets.all }
        }
        archive.field(&wealth)
        archive.field(&counts)
        archive.field(&sums)
        guard archive.isReading else { return }
        let isSound =
            wealth.count == StepBets.count * stepCount + OrderedBets.count * orderCount
            && counts.count == countCount && sums.count == lanes.count
            && (wealth + sums).allSatisfy { $0 >= 0 }
        guard isSound else {
            counts = [CellCounts](repeating: CellCounts(), count: countCount)
            sums = [Double](repeating: 0, count: lanes.count)
            return archive.fail()
        }
        var place = 0
        for index in steps.indices {
            steps[index].bets = StepBets(wealth[place..<(place + StepBets.count)])
            place += StepBets.count
        }
        for index in orders.indices {
            orders[index].bets = OrderedBets(wealth[place..<(place + OrderedBets.count)])
            place += OrderedBets.count
        }
    }
}

public import Model

/// A figure and how often chance alone gives one as large.
public struct LevelFigure: Hashable, Sendable {
    /// The measure's value.
    public let value: Double
    /// The chance of one at least as large in one look, when nothing has moved.
    public let pValue: Double
}

/// A measure of how far two distributions are apart.
public enum LevelMeasure: UInt8, CaseIterable, Hashable, Sendable {
    case psi = 0
    case g = 1
    case chiSquared = 2
    /// In nats, the square root: a distance.
    case jensenShannon = 3
    case hellinger = 4
    /// Ordered features only; over the cells, so at most the whole samples' value.
    case kolmogorovSmirnov = 5
    /// Ordered features only; between the cells' means, in the feature's unit.
    case wasserstein1 = 6

    /// For reports and metrics.
    public var label: String {
        switch self {
        case .psi: "psi"
        case .g: "g"
        case .chiSquared: "chi_squared"
        case .jensenShannon: "jensen_shannon"
        case .hellinger: "hellinger"
        case .kolmogorovSmirnov: "kolmogorov_smirnov"
        case .wasserstein1: "wasserstein_1"
        }
    }
}

/// A cell whose share has moved.
public struct CellMove: Hashable, Sendable {
    /// What `FeatureBaseline.label(of:)` calls it.
    public let label: String
    /// Its share of the baseline's rows and of the interval's.
    public let before: Double
    public let now: Double

    /// A cell with its shares.
    public init(label: String, before: Double, now: Double) {
        self.label = label
        self.before = before
        self.now = now
    }
}

/// How far one feature is from its baseline.
public struct FeatureLevel: Hashable, Sendable {
    /// The feature's title.
    public let title: String
    /// Rows of the interval, and of the baseline in the interval's mix of phases: a weighted mix
    /// of phases is worth fewer rows than it holds.
    public let rows: Double
    public let baselineRows: Double
    /// One figure a measure; a measure that the feature does not have is absent.
    public let figures: [LevelMeasure: LevelFigure]
    /// The index less what chance makes of it; 0 where that is more.
    public let effect: Double
    /// The cells that moved most, at most five, the most first; of a level that is not clean.
    public let moves: [CellMove]

    /// The chance that decides whether the feature is clean: chi-squared's, the one that keeps its
    /// promise best where cells are thin.
    public var pValue: Double { figures[.chiSquared]?.pValue ?? 1 }
}

/// What the level measures say of an interval.
public struct LevelReport: Hashable, Sendable {
    /// The baseline's name.
    public let baselineID: String
    /// Rows of the interval.
    public let rows: UInt64
    /// In the baseline's order.
    public let features: [FeatureLevel]
    /// The bar for a feature's chance times the number of features.
    public let alpha: Double
    /// Fewer rows say nothing.
    public let rowsMin: UInt64

    /// Whether anything can be said.
    public var hasEvidence: Bool { rows >= rowsMin }

    /// The chance, corrected for the number of features (Bonferroni), that some feature is as far
    /// from its baseline when none has moved; nil with too few rows.
    public var pValue: Double? {
        guard hasEvidence else { return nil }
        let least = features.reduce(1) { min($0, $1.pValue) }
        return min(1, least * Double(max(1, features.count)))
    }

    /// Whether the interval looks like the baseline; nil with too few rows: no data.
    public var isClean: Bool? { pValue.map { $0 >= alpha } }

    /// False alarms a month if every look with so small a chance were one.
    public static func falseAlarmsPerMonth(pValue: Double, look: TimeSpan) -> Double {
        guard look.millis > 0 else { return 0 }
        return pValue * 30 * 86_400_000 / Double(look.millis)
    }
}

/// What a baseline's features need for every look, worked out once.
public struct LevelScale: Sendable {
    let baseline: Baseline
    let baselineID: String
    let areas: [AreaNull?]

    /// O(features * cells^2).
    public init(_ baseline: Baseline) {
        self.baseline = baseline
        baselineID = baseline.id
        areas = baseline.features.map { feature in
            guard case .ordered(_, let means, _) = feature.cells else { return nil }
            let counts = feature.pooledCounts
            let total = counts.dropLast().reduce(0, +)
            guard total > 0 else { return nil }
            var sum = 0.0
            let shares = means.indices.dropLast().map { cell in
                sum += counts[cell]
                return sum / total
            }
            return AreaNull(means: means, upTo: shares)
        }
    }

    /// Measures an interval against the baseline. O(features * cells).
    public func report(
        _ interval: IntervalCounts, alpha: Double = 0.001, rowsMin: UInt64 = 100
    ) -> LevelReport {
        precondition(interval.baselineID == baselineID, "an interval of this baseline")
        return LevelReport(
            baselineID: baselineID, rows: interval.rows,
            features: baseline.features.indices.map { level($0, interval, alpha) },
            alpha: alpha, rowsMin: rowsMin)
    }

    func level(_ index: Int, _ interval: IntervalCounts, _ alpha: Double) -> FeatureLevel {
        let feature = baseline.features[index]
        var cells = feature.valueCells
        cells.append(CellCounts.missing)
        var current = [Double](repeating: 0, count: cells.count)
        var reference = current
        var effective = 0.0
        mix(index, interval, cells, &reference, &current, &effective)
        let sums = LevelSums(reference: reference, current: current)
        guard sums.reference > 0, sums.current > 0 else {
            return FeatureLevel(
                title: feature.title, rows: sums.current, baselineRows: effective, figures: [:],
                effect: 0, moves: [])
        }
        var figures = figures(sums, reference, current)
        if let area = areas[index] { order(area, reference, current, &figures) }
        let isClean =
            (figures[.chiSquared]?.pValue ?? 1) * Double(baseline.features.count) >= alpha
        return FeatureLevel(
            title: feature.title, rows: sums.current, baselineRows: effective, figures: figures,
            effect: max(0, sums.psi - sums.scale * sums.degrees),
            moves: isClean ? [] : moves(feature, cells, reference, current))
    }

    /// The interval's rows by cell, and the baseline's in the same mix of slots, as many as their
    /// mix is worth: 1 / sum(weight^2 / rows).
    private func mix(
        _ index: Int, _ interval: IntervalCounts, _ cells: [Int], _ reference: inout [Double],
        _ current: inout [Double], _ effective: inout Double
    ) {
        let feature = baseline.features[index]
        var rows = 0.0
        for slot in feature.counts.indices where feature.counts[slot].total > 0 {
            rows += Double(interval.counts(feature: index, slot: slot).total)
        }
        guard rows > 0 else { return }
        var variance = 0.0
        for (slot, counts) in feature.counts.enumerated() where counts.total > 0 {
            let now = interval.counts(feature: index, slot: slot)
            let weight = Double(now.total) / rows
            if weight == 0 { continue }
            variance += weight * weight / Double(counts.total)
            for (place, cell) in cells.enumerated() {
                current[place] += Double(now[cell])
                reference[place] += weight * Double(counts[cell]) / Double(counts.total)
            }
        }
        effective = 1 / variance
        for place in reference.indices { reference[place] *= effective }
    }

    private func figures(
        _ sums: LevelSums, _ reference: [Double], _ current: [Double]
    ) -> [LevelMeasure: LevelFigure] {
        // Chances come from cells that expect enough rows, values from the cells as they are.
        var (thickReference, thickCurrent) = (reference, current)
        let isPooled = LevelSums.pool(&thickReference, &thickCurrent)
        let thick =
            isPooled ? LevelSums(reference: thickReference, current: thickCurrent) : sums
        return [
            .psi: LevelFigure(value: sums.psi, pValue: thick.psiTail),
            .g: LevelFigure(value: sums.g, pValue: thick.gTail),
            .chiSquared: LevelFigure(value: sums.chiSquared, pValue: thick.chiSquaredTail),
            .jensenShannon: LevelFigure(
                value: sums.jensenShannonDistance, pValue: thick.jensenShannonTail),
            .hellinger: LevelFigure(value: sums.hellinger, pValue: thick.hellingerTail),
        ]
    }

    /// The measures that need an order; a missing value, the last place, takes no part.
    private func order(
        _ area: AreaNull, _ reference: [Double], _ current: [Double],
        _ figures: inout [LevelMeasure: LevelFigure]
    ) {
        let n = reference.dropLast().reduce(0, +)
        let m = current.dropLast().reduce(0, +)
        guard n > 0, m > 0 else { return }
        var (below, belowNow, largest, sum) = (0.0, 0.0, 0.0, 0.0)
        for place in area.gaps.indices {
            below += reference[place]
            belowNow += current[place]
            let difference = abs(below / n - belowNow / m)
            largest = max(largest, difference)
            sum += difference * area.gaps[place]
        }
        let scale = 1 / n + 1 / m
        figures[.kolmogorovSmirnov] = LevelFigure(
            value: largest, pValue: kolmogorovUpperTail(largest / scale.squareRoot()))
        figures[.wasserstein1] = LevelFigure(value: sum, pValue: area.tail(sum, scale: scale))
    }

    private func moves(
        _ feature: FeatureBaseline, _ cells: [Int], _ reference: [Double], _ current: [Double]
    ) -> [CellMove] {
        let (n, m) = (reference.reduce(0, +), current.reduce(0, +))
        let shares = cells.indices.map { (cells[$0], reference[$0] / n, current[$0] / m) }
        let ranked = shares.sorted {
            (abs($1.2 - $1.1), $0.0) < (abs($0.2 - $0.1), $1.0)
        }
        return ranked.prefix(5).map {
            CellMove(label: feature.label(of: $0.0), before: $0.1, now: $0.2)
        }
    }
}

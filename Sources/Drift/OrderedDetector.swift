// The conformal Shiryaev-Roberts e-detector for a feature with an order.
//
// Each row's value becomes a conformal rank p: the share of earlier rows below it, smoothed within
// its own cell by a uniform number. While rows are exchangeable with the baseline the ranks are
// independent and uniform, whatever the distribution is (Vovk, Gammerman, Shafer, "Algorithmic
// Learning in a Random World"). Sixteen gamblers bet on the next rank: four stakes each way that it
// is high or low (2p - 1), four each way that it is near the ends or the middle (6p^2 - 6p + 1). A
// new gambler of each kind enters at every row with a share of one unit:
//
//     R <- (entry + R) (1 + stake g(p))
//
// A fair bet neither wins nor loses on average, so the mean of the sum of all R after t rows is at
// most t: it reaches c within t rows with a probability of at most t / c, and the mean time between
// false alarms is at least c (Shin, Ramdas, Rinaldo, "E-detectors", 2024). All of it rests on the
// counts growing by each row used: frozen counts give 60 % false alarms where 10 % are promised.
//
// Cells are cut at values of the baseline's own rows. A cut that is one row's value leaves exactly
// (rows between + 1) of the n + 1 gaps into which the next row falls with equal chance, so counting
// one more in the lowest cell makes the ranks exactly uniform (`isCutAtRows`). Where values repeat,
// the cells are as good as fixed, and the new row counts as one of its own cell.

/// The wealth of sixteen gamblers on the ranks of an ordered feature; 128 bytes.
public struct OrderedBets: Hashable, Sendable {
    /// How many bets share the entry.
    public static let count = 16

    var wealth: SIMD16<Double>

    /// No wealth.
    public init() { wealth = .zero }

    /// Each gambler's, as `all` gives them.
    init(_ all: ArraySlice<Double>) { wealth = SIMD16(all) }

    /// Multiplies each R.
    mutating func shrink(by factor: Double) { wealth = factor == 0 ? .zero : wealth * factor }

    /// Each gambler's R.
    var all: [Double] { wealth.indices.map { wealth[$0] } }

    /// The sum of all R.
    public var sum: Double { wealth.sumOfAll }

    /// Lets the gamblers bet on rank `p`, after each was given a share of `entry`. Their sum.
    public mutating func bet(on p: Double, entry: Double) -> Double {
        let share = SIMD8(repeating: entry * (1.0 / 16))
        let location = 2 * p - 1
        let scale = 6 * p * (p - 1) + 1
        let low = (wealth.lowHalf + share) * (1 + orderedStakes * location)
        let high = (wealth.highHalf + share) * (1 + orderedStakes * scale)
        wealth = SIMD16(lowHalf: low, highHalf: high)
        return (low + high).sumOfAll
    }
}

private let orderedStakes = SIMD8(0.1, 0.25, 0.5, 0.9, -0.1, -0.25, -0.5, -0.9)

extension SIMD16<Double> {
    /// In a fixed order: the same bits on every machine.
    var sumOfAll: Double { (lowHalf + highHalf).sumOfAll }
}

extension SIMD8<Double> {
    var sumOfAll: Double {
        let four = lowHalf + highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}

extension CellCounts {
    /// The conformal rank of a row in `cell`, and adds the row. `gap` is 1 when a new row counts
    /// within its own cell, 0 when the counts are of gaps.
    mutating func rank(adding cell: Int, uniform: Double, own gap: UInt32) -> Double {
        let first = below(cell)
        let own = upTo[cell] &- first &+ gap
        let rank = (Double(first) + uniform * Double(own)) / Double(values &+ gap)
        add(cell)
        return rank
    }
}

/// An e-detector for one ordered feature: 31 cells, counts that grow, sixteen bets. 256 bytes.
public struct OrderedDetector: Sendable {
    /// The baseline's rows and all rows since.
    public private(set) var counts: CellCounts
    /// The gamblers.
    public private(set) var bets = OrderedBets()
    let own: UInt32

    /// A detector that has seen the baseline's rows and no other.
    public init(baseline: CellCounts, isCutAtRows: Bool) {
        counts = baseline
        own = isCutAtRows ? 0 : 1
        if isCutAtRows { counts.add(0) }
    }

    /// Takes a row with a value in `cell`; the sum of all R, to be compared with c.
    /// Must not be called for a missing value.
    public mutating func observe(_ cell: Int, uniform: Double, entry: Double = 1) -> Double {
        bets.bet(on: counts.rank(adding: cell, uniform: uniform, own: own), entry: entry)
    }

    /// Forgets all wealth, as an alarm does.
    public mutating func reset() { bets = OrderedBets() }
}

// The step-bet conformal detector for a stream of zeros and ones: errors, missing values, a level
// against all others. Ranks of two values say little, so the bets are on the odds instead. Before a
// sample q is the share of ones so far, (n1 + 1/2) / (n + 1). Its conformal rank is uniform on the
// zeros' part [0, n0/n] or the ones' part above, so "the rank is above 1 - q" has the chance q; a
// gambler who believes in p1 wins p1/q there and (1 - p1)/(1 - q) below: a fair bet. Eight gamblers
// believe that the odds have moved by a factor exp(d), d in +-{0.35, 0.7, 1.1, 1.6}:
//
//     factor = (above ? exp(d) : 1) / (1 - q + q exp(d))

/// The wealth of eight gamblers on a 0/1 stream; 64 bytes.
public struct StepBets: Hashable, Sendable {
    /// How many bets share the entry.
    public static let count = 8

    var wealth: SIMD8<Double>

    /// No wealth.
    public init() { wealth = .zero }

    /// Each gambler's, as `all` gives them.
    init(_ all: ArraySlice<Double>) { wealth = SIMD8(all) }

    /// Multiplies each R.
    mutating func shrink(by factor: Double) { wealth = factor == 0 ? .zero : wealth * factor }

    /// Each gambler's R.
    var all: [Double] { wealth.indices.map { wealth[$0] } }

    /// The sum of all R.
    public var sum: Double { wealth.sumOfAll }

    /// Takes a sample after `ones` of `total` earlier ones were 1. The sum of all R.
    public mutating func observe(
        isOne: Bool, ones: UInt32, total: UInt32, uniform: Double, entry: Double
    ) -> Double {
        let all = Double(total) + 1
        let zeros = Double(total - ones)
        let q = (Double(ones) + 0.5) / all
        // The new sample counts among its own kind.
        let rank = isOne ? (zeros + uniform * (Double(ones) + 1)) : uniform * (zeros + 1)
        let isAbove = rank > (1 - q) * all
        let share = SIMD8(repeating: entry * (1.0 / 8))
        let price = 1 + (stepOdds - 1) * q
        let factor = (isAbove ? stepOdds : SIMD8(repeating: 1)) / price
        wealth = (wealth + share) * factor
        return wealth.sumOfAll
    }
}

/// exp(d) for d = 0.35, 0.7, 1.1, 1.6, and one over it.
private let stepOdds = SIMD8(
    1.4190675485932571, 2.0137527074704766, 3.0041660239464334, 4.953032424395115,
    0.7046880897187134, 0.4965853037914095, 0.33287108369807955, 0.20189651799465538)

/// A detector for one 0/1 stream that starts from a baseline's counts.
public struct StepDetector: Sendable {
    /// Ones of the baseline and of all samples since.
    public private(set) var ones: UInt32
    /// Samples of the baseline and since.
    public private(set) var total: UInt32
    /// The gamblers.
    public private(set) var bets = StepBets()

    /// A detector that has seen the baseline and nothing else.
    public init(ones: UInt32, total: UInt32) {
        precondition(ones <= total, "ones are among all")
        self.ones = ones
        self.total = total
    }

    /// Takes a sample; the sum of all R, to be compared with c.
    public mutating func observe(
        _ isOne: Bool, uniform: Double, entry: Double = 1
    ) -> Double {
        let sum = bets.observe(
            isOne: isOne, ones: ones, total: total, uniform: uniform, entry: entry)
        if total < CellCounts.rowsMax {
            total += 1
            ones += isOne ? 1 : 0
        }
        return sum
    }

    /// Forgets all wealth, as an alarm does.
    public mutating func reset() { bets = StepBets() }
}

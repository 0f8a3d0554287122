internal import CMath

// How far two rows of counts are apart, in the measures people know. One pass over the cells.

/// Distances between two histograms over the same cells.
public struct LevelSums: Hashable, Sendable {
    /// Rows of the reference and of now.
    public private(set) var reference = 0.0
    public private(set) var current = 0.0
    /// Cells that hold a row in either.
    public private(set) var cells = 0
    /// Population stability index, half a row added to each cell: finite for empty cells.
    public private(set) var psi = 0.0
    /// Pearson's chi-squared of homogeneity; both sides vary.
    public private(set) var chiSquared = 0.0
    /// The likelihood ratio G of homogeneity.
    public private(set) var g = 0.0
    /// Jensen-Shannon divergence in nats.
    public private(set) var jensenShannon = 0.0
    /// Hellinger distance, 0 to 1.
    public private(set) var hellinger = 0.0
    /// Half the sum of absolute differences of shares.
    public private(set) var totalVariation = 0.0
    /// The largest difference of a cell's shares.
    public private(set) var largestDifference = 0.0

    /// Both empty.
    public init() {}

    /// Measures `current` against `reference`, cell by cell. O(cells).
    public init(reference: [Double], current: [Double]) {
        precondition(reference.count == current.count, "the same cells")
        self.reference = reference.reduce(0, +)
        self.current = current.reduce(0, +)
        guard self.reference > 0, self.current > 0 else { return }
        let (n, m) = (self.reference, self.current)
        let spread = 0.5 * Double(reference.count)
        let (toReference, toCurrent) = ((m / n).squareRoot(), (n / m).squareRoot())
        var roots = 0.0
        for index in reference.indices {
            let (r, c) = (reference[index], current[index])
            // Adds half a row to an empty cell too, on both sides.
            let (ps, qs) = ((r + 0.5) / (n + spread), (c + 0.5) / (m + spread))
            psi += (ps - qs) * pitot_log(ps / qs)
            if r + c == 0 { continue }
            cells += 1
            let (p, q) = (r / n, c / m)
            let difference = r * toReference - c * toCurrent
            chiSquared += difference * difference / (r + c)
            let pooled = (r + c) / (n + m)
            let middle = (p + q) / 2
            if r > 0 {
                g += r * pitot_log(p / pooled)
                jensenShannon += p * pitot_log(p / middle)
            }
            if c > 0 {
                g += c * pitot_log(q / pooled)
                jensenShannon += q * pitot_log(q / middle)
            }
            let root = p.squareRoot() - q.squareRoot()
            roots += root * root
            totalVariation += abs(p - q)
            largestDifference = max(largestDifference, abs(p - q))
        }
        g = max(0, 2 * g)
        jensenShannon = max(0, jensenShannon / 2)
        hellinger = (roots / 2).squareRoot()
        totalVariation /= 2
    }

    /// The square root of the divergence: a metric. In nats; over sqrt(ln 2) in bits.
    public var jensenShannonDistance: Double { jensenShannon.squareRoot() }
    /// 1/n + 1/m: what chance alone makes of one degree of freedom.
    public var scale: Double { 1 / reference + 1 / current }
    /// Cells less one.
    public var degrees: Double { Double(max(0, cells - 1)) }

    /// The index as most tools compute it: an empty share counts as `floor`, nothing else changes.
    public static func floored(
        reference: [Double], current: [Double], floor: Double = 1e-4
    ) -> Double {
        let (n, m) = (reference.reduce(0, +), current.reduce(0, +))
        guard n > 0, m > 0 else { return 0 }
        return zip(reference, current).reduce(0) { sum, pair in
            let p = pair.0 > 0 ? pair.0 / n : floor
            let q = pair.1 > 0 ? pair.1 / m : floor
            return sum + (p - q) * pitot_log(p / q)
        }
    }
}

// What these are when nothing has moved: PSI and chi-squared and G are chi-squared with cells - 1
// degrees of freedom, PSI times (1/n + 1/m) (Yurdakul, "Statistical Properties of Population
// Stability Index", 2018); to second order the Jensen-Shannon divergence and the squared Hellinger
// distance are an eighth of that. Where a cell expects under five rows this is off, so neighbours
// are pooled until each expects five: `pooled`.

extension LevelSums {
    /// Chances, when nothing has moved, of each measure being at least as large.
    public var psiTail: Double { chiSquaredUpperTail(psi / scale, degrees: degrees) }
    /// The chance of a chi-squared as large.
    public var chiSquaredTail: Double { chiSquaredUpperTail(chiSquared, degrees: degrees) }
    /// The chance of a G as large.
    public var gTail: Double { chiSquaredUpperTail(g, degrees: degrees) }
    /// The chance of a divergence as large.
    public var jensenShannonTail: Double {
        chiSquaredUpperTail(8 * jensenShannon / scale, degrees: degrees)
    }
    /// The chance of a distance as large.
    public var hellingerTail: Double {
        chiSquaredUpperTail(8 * hellinger * hellinger / scale, degrees: degrees)
    }

    /// Rows that a pooled cell expects on the smaller side.
    public static let expectedMin = 5.0

    /// Pools neighbouring cells until each expects `expectedMin` rows on either side; what is left
    /// over joins the last. Whether any was pooled. O(cells).
    static func pool(_ reference: inout [Double], _ current: inout [Double]) -> Bool {
        let (n, m) = (reference.reduce(0, +), current.reduce(0, +))
        guard n > 0, m > 0 else { return false }
        let share = min(n, m) / (n + m)
        var kept = 0
        var open = false
        for index in reference.indices {
            let (r, c) = (reference[index], current[index])
            if open {
                reference[kept] += r
                current[kept] += c
            } else {
                reference[kept] = r
                current[kept] = c
            }
            open = (reference[kept] + current[kept]) * share < expectedMin
            if !open { kept += 1 }
        }
        if open && kept > 0 {
            reference[kept - 1] += reference[kept]
            current[kept - 1] += current[kept]
        } else if open {
            kept = 1
        }
        guard kept < reference.count else { return false }
        reference.removeSubrange(kept...)
        current.removeSubrange(kept...)
        return true
    }
}

internal import CMath

// The area between two binned distributions (Wasserstein-1) has no tabulated null distribution:
// it depends on where the mass is. In the limit it is sum gap_i |Z_i| with Z a Brownian bridge seen
// at the baseline's cumulative shares. Its mean and variance are sums of known moments of normal
// pairs; the gamma distribution with that mean and variance is close enough in the tail for a level
// (a simulation in the tests says how close).

/// Where a feature's cells lie, and what the area does when nothing moves.
public struct AreaNull: Hashable, Sendable {
    /// Distances between the means of neighbouring cells.
    let gaps: [Double]
    /// Mean and variance of the area over sqrt(1/n + 1/m).
    let mean: Double
    let variance: Double

    /// From the cells' means and the baseline's cumulative shares up to each but the last cell.
    /// O(cells^2).
    init(means: [Double], upTo shares: [Double]) {
        gaps = zip(means, means.dropFirst()).map { max(0, $1 - $0) }
        let deviations = shares.prefix(gaps.count).map { max(0, $0 * (1 - $0)).squareRoot() }
        var mean = 0.0
        var variance = 0.0
        for i in gaps.indices {
            mean += gaps[i] * deviations[i] * (2 / Double.pi).squareRoot()
            for j in gaps[...i].indices {
                let product = deviations[i] * deviations[j]
                guard product > 0 else { continue }
                let r = min(1, shares[j] * (1 - shares[i]) / product)
                let shape = (1 - r * r).squareRoot() + r * pitot_asin(r) - 1
                let term = 2 / Double.pi * product * shape * gaps[i] * gaps[j]
                variance += i == j ? term : 2 * term
            }
        }
        self.mean = mean
        self.variance = variance
    }

    /// The chance of an area at least as large when nothing has moved.
    func tail(_ area: Double, scale: Double) -> Double {
        guard variance > 0, mean > 0 else { return 1 }
        let unit = area / scale.squareRoot()
        return gammaUpperTail(shape: mean * mean / variance, unit * mean / variance)
    }
}

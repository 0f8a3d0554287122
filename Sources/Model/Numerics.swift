internal import CMath

// The binomial tail by the regularised incomplete beta function: P(X >= k) = I_p(k, n - k + 1)
// for X ~ Bin(n, p) (NIST DLMF 8.17.5), the function by its continued fraction (DLMF 8.17.22)
// evaluated with the modified Lentz method. Real k and n are allowed: sampled spans weigh in.

/// P(X >= successes) for X ~ Bin(trials, probability). Relative error below 1e-9 down to 1e-300.
/// O(sqrt(trials)) steps at worst, about 1 us for a million trials.
public func binomialUpperTail(successes: Double, trials: Double, probability: Double) -> Double {
    guard successes > 0 else { return 1 }
    guard successes <= trials else { return 0 }
    guard probability > 0 else { return 0 }
    guard probability < 1 else { return 1 }
    return regularizedBeta(probability, successes, trials - successes + 1)
}

/// I_x(a, b) for 0 < x < 1 and a, b > 0.
func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let logFront =
        pitot_lgamma(a + b) - pitot_lgamma(a) - pitot_lgamma(b)
        + a * pitot_log(x) + b * pitot_log1p(-x)
    // The fraction converges fast on the near side of the mean; the other side is the complement.
    if x < (a + 1) / (a + b + 2) {
        return pitot_exp(logFront) * betaFraction(x, a, b) / a
    }
    return 1 - pitot_exp(logFront) * betaFraction(1 - x, b, a) / b
}

private func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    var c = 1.0
    var d = 1 / guarded(1 - (a + b) * x / (a + 1), tiny)
    var result = d
    let stepsMax = 200 + Int(4 * (a + b).squareRoot().rounded(.up))
    for step in 1...stepsMax {
        let m = Double(step)
        let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / guarded(1 + even * d, tiny)
        c = guarded(1 + even / c, tiny)
        result *= d * c
        let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / guarded(1 + odd * d, tiny)
        c = guarded(1 + odd / c, tiny)
        let change = d * c
        result *= change
        if abs(change - 1) < 1e-15 { break }
    }
    return result
}

private func guarded(_ value: Double, _ tiny: Double) -> Double {
    abs(value) < tiny ? tiny : value
}

internal import CMath

// The binomial tail by the regularised incomplete beta function: P(X >= k) = I_p(k, n - k + 1)
// for X ~ Bin(n, p) (NIST DLMF 8.17.5), the function by its continued fraction (DLMF 8.17.22)
// evaluated with the modified Lentz method, and the factor before it by Loader's saddle-point form
// ("Fast and Accurate Computation of Binomial Probabilities", 2000): differences of lgamma lose
// ten digits at a billion trials. Real k and n are allowed: sampled spans weigh in.

/// P(X >= successes) for X ~ Bin(trials, probability). Relative error below 1e-9 down to 1e-290,
/// up to a billion trials. O(sqrt(trials)) steps at worst, about 1 us for a million trials.
public func binomialUpperTail(successes: Double, trials: Double, probability: Double) -> Double {
    guard successes > 0 else { return 1 }
    guard successes <= trials else { return 0 }
    guard probability > 0 else { return 0 }
    guard probability < 1 else { return 1 }
    return regularizedBeta(probability, successes, trials - successes + 1)
}

/// I_x(a, b) for 0 < x < 1 and a, b > 0.
func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let front = betaFront(x, a, b)
    // The fraction converges fast on the near side of the mean; the other side is the complement.
    if x < (a + 1) / (a + b + 2) { return front * betaFraction(x, a, b) / a }
    return 1 - front * betaFraction(1 - x, b, a) / b
}

/// x^a (1 - x)^b / B(a, b), with each factor of the binomial probability near 1 (Loader, §2).
private func betaFront(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let sum = a + b
    let exponent =
        stirlingError(sum) - stirlingError(a) - stirlingError(b)
        - deviance(a, sum * x) - deviance(b, sum * (1 - x))
    return (a / sum * b / (2 * Double.pi)).squareRoot() * pitot_exp(exponent)
}

/// log(gamma(n + 1)) less Stirling's formula for it.
private func stirlingError(_ n: Double) -> Double {
    if n < 16 {
        let halfLogTwoPi = 0.918938533204672741780329736406
        return pitot_lgamma(n + 1) - (n + 0.5) * pitot_log(n) + n - halfLogTwoPi
    }
    // Five terms: the sixth is below 1e-16 from 16 on.
    let square = n * n
    let tail = 1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / square) / square
    return (1.0 / 12 - (1.0 / 360 - tail / square) / square) / n
}

/// observed log(observed / expected) + expected - observed, without the cancellation.
private func deviance(_ observed: Double, _ expected: Double) -> Double {
    let difference = observed - expected
    guard abs(difference) < 0.1 * (observed + expected) else {
        return observed * pitot_log(observed / expected) - difference
    }
    let ratio = difference / (observed + expected)
    var sum = difference * ratio
    var power = 2 * observed * ratio
    // |ratio| < 0.1, so eight terms reach the last bit; the bound is for reading.
    for index in 1...20 {
        power *= ratio * ratio
        let next = sum + power / Double(2 * index + 1)
        if next == sum { break }
        sum = next
    }
    return sum
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

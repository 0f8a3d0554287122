internal import CMath

// Tails of the distributions that level measures have when nothing moved.

/// P(X >= x) for a chi-squared X with `degrees` degrees of freedom. Relative error below 1e-10.
public func chiSquaredUpperTail(_ x: Double, degrees: Double) -> Double {
    guard degrees > 0, x > 0 else { return 1 }
    return gammaUpperTail(shape: degrees / 2, x / 2)
}

/// Q(a, x), the regularised upper incomplete gamma function (NIST DLMF 8.2.4): by the series of
/// DLMF 8.7.1 below the mean and by the continued fraction of DLMF 8.9.2 above it.
func gammaUpperTail(shape a: Double, _ x: Double) -> Double {
    guard x > 0 else { return 1 }
    guard x.isFinite else { return x.isNaN ? .nan : 0 }
    let front = pitot_exp(a * pitot_log(x) - x - pitot_lgamma(a))
    if x < a + 1 { return 1 - front * gammaSeries(a, x) }
    return front * gammaFraction(a, x)
}

private func gammaSeries(_ a: Double, _ x: Double) -> Double {
    var term = 1 / a
    var sum = term
    // x < a + 1: terms shrink at once and the loop ends long before its bound.
    for step in 1...stepsMax {
        term *= x / (a + Double(step))
        let next = sum + term
        if next == sum { break }
        sum = next
    }
    return sum
}

/// The modified Lentz evaluation of the fraction.
private func gammaFraction(_ a: Double, _ x: Double) -> Double {
    let tiny = 1e-300
    var b = x + 1 - a
    var c = 1 / tiny
    var d = 1 / (abs(b) < tiny ? tiny : b)
    var result = d
    for step in 1...stepsMax {
        let n = Double(step)
        let numerator = n * (a - n)
        b += 2
        d = 1 / nonZero(numerator * d + b, tiny)
        c = nonZero(b + numerator / c, tiny)
        let change = c * d
        result *= change
        if abs(change - 1) < 1e-15 { break }
    }
    return result
}

private let stepsMax = 10_000

private func nonZero(_ value: Double, _ tiny: Double) -> Double {
    abs(value) < tiny ? tiny : value
}

/// P(sqrt(n) D >= x) in the limit (Kolmogorov 1933): from either of its two series, whichever is
/// short. Used for samples too large to count paths for; conservative for binned samples.
public func kolmogorovUpperTail(_ x: Double) -> Double {
    guard x > 0.04 else { return 1 }
    if x < 0.8 {
        // sqrt(2 pi)/x sum exp(-(2k-1)^2 pi^2 / (8 x^2)), the theta function's other side.
        let unit = -Double.pi * Double.pi / (8 * x * x)
        var sum = 0.0
        for step in 1...6 {
            let odd = Double(2 * step - 1)
            sum += pitot_exp(odd * odd * unit)
        }
        return 1 - (2 * Double.pi).squareRoot() / x * sum
    }
    var sum = 0.0
    var sign = 1.0
    for step in 1...8 {
        let k = Double(step)
        sum += sign * pitot_exp(-2 * k * k * x * x)
        sign = -sign
    }
    return min(1, max(0, 2 * sum))
}

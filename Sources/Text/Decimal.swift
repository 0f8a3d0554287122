/// A number for people: `decimals` digits after the point, rounded half away from zero.
/// Not known is "unknown"; beyond 2^53 it falls back to Swift's shortest form.
public func decimal(_ value: Double?, _ decimals: Int) -> String {
    guard let value, value.isFinite else { return "unknown" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 9_007_199_254_740_992 else { return value.description }
    let digits = String(Int64(scaled))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}

/// An objective in percent, held exactly: 99.9 is 999/1000, not the nearest double.
///
/// Peers print a budget of 0.0009999999999999432 for 99.9 % because they subtract doubles. Here
/// ratio and budget are each one division of whole numbers, so they are the doubles nearest to the
/// true values.
public struct Objective: Hashable, Sendable {
    /// The objective as a share of `denominator`, in lowest terms.
    private let numerator: Int64
    private let denominator: Int64

    /// Stands in where nothing is judged: at an SLO that is no longer in the files.
    static let none = Objective(numerator: 1, denominator: 2)

    private init(numerator: Int64, denominator: Int64) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Reads a percentage between 0 and 100, both excluded, of at most ten decimals.
    public init?(percent text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let decimals = parts.count > 1 ? parts[1] : ""
        let digits = String(parts[0] + decimals)
        guard !parts[0].isEmpty, parts[0].count <= 3, decimals.count <= 10,
            parts.count == 1 || !decimals.isEmpty,
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let scaled = Int64(digits)
        else { return nil }
        let scale = decimals.reduce(Int64(100)) { scale, _ in scale * 10 }
        guard scaled > 0, scaled < scale else { return nil }
        let divisor = greatestCommonDivisor(scaled, scale)
        numerator = scaled / divisor
        denominator = scale / divisor
    }

    /// The objective as a ratio, 0.999 for 99.9 %.
    public var ratio: Double { Double(numerator) / Double(denominator) }

    /// The share of events that may be bad: 1 - objective.
    public var budgetRatio: Double { Double(denominator - numerator) / Double(denominator) }

    /// How often `total` events' budget fits into `bad`: bad/total over the budget ratio. Both
    /// products are whole numbers, so that a burn of just 14.4 is the double nearest to 14.4.
    func burn(bad: Double, total: Double) -> Double {
        bad * Double(denominator) / (total * Double(denominator - numerator))
    }
}

/// Euclid's.
private func greatestCommonDivisor(_ left: Int64, _ right: Int64) -> Int64 {
    var (larger, smaller) = (max(left, right), min(left, right))
    while smaller > 0 { (larger, smaller) = (smaller, larger % smaller) }
    return larger
}

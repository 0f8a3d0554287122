internal import CMath

// Two samples, whole: what is computed from files. From counters it is LevelReading's business.

/// Exact two-sample measures over sorted samples without NaN.
public enum TwoSample {
    /// The largest sample for which paths are counted; as scipy's `auto`.
    public static let exactRowsMax = 10_000

    /// A Kolmogorov-Smirnov test: the largest difference of the two distributions, and its chance.
    public struct KolmogorovSmirnov: Hashable, Sendable {
        /// D, the largest difference.
        public let statistic: Double
        /// P(D at least as large) when both samples come from one continuous distribution.
        public let pValue: Double
        /// Whether paths were counted; otherwise the limiting distribution was used.
        public let isExact: Bool
    }

    /// The test of two sorted samples. O(n + m) for D; at most O(n m) for its exact chance.
    public static func kolmogorovSmirnov(
        _ first: [Double], _ second: [Double]
    ) -> KolmogorovSmirnov {
        precondition(!first.isEmpty && !second.isEmpty, "both samples have rows")
        let (n, m) = (first.count, second.count)
        let steps = largestStep(first, second)
        let statistic = Double(steps) / (Double(n) * Double(m))
        guard max(n, m) <= exactRowsMax else {
            let size = (Double(n) * Double(m) / Double(n + m)).squareRoot()
            return KolmogorovSmirnov(
                statistic: statistic, pValue: kolmogorovUpperTail(size * statistic),
                isExact: false)
        }
        return KolmogorovSmirnov(
            statistic: statistic, pValue: exactTail(n, m, steps: steps), isExact: true)
    }

    /// n m D, a whole number: |i m - j n| over the places (i, j) where both have stepped.
    private static func largestStep(_ first: [Double], _ second: [Double]) -> Int {
        let (n, m) = (first.count, second.count)
        var (i, j, largest) = (0, 0, 0)
        while i < n && j < m {
            let value = min(first[i], second[j])
            while i < n && first[i] <= value { i += 1 }
            while j < m && second[j] <= value { j += 1 }
            largest = max(largest, abs(i * m - j * n))
        }
        return largest
    }

    /// The share of the lattice paths from (0, 0) to (n, m) that reach |i m - j n| >= steps. The
    /// share at a place is the mean of its two predecessors', weighted by how many paths come from
    /// each: all terms are positive, so small tails keep their digits. Only the band within is
    /// walked: O(n m D).
    static func exactTail(_ n: Int, _ m: Int, steps: Int) -> Double {
        guard steps > 0 else { return 1 }
        // Along a row i the places within are those with |i m - j n| < steps.
        var row = [Double](repeating: 1, count: m + 1)
        for i in 0...n {
            let low = i * m >= steps ? (i * m - steps) / n + 1 : 0
            let high = min(m, (i * m + steps - 1) / n)
            guard low <= high else { return 1 }
            for j in low...high {
                if i == 0 && j == 0 {
                    row[0] = 0
                    continue
                }
                let before = i > 0 ? row[j] : 0
                let left = j > 0 ? (j > low ? row[j - 1] : 1) : 0
                row[j] = (before * Double(i) + left * Double(j)) / Double(i + j)
            }
        }
        return row[m]
    }

    /// The area between the two distributions, in the unit of the values. O(n + m).
    public static func wasserstein1(_ first: [Double], _ second: [Double]) -> Double {
        precondition(!first.isEmpty && !second.isEmpty, "both samples have rows")
        let (n, m) = (Double(first.count), Double(second.count))
        var (i, j) = (0, 0)
        var area = 0.0
        var last = min(first[0], second[0])
        while i < first.count || j < second.count {
            let value: Double
            if i < first.count && (j == second.count || first[i] <= second[j]) {
                value = first[i]
            } else {
                value = second[j]
            }
            area += abs(Double(i) / n - Double(j) / m) * (value - last)
            last = value
            while i < first.count && first[i] <= value { i += 1 }
            while j < second.count && second[j] <= value { j += 1 }
        }
        return area
    }
}

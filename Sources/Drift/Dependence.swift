public import Model

// Rows that follow one another are rarely independent, and detectors take dependence for drift:
// with an autocorrelation of 0.9 every clean run alarms. Using every k-th row helps if k is large
// enough; the lag after one row's correlation is gone is not (90 % white noise and 10 % of a slow
// process look uncorrelated at once and never are). So k is the least lag from which on the
// autocorrelation stays below 0.02, at every lag up to a stated maximum.
//
// A single lag's estimate from n rows is off by 1/sqrt(n); lags are therefore judged in blocks a
// quarter as long as their lag, by their mean. Where rows are few the estimate is rough and k
// larger than it need be; no allowance is made in the other direction. Correlated are not the
// values but their ranks among the baseline, of each phase on its own: heavy tails and the hour of
// the day do not blur it.

/// What is known of the dependence between a baseline's rows.
public enum Dependence: Hashable, Sendable {
    /// Nothing: the rows were not in their order of arrival, or too few. No guarantee.
    case unknown
    /// Rows this far apart correlate less than `Dependence.correlationMax`.
    case gone(lag: Int)
    /// No lag up to this one was enough. No guarantee.
    case lasting(lagsTried: Int)
    /// Somebody says that rows this far apart are independent.
    case declared(lag: Int)

    /// The correlation that is taken for none.
    public static let correlationMax = 0.02
    /// The largest lag that is tried.
    public static let lagMax = 512
    /// Rows without which nothing is said.
    public static let rowsMin = 1000
    /// Rows of which correlations are computed, at most: the newest.
    public static let rowsMax = 200_000

    /// Whether the promised rate of false alarms holds.
    public var isGuaranteed: Bool {
        switch self {
        case .gone, .declared: true
        case .unknown, .lasting: false
        }
    }

    /// Of so many rows one should be used.
    public var stride: Int {
        switch self {
        case .unknown: 1
        case .gone(let lag), .lasting(let lag), .declared(let lag): lag
        }
    }

    /// For people.
    public var text: String {
        switch self {
        case .unknown: "dependence unknown: no guarantee"
        case .gone(let lag): "one row in \(lag) is used"
        case .lasting(let lag): "dependent: no guarantee (one row in \(lag) is used)"
        case .declared(let lag): "one row in \(lag) is used, as declared"
        }
    }

    /// Judges columns of scores in their order of arrival, each of the same length. A score is a
    /// rank less its mean; 0 where there was no value. O(rows * lagMax) a column.
    public static func estimate(_ columns: [[Double]], lagMax: Int = Self.lagMax) -> Dependence {
        guard let rows = columns.first?.count, rows >= rowsMin else { return .unknown }
        // Of each lag at least nine tenths of the rows take part.
        let lags = min(lagMax, rows / 10)
        var lag = 1
        for column in columns {
            guard let needed = leastLag(column.suffix(rowsMax), lagMax: lags) else {
                return .lasting(lagsTried: lags)
            }
            lag = max(lag, needed)
        }
        return .gone(lag: lag)
    }

    /// The least lag from which on all blocks' means stay below the bar; nil when none does.
    private static func leastLag(_ scores: ArraySlice<Double>, lagMax: Int) -> Int? {
        let correlations = autocorrelations(Array(scores), lagMax: lagMax)
        var least = 1
        var start = 1
        while start <= lagMax {
            let end = min(lagMax + 1, start + max(1, start / 4))
            let mean = correlations[start..<end].reduce(0, +) / Double(end - start)
            if mean >= correlationMax { least = end }
            start = end
        }
        return least <= lagMax ? least : nil
    }

    /// At lags 0 to `lagMax`; 0 for a constant.
    static func autocorrelations(_ scores: [Double], lagMax: Int) -> [Double] {
        let mean = scores.reduce(0, +) / Double(max(1, scores.count))
        let centred = scores.map { $0 - mean }
        let power = centred.reduce(0) { $0 + $1 * $1 }
        guard power > 0 else { return [Double](repeating: 0, count: lagMax + 1) }
        return (0...lagMax).map { lag in
            guard lag < centred.count else { return 0 }
            return unsafe centred.withUnsafeBufferPointer { scores in
                var sum = 0.0
                // In bounds: lag + index < count.
                for index in 0..<(scores.count - lag) {
                    unsafe sum += scores[index] * scores[index + lag]
                }
                return sum / power
            }
        }
    }
}

extension Dependence: Archivable {
    public static let blank = Dependence.unknown

    public mutating func archive(_ archive: inout Archive) {
        var (kind, lag): (UInt8, Int) = (0, 0)
        switch self {
        case .unknown: break
        case .gone(let itsLag): (kind, lag) = (1, itsLag)
        case .lasting(let tried): (kind, lag) = (2, tried)
        case .declared(let itsLag): (kind, lag) = (3, itsLag)
        }
        archive.field(&kind)
        archive.field(&lag)
        guard archive.isReading else { return }
        switch kind {
        case 0: self = .unknown
        case 1: self = .gone(lag: lag)
        case 2: self = .lasting(lagsTried: lag)
        case 3: self = .declared(lag: lag)
        default: archive.fail()
        }
        if kind > 0 && lag < 1 { archive.fail() }
    }
}

import CMath

/// SplitMix64 with the distributions that the table needs. Each run has its own seed.
struct Chance {
    private var state: UInt64
    private var spare: Double?

    init(_ seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Within (0, 1).
    mutating func uniform() -> Double { (Double(word() >> 11) + 0.5) * 0x1p-53 }

    /// One of N(0, 1), by Marsaglia's polar method.
    mutating func normal() -> Double {
        if let spare {
            self.spare = nil
            return spare
        }
        while true {
            let (x, y) = (2 * uniform() - 1, 2 * uniform() - 1)
            let square = x * x + y * y
            if square >= 1 || square == 0 { continue }
            let factor = (-2 * pitot_log(square) / square).squareRoot()
            spare = y * factor
            return x * factor
        }
    }
}

/// A feature's clean distribution.
enum Shape: String, CaseIterable {
    case normal = "N(0,1)"
    case heavy = "t(3)"
    case lognormal = "lognormal"
    case scaled = "scale x100"
    case poisson = "Poisson(3)"

    func draw(_ chance: inout Chance) -> Double {
        switch self {
        case .normal: return chance.normal()
        case .heavy:
            let (a, b, c) = (chance.normal(), chance.normal(), chance.normal())
            return chance.normal() / ((a * a + b * b + c * c) / 3).squareRoot()
        case .lognormal: return pitot_exp(chance.normal())
        case .scaled: return 100 * chance.normal()
        case .poisson:
            let bar = pitot_exp(-3)
            var product = chance.uniform()
            var count = 0.0
            while product > bar {
                product *= chance.uniform()
                count += 1
            }
            return count
        }
    }
}

/// What happens to a feature at the change.
enum Change {
    case none
    /// A shift in standard deviations.
    case shift(Double)
    /// A factor on the standard deviation.
    case spread(Double)

    func apply(_ value: Double) -> Double {
        switch self {
        case .none: value
        case .shift(let by): value + by
        case .spread(let by): value * by
        }
    }
}

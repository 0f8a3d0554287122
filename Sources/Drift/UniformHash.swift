// Where chance comes from. A conformal rank is smoothed by a uniform number; ours is a hash of who
// asks for it, so that the same rows give the same evidence in every process, and an alert can name
// the seed and the row with which anybody reproduces it. The generator is SplitMix64 (Steele, Lea,
// Flood 2014) entered at a random place: its n-th output is a function of the start and n.

/// Uniform numbers by name: (seed, version, stream, row) gives the same number everywhere.
public struct UniformHash: Hashable, Sendable {
    /// What seeds all streams of one model version.
    public let key: UInt64

    /// The numbers of a model version under a seed.
    public init(seed: UInt64, version: UInt64) {
        key = mixed(mixed(seed &+ golden) ^ version &* golden)
    }

    /// Where a stream's numbers start.
    public func start(stream: UInt32) -> UInt64 {
        mixed(key &+ (UInt64(stream) &+ 1) &* golden)
    }

    /// The number of a row of the stream that starts there, within (0, 1).
    public static func uniform(start: UInt64, row: UInt64) -> Double {
        (Double(mixed(start &+ row &* golden) >> 11) + 0.5) * 0x1p-53
    }

    /// The number of a stream's row, within (0, 1).
    public func uniform(stream: UInt32, row: UInt64) -> Double {
        Self.uniform(start: start(stream: stream), row: row)
    }
}

/// 2^64 over the golden ratio, made odd.
let golden: UInt64 = 0x9e37_79b9_7f4a_7c15

/// The finaliser of SplitMix64: each bit of the input moves each of the output.
func mixed(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
}

/// SplitMix64, for the seeded order of an interval's rows.
public struct SeededOrder: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator whose outputs follow from `seed`.
    public init(seed: UInt64) { state = seed }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= golden
        return mixed(state)
    }
}

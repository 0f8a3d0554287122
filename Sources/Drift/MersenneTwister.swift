internal import Model

// MT19937 (Matsumoto and Nishimura, 1998) as CPython seeds and uses it, because KSWIN's alarms
// depend on which samples it draws and the detector that people compare with draws with CPython.

/// The generator behind Python's `random`, seeded with a whole number. 2.5 KiB.
public struct MersenneTwister: Sendable {
    private static let size = 624
    private var words: [UInt32]
    private var next = Self.size

    /// As `random.Random(seed)`, for seeds below 2^32.
    public init(seed: UInt32) {
        // init_by_array with one word, over the state of seed 19650218.
        var words = [UInt32](repeating: 19_650_218, count: Self.size)
        for index in 1..<Self.size {
            let before = words[index - 1]
            words[index] = 1_812_433_253 &* (before ^ (before >> 30)) &+ UInt32(index)
        }
        var index = 1
        for _ in 0..<Self.size {
            let before = words[index - 1]
            words[index] = (words[index] ^ ((before ^ (before >> 30)) &* 1_664_525)) &+ seed
            index += 1
            if index == Self.size {
                words[0] = words[Self.size - 1]
                index = 1
            }
        }
        for _ in 1..<Self.size {
            let before = words[index - 1]
            words[index] =
                (words[index] ^ ((before ^ (before >> 30)) &* 1_566_083_941)) &- UInt32(index)
            index += 1
            if index == Self.size {
                words[0] = words[Self.size - 1]
                index = 1
            }
        }
        words[0] = 0x8000_0000
        self.words = words
    }

    /// The next 32 bits.
    public mutating func word() -> UInt32 {
        if next == Self.size { refill() }
        var word = words[next]
        next += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9d2c_5680
        word ^= (word << 15) & 0xefc6_0000
        return word ^ (word >> 18)
    }

    private mutating func refill() {
        for index in 0..<Self.size {
            let low = words[(index + 1) % Self.size] & 0x7fff_ffff
            let joined = (words[index] & 0x8000_0000) | low
            let twist: UInt32 = joined & 1 == 1 ? 0x9908_b0df : 0
            words[index] = words[(index + 397) % Self.size] ^ (joined >> 1) ^ twist
        }
        next = 0
    }

    /// A number below `bound`, by drawing as many bits as `bound` has until one fits.
    public mutating func below(_ bound: UInt32) -> UInt32 {
        precondition(bound > 0, "something lies below")
        let shift = UInt32(bound.leadingZeroBitCount)
        while true {
            let drawn = word() >> shift
            if drawn < bound { return drawn }
        }
    }

    /// `count` different numbers below `bound`, as `random.sample(range(bound), count)` draws them
    /// when it works on a list: each drawn place is filled with the last.
    public mutating func sample(_ count: Int, below bound: Int) -> [Int] {
        var pool = Array(0..<bound)
        return (0..<count).map { taken in
            let left = bound - taken
            let place = Int(below(UInt32(left)))
            let drawn = pool[place]
            pool[place] = pool[left - 1]
            return drawn
        }
    }
}

extension MersenneTwister {
    /// Passes the state, for a checkpoint.
    mutating func archiveState(_ archive: inout Archive) {
        archive.array(&words, blank: 0) { $0.field(&$1) }
        archive.field(&next)
        guard archive.isReading else { return }
        if words.count != Self.size || !(0...Self.size).contains(next) {
            self = MersenneTwister(seed: 0)
            archive.fail()
        }
    }
}

import Model

@testable import Wire

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

let seed = HashSeed(low: 0x0123_4567_89ab_cdef, high: 0xfedc_ba98_7654_3210)

/// A label as bytes, for labels that are not text.
struct RawLabel: Hashable, Comparable {
    var name: [UInt8]
    var value: [UInt8]

    init(_ name: String, _ value: String) { self.init(Array(name.utf8), Array(value.utf8)) }

    init(_ name: [UInt8], _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    static func < (left: Self, right: Self) -> Bool {
        left.name == right.name
            ? left.value.lexicographicallyPrecedes(right.value)
            : left.name.lexicographicallyPrecedes(right.name)
    }
}

/// A sample by its bits, so that NaNs compare.
struct RawSample: Hashable {
    var timestamp: Int64
    var bits: UInt64
}

func decoded(
    _ body: [UInt8], limits: WireLimits = .standard
) throws(WireError) -> WriteBatch {
    try RemoteWriteDecoder(seed: seed, limits: limits).decode(body)
}

/// What the decoder says of a body: the batch, or why there is none.
func verdict(_ body: [UInt8]) -> Result<WriteBatch, WireError> {
    do throws(WireError) {
        return .success(try decoded(body))
    } catch {
        return .failure(error)
    }
}

func decoded2(
    _ body: [UInt8], limits: WireLimits = .standard
) throws(WireError) -> WriteBatch {
    try RemoteWrite2Decoder(seed: seed, limits: limits).decode(body)
}

/// What the 2.0 decoder says of a body: the batch, or why there is none.
func verdict2(
    _ body: [UInt8], limits: WireLimits = .standard
) -> Result<WriteBatch, WireError> {
    do throws(WireError) {
        return .success(try decoded2(body, limits: limits))
    } catch {
        return .failure(error)
    }
}

extension WriteBatch {
    /// When each of the series' samples says that its counter began; 0 when it does not.
    func starts(of block: SeriesBlock) -> [Int64] {
        block.samples.map { starts.isEmpty ? 0 : starts[$0] }
    }

    func samples(of block: SeriesBlock) -> [RawSample] {
        block.samples.map { RawSample(timestamp: timestamps[$0], bits: values[$0].bitPattern) }
    }

    func labels(
        of block: SeriesBlock, limits: LabelLimits = .standard
    ) -> Result<[RawLabel], LabelFault> {
        do throws(LabelFault) {
            return .success(try canonicalLabels(of: block, limits: limits).raw)
        } catch {
            return .failure(error)
        }
    }
}

extension Labels {
    var raw: [RawLabel] {
        var found: [RawLabel] = []
        forEachRange { name, value in
            found.append(RawLabel(Array(bytes[name]), Array(bytes[value])))
        }
        return found
    }
}

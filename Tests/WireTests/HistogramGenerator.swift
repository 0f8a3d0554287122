import Model

// Random histograms: good ones, bad ones, and every way to write one down. Independent of the
// encoder and of the decoder.

extension Protobuf {
    static func zigzag(_ value: Int64) -> UInt64 {
        value < 0 ? UInt64(bitPattern: -(value + 1)) * 2 + 1 : UInt64(value) * 2
    }

    static func signed(_ number: Int, _ value: Int64) -> [UInt8] {
        tag(number, 0) + varint(zigzag(value))
    }

    static func double(_ number: Int, _ value: Double) -> [UInt8] {
        fixed64(number, value.bitPattern)
    }

    static func doubles(_ number: Int, _ values: [Double]) -> [UInt8] {
        bytes(number, values.flatMap { fixed64(1, $0.bitPattern).dropFirst() })
    }

    static func span(_ number: Int, _ offset: Int32, _ length: UInt32) -> [UInt8] {
        bytes(number, signed(1, Int64(offset)) + integer(2, Int64(length)))
    }
}

struct HistogramGenerator {
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed) }

    /// One without a fault.
    mutating func good() -> Histogram {
        var made = Histogram()
        made.isInteger = oneIn(2)
        made.resetHint = [.unknown, .reset, .noReset, .gauge][pick(0...3)]
        made.sum = [0, -0.0, 1.5, -3e300, .infinity, .nan, Self.stale][pick(0...6)]
        if oneIn(10) { return made }
        let isCustom = oneIn(3)
        made.schema = isCustom ? -53 : Int32(pick(-4...8))
        if isCustom {
            var bound = Double(pick(-1000...1000))
            made.customBounds = (0..<pick(0...12)).map { _ in
                bound += Double(pick(1...100)) / 8
                return bound
            }
            made.positive = buckets(upTo: made.customBounds.count + 1, isInteger: made.isInteger)
        } else {
            made.zeroThreshold = [0, 1e-128, 2.938735877055719e-39, 0.5, 1][pick(0...4)]
            made.zeroCount = oneIn(2) ? 0 : count(made.isInteger)
            made.positive = buckets(upTo: nil, isInteger: made.isInteger)
            made.negative = oneIn(2) ? .none : buckets(upTo: nil, isInteger: made.isInteger)
        }
        let all = made.positive.counts + made.negative.counts + [made.zeroCount]
        made.count = all.reduce(0, +)
        if made.sum.isNaN { made.count += Double(pick(0...2)) }
        return made
    }

    private static let stale = Double(bitPattern: 0x7ff0_0000_0000_0002)

    private mutating func count(_ isInteger: Bool) -> Double {
        let whole = Double(oneIn(8) ? pick(0...(1 << 40)) : pick(0...200))
        return isInteger ? whole : whole * 0.37
    }

    private mutating func buckets(upTo end: Int?, isInteger: Bool) -> Histogram.Buckets {
        var made = Histogram.Buckets.none
        var index = 0
        for place in 0..<pick(0...4) {
            let low = place == 0 && end == nil ? -40 : 0
            let offset = pick(low...(oneIn(3) ? 20 : 3))
            let length = oneIn(12) ? 0 : pick(1...6)
            index += offset + length
            if let end, index > end { break }
            made.spans.append(Histogram.Span(offset: Int32(offset), length: UInt32(length)))
            made.counts += (0..<length).map { _ in count(isInteger) }
        }
        return made
    }

    /// A message; good or spoilt in some way.
    mutating func raw() -> RawHistogram {
        var raw = RawHistogram(good())
        raw.timestamp = time()
        raw.start = oneIn(3) ? time() : 0
        if oneIn(2) { return raw }
        spoil(&raw)
        if oneIn(4) { spoil(&raw) }
        return raw
    }

    private mutating func spoil(_ raw: inout RawHistogram) {
        let side = oneIn(3) ? \RawHistogram.negative : \.positive
        switch pick(0...12) {
        case 0: raw.schema = [-5, 9, -52, -54, 52, .min, .max][pick(0...6)]
        case 1: raw.zeroThreshold = [-1, .nan, .infinity, 1e-9][pick(0...3)]
        case 2: raw.count = oneIn(2) ? .integer(odd()) : .float(Double(bitPattern: random.next()))
        case 3:
            raw.zeroCount = oneIn(2) ? .integer(odd()) : .float(Double(bitPattern: random.next()))
        case 4, 5: raw[keyPath: side].deltas.append(Int64(bitPattern: odd()))
        case 6: raw[keyPath: side].counts.append(Double(bitPattern: random.next()))
        case 7, 8:
            let offset = Int32(truncatingIfNeeded: oneIn(2) ? Int64(pick(-9...9)) : time())
            let length = UInt32(truncatingIfNeeded: oneIn(2) ? UInt64(pick(0...3)) : odd())
            raw[keyPath: side].spans.append(Histogram.Span(offset: offset, length: length))
        case 9: raw.bounds.append([.infinity, .nan, 0, -5, 1e9][pick(0...4)])
        case 10: raw.bounds = []
        case 11: raw.resetHint = UInt32(truncatingIfNeeded: odd())
        default: raw.positive.deltas.shuffle(using: &random)
        }
    }

    private mutating func odd() -> UInt64 {
        let numbers: [UInt64] = [0, 1, 7, 1 << 53 - 1, 1 << 53, 1 << 63, .max, 0xffff_ffff]
        return oneIn(3) ? random.next() : numbers[pick(0...7)]
    }

    private mutating func time() -> Int64 {
        let times: [Int64] = [0, -1, .min, .max, 1_700_000_000_000]
        return oneIn(2) ? times[pick(0...4)] : Int64(bitPattern: random.next()) >> 20
    }

    // MARK: Writing

    /// The content of a message: fields in any order, repeated ones in runs of either kind.
    mutating func message(_ raw: RawHistogram) -> [UInt8] {
        var groups: [[[UInt8]]] = [
            counts(1, raw.count), counts(6, raw.zeroCount),
            scalar(Protobuf.double(3, raw.sum)), scalar(Protobuf.signed(4, Int64(raw.schema))),
            scalar(Protobuf.double(5, raw.zeroThreshold)),
            scalar(Protobuf.integer(14, Int64(raw.resetHint))),
            scalar(Protobuf.integer(15, raw.timestamp)),
            raw.start == 0 ? [] : scalar(Protobuf.integer(17, raw.start)),
            runs(16, raw.bounds),
        ]
        for (number, side) in [(8, raw.negative), (11, raw.positive)] {
            groups.append(
                side.spans.map { Protobuf.span(number, $0.offset, $0.length) + unknown() })
            groups.append(runs(number + 1, side.deltas))
            groups.append(runs(number + 2, side.counts))
        }
        if oneIn(3) { groups.shuffle(using: &random) }
        if oneIn(3) { return merged(groups) }
        return groups.flatMap { $0 }.flatMap { $0 } + unknown()
    }

    /// One field; now and then with another value before it that does not count.
    private mutating func scalar(_ field: [UInt8]) -> [[UInt8]] {
        guard oneIn(20) else { return [field] }
        var other = field
        other[other.count - 1] ^= 1
        return [other, field]
    }

    /// A count; now and then with one of the other form before it that does not count.
    private mutating func counts(_ number: Int, _ count: RawHistogram.Count) -> [[UInt8]] {
        let integer = Protobuf.integer(number, 77)
        let float = Protobuf.double(number + 1, 7.5)
        switch count {
        case .none: return []
        case .integer(let value):
            let field = Protobuf.integer(number, Int64(bitPattern: value))
            return oneIn(20) ? [float, field] : [field]
        case .float(let value):
            let field = Protobuf.double(number + 1, value)
            return oneIn(20) ? [integer, field] : [field]
        }
    }

    private mutating func runs(_ number: Int, _ deltas: [Int64]) -> [[UInt8]] {
        runs(number, 0, deltas.map { Protobuf.varint(Protobuf.zigzag($0)) })
    }

    private mutating func runs(_ number: Int, _ values: [Double]) -> [[UInt8]] {
        runs(number, 1, values.map { Array(Protobuf.fixed64(1, $0.bitPattern).dropFirst()) })
    }

    /// Numbers as one packed run, as several, one by one, or mixed.
    private mutating func runs(_ number: Int, _ type: Int, _ values: [[UInt8]]) -> [[UInt8]] {
        let single = { (value: [UInt8]) in Protobuf.tag(number, type) + value }
        let cut = pick(0...values.count)
        switch pick(0...5) {
        case 0: return values.map(single)
        case 1:
            return [values[..<cut], values[cut...]].map { run in
                Protobuf.bytes(number, run.flatMap { $0 })
            }
        case 2:
            return values[..<cut].map(single)
                + [Protobuf.bytes(number, values[cut...].flatMap { $0 })]
        default: return values.isEmpty ? [] : [Protobuf.bytes(number, values.flatMap { $0 })]
        }
    }

    /// All groups mixed, each in its own order.
    private mutating func merged(_ groups: [[[UInt8]]]) -> [UInt8] {
        var rest = groups.filter { !$0.isEmpty }.map { $0[...] }
        var out: [UInt8] = []
        while !rest.isEmpty {
            let place = pick(0...(rest.count - 1))
            out += rest[place].removeFirst()
            if rest[place].isEmpty { rest.remove(at: place) }
        }
        return out
    }

    private mutating func unknown() -> [UInt8] {
        guard oneIn(15) else { return [] }
        switch pick(0...3) {
        case 0: return Protobuf.integer(18, time())
        case 1: return Protobuf.fixed64(99, random.next())
        case 2: return Protobuf.bytes(2047, random.bytes(pick(0...40)))
        default: return Protobuf.fixed32(19, 5)
        }
    }

    private mutating func pick(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &random)
    }

    private mutating func oneIn(_ count: Int) -> Bool { pick(1...count) == 1 }
}

// Bits in the order of Prometheus' chunks: the first bit is the highest of the first byte. The
// variable-length codes of native histograms (its tsdb/docs/format/chunks.md) begin with as many
// ones as there are steps in the table; the next zero ends the prefix.

/// Appends bits to bytes.
struct BitWriter {
    private(set) var bytes: [UInt8]
    /// Bits of the last byte that are not used yet.
    private var free = 0

    /// Behind bytes that are whole.
    init(after bytes: [UInt8]) { self.bytes = bytes }

    mutating func bit(_ isSet: Bool) { bits(isSet ? 1 : 0, 1) }

    mutating func byte(_ value: UInt8) { bits(UInt64(value), 8) }

    mutating func double(_ value: Double) { bits(value.bitPattern, 64) }

    /// The lowest `count` bits of a value, the highest of them first.
    mutating func bits(_ value: UInt64, _ count: Int) {
        var left = count
        while left > 0 {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            let taken = min(left, free)
            let part = (value >> UInt64(left - taken)) & ((1 << UInt64(taken)) - 1)
            bytes[bytes.count - 1] |= UInt8(truncatingIfNeeded: part << UInt64(free - taken))
            free -= taken
            left -= taken
        }
    }

    /// LEB128, bytewise.
    mutating func uvarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(rest))
    }

    /// LEB128 of the zigzag.
    mutating func varint(_ value: Int64) {
        uvarint(UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
    }

    /// Bits behind a prefix of one, two and so on ones.
    private static let widths = [3, 6, 9, 12, 18, 25, 56]

    /// A whole number, small ones short: `0` for zero, else a prefix and two's complement, whose
    /// range is shifted up by one.
    mutating func varbit(_ value: Int64) {
        if value == 0 { return bit(false) }
        for (step, width) in Self.widths.enumerated() where Self.fits(value, width) {
            prefix(step)
            return bits(UInt64(bitPattern: value), width)
        }
        bits(0xff, 8)
        bits(UInt64(bitPattern: value), 64)
    }

    /// The same of numbers that are not negative.
    mutating func varbitUnsigned(_ value: UInt64) {
        if value == 0 { return bit(false) }
        for (step, width) in Self.widths.enumerated() where value >> UInt64(width) == 0 {
            prefix(step)
            return bits(value, width)
        }
        bits(0xff, 8)
        bits(value, 64)
    }

    private mutating func prefix(_ step: Int) {
        for _ in 0...step { bit(true) }
        bit(false)
    }

    /// Whether `width` bits hold a value: -(2^(width-1) - 1) to 2^(width-1).
    static func fits(_ value: Int64, _ width: Int) -> Bool {
        let top = Int64(1) << Int64(width - 1)
        return value > -top && value <= top
    }
}

/// Doubles that follow one another, each as the bits in which it differs from the one before.
struct XORCoder {
    private var last: UInt64
    /// Zeros around the bits that were written last; nil before there are any.
    private var window: (leading: Int, trailing: Int)?

    init(after value: Double) { last = value.bitPattern }

    mutating func append(_ value: Double, to out: inout BitWriter) {
        let difference = value.bitPattern ^ last
        last = value.bitPattern
        guard difference != 0 else { return out.bit(false) }
        out.bit(true)
        // Five bits hold the number of leading zeros.
        let leading = min(difference.leadingZeroBitCount, 31)
        let trailing = difference.trailingZeroBitCount
        if let window, leading >= window.leading, trailing >= window.trailing {
            out.bit(false)
            out.bits(
                difference >> UInt64(window.trailing), 64 - window.leading - window.trailing)
            return
        }
        window = (leading, trailing)
        let significant = 64 - leading - trailing
        out.bit(true)
        out.bits(UInt64(leading), 5)
        // 64 stands as 0: there is always one.
        out.bits(UInt64(significant & 63), 6)
        out.bits(difference >> UInt64(trailing), significant)
    }
}

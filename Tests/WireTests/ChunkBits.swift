/// Reads the bits of Prometheus' chunks, written from its tsdb/docs/format/chunks.md and not from
/// our writer: the highest bit of a byte first.
struct ChunkBits {
    let bytes: [UInt8]
    var position = 0

    /// Bits behind as many ones as the place in the list, plus one, says; then a zero.
    private static let widths = [3, 6, 9, 12, 18, 25, 56]

    mutating func take(_ count: Int) -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<count {
            value = value << 1 | UInt64(bytes[position / 8] >> (7 - position % 8) & 1)
            position += 1
        }
        return value
    }

    mutating func double() -> Double { Double(bitPattern: take(64)) }

    mutating func uvarint() -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while true {
            let byte = take(8)
            value |= (byte & 127) << shift
            if byte < 128 { return value }
            shift += 7
        }
    }

    mutating func signed(_ width: Int) -> Int64 {
        let raw = Int64(take(width))
        return raw > 1 << (width - 1) ? raw - 1 << width : raw
    }

    /// `<varbit_int>`.
    mutating func varbit() -> Int64 {
        guard take(1) == 1 else { return 0 }
        for width in Self.widths where take(1) == 0 { return signed(width) }
        return Int64(bitPattern: take(64))
    }

    /// `<varbit_uint>`.
    mutating func varbitUnsigned() -> UInt64 {
        guard take(1) == 1 else { return 0 }
        for width in Self.widths where take(1) == 0 { return take(width) }
        return take(64)
    }

    /// Bits left over: fewer than a byte, all zero, when all was read.
    var isAtEnd: Bool {
        mutating get {
            let left = bytes.count * 8 - position
            return left < 8 && take(left) == 0
        }
    }
}

/// `<varbit_xor>`: the value after another of the same column.
struct ChunkXOR {
    var bits: UInt64
    private var leading = 0
    private var trailing = 0

    init(_ first: Double) { bits = first.bitPattern }

    mutating func next(_ reader: inout ChunkBits) -> Double {
        if reader.take(1) == 1 {
            if reader.take(1) == 1 {
                leading = Int(reader.take(5))
                let significant = Int(reader.take(6))
                trailing = 64 - leading - (significant == 0 ? 64 : significant)
            }
            bits ^= reader.take(64 - leading - trailing) << UInt64(trailing)
        }
        return Double(bitPattern: bits)
    }
}

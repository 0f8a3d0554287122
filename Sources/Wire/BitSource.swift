// The reader that `BitWriter` and `XORCoder` are written for: bits of Prometheus' chunks, highest
// first. Past the end it reads zeros and says so.

/// Reads bits from bytes.
struct BitSource {
    private let bytes: [UInt8]
    /// In bits.
    private(set) var position: Int
    private let end: Int

    /// Bits of a part of the bytes, which is in bounds.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound * 8
        end = range.upperBound * 8
    }

    var isPastEnd: Bool { position > end }

    mutating func bit() -> Bool { bits(1) == 1 }

    /// The next `count` bits, at most 64.
    mutating func bits(_ count: Int) -> UInt64 {
        var value: UInt64 = 0
        var left = count
        while left > 0 {
            let free = 8 - position & 7
            let taken = min(free, left)
            let byte = position < end ? bytes[position >> 3] : 0
            let part = UInt64(byte) >> UInt64(free - taken) & (1 << UInt64(taken) - 1)
            value = value << UInt64(taken) | part
            position += taken
            left -= taken
        }
        return value
    }

    /// LEB128, bytewise; what is longer than ten bytes reads as zero.
    mutating func uvarint() -> UInt64 {
        var value: UInt64 = 0
        for place in 0..<10 as Range<UInt64> {
            let byte = bits(8)
            value |= (byte & 0x7f) << (place * 7)
            if byte < 0x80 { return value }
        }
        position = end + 1
        return 0
    }

    /// LEB128 of the zigzag.
    mutating func varint() -> Int64 {
        let raw = uvarint()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    /// A number whose range is shifted up by one: -(2^(width-1) - 1) to 2^(width-1).
    mutating func signed(_ width: Int) -> Int64 {
        let raw = Int64(bitPattern: bits(width))
        return raw > 1 << Int64(width - 1) ? raw - 1 << Int64(width) : raw
    }
}

/// Reads doubles that follow one another, as `XORCoder` writes them.
struct XORReader {
    private(set) var last: UInt64
    private var leading = 0
    private var trailing = 0

    init(after bits: UInt64) { last = bits }

    mutating func next(_ source: inout BitSource) -> UInt64 {
        guard source.bit() else { return last }
        if source.bit() {
            leading = Int(source.bits(5))
            let count = Int(source.bits(6))
            // 0 stands for 64; what does not fit behind the leading zeros is damage.
            trailing = 64 - leading - min(count == 0 ? 64 : count, 64 - leading)
        }
        last ^= source.bits(64 - leading - trailing) << UInt64(trailing)
        return last
    }
}

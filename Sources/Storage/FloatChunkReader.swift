/// Reads the samples of a float chunk in their order. About 6 ns a sample.
@safe
struct FloatChunkReader {
    private var reader: BitReader
    private var left: Int
    private var delta: Int64 = 0
    private var leading = 0
    private var significant = 0
    private var isFirst = true
    private(set) var time: Int64
    /// The bits of the value.
    private(set) var value: UInt64 = 0

    /// Reads `count` samples, fewer when the bits end before.
    init(_ bytes: UnsafeRawBufferPointer, bits: Int, first: Int64, count: Int) {
        unsafe reader = BitReader(bytes, bits: bits)
        time = first
        left = count
    }

    /// Steps to the next sample; false at the end and where the bits are none of a chunk's.
    @inline(__always)
    mutating func next() -> Bool {
        guard left > 0 else { return false }
        left -= 1
        var bits = reader.peek()
        var used = 0
        if isFirst {
            isFirst = false
        } else {
            if bits >> 63 == 0 {
                used = 1
            } else if let wide = readChange(&bits) {
                used = wide
            }
            let step = delta
            time &+= step
            bits &<<= UInt64(used)
        }
        readValue(bits, used)
        return !reader.isPastEnd
    }

    /// Reads a delta of deltas that is not zero; nil when it took a word of its own, after which
    /// `bits` are the next 64.
    @inline(__always)
    private mutating func readChange(_ bits: inout UInt64) -> Int? {
        let (short, middle, long) = FloatChunk.widths
        switch (~bits).leadingZeroBitCount {
        case 1: return addChange(bits, 2, short)
        case 2: return addChange(bits, 3, middle)
        case 3: return addChange(bits, 4, long)
        default:
            reader.skip(4)
            delta &+= Int64(bitPattern: reader.peek())
            reader.skip(64)
            bits = reader.peek()
            return nil
        }
    }

    @inline(__always)
    private mutating func addChange(_ bits: UInt64, _ prefix: Int, _ width: Int) -> Int {
        let change = Int64(bitPattern: bits &<< UInt64(prefix)) &>> Int64(64 - width)
        delta &+= change
        return prefix + width
    }

    /// Reads the value; `bits` begin with it, `used` bits before it were read.
    @inline(__always)
    private mutating func readValue(_ bits: UInt64, _ used: Int) {
        if bits >> 63 == 0 { return reader.skip(used + 1) }
        var prefix = 2
        if bits >> 62 == 0b11 {
            leading = Int(truncatingIfNeeded: (bits >> 57) & 31)
            let count = Int(truncatingIfNeeded: (bits >> 51) & 63)
            // 0 stands for 64; what does not fit behind the leading zeros is damage.
            significant = min(count == 0 ? 64 : count, 64 - leading)
            prefix = 13
        }
        var rest = bits &<< UInt64(prefix)
        let count = significant
        if used + prefix + count > 64 {
            reader.skip(used + prefix)
            rest = reader.peek()
            reader.skip(count)
        } else {
            reader.skip(used + prefix + count)
        }
        guard count > 0 else { return }
        let trailing = 64 - leading - significant
        value ^= (rest &>> UInt64(64 - count)) &<< UInt64(trailing)
    }
}

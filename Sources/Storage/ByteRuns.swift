// Hashing and comparing runs of bytes, eight at a time. A symbol of 30 bytes hashes in about 5 ns.
//
// The hash is keyed: label text is the sender's, who must not be able to aim at one slot of a
// table. It is never stored and never orders an output, so its key may differ in each process.

/// Hashes and comparisons of byte runs.
enum ByteRuns {
    private static let first: UInt64 = 0x9e6c_63d0_876a_68ef
    private static let second: UInt64 = 0xd1b5_4a32_d192_ed03

    /// A keyed hash of some bytes. O(n).
    static func hash(_ bytes: Span<UInt8>, seed: UInt64) -> UInt64 {
        let count = bytes.count
        var hash = seed ^ UInt64(truncatingIfNeeded: count) &* second
        var index = 0
        while index + 8 <= count {
            hash = folded(hash ^ word(bytes, index), first)
            index += 8
        }
        if index < count {
            var rest: UInt64 = 0
            while index < count {
                rest = rest << 8 | UInt64(bytes[index])
                index += 1
            }
            hash = folded(hash ^ rest, first)
        }
        return folded(hash ^ second, first)
    }

    /// Mixes a number into a hash.
    static func mix(_ hash: UInt64, _ value: UInt32) -> UInt64 {
        folded(hash ^ UInt64(value) &* second, first)
    }

    /// Whether two runs hold the same bytes. O(n).
    static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        let count = left.count
        guard right.count == count else { return false }
        var index = 0
        while index + 8 <= count {
            if word(left, index) != word(right, index) { return false }
            index += 8
        }
        while index < count {
            if left[index] != right[index] { return false }
            index += 1
        }
        return true
    }

    private static func folded(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// The load is bounds-checked, and every bit pattern is an integer.
    private static func word(_ bytes: Span<UInt8>, _ index: Int) -> UInt64 {
        unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            .littleEndian
    }
}

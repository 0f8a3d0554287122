// Hashes that are the same in every process: they may be persisted and shown. Swift's Hasher is
// seeded per process and never leaves it.

/// FNV-1a, 64 bits (Fowler, Noll, Vo). For fingerprints, not for tables under attack.
public struct FNV1a64: Sendable {
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    @inlinable public mutating func combine(_ byte: UInt8) { mix(UInt64(byte)) }

    /// Mixes in a run of bytes. O(n).
    public mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { mix(UInt64(byte)) }
    }

    @usableFromInline mutating func mix(_ byte: UInt64) {
        value = (value ^ byte) &* 0x100_0000_01b3
    }
}

/// 16 lower-case hexadecimal digits.
public func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// CRC-32C (Castagnoli, RFC 3720 §B.4), eight bytes a step. Guards each log record.
public enum CRC32C {
    /// The checksum of `bytes[range]`. O(n), about 1.5 GB/s.
    public static func of(_ bytes: [UInt8], in range: Range<Int>) -> UInt32 {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "range of the bytes")
        return unsafe bytes.withUnsafeBytes {
            unsafe of(UnsafeRawBufferPointer(rebasing: $0[range]))
        }
    }

    /// The checksum of bytes in memory that is not ours.
    public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc: UInt32 = ~0
        var index = 0
        unsafe bytes.withMemoryRebound(to: UInt8.self) { source in
            unsafe tables.withUnsafeBufferPointer { table in
                while index + 8 <= source.count {
                    let low = unsafe crc ^ word(source, index)
                    let high = unsafe word(source, index + 4)
                    crc = unsafe step8(table, low, high)
                    index += 8
                }
                while index < source.count {
                    let byte = unsafe source[index]
                    crc = unsafe table[Int((crc ^ UInt32(byte)) & 0xff)] ^ (crc >> 8)
                    index += 1
                }
            }
        }
        return ~crc
    }

    private static func word(_ source: UnsafeBufferPointer<UInt8>, _ at: Int) -> UInt32 {
        // In bounds: the caller checked at + 4 <= count.
        unsafe UnsafeRawPointer(source.baseAddress.unsafelyUnwrapped + at)
            .loadUnaligned(as: UInt32.self).littleEndian
    }

    private static func step8(
        _ table: UnsafeBufferPointer<UInt32>, _ low: UInt32, _ high: UInt32
    ) -> UInt32 {
        var crc: UInt32 = 0
        for index in 0..<4 {
            let shift = UInt32(8 * index)
            crc ^= unsafe table[(7 - index) * 256 + Int((low >> shift) & 0xff)]
            crc ^= unsafe table[(3 - index) * 256 + Int((high >> shift) & 0xff)]
        }
        return crc
    }

    private static let tables: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            var crc = UInt32(index)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
            table[index] = crc
        }
        for index in 256..<table.count {
            let previous = table[index - 256]
            table[index] = table[Int(previous & 0xff)] ^ (previous >> 8)
        }
        return table
    }()
}
